import Cluster
import Addresses
import Testing

@testable import Doctor

/// One finding for each way a session is not Up, by the states and diagnostics of both ends.
@Suite struct ASessionThatIsNotUp {
  struct Way: Sendable, CustomTestStringConvertible {
    var name: String
    var found: [FindingID]
    var change: @Sendable (inout SpeakerCase) -> Void
    var testDescription: String { name }

    init(_ name: String, _ found: FindingID..., change: @escaping @Sendable (inout SpeakerCase) -> Void) {
      self.name = name
      self.found = found
      self.change = change
    }
  }

  typealias Flow = SpeakerFacts.Flow

  static let ways: [Way] = [
    Way("never heard", .neverHeard) { made in
      made.setUnheard()
      made.setFlows(SpeakerCase.outgoing())
    },
    Way("just made") { made in
      made.setUnheard { $0.secondsInState = 1 }
      made.setFlows(SpeakerCase.outgoing())
    },
    Way("drained here", .heldHere) { made in
      made.setGateway { session in
        session.state = .adminDown
        session.diagnostic = 7
        session.hold = "drained"
      }
    },
    Way("suspended in the beacon", .heldHere) {
      $0.setSession { session in
        session.state = .down
        session.hold = "suspended"
      }
    },
    Way("AdminDown at the peer", .heldThere) { made in
      made.setSession { session in
        session.state = .down
        session.diagnostic = 3
        session.remoteState = .adminDown
        session.remoteDiagnostic = 7
      }
      made.setFlows(SpeakerCase.incoming(.adminDown), SpeakerCase.outgoing())
    },
    Way("AdminDown at the peer, which has been silent since", .heldThere) { made in
      made.setGateway { session in
        session.state = .down
        session.remoteDiscriminator = 0
        session.remoteState = .down
        session.diagnostic = 3
        session.cause = "neighbor-administratively-down"
        session.downCount = 1
      }
      made.setFlows(SpeakerCase.outgoing())
    },
    Way("not allowed", .notAllowed) { made in
      made.setNoSession()
      made.setFlows(SpeakerCase.incoming(.down, your: 0))
    },
    Way("a low TTL", .lowTTL) { made in
      made.setNoSession()
      var flow = SpeakerCase.incoming(.down, your: 0)
      flow.timeToLive = 254
      made.setFlows(flow)
    },
    Way("a TTL of 254 that everway's beacon takes", .notAllowed) { made in
      made.speaker.beacon = .value(
        .init(port: 957, release: "bfdd-beacon v0.5.4", isEverway: true, sessions: []))
      var flow = SpeakerCase.incoming(.down, your: 0)
      flow.timeToLive = 254
      made.setFlows(flow)
    },
    Way("authentication that we do not have", .authentication) { made in
      made.setNoSession()
      var flow = SpeakerCase.incoming(.down, your: 0)
      flow.packet?.isAuthenticated = true
      made.setFlows(flow)
    },
    Way("a wrong key", .authentication) { made in
      made.setGateway(["authentication-failed": 3]) { session in
        session.state = .down
        session.remoteDiscriminator = 0
        session.isAuthenticated = true
      }
      var flow = SpeakerCase.incoming(.down, your: 0)
      flow.packet?.isAuthenticated = true
      made.setFlows(flow, SpeakerCase.outgoing())
    },
    Way("a discriminator that is gone", .staleDiscriminator) { made in
      made.setNoSession()
      made.setFlows(SpeakerCase.incoming(.down, your: 4_711))
    },
    Way("the discriminator of a session that the beacon does not show yet", .notAllowed) { made in
      made.setNoSession()
      made.setFlows(SpeakerCase.incoming(.down, your: 11), SpeakerCase.outgoing())
    },
    Way("malformed packets", .malformed) { made in
      made.setNoSession()
      var flow = SpeakerCase.incoming()
      flow.packet = nil
      flow.fault = "multiplier-zero"
      made.setFlows(flow)
    },
    Way("the multihop port", .wrongPort) { made in
      made.setNoSession()
      var flow = SpeakerCase.incoming(.down, your: 0)
      flow.port = 4784
      made.setFlows(flow)
    },
    Way("packets on the interface that the speaker does not get", .firewalled) { made in
      made.setUnheard()
      made.setFlows(SpeakerCase.incoming(.down, your: 0), SpeakerCase.outgoing())
    },
    Way("stuck in Init", .notHeardThere) { made in
      made.setSession { session in
        session.state = .`init`
        session.remoteState = .down
      }
      made.setFlows(SpeakerCase.incoming(.down, your: 0), SpeakerCase.outgoing())
    },
    Way("in Init for a moment") { made in
      made.setSession { session in
        session.state = .`init`
        session.remoteState = .down
        session.secondsInState = 0.5
      }
    },
    Way("down here, up there", .notHeardThere) { made in
      made.setSession { session in
        session.state = .down
        session.diagnostic = 1
        session.remoteState = .up
      }
    },
    Way("silent after it was up", .detectionExpired) { made in
      made.setUnheard { session in
        session.diagnostic = 1
        session.downCount = 1
      }
      made.setFlows(SpeakerCase.outgoing())
    },
    Way("the peer heard nothing of us", .neighborSignaledDown) { made in
      made.setSession { session in
        session.state = .down
        session.diagnostic = 3
        session.remoteState = .down
        session.remoteDiagnostic = 1
      }
      made.setFlows(SpeakerCase.incoming(.down), SpeakerCase.outgoing())
    },
    Way("a required min RX of 0 at the peer", .toldToBeSilent) { made in
      made.setSession { session in
        session.state = .down
        session.remoteState = .down
        session.remoteMinRx = 0
      }
      made.setFlows()
    },
    Way("a stranger who speaks", .stranger) { made in
      var flow = SpeakerCase.incoming(.down, your: 0)
      flow.source = .v4(IPv4Address(10, 204, 0, 99))
      made.setFlows(SpeakerCase.incoming(), SpeakerCase.outgoing(), flow)
    }
  ]

