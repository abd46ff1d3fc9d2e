import Addresses
import Glibc
import Netlink
import NetworkNamespaces
import Testing

@Suite(.enabled(if: geteuid() == 0)) struct Neighbours {
  @Test(arguments: ["10.0.0.7", "2001:db8::7"])
  func aPermanentNeighbourIsSetReadAndRemoved(text: String) throws {
    var here = try TestNamespace("neigh-\(text.utf8.count)")
    let (a, _) = try here.nextHops(1)
    let neighbour = try Neighbour(interface: a, address: address(text), linkAddress: mac("02:00:00:00:00:07"))
    try here.netlink.perform(.setNeighbour(neighbour))
    #expect(try here.netlink.neighbours(interface: a).contains(neighbour))
    try here.netlink.perform(.removeNeighbour(neighbour.address, interface: a))
    #expect(try !here.netlink.neighbours().contains { $0.address == neighbour.address && $0.state == .permanent })
  }

  @Test(arguments: [AddressFamily.ipv4, .ipv6])
  func aProbeFindsALivingNeighbourAndAgainOnceItIsKnown(family: AddressFamily) throws {
    var here = try TestNamespace("probe-\(family)")
    var there = try TestNamespace("probed-\(family)")
    let texts = family == .ipv4 ? ("10.0.0.1/24", "10.0.0.2/24") : ("2001:db8::1/64", "2001:db8::2/64")
    try here.netlink.createVeth("a0", peer: "b0", in: there.namespace)
    let a = try #require(try here.netlink.link(named: "a0")).index
    let b = try #require(try there.netlink.link(named: "b0")).index
    try here.netlink.setLink(a, up: true)
    try there.netlink.setLink(b, up: true)
    try here.netlink.addAddress(prefix(texts.0), interface: a, flags: .noDuplicateDetection)
    try there.netlink.addAddress(prefix(texts.1), interface: b, flags: .noDuplicateDetection)
    let peer = try prefix(texts.1).address
    let peerMAC = try #require(try there.netlink.link(index: b)?.mac)
    for _ in 0..<2 {
      try here.netlink.probeNeighbour(peer, interface: a)
      let found = try eventually {
        try here.netlink.neighbours(interface: a).contains {
          $0.address == peer && $0.state == .reachable && $0.linkAddress == peerMAC
        }
      }
      #expect(found)
    }
  }
}
