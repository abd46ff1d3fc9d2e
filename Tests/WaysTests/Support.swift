import Addresses
import Glibc
import NamespaceTestSupport
import Netlink
import NetworkNamespaces
import Testing
import Ways

/// Two namespaces, here and there, with a veth pair v0 between them: 10.9.0.1/24 and 2001:db8::1/64 here, .2 there.
struct Pair: ~Copyable {
  let names: (here: String, there: String)
  let here: NetworkNamespace
  let there: NetworkNamespace
  var netlink: NetlinkSocket
  var far: NetlinkSocket
  /// ifindex of v0 here.
  let link: UInt32
  let farLink: UInt32

  init(_ tag: String) throws { self = try Self.make(tag) }

  private static func make(_ tag: String) throws -> Pair {
    let one = NamespaceNames.make("way-\(tag)-a")
    let other = NamespaceNames.make("way-\(tag)-b")
    let here = try NetworkNamespace.create(named: one)
    let there = try NetworkNamespace.create(named: other)
    var netlink = try NetlinkSocket(in: here)
    var far = try NetlinkSocket(in: there)
    try netlink.createVeth("v0", peer: "v0", in: there)
    let near = try #require(try netlink.link(named: "v0")).index
    let distant = try #require(try far.link(named: "v0")).index
    let loopback = try #require(try netlink.link(named: "lo")).index
    var pair = Pair((one, other), here, there, netlink, far, UInt32(near), UInt32(distant))
    try pair.netlink.setLink(loopback, up: true)
    try pair.netlink.setLink(near, up: true)
    try pair.far.setLink(distant, up: true)
    try pair.netlink.addAddress(prefix("10.9.0.1/24"), interface: near)
    try pair.far.addAddress(prefix("10.9.0.2/24"), interface: distant)
    try pair.netlink.addAddress(prefix("2001:db8::1/64"), interface: near, flags: .noDuplicateDetection)
    return pair
  }

  private init(
    _ names: (String, String), _ here: consuming NetworkNamespace, _ there: consuming NetworkNamespace,
    _ netlink: consuming NetlinkSocket, _ far: consuming NetlinkSocket, _ link: UInt32, _ farLink: UInt32
  ) {
    self.names = names
    self.here = here
    self.there = there
    self.netlink = netlink
    self.far = far
    self.link = link
    self.farLink = farLink
  }

  deinit {
    try? NetworkNamespace.remove(named: names.here)
    try? NetworkNamespace.remove(named: names.there)
  }

  /// A second pair w0, 10.8.0.1/24 here.
  mutating func second() throws -> UInt32 {
    try netlink.createVeth("w0", peer: "w0", in: there)
    let index = try #require(try netlink.link(named: "w0")).index
    try netlink.setLink(index, up: true)
    try far.setLink(try #require(try far.link(named: "w0")).index, up: true)
    try netlink.addAddress(prefix("10.8.0.1/24"), interface: index)
    return UInt32(index)
  }

  mutating func setNeighbour(
    _ text: String, _ linkAddress: String?, on link: UInt32, _ state: Neighbour.State = .permanent
  ) throws {
    try netlink.perform(
      .setNeighbour(
        Neighbour(
          interface: Int32(link), address: address(text), linkAddress: linkAddress.map { try mac($0) }, state: state
        ))
    )
  }
}

/// A finder, driven by a clock of the test's: as many steps as it wants, then the ways there are.
struct Driver: ~Copyable {
  var finder: WayFinder
  var now: Int64 = 0
  /// What was told last of each session.
  var told: [Int: Way?] = [:]
  var changes = 0

  /// Without the audit, which would hide that something was not heard.
  init(in namespace: borrowing NetworkNamespace) throws {
    var timing = WayTable.Timing()
    timing.audit = .max / 4
    finder = try WayFinder(in: namespace, timing: timing)
  }

  /// One look, 100 ms later: whatever is in doubt is asked for.
  mutating func step() {
    now += 100 * ms
    repeat {
      var heard: [(Int, Way?)] = []
      finder.process(at: now) { heard.append(($0, $1)) }
      for (session, way) in heard { told[session] = .some(way) }
      changes += heard.count
    } while finder.nextDeadline == .min
  }

  /// The way of session 0, as told.
  var way: Way? { told[0] ?? nil }

  /// Steps until a condition holds on the way of session 0, for at most 10 s.
  mutating func settles(_ condition: (Way?) -> Bool) -> Bool {
    for _ in 0..<1000 {
      step()
      if condition(way), finder.way(of: 0) == way { return true }
      usleep(10_000)
    }
    return false
  }
}

func nanoseconds(_ clock: clockid_t) -> Int64 {
  var time = timespec()
  clock_gettime(clock, &time)
  return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}
