import Addresses
import BFD
import ConfigurationFile
import Testing

@testable import Gateway

/// A node that has just started is no way out before it knows of one.
@Suite struct UplinksAtTheStart {
  /// Peer `cluster` is held while all of `watch` are lost. The startup grace is 10 s.
  private func configured(
    _ watch: [GatewayConfiguration.Uplink] = [.path("b"), .path("c")], told: [String] = ["cluster"],
    tell: GatewayConfiguration.Tell = .silence
  ) -> GatewayConfiguration {
    threePaths {
      $0.bfd.peers.append(.init(name: "cluster", address: .v4(.loopback)))
      $0.uplinks = [.init(watch: watch, lostWhen: .all, tell: tell, peers: told)]
    }
  }

  @Test(arguments: [GatewayConfiguration.Tell.silence, .adminDown, .concatenatedPathDown])
  func nothingIsSaidUntilOneIsGood(tell: GatewayConfiguration.Tell) {
    var driven = DrivenCore(configured(tell: tell))
    #expect(driven.holds["cluster"] == .some(.silent))
    #expect(driven.core.holdReason(of: 3) == .uplinksUnproven)
    #expect(!driven.core.areUplinksLost)
    driven.peer("pb", .up, 1)
    #expect(driven.holds["cluster"] == .some(nil))
    #expect(driven.events.contains("uplinks are good (1 of 2 good): speaking to cluster"))
  }

  @Test func thoseThatAreBadAreLost() {
    var driven = DrivenCore(configured())
    driven.peer("pb", .down("x"), 1)
    #expect(driven.core.holdReason(of: 3) == .uplinksUnproven)
    driven.peer("pc", .down("x"), 1)
    #expect(driven.core.holdReason(of: 3) == .uplinksLost)
    #expect(driven.holds["cluster"] == .some(.silent))
  }

  @Test func thoseThatCarriedTrafficBeforeARestartAreGood() {
    var core = GatewayCore(configured(), at: at(0))
    for number in core.model.interfaces.indices { core.linkChanged(number, .up, at: at(0)) }
    for number in core.model.paths.indices { core.nextHopChanged(number, isPresent: true, at: at(0)) }
    core.adopt(group: 0, members: [0, 1, 2], at: at(0))
    core.prepareHolds(at: at(0))
    core.settle(at: at(0))
    let holds = core.takeEffects().filter { if case .hold = $0 { true } else { false } }
    #expect(holds.isEmpty, "nobody is fallen silent to")
    // The grace ends without a verdict: no reason to fall silent either.
    core.settle(at: at(11))
    #expect(core.phase("b") == .pending)
    #expect(core.uplinkStandings == [.good])
    #expect(core.hold(of: 3) == nil)
  }

  @Test func sessionsBeginSilentInsteadOfFallingSilent() {
    var core = GatewayCore(configured(), at: at(0))
    core.prepareHolds(at: at(0))
    #expect(core.hold(of: 3) == .silent)
  }

  @Test func withoutAnyVerdictTheGraceEndsIt() {
    var driven = DrivenCore(configured())
    #expect(driven.core.nextDeadline == at(10))
    driven.settle(9.9)
    #expect(driven.holds["cluster"] == .some(.silent))
    driven.settle(10)
    #expect(driven.holds["cluster"] == .some(nil))
    #expect(driven.core.nextDeadline == .distantFuture)
  }

  @Test func thePeerByWhichOneIsJudgedIsSpokenTo() {
    let driven = DrivenCore(configured(told: ["pb", "cluster"]))
    #expect(driven.holds["pb"] == nil)
    #expect(driven.holds["cluster"] == .some(.silent))
  }

  @Test func anInterfaceHasItsVerdictAtOnce() {
    #expect(DrivenCore(configured([.interface("net1")])).holds["cluster"] == nil)
    #expect(DrivenCore(configured([.interface("net1")]), linksUp: false).holds["cluster"] == .some(.silent))
  }

  @Test func aReloadTakesNothingBackFromThoseWhoSendAlready() {
    var driven = DrivenCore(configured())
    driven.peer("pb", .up, 1)
    var other = configured([.path("a")], told: ["cluster", "new"])
    other.bfd.peers.append(.init(name: "new", address: .v6(.loopback)))
    driven.core.reconfigure(other, at: at(2))
    driven.settle(2)
    #expect(driven.core.hold(of: 3) == nil)
    #expect(driven.phase("a") == .pending)
  }

  @Test func aNewSetAfterAReloadShowsFirstThatItWorks() {
    var driven = DrivenCore(configured())
    driven.peer("pb", .up, 1)
    var more = configured()
    more.bfd.peers.append(.init(name: "v6", address: .v6(.loopback)))
    more.uplinks.append(.init(watch: [.path("a")], tell: .silence, peers: ["v6"]))
    driven.core.reconfigure(more, at: at(2))
    driven.core.prepareHolds(at: at(2))
    #expect(driven.core.hold(of: 3) == nil)
    #expect(driven.core.hold(of: 4) == .silent)
    driven.peer("pa", .up, 3)
    #expect(driven.core.hold(of: 4) == nil)
  }
}

extension GatewayCore {
  fileprivate func phase(_ path: String) -> PathState.Phase? {
    model.paths.firstIndex { $0.name == path }.map { paths[$0].phase }
  }
}
