import Addresses
import Glibc
import Netlink
import NetworkNamespaces
import Testing

@Suite(.enabled(if: geteuid() == 0)) struct Links {
  @Test func aFreshNamespaceHasTheLoopbackAloneAndDown() throws {
    var here = try TestNamespace("fresh")
    let links = try here.netlink.links()
    #expect(links.map(\.name) == ["lo"])
    #expect(links.first?.flags.contains(.loopback) == true)
    #expect(links.first?.flags.contains(.up) == false)
  }

  @Test func aLinkThatIsNotThereIsNil() throws {
    var here = try TestNamespace("nil")
    #expect(try here.netlink.link(named: "eth9") == nil)
    #expect(try here.netlink.link(named: "a name that is longer than any") == nil)
    #expect(try here.netlink.link(index: 4711) == nil)
  }

  @Test func aPairIsMadeSetUpRenamedAndRemoved() throws {
    var here = try TestNamespace("pair")
    try here.netlink.createVeth(
      VethEnd("a0", mac: mac("02:00:00:00:00:0a"), mtu: 1400), peer: VethEnd("b0"))
    var a = try #require(try here.netlink.link(named: "a0"))
    #expect(a.kind == "veth")
    #expect(a.mtu == 1400)
    #expect(a.mac?.description == "02:00:00:00:00:0a")
    #expect(!a.isUsable)
    let b = try #require(try here.netlink.link(named: "b0"))
    #expect(a.link == b.index)
    #expect(a.linkNamespaceID == nil)
    try here.netlink.setLink(a.index, up: true, mtu: 1300, mac: mac("02:00:00:00:00:0c"))
    try here.netlink.setLink(b.index, up: true)
    a = try #require(try here.netlink.link(index: a.index))
    #expect(a.isUsable && a.carrier && a.operationalState == .up)
    #expect(a.mtu == 1300)
    #expect(a.mac?.description == "02:00:00:00:00:0c")
    try here.netlink.setLink(b.index, up: false)
    a = try #require(try here.netlink.link(index: a.index))
    #expect(a.flags.contains(.up) && !a.flags.contains(.lowerUp) && !a.carrier)
    #expect(a.operationalState == .lowerLayerDown)
    try here.netlink.setLink(a.index, up: false, name: "renamed.5")
    #expect(try here.netlink.link(named: "renamed.5")?.index == a.index)
    try here.netlink.removeLink(a.index)
    #expect(try here.netlink.links().map(\.name) == ["lo"])
  }

  @Test func aPeerIsPutIntoAnotherNamespaceAndALinkMovesThere() throws {
    var here = try TestNamespace("here")
    var there = try TestNamespace("there")
    try here.netlink.createVeth("a0", peer: "b0", in: there.namespace)
    let a = try #require(try here.netlink.link(named: "a0"))
    #expect(a.linkNamespaceID != nil)
    #expect(try there.netlink.link(named: "b0") != nil)
    try here.netlink.moveLink(a.index, to: there.namespace, name: "moved")
    #expect(try here.netlink.link(named: "a0") == nil)
    #expect(try there.netlink.link(named: "moved")?.flags.contains(.up) == false)
  }

  @Test func aBridgeTakesAndReleasesAMember() throws {
    var here = try TestNamespace("bridge")
    let (a, _) = try here.pair()
    try here.netlink.createBridge("br0")
    let bridge = try #require(try here.netlink.link(named: "br0"))
    #expect(bridge.kind == "bridge")
    try here.netlink.setLink(a, master: bridge.index)
    #expect(try here.netlink.link(index: a)?.master == bridge.index)
    try here.netlink.setLink(a, master: 0)
    #expect(try here.netlink.link(index: a)?.master == nil)
  }

  @Test func aRefusalCarriesTheKernelsWordsAndWhatToDo() throws {
    var here = try TestNamespace("refused")
    let (a, _) = try here.pair()
    do {
      try here.netlink.setLink(a, mtu: 10)
      Issue.record("an MTU of 10 was accepted")
    } catch {
      #expect(error.code == EINVAL)
      #expect(error.operation == "set link \(a) mtu 10")
      #expect(error.kernelMessage == "mtu less than device minimum")
    }
    do {
      try here.netlink.setLink(4711, up: true)
      Issue.record("a link that is not there was set up")
    } catch {
      #expect(error.code == ENODEV)
      #expect(error.hint?.contains("interface is gone") == true)
    }
  }
}

@Suite(.enabled(if: geteuid() == 0)) struct InterfaceAddresses {
  @Test(arguments: ["10.9.0.11/24", "10.9.0.11/32", "2001:db8::11/64", "fe80::11/64"])
  func anAddressIsAddedListedAndRemoved(text: String) throws {
    var here = try TestNamespace("addr-\(text.utf8.reduce(0) { $0 + Int($1) })")
    let (a, _) = try here.pair()
    let wanted = try prefix(text)
    try here.netlink.addAddress(wanted, interface: a, flags: .noDuplicateDetection)
    let found = try #require(try here.netlink.addresses(interface: a).first { $0.prefix == wanted })
    #expect(found.interface == a)
    #expect(found.peer == nil)
    #expect(found.flags.contains(.permanent))
    #expect(!found.flags.contains(.tentative))
    do {
      try here.netlink.addAddress(wanted, interface: a)
      Issue.record("added twice")
    } catch { #expect(error.code == EEXIST) }
    try here.netlink.perform(.replaceAddress(found))
    try here.netlink.removeAddress(wanted, interface: a)
    #expect(try !here.netlink.addresses().contains { $0.prefix == wanted })
  }

  @Test func anIPv6AddressWithoutTheFlagIsTentativeAtFirst() throws {
    var here = try TestNamespace("dad")
    let (a, _) = try here.pair()
    try here.netlink.addAddress(prefix("2001:db8::1/64"), interface: a)
    let found = try here.netlink.addresses(interface: a).first { $0.prefix.description == "2001:db8::1/64" }
    #expect(found?.flags.contains(.tentative) == true)
  }
}
