import Addresses
import Glibc
import NamespaceTestSupport
import Netlink
import NetworkNamespaces
import Testing

/// A namespace of this test, removed when the value goes, and a netlink socket in it.
struct TestNamespace: ~Copyable {
  let name: String
  let namespace: NetworkNamespace
  var netlink: NetlinkSocket

  init(_ tag: String) throws {
    let name = NamespaceNames.make("nl-\(tag)")
    self = try Self(name, NetworkNamespace.create(named: name))
  }

  private init(_ name: String, _ namespace: consuming NetworkNamespace) throws {
    do {
      netlink = try NetlinkSocket(in: namespace)
    } catch {
      try? NetworkNamespace.remove(named: name)
      throw error
    }
    self.name = name
    self.namespace = namespace
  }

  deinit { try? NetworkNamespace.remove(named: name) }

  /// A veth pair with both ends here, both up, without IPv6 of its own; returns their indices.
  mutating func pair(_ one: String = "a0", _ other: String = "b0") throws -> (Int32, Int32) {
    try netlink.createVeth(VethEnd(one), peer: VethEnd(other))
    let first = try #require(try netlink.link(named: one)).index
    let second = try #require(try netlink.link(named: other)).index
    try netlink.setLink(first, up: true)
    try netlink.setLink(second, up: true)
    return (first, second)
  }

  /// A pair whose first end has 10.0.0.1/24 and 2001:db8::1/64, and next hops 1 to `count` at .11, .12, ….
  mutating func nextHops(_ count: UInt32, _ family: AddressFamily = .ipv4) throws -> (Int32, Int32) {
    let (first, second) = try pair()
    // A blackhole next hop is one on the loopback, which must be up.
    try netlink.setLink(try #require(try netlink.link(named: "lo")).index, up: true)
    try netlink.addAddress(prefix("10.0.0.1/24"), interface: first)
    try netlink.addAddress(prefix("2001:db8::1/64"), interface: first, flags: .noDuplicateDetection)
    for id in 1...count {
      let gateway = try address(family == .ipv4 ? "10.0.0.\(10 + id)" : "2001:db8::\(10 + id)")
      try netlink.perform(.addNextHop(NextHop(id, .gateway(gateway, interface: first))))
    }
    return (first, second)
  }
}

func prefix(_ text: String) throws -> IPPrefix { try #require(IPPrefix(text)) }
func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }
func mac(_ text: String) throws -> MACAddress { try #require(MACAddress(text)) }

/// Waits until `condition` holds, for at most 10 s.
func eventually(_ condition: () throws -> Bool) rethrows -> Bool {
  for _ in 0..<1000 {
    if try condition() { return true }
    usleep(10_000)
  }
  return try condition()
}