  @Test(arguments: ways) func isNamed(_ way: Way) {
    var made = SpeakerCase.healthy()
    way.change(&made)
    #expect(made.found == way.found, "\(made.diagnosis.findings)")
  }

  /// What an end says of the path behind it counts more than that the other believed it.
  @Test(
    arguments: [(5, .pathDown), (6, .pathDown), (8, .pathDown), (4, .forwardingReset), (2, .echoFailed)]
      as [(UInt8, FindingID)])
  func isNamedByTheDiagnosticOfTheEndThatKnows(_ code: UInt8, _ id: FindingID) {
    for isOurs in [true, false] {
      var made = SpeakerCase.healthy()
      made.setSession { session in
        session.state = .down
        session.remoteState = .down
        session.diagnostic = isOurs ? code : 3
        session.remoteDiagnostic = isOurs ? 3 : code
      }
      var flow = SpeakerCase.incoming(.down)
      flow.packet?.diagnostic = isOurs ? 3 : code
      made.setFlows(flow, SpeakerCase.outgoing())
      #expect(made.found == [id], "\(isOurs)")
    }
  }

  /// Each of them explains what it should, and the beacon's `allow` is told exactly.
  @Test func isRepairedByAllow() throws {
    var made = SpeakerCase.healthy()
    made.setNoSession()
    made.setFlows(SpeakerCase.incoming(.down, your: 0))
    let finding = try #require(made.diagnosis.findings.first)
    #expect(finding.remedy.repair == .automatic)
    #expect(finding.remedy.actions == [.controlBeacon(namespace: "ovnext", arguments: ["allow", "10.204.0.1"])])
    #expect(finding.remedy.steps.first?.command == "ip netns exec ovnext bfdd-control allow 10.204.0.1")
  }

  @Test func heldByAPersonIsNotTakenBackByAProgram() throws {
    var made = SpeakerCase.healthy()
    made.setSession { session in
      session.state = .down
      session.hold = "suspended"
    }
    let finding = try #require(made.diagnosis.findings.first)
    #expect(finding.remedy.actions.isEmpty)
    #expect(finding.remedy.steps.first?.command == "ip netns exec ovnext bfdd-control session 1 resume")
  }
}

