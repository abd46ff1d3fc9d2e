import Addresses
import BFD
import ConfigurationFile
import Testing

@testable import Gateway

@Suite struct Draining {
  private func allUp(_ configuration: GatewayConfiguration = threePaths()) -> DrivenCore {
    var driven = DrivenCore(configuration)
    for name in ["pa", "pb", "pc"] { driven.peer(name, .up, 1) }
    return driven
  }

  @Test func aDrainedPathLeavesItsGroupBeforeItsPeerIsTold() {
    var driven = allUp()
    let before = driven.order.count
    driven.drain(.path("a"), 10)
    #expect(driven.members == ["b", "c"])
    #expect(driven.holds["pa"] == .some(.administrativelyDown))
    #expect(Array(driven.order[before...]) == ["group", "hold"])
  }

  @Test func aPeerThatIsOVNIsDrainedBySilence() {
    var driven = allUp(threePaths { $0.bfd.peers[0].compatibility = .ovn })
    driven.drain(.node, 10)
    #expect(driven.holds["pa"] == .some(.silent))
    #expect(driven.holds["pb"] == .some(.administrativelyDown))
    #expect(driven.core.holdReason(of: 0) == .drained)
  }

  @Test func aPeerThatAnotherPathNeedsIsNotTold() {
    var driven = allUp(
      threePaths {
        $0.paths.append(.init(name: "d", via: $0.paths[0].via, interface: "net1", health: .bfd(peer: "pa")))
      })
    driven.drain(.path("a"), 10)
    #expect(driven.holds["pa"] == nil)
  }

  @Test func drainingAPeerTakesItsPathsOut() {
    var driven = allUp()
    driven.drain(.peer("pb"), 10)
    #expect(driven.members == ["a", "c"])
    #expect(driven.holds["pb"] == .some(.administrativelyDown))
  }

  @Test func backInServiceAPathMustShowThatItWorksFirst() {
    var driven = allUp()
    driven.drain(.path("a"), 10)
    driven.peer("pa", .suspended, 10)
    driven.drain(.path("a"), 20, drained: false)
    #expect(driven.holds["pa"] == .some(nil))
    driven.peer("pa", .pending, 20)
    #expect(driven.members == ["b", "c"])
    driven.peer("pa", .up, 21)
    #expect(driven.members == ["a", "b", "c"])
  }

  @Test func aDrainedNodeTellsEveryPeerAndForwardsOn() {
    var driven = allUp()
    driven.drain(.node, 10)
    #expect(["pa", "pb", "pc"].allSatisfy { driven.holds[$0] == .some(.administrativelyDown) })
    for name in ["pa", "pb", "pc"] { driven.peer(name, .suspended, 10) }
    driven.settle(1_000)
    #expect(driven.members == ["a", "b", "c"])
    driven.link("net2", up: false, 1_001)
    #expect(driven.members == ["a", "c"], "a dead link still counts")
  }

  @Test func aNodePutBackKeepsPathsOnlyForTheGraceWithoutAVerdict() {
    var driven = allUp()
    driven.drain(.node, 10)
    for name in ["pa", "pb", "pc"] { driven.peer(name, .suspended, 10) }
    driven.drain(.node, 20, drained: false)
    for name in ["pa", "pb", "pc"] { driven.peer(name, .pending, 20) }
    driven.peer("pa", .up, 21)
    #expect(driven.members == ["a", "b", "c"])
    driven.settle(31)
    #expect(driven.members == ["a"])
  }
}

@Suite struct Uplinks {
  private func configured(
    _ rule: GatewayConfiguration.LostWhen, tell: GatewayConfiguration.Tell = .concatenatedPathDown
  ) -> DrivenCore {
    let configuration = threePaths {
      $0.bfd.peers.append(.init(name: "cluster", address: .v4(.loopback)))
      $0.uplinks = [
        .init(watch: [.interface("net1"), .path("b"), .path("c")], lostWhen: rule, tell: tell, peers: ["cluster"])
      ]
    }
    var driven = DrivenCore(configuration)
    for name in ["pa", "pb", "pc"] { driven.peer(name, .up, 1) }
    return driven
  }

