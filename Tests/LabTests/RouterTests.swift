import Addresses
import Glibc
import Testing

@testable import Lab

@Suite(.enabled(if: TestLab.isPossible), .timeLimit(.minutes(3))) struct RealRouters {
  let v4 = (a: IPAddress.v4(IPv4Address(10, 1, 0, 1)), b: IPAddress.v4(IPv4Address(10, 1, 0, 2)))
  let v6 = (
    a: IPAddress.v6(IPv6Address(high: 0xfd01 << 48, low: 1)),
    b: IPAddress.v6(IPv6Address(high: 0xfd01 << 48, low: 2))
  )

  /// FRR in `a`, BIRD in `b`, sessions on IPv4 and IPv6 between them.
  private func with(_ tag: String, _ body: (FRRRouter, BIRDRouter) throws -> Void) throws {
    try TestLab.with(tag) { lab in
      let wire = try lab.makeWire()
      let frr = FRRRouter(
        lab: lab, namespace: wire.a,
        peers: [BFDPeer(v4.b, local: v4.a, interface: "w"), BFDPeer(v6.b, local: v6.a, interface: "w")])
      let bird = BIRDRouter(
        lab: lab, namespace: wire.b,
        peers: [BFDPeer(v4.a, local: v4.b, interface: "w"), BFDPeer(v6.a, local: v6.b, interface: "w")])
      try frr.start()
      try bird.start()
      for (daemon, peers) in [(frr as any BFDPeerDaemon, [v4.b, v6.b]), (bird, [v4.a, v6.a])] {
        for peer in peers { try daemon.wait(for: .up, of: peer, timeout: .seconds(60)) }
      }
      try body(frr, bird)
    }
  }

  @Test func comeUpAndBothTellTheSame() throws {
    try with("up") { frr, bird in
      // Until the Poll sequence that follows Up is over, each side may still know the slow interval of the other.
      #expect(
        waitUntil(timeout: .seconds(60)) {
          (try? frr.session(with: v4.b))?.detectionMilliseconds == 900
            && (try? bird.session(with: v4.a))?.detectionMilliseconds == 900
        })
      let view = try #require(try frr.session(with: v4.b))
      #expect(view.localDiagnostic == 0)
      #expect(view.remoteDiagnostic == 0)
      #expect(view.transmitMilliseconds == 300)
      #expect(view.local == v4.a)
      #expect(view.interface == "w")
      #expect((view.packetsReceived ?? 0) > 0)
      #expect((view.packetsSent ?? 0) > 0)
      #expect(view.timesUp == 1)
      let other = try #require(try bird.session(with: v4.a))
      #expect(other.transmitMilliseconds == 300)
      #expect(other.interface == "w")
      #expect(try frr.sessions().map(\.peer) == [v4.b, v6.b])
      #expect(try bird.sessions().map(\.peer) == [v4.a, v6.a])
    }
  }

  @Test func intervalsChangeWithoutAFlap() throws {
    try with("iv") { frr, bird in
      try frr.setIntervals(BFDTimers(milliseconds: 200, multiplier: 5), of: v4.b)
      try bird.setIntervals(BFDTimers(milliseconds: 250, multiplier: 4), of: v4.a)
      #expect(
        waitUntil(timeout: .seconds(60)) {
          (try? frr.session(with: v4.b))?.detectionMilliseconds == 1000
            && (try? bird.session(with: v4.a))?.detectionMilliseconds == 1250
        })
      let view = try #require(try frr.session(with: v4.b))
      #expect(view.timesDown == 0)
      #expect(view.remoteTimers == BFDTimers(milliseconds: 250, multiplier: 4))
    }
  }

  @Test func aKilledOneIsMissedAndComesBack() throws {
    try with("kill") { frr, bird in
      bird.kill()
      #expect(!bird.isRunning)
      let down = try frr.wait(for: .down, of: v4.b, timeout: .seconds(60))
      #expect(down.localDiagnostic == 1)
      try bird.start()
      try frr.wait(for: .up, of: v4.b, timeout: .seconds(60))
      frr.kill()
      #expect(waitUntil(timeout: .seconds(60)) { (try? bird.session(with: v4.a))?.state == .down })
      try frr.start()
      try bird.wait(for: .up, of: v4.a, timeout: .seconds(60))
    }
  }

  @Test func aPausedOneIsMissedToo() throws {
    try with("pause") { frr, bird in
      bird.pause()
      try frr.wait(for: .down, of: v6.b, timeout: .seconds(60))
      bird.resume()
      try frr.wait(for: .up, of: v6.b, timeout: .seconds(60))
    }
  }

  @Test func adminDownIsToldToThePeer() throws {
    try with("adm") { frr, bird in
      try frr.adminDown(v4.b)
      try frr.wait(for: .adminDown, of: v4.b, timeout: .seconds(60))
      try bird.wait(for: .down, of: v4.a, timeout: .seconds(60))
      try frr.adminUp(v4.b)
      try bird.wait(for: .up, of: v4.a, timeout: .seconds(60))
      #expect(throws: LabError.self) { try bird.adminDown(v4.a) }
    }
  }

  @Test func peersAreAddedAndRemovedWhileItRuns() throws {
    try with("peers") { frr, bird in
      try frr.remove(v4.b)
      try bird.remove(v4.a)
      #expect(try frr.sessions().map(\.peer) == [v6.b])
      try frr.add(BFDPeer(v4.b, local: v4.a, interface: "w"))
      try bird.add(BFDPeer(v4.a, local: v4.b, interface: "w", isPassive: true))
      try frr.wait(for: .up, of: v4.b, timeout: .seconds(60))
    }
  }
}