@Suite struct AFirewall {
  static func drop(_ hook: String, handle: Int = 7) -> FirewallFacts {
    FirewallFacts(
      gateway: .rules(
        #"""
        {"table": {"family": "inet", "name": "filter", "handle": 1}},
        {"chain": {"family": "inet", "table": "filter", "name": "c", "handle": 1, "type": "filter", "hook": "\#(hook)",
          "prio": 0, "policy": "accept"}},
        {"rule": {"family": "inet", "table": "filter", "chain": "c", "handle": \#(handle), "expr": [
          {"match": {"op": "==", "left": {"payload": {"protocol": "udp", "field": "dport"}}, "right": 3784}},
          {"drop": null}]}}
        """#))
  }

  @Test func thatDropsWhatArrivesIsNamedWithItsRule() throws {
    var made = SpeakerCase.healthy()
    made.setUnheard()
    made.setFlows(SpeakerCase.incoming(.down, your: 0), SpeakerCase.outgoing())
    made.firewall = .value(Self.drop("input"))
    let finding = try #require(made.diagnosis.findings.first)
    #expect(finding.id == .firewalled)
    #expect(finding.certainty == .certain)
    #expect(finding.remedy.repair == .guarded)
    #expect(
      finding.remedy.actions == [
        .acceptUDPBefore(
          namespace: "ovnext", family: "inet", table: "filter", chain: "c", handle: 7, port: 3784)
      ])
    #expect(finding.evidence.first?.value.contains("handle 7") == true)
  }

  @Test func thatDropsWhatWeSendIsNamedToo() {
    var made = SpeakerCase.healthy()
    made.setUnheard()
    made.setFlows()
    made.firewall = .value(Self.drop("output"))
    #expect(made.found == [.firewalled])
  }

  @Test func thatDropsNothingOfASessionThatIsUpIsNoMatter() {
    var made = SpeakerCase.healthy()
    made.firewall = .value(Self.drop("input"))
    #expect(made.found.isEmpty)
  }

  @Test func thatCouldNotBeReadIsAGap() {
    var made = SpeakerCase.healthy()
    made.firewall = .unavailable("no reason")
    #expect(made.diagnosis.areas.first { $0.area == .firewall }?.gaps.map(\.reason) == ["no reason"])
  }
}

/// Row 31: what OVN knows of where its routers are.
@Suite struct AFilterBetweenTheNodes {
  private func made(nearIsUp: Bool) throws -> SpeakerCase {
    var made = SpeakerCase.healthy()
    let far = try #require(IPAddress("10.204.0.2"))
    made.expectation.peers.append(.init(address: far, isPassive: true))
    var northbound = OVNFacts.Northbound()
    var southbound = OVNFacts.Southbound()
    southbound.chassis = [
      .init(uuid: "c1", name: "id1", hostname: "node1"), .init(uuid: "c2", name: "id2", hostname: "node2")
    ]
    for (name, address, chassis) in [("vpc1-external", "10.204.0.1", "c1"), ("vpc2-external", "10.204.0.2", "c2")] {
      var port = OVNFacts.LogicalRouterPort(uuid: name, name: name)
      port.networks = ["\(address)/24"]
      northbound.logicalRouterPort.append(port)
      southbound.portBinding.append(.init(uuid: name, logicalPort: "cr-\(name)", chassis: chassis))
    }
    var ovn = OVNFacts()
    ovn.northbound = .value(northbound)
    ovn.southbound = .value(southbound)
    made.ovn = .value(ovn)
    if !nearIsUp {
      made.setUnheard()
      made.setFlows(SpeakerCase.outgoing())
    }
    return made
  }

  @Test func isSuspectedWhenOnlyTheNearOnesAreUp() throws {
    #expect(try made(nearIsUp: true).found == [.filteredOutside])
  }

  @Test func isNotWhenNoneIs() throws { #expect(try Set(made(nearIsUp: false).found) == [.neverHeard]) }
}