  @Test(arguments: [
    (GatewayConfiguration.LostWhen.any, 1), (.all, 3), (.fewerThan(2), 2), (.fewerThan(1), 3), (.fewerThan(3), 1)
  ])
  func areLostAfterJustSoManyFailures(rule: GatewayConfiguration.LostWhen, failures: Int) {
    var driven = configured(rule)
    let steps: [(inout DrivenCore) -> Void] = [
      { $0.link("net1", up: false, 10) }, { $0.peer("pb", .down("x"), 11) }, { $0.peer("pc", .down("x"), 12) }
    ]
    for (number, step) in steps.enumerated() {
      step(&driven)
      #expect(driven.core.areUplinksLost == (number + 1 >= failures))
    }
    #expect(driven.holds["cluster"] == .some(.down(.concatenatedPathDown)))
  }

  @Test func theirReturnIsTakenBackFromThePeers() {
    var driven = configured(.any, tell: .adminDown)
    driven.link("net1", up: false, 10)
    #expect(driven.holds["cluster"] == .some(.administrativelyDown))
    driven.link("net1", up: true, 12)
    #expect(driven.holds["cluster"] == .some(nil))
  }

  @Test func silenceIsAHoldThatIsSaidAndTakenBack() {
    var driven = configured(.any, tell: .silence)
    driven.link("net1", up: false, 10)
    #expect(driven.holds["cluster"] == .some(.silent))
    #expect(driven.core.holdReason(of: 3) == .uplinksLost)
    #expect(driven.events.contains { $0.contains("falling silent towards cluster") })
    #expect(driven.events.contains("BFD cluster: silent from now on, the uplinks are lost"))
    driven.link("net1", up: true, 12)
    #expect(driven.holds["cluster"] == .some(nil))
    #expect(driven.core.holdReason(of: 3) == nil)
    #expect(driven.events.contains("BFD cluster: no longer silent"))
  }

  @Test func whereOneWantsSilenceNobodySpeaks() {
    var driven = configured(.any, tell: .silence)
    driven.drain(.node, 5)
    #expect(driven.holds["cluster"] == .some(.administrativelyDown))
    driven.link("net1", up: false, 10)
    #expect(driven.holds["cluster"] == .some(.silent))
    #expect(driven.core.holdReason(of: 3) == .drained)
    driven.link("net1", up: true, 12)
    #expect(driven.holds["cluster"] == .some(.administrativelyDown))
  }

  @Test func setsOfUplinksAreJudgedApart() {
    let configuration = threePaths {
      $0.bfd.peers.append(.init(name: "v4", address: .v4(.loopback)))
      $0.bfd.peers.append(.init(name: "v6", address: .v6(.loopback)))
      $0.uplinks = [
        .init(watch: [.interface("net1")], tell: .silence, peers: ["v4"]),
        .init(watch: [.interface("net2")], tell: .adminDown, peers: ["v6"])
      ]
    }
    var driven = DrivenCore(configuration)
    driven.link("net1", up: false, 10)
    #expect(driven.holds["v4"] == .some(.silent))
    #expect(driven.holds["v6"] == nil)
    #expect(driven.core.uplinkStandings == [.lost, .good])
    driven.link("net2", up: false, 11)
    #expect(driven.holds["v6"] == .some(.administrativelyDown))
    driven.link("net1", up: true, 12)
    #expect(driven.holds["v4"] == .some(nil))
    #expect(driven.holds["v6"] == .some(.administrativelyDown))
  }

  @Test func aPeerOfSeveralIsTheMostSilentOnes() {
    let configuration = threePaths {
      $0.bfd.peers.append(.init(name: "both", address: .v4(.loopback)))
      $0.uplinks = [
        .init(watch: [.interface("net1")], tell: .adminDown, peers: ["both"]),
        .init(watch: [.interface("net2")], tell: .silence, peers: ["both"])
      ]
    }
    var driven = DrivenCore(configuration)
    driven.link("net1", up: false, 10)
    #expect(driven.holds["both"] == .some(.administrativelyDown))
    driven.link("net2", up: false, 11)
    #expect(driven.holds["both"] == .some(.silent))
  }

