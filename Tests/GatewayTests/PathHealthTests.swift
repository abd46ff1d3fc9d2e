import BFD
import ConfigurationFile
import Testing

@testable import Gateway

@Suite struct APathAndItsGroup {
  private func allUp(_ configuration: GatewayConfiguration = threePaths()) -> DrivenCore {
    var driven = DrivenCore(configuration)
    for name in ["pa", "pb", "pc"] { driven.peer(name, .up, 1) }
    return driven
  }

  @Test func nothingIsUsedBeforeAVerdictAndNothingIsReportedAsFailed() {
    let driven = DrivenCore(threePaths())
    #expect(driven.members.isEmpty)
    #expect(!driven.events.contains { $0.contains("down") })
  }

  @Test func aPathEntersWithItsFirstUpWithoutAHoldDown() {
    var driven = DrivenCore(threePaths())
    driven.peer("pb", .up, 1)
    #expect(driven.members == ["b"])
  }

  @Test func aFailedPathLeavesAndReturnsAfterTheHoldDown() {
    var driven = allUp()
    driven.peer("pa", .down("expired"), 10)
    #expect(driven.members == ["b", "c"])
    driven.peer("pa", .up, 11)
    #expect(driven.members == ["b", "c"])
    #expect(driven.core.nextDeadline == at(16))
    driven.settle(15.999)
    #expect(driven.members == ["b", "c"])
    driven.settle(16)
    #expect(driven.members == ["a", "b", "c"])
  }

  @Test func aFlapDuringTheHoldDownStartsItAnew() {
    var driven = allUp()
    driven.peer("pa", .down("expired"), 10)
    driven.peer("pa", .up, 11)
    driven.peer("pa", .down("expired"), 14)
    driven.peer("pa", .up, 15)
    driven.settle(16)
    #expect(driven.members == ["b", "c"])
    driven.settle(20)
    #expect(driven.members == ["a", "b", "c"])
  }

  @Test func withoutAHoldDownItReturnsAtOnce() {
    var driven = allUp(threePaths(holdDown: .zero))
    driven.peer("pa", .down("expired"), 10)
    driven.peer("pa", .up, 11)
    #expect(driven.members == ["a", "b", "c"])
  }

  @Test func manyFailuresTogetherCostOneGroupMessage() {
    var driven = allUp()
    let before = driven.groupEffects
    for peer in 0..<2 { driven.core.peerChanged(peer, .down("expired"), at: at(10)) }
    driven.settle(10)
    #expect(driven.groupEffects == before + 1)
    #expect(driven.members == ["c"])
  }

  @Test func aPeerThatSaysAdminDownIsLeftWithoutAHoldDown() {
    var driven = allUp()
    driven.peer("pa", .left("AdminDown"), 10)
    #expect(driven.members == ["b", "c"])
    driven.peer("pa", .up, 11)
    #expect(driven.members == ["a", "b", "c"])
  }

  /// RFC 5882 section 4.2: AdminDown is no failure, so it must not cost the way out.
  @Test func peersThatSayAdminDownAreUsedWhenNothingElseIsLeft() {
    var driven = allUp(threePaths(lastPath: .withdraw))
    driven.peer("pa", .down("expired"), 10)
    driven.peer("pb", .down("expired"), 11)
    driven.peer("pc", .left("AdminDown"), 12)
    #expect(driven.members == ["c"])
  }

  @Test func carrierLossCountsAtOnceAndTheSessionAloneDoesNotBringItBack() {
    var driven = allUp()
    driven.link("net1", up: false, 10)
    #expect(driven.members == ["b", "c"])
    #expect(driven.phase("a") == .down("net1 has no carrier"))
    driven.peer("pa", .down("expired"), 10.2)
    driven.link("net1", up: true, 12)
    #expect(driven.members == ["b", "c"], "the session is still down")
    driven.peer("pa", .up, 13)
    driven.settle(18)
    #expect(driven.members == ["a", "b", "c"])
  }