@Suite struct ReadingWhatRoutersPrint {
  @Test func aDownSessionOfFRR() throws {
    // `show bfd peers json` of FRR 8.4.4 after its peer was killed; `show bfd peers counters json` beside it.
    let peers = """
      [{"multihop":false,"peer":"10.1.0.2","local":"10.1.0.1","vrf":"default","interface":"w","id":575412946,
      "remote-id":0,"passive-mode":false,"status":"down","downtime":3,"diagnostic":"control detection time expired",
      "remote-diagnostic":"ok","receive-interval":50,"transmit-interval":50,"echo-receive-interval":50,
      "echo-transmit-interval":0,"detect-multiplier":3,"remote-receive-interval":1000,
      "remote-transmit-interval":1000,"remote-echo-receive-interval":0,"remote-detect-multiplier":3,"rtt-min":0}]
      """
    let counters = """
      [{"multihop":false,"peer":"10.1.0.2","local":"10.1.0.1","vrf":"default","interface":"w",
      "control-packet-input":80,"control-packet-output":76,"echo-packet-input":0,"echo-packet-output":0,
      "session-up":1,"session-down":2,"zebra-notifications":1}]
      """
    let view = try #require(try FRRSessions.parse(peers: peers, counters: counters).first)
    #expect(view.state == .down)
    #expect(view.localDiagnostic == 1)
    #expect(view.remoteDiscriminator == nil)
    #expect(view.secondsInState == 3)
    #expect(view.detectionMilliseconds == nil)
    #expect(view.packetsReceived == 80)
    #expect(view.timesDown == 2)
  }

  @Test func anAnswerThatIsNoJSONIsShown() {
    let error = #expect(throws: LabError.self) { try FRRSessions.parse(peers: "% Unknown command") }
    #expect(error?.output == ["% Unknown command"])
  }

  @Test func theTableOfBIRD() throws {
    let views = BIRDSessions.parse(
      """
      BIRD 2.0.12 ready.
      lab:
      IP address                Interface  State      Since         Interval  Timeout
      fd01::1                   w          Up         16:42:37.043    0.050    0.150
      10.1.0.1                  ---        AdminDown  16:42:36.933    1.000    0.000
      """)
    #expect(views.map(\.state) == [.adminDown, .up])
    #expect(views.map(\.interface) == [nil, "w"])
    #expect(views.last?.transmitMilliseconds == 50)
    #expect(views.last?.detectionMilliseconds == 150)
  }
}