  @Test func whatIsLostStaysLostOverAReload() {
    var driven = configured(.any, tell: .silence)
    driven.link("net1", up: false, 10)
    let said = driven.events.count
    driven.core.reconfigure(
      threePaths {
        $0.bfd.peers.append(.init(name: "cluster", address: .v4(.loopback)))
        $0.startupGrace = .seconds(77)
        $0.uplinks = [
          .init(
            watch: [.interface("net1"), .path("b"), .path("c")], lostWhen: .any, tell: .silence, peers: ["cluster"])
        ]
      }, at: at(11))
    driven.settle(11)
    #expect(driven.core.uplinkStandings == [.lost])
    #expect(driven.events.count == said, "nothing is said again")
  }

  @Test func unknownIsNotLost() {
    let configuration = threePaths {
      $0.uplinks = [.init(watch: [.interface("net1"), .path("b")], lostWhen: .any, peers: ["pa"])]
    }
    let driven = DrivenCore(configuration, linksUp: false)
    #expect(!driven.core.areUplinksLost)
  }
}

@Suite struct Reconfiguration {
  @Test func whatDidNotChangeIsNotTouched() {
    var driven = DrivenCore(threePaths())
    for name in ["pa", "pb", "pc"] { driven.peer(name, .up, 1) }
    let before = driven.groupEffects
    driven.core.reconfigure(threePaths { $0.startupGrace = .seconds(77) }, at: at(5))
    driven.settle(5)
    #expect(driven.groupEffects == before)
    #expect(driven.members == ["a", "b", "c"])
  }

  @Test func aRemovedPathLeavesAndTheOthersKeepTheirState() {
    var driven = DrivenCore(threePaths())
    for name in ["pa", "pb", "pc"] { driven.peer(name, .up, 1) }
    driven.peer("pc", .down("expired"), 2)
    let smaller = threePaths {
      $0.paths.removeFirst()
      $0.bfd.peers.removeFirst()
      $0.groups[0].members.removeFirst()
    }
    driven.core.reconfigure(smaller, at: at(5))
    driven.settle(5)
    #expect(driven.members == ["b"])
    #expect(driven.phase("c") == .down("expired"))
  }

  @Test func aDrainOutlivesAReload() {
    var driven = DrivenCore(threePaths())
    for name in ["pa", "pb", "pc"] { driven.peer(name, .up, 1) }
    driven.drain(.path("a"), 2)
    driven.core.reconfigure(threePaths { $0.paths[1].weight = 7 }, at: at(5))
    driven.settle(5)
    #expect(driven.members == ["b", "c"])
  }

  @Test func aPathThatMovedElsewhereWaitsForItsNextHop() {
    var driven = DrivenCore(threePaths())
    for name in ["pa", "pb", "pc"] { driven.peer(name, .up, 1) }
    driven.core.reconfigure(threePaths { $0.paths[0].via = .v4(.loopback) }, at: at(5))
    driven.settle(5)
    #expect(driven.members == ["b", "c"])
  }
}

/// How long traffic is still forwarded for a peer that is to move it.
@Suite struct DrainingTime {
  private func session(_ compatibility: Compatibility, _ hold: Session.Hold?) -> Session {
    var configuration = SessionConfiguration(
      desiredMinTx: .milliseconds(100), requiredMinRx: .milliseconds(100), detectMultiplier: 3)
    configuration.compatibility = compatibility
    var session = Session(localDiscriminator: 1, configuration: configuration, at: at(0))
    let packet = ControlPacket(
      state: .`init`, detectMultiplier: 3, myDiscriminator: 2, yourDiscriminator: 1,
      desiredMinTx: .milliseconds(100), requiredMinRx: .milliseconds(100))
    _ = session.receive(packet, at: at(0.1))
    var up = packet
    up.state = .up
    _ = session.receive(up, at: at(0.2))
    if let hold { _ = session.hold(hold, at: at(0.3)) }
    return session
  }

  @Test func isTheDetectionTimeAndWhatOVNMayTakeBesides() {
    let second: Int64 = 1_000_000_000
    #expect(Drainage.time(for: session([], .administrativelyDown)) == 3 * second)
    #expect(Drainage.time(for: session(.ovn, .administrativelyDown)) == 9 * second)
    #expect(Drainage.time(for: session(.ovn, .silent)) == 2_300_000_000)
    var alone = session(.ovn, .silent)
    _ = alone.expire(at: at(100))
    #expect(Drainage.time(for: alone) == 0)
  }
}
