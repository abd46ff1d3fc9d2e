import Addresses
import BFD
import Configuration
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
      $0.uplinks = .init(
        watch: [.interface("net1"), .path("b"), .path("c")], lostWhen: rule, tell: tell, peers: ["cluster"])
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

  @Test func unknownIsNotLost() {
    let configuration = threePaths {
      $0.uplinks = .init(watch: [.interface("net1"), .path("b")], lostWhen: .any, peers: ["pa"])
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