  @Test func aNextHopTheKernelLostIsNoMember() {
    var driven = allUp()
    driven.core.nextHopChanged(1, isPresent: false, at: at(10))
    driven.settle(10)
    #expect(driven.members == ["a", "c"])
  }

  @Test(arguments: [
    (GatewayConfiguration.LastPath.keep, GroupDecision.kept([GroupMember(path: 2, weight: 1)])),
    (.withdraw, .withdrawn), (.blackhole, .blackhole)
  ])
  func thePolicyOfTheLastPathDecidesWhenAllHaveFailed(
    policy: GatewayConfiguration.LastPath, expected: GroupDecision
  ) {
    var driven = allUp(threePaths(lastPath: policy))
    for (second, name) in ["pa", "pb", "pc"].enumerated() {
      driven.peer(name, .down("expired"), Double(10 + second))
    }
    #expect(driven.core.decisions[0] == expected)
    driven.peer("pb", .up, 20)
    driven.settle(25)
    #expect(driven.members == ["b"])
  }

  @Test func keepKeepsAllThatFailTogether() {
    var driven = allUp()
    for peer in 0..<3 { driven.core.peerChanged(peer, .down("expired"), at: at(10)) }
    driven.settle(10)
    #expect(driven.members == ["a", "b", "c"])
    #expect(driven.events.contains { $0.contains("has no working path and keeps a, b, c") })
  }

  @Test func whatTheKernelCannotHoldIsNotKept() {
    var driven = allUp()
    for name in ["net1", "net2", "net3"] { driven.link(name, up: false, 10) }
    #expect(driven.core.decisions[0] == .withdrawn)
  }
}

@Suite struct Adoption {
  @Test func adoptedMembersStayUntilAVerdictOrTheEndOfTheGrace() {
    var driven = DrivenCore(threePaths { $0.startupGrace = .seconds(10) })
    driven.core.adopt(group: 0, members: [0, 1], at: at(0))
    driven.settle(0)
    #expect(driven.members == ["a", "b"])
    driven.peer("pa", .up, 2)
    driven.peer("pc", .up, 3)
    #expect(driven.members == ["a", "b", "c"])
    driven.settle(10)
    #expect(driven.members == ["a", "c"], "b never spoke")
    #expect(driven.phase("b") == .pending)
  }

  @Test func adoptingWritesNothing() {
    var driven = DrivenCore(threePaths())
    let before = driven.groupEffects
    driven.core.adopt(group: 0, members: [0, 1], at: at(0))
    driven.settle(0)
    #expect(driven.groupEffects == before)
  }
}

@Suite struct Combinations {
  @Test(arguments: [
    (Verdict.up, Verdict.up, Verdict.up, Verdict.up), (.up, .pending, .pending, .up),
    (.up, .down("x"), .down("x"), .up), (.down("x"), .down("y"), .down("x"), .down("x")),
    (.left("x"), .down("y"), .down("y"), .left("x")), (.suspended, .up, .suspended, .up),
    (.pending, .down("y"), .down("y"), .pending)
  ])
  func allAndAny(a: Verdict, b: Verdict, all: Verdict, any: Verdict) {
    let parts: [HealthRule] = [.peer(0), .peer(1)]
    #expect(HealthRule.all(parts).verdict(peers: [a, b], probes: []) == all)
    #expect(HealthRule.any(parts).verdict(peers: [a, b], probes: []) == any)
  }

  @Test func bfdAndAProbeTogether() {
    let configuration = threePaths {
      $0.paths[0].health = .all([.bfd(peer: "pa"), .neighbour(.init())])
    }
    var driven = DrivenCore(configuration)
    driven.peer("pa", .up, 1)
    #expect(driven.members.isEmpty)
    driven.core.probeChanged(0, .up, at: at(2))
    driven.settle(2)
    #expect(driven.members == ["a"])
    driven.core.probeChanged(0, .down("no answer"), at: at(3))
    driven.settle(3)
    #expect(driven.members == ["a"], "the last path is kept")
    #expect(driven.phase("a") == .down("no answer"))
  }
}
