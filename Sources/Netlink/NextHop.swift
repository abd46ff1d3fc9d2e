public import Addresses
import CLinux
import Glibc

/// A next hop or a group of next hops, an object of its own that routes refer to by id (RTM_NEWNEXTHOP).
///
/// What the kernel does with them is written down, with the tests that show it, in docs/kernel-next-hops.md.
public struct NextHop: Hashable, Sendable {
  /// Positive; chosen by us, unique in the namespace across families and groups.
  public var id: UInt32
  public var kind: Kind
  public var `protocol`: RouteProtocol
  /// `onLink` may be set; the others are the kernel's report.
  public var flags: NextHopFlags

  public init(_ id: UInt32, _ kind: Kind, protocol: RouteProtocol = .static, flags: NextHopFlags = []) {
    self.id = id
    self.kind = kind
    self.protocol = `protocol`
    self.flags = flags
  }

  public enum Kind: Hashable, Sendable {
    /// A gateway behind an interface.
    case gateway(IPAddress, interface: Int32)
    /// An interface alone: every destination is on its link.
    case interface(Int32, AddressFamily)
    /// Drops. The only member of its group, if it is in one.
    case blackhole(AddressFamily)
    case group([Member], GroupType)
  }

  public struct Member: Hashable, Sendable {
    /// Id of a next hop that is no group.
    public var id: UInt32
    /// 1 to 256; clamped. The kernel stores it minus one.
    public var weight: Int

    public init(_ id: UInt32, weight: Int = 1) {
      self.id = id
      self.weight = weight
    }
  }

  /// How flows are laid onto members.
  public enum GroupType: Hashable, Sendable {
    /// Hash threshold: a change moves flows between members that stay.
    case multipath
    /// Buckets that keep their member (Linux 5.13): only flows of a member that left move at once.
    case resilient(Resilience)
  }

  /// Parameters of a resilient group (Documentation/networking/nexthop-group-resilient.rst).
  public struct Resilience: Hashable, Sendable {
    /// At least as many as members; cannot be changed while the group exists.
    public var buckets: UInt16
    /// A bucket without traffic for so long may move to another member. In 10 ms steps; the kernel's default is 120 s.
    public var idleTimer: Duration
    /// A group out of balance for so long has buckets moved in spite of traffic; zero is never (the default).
    public var unbalancedTimer: Duration
    /// The kernel's report: for how long the group has been out of balance.
    public var unbalancedFor: Duration

    public init(
      buckets: UInt16, idleTimer: Duration = .seconds(120), unbalancedTimer: Duration = .zero,
      unbalancedFor: Duration = .zero
    ) {
      self.buckets = buckets
      self.idleTimer = idleTimer
      self.unbalancedTimer = unbalancedTimer
      self.unbalancedFor = unbalancedFor
    }
  }
}

extension NextHop: CustomStringConvertible {
  public var description: String {
    switch kind {
    case .gateway(let address, let interface): "next hop \(id) via \(address) on interface \(interface)"
    case .interface(let interface, _): "next hop \(id) on interface \(interface)"
    case .blackhole: "blackhole next hop \(id)"
    case .group(let members, _): "next-hop group \(id) of \(members.count)"
    }
  }
}

extension NextHop {
  /// Whether the kernel's report is what this value asks for: state flags and the time out of balance do not count, and
  /// timers may differ by 20 ms, since the kernel rounds them to its own ticks.
  public func isSatisfied(by listed: NextHop) -> Bool {
    guard id == listed.id, self.protocol == listed.protocol,
      flags.intersection(.settable) == listed.flags.intersection(.settable)
    else { return false }
    guard case .group(let wanted, .resilient(let wish)) = kind,
      case .group(let found, .resilient(let report)) = listed.kind
    else { return kind == listed.kind }
    return wanted == found && wish.buckets == report.buckets
      && Resilience.agree(wish.idleTimer, report.idleTimer)
      && Resilience.agree(wish.unbalancedTimer, report.unbalancedTimer)
  }
}

extension NextHop.Resilience {
  fileprivate static func agree(_ a: Duration, _ b: Duration) -> Bool {
    (a < b ? b - a : a - b) <= .milliseconds(20)
  }
}

/// One bucket of a resilient group (RTM_NEWNEXTHOPBUCKET).
public struct NextHopBucket: Hashable, Sendable {
  /// 0 to buckets - 1.
  public var index: UInt16
  /// The member that has it.
  public var nextHop: UInt32
  /// Since its last packet; in 10 ms steps.
  public var idleFor: Duration
}

extension NetlinkSocket {
  /// Every next hop and group of the namespace.
  public mutating func nextHops() throws(NetlinkError) -> [NextHop] {
    try dump("list next hops") { writer, sequence in
      writer.begin(RTM_GETNEXTHOP, flags: NLM_F_DUMP, sequence: sequence, nhmsg())
      writer.end()
    } decode: { message in
      RTM_NEWNEXTHOP ~= message.type ? NextHop(message) : nil
    }
  }

  /// The next hop or group with that id; nil when there is none.
  public mutating func nextHop(_ id: UInt32) throws(NetlinkError) -> NextHop? {
    do throws(NetlinkError) {
      return try get("read next hop \(id)") { writer, sequence in
        writer.begin(RTM_GETNEXTHOP, flags: 0, sequence: sequence, nhmsg())
        writer.put(NHA_ID, id)
        writer.end()
      } decode: {
        NextHop($0)
      }
    } catch {
      if error.code == ENOENT { return nil }
      throw error
    }
  }

  /// The buckets of a resilient group, in order of their index.
  /// - Throws: ENOENT when there is no such group, EINVAL when it is not resilient.
  public mutating func nextHopBuckets(group: UInt32) throws(NetlinkError) -> [NextHopBucket] {
    try dump("list the buckets of next-hop group \(group)") { writer, sequence in
      writer.begin(RTM_GETNEXTHOPBUCKET, flags: NLM_F_DUMP, sequence: sequence, nhmsg())
      writer.put(NHA_ID, group)
      writer.end()
    } decode: { message in
      RTM_NEWNEXTHOPBUCKET ~= message.type ? NextHopBucket(message) : nil
    }
  }
}
