import Addresses
import Glibc
import Netlink
import NetworkNamespaces
import Testing

/// A resilient group of eight buckets that moves them at once.
let resilient = NextHop.GroupType.resilient(.init(buckets: 8, idleTimer: .zero))

@Suite(.enabled(if: geteuid() == 0)) struct NextHops {
  @Test(arguments: [AddressFamily.ipv4, .ipv6]) func everyKindIsAddedReadReplacedAndRemoved(family: AddressFamily)
    throws
  {
    var here = try TestNamespace("kinds-\(family)")
    let (a, b) = try here.nextHops(2, family)
    let v4 = family == .ipv4
    let proto = RouteProtocol(rawValue: 99)
    let wanted = try [
      NextHop(101, .gateway(address(v4 ? "10.0.0.77" : "2001:db8::77"), interface: a), protocol: proto),
      NextHop(
        102, .gateway(address(v4 ? "203.0.113.1" : "fe80::1"), interface: a), protocol: proto, flags: .onLink),
      NextHop(103, .interface(b, family), protocol: proto),
      NextHop(104, .blackhole(family), protocol: proto),
      NextHop(105, .group([.init(1, weight: 256), .init(2, weight: 1)], .multipath), protocol: proto),
      NextHop(
        106,
        .group(
          [.init(1, weight: 3), .init(2)],
          .resilient(.init(buckets: 32, idleTimer: .milliseconds(1200), unbalancedTimer: .seconds(60)))),
        protocol: proto)
    ]
    #expect(try here.netlink.perform(wanted.map { .addNextHop($0) }).isEmpty)
    var found = try here.netlink.nextHops().filter { $0.protocol == proto }
    // A resilient group is out of balance until its idle timer has passed; how long is not ours to say.
    for index in found.indices {
      if case .group(let members, .resilient(var resilience)) = found[index].kind {
        resilience.unbalancedFor = .zero
        found[index].kind = .group(members, .resilient(resilience))
      }
    }
    #expect(found == wanted)
    #expect(try here.netlink.nextHop(104) == wanted[3])
    #expect(try here.netlink.nextHop(4711) == nil)
    var moved = wanted[0]
    moved.kind = try .gateway(address(v4 ? "10.0.0.78" : "2001:db8::78"), interface: a)
    try here.netlink.perform(.replaceNextHop(moved))
    #expect(try here.netlink.nextHop(101) == moved)
    #expect(try here.netlink.perform(wanted.map { .removeNextHop($0.id) }).isEmpty)
    #expect(try here.netlink.nextHops().map(\.id) == [1, 2])
  }

  @Test func bucketsFollowTheWeightsAtOnceWhenTheIdleTimerIsZero() throws {
    var here = try TestNamespace("buckets")
    _ = try here.nextHops(2)
    try here.netlink.perform(.addNextHop(NextHop(20, .group([.init(1), .init(2)], resilient))))
    var buckets = try here.netlink.nextHopBuckets(group: 20)
    #expect(buckets.map(\.index) == Array(0..<8))
    #expect(buckets.count { $0.nextHop == 1 } == 4)
    try here.netlink.perform(.replaceNextHop(NextHop(20, .group([.init(1), .init(2, weight: 3)], resilient))))
    buckets = try here.netlink.nextHopBuckets(group: 20)
    #expect(buckets.count { $0.nextHop == 1 } == 2)
    #expect(buckets.count { $0.nextHop == 2 } == 6)
  }

  @Test func aListedNextHopSatisfiesTheWishThatMadeItAndNoOther() throws {
    var here = try TestNamespace("satisfied")
    _ = try here.nextHops(2)
    let wish = NextHop(
      20, .group([.init(1), .init(2)], .resilient(.init(buckets: 8, idleTimer: .milliseconds(1230)))))
    try here.netlink.perform(.addNextHop(wish))
    let listed = try #require(try here.netlink.nextHop(20))
    #expect(wish.isSatisfied(by: listed))
    for other in [
      NextHop(21, wish.kind), NextHop(20, wish.kind, protocol: .bird),
      NextHop(20, .group([.init(1)], .resilient(.init(buckets: 8, idleTimer: .milliseconds(1230))))),
      NextHop(20, .group([.init(1), .init(2)], .multipath)),
      NextHop(20, .group([.init(1), .init(2)], .resilient(.init(buckets: 8, idleTimer: .seconds(2)))))
    ] {
      #expect(!other.isSatisfied(by: listed))
    }
  }

  @Test func bucketsOfAGroupWithoutAnyAreRefused() throws {
    var here = try TestNamespace("no-buckets")
    _ = try here.nextHops(1)
    try here.netlink.perform(.addNextHop(NextHop(10, .group([.init(1)], .multipath))))
    do {
      _ = try here.netlink.nextHopBuckets(group: 10)
      Issue.record("listed")
    } catch { #expect(error.code == EINVAL) }
    do {
      _ = try here.netlink.nextHopBuckets(group: 11)
      Issue.record("listed")
    } catch { #expect(error.code == ENOENT) }
  }

  @Test(arguments: [NextHop.GroupType.multipath, resilient]) func oneMessageIsReusedForEveryChangeOfAGroup(
    type: NextHop.GroupType
  ) throws {
    var here = try TestNamespace("message-\(type == .multipath)")
    _ = try here.nextHops(3)
    var message = NextHopGroupMessage(capacity: 4)
    let members: [NextHop.Member] = [.init(1), .init(2, weight: 256), .init(3, weight: 7)]
    for count in [3, 1, 2, 3] {
      message.encodeReplace(group: 10, type, members: members.span.extracting(first: count))
      try here.netlink.sendAndAwaitAck(&message)
      guard case .group(let found, let foundType)? = try here.netlink.nextHop(10)?.kind else {
        Issue.record("no group")
        return
      }
      #expect(found == Array(members.prefix(count)))
      #expect((foundType == .multipath) == (type == .multipath))
    }
    message.encodeRemoval(of: 10)
    try here.netlink.sendAndAwaitAck(&message)
    #expect(try here.netlink.nextHop(10) == nil)
    do {
      try here.netlink.sendAndAwaitAck(&message)
      Issue.record("removed twice")
    } catch {
      #expect(error.code == ENOENT)
      #expect(error.operation == "remove a next hop")
    }
  }

  @Test func aMessageNobodyWroteIsNotSent() throws {
    var here = try TestNamespace("empty-message")
    var message = NextHopGroupMessage()
    do {
      try here.netlink.sendAndAwaitAck(&message)
      Issue.record("sent")
    } catch { #expect(error.code == EMSGSIZE) }
  }

  @Test func aGroupTooLargeForItsAttributeIsRefusedWithoutBeingSent() throws {
    var here = try TestNamespace("too-large")
    let group = NextHop(10, .group((1...9000).map { NextHop.Member($0) }, .multipath))
    let refusals = try here.netlink.perform([.removeNextHop(4711), .addNextHop(group), .removeNextHop(4712)])
    #expect(refusals.map(\.index) == [0, 1, 2])
    #expect(refusals.map(\.error.code) == [ENOENT, EMSGSIZE, ENOENT])
  }
}
