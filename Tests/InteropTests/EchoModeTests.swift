import Addresses
import BFD
import Glibc
import Lab
import Speaker
import Testing

extension Interop {
  /// Echo, unaffiliated echo, Demand mode and large packets with other people's daemons and kernels.
  @Suite struct Modes {
    private static let forwarding = [
      (name: "ipv4.ip_forward", value: "1"), (name: "ipv6.conf.all.forwarding", value: "1"),
      (name: "ipv4.conf.all.send_redirects", value: "0")
    ]
    private static let standing = [
      (name: "ipv4.ip_forward", value: "0"), (name: "ipv6.conf.all.forwarding", value: "0")
    ]
    private static let slowFRR = Line.all.filter { $0.kind == .frr && $0.pace == .slow }

    /// Changes the parameters of our end of a line.
    private static func change(
      _ field: Field, _ line: Line, _ edit: @escaping @Sendable (inout SessionConfiguration) -> Void
    ) throws {
      let session = try field.session(line)
      try field.own.perform { speaker in
        guard var settings = speaker.view(session)?.settings else { return }
        edit(&settings.parameters)
        speaker.configure(session, settings)
      }
    }

    @Test func ourEchoesComeBackFromFRRsKernelAndTellWhenItStopsForwarding() throws {
      try Field.with("echo", lines: Self.slowFRR) { field in
        try field.settle()
        try field.place(.frr).sysctl(Self.forwarding)
        guard let frr = try field.daemon(.frr) as? FRRRouter else { return }
        for line in field.lines {
          try frr.vtysh(Self.entering(line) + ["echo receive-interval 50"])
          try Self.change(field, line) {
            $0.echo = EchoParameters(transmitInterval: .milliseconds(20), kind: .affiliated(requiredMinRx: .slow))
          }
        }
        try field.wait(for: "echoes to come back") { _, ours, _ in (ours.session.echo?.returned ?? 0) > 40 }
        for line in field.lines {
          let ours = try field.view(line)
          // FRR's word counts: it wants no more than one in 50 ms.
          #expect(ours.session.echoInterval == .milliseconds(50), "\(line)")
          #expect(ours.session.advertisedMinRx == .slow && ours.echo?.obstacle == nil, "\(line)")
          #expect(ours.counters.downs == 0, "\(line)")
        }
        let mark = field.mark
        try field.place(.frr).sysctl(Self.standing)
        try field.wait(for: "the echoes to be missed") { line, _, _ in
          try field.transitions(line, since: mark).contains { $0.transition.cause == .echoFailed }
        }
      }
    }

    /// FRR sends echoes over IPv4 through our kernel, and over IPv6 to our address, for us to send back.
    @Test func frrsEchoesComeBackFromUs() throws {
      try Field.with("loop", lines: Self.slowFRR) { field in
        try field.settle()
        try field.us.sysctl(Self.forwarding)
        guard let frr = try field.daemon(.frr) as? FRRRouter else { return }
        for line in field.lines {
          try Self.change(field, line) { $0.requiredMinEchoRx = .milliseconds(40) }
          // It warns that IPv6 echo works only with FRR at the other end, and obeys.
          _ = try? frr.vtysh(Self.entering(line) + ["echo transmit-interval 50", "echo-mode"])
        }
        let before = try field.flapMarks()
        // Long enough for FRR to miss them many times over.
        sleep(4)
        let said = try frr.vtysh(["show bfd peers"])
        #expect(said.contains("Echo transmission interval: 50ms"), "\(said)")
        for line in field.lines {
          #expect(try field.view(line).session.state == .up, "\(line)")
          #expect(try field.flapMarks()[line] == before[line], "\(line)")
          if line.family == .ipv6 { #expect(try field.view(line).echo?.looped ?? 0 > 20, "\(line)") }
        }
      }
    }

    @Test func unaffiliatedEchoNeedsNothingButBIRDsKernel() throws {
      let lines = Line.all.filter { $0.kind == .bird && $0.pace == .fast }
      try Field.with("alone", lines: lines, ours: .speaker) { field in
        try field.daemon(.bird).kill()
        try field.place(.bird).sysctl(Self.forwarding)
        var sessions: [Int] = []
        for line in lines {
          var parameters = line.pace.timers.configuration()
          parameters.echo = EchoParameters(transmitInterval: .milliseconds(50), kind: .unaffiliated)
          let settings = SessionSettings(
            key: SessionKey(peer: .address(line.theirs, interface: 0)), remoteAddress: line.theirs,
            parameters: parameters)
          sessions.append(try #require(try field.own.perform { $0.add(settings, at: MonotonicClock.now()) }))
        }
        func states() -> [SessionState] { sessions.compactMap { try? field.own.view($0).session.state } }
        #expect(waitUntil(timeout: .seconds(20), every: .milliseconds(20)) { states() == [.up, .up] })
        // The link stays, forwarding stops.
        try field.place(.bird).sysctl(Self.standing)
        #expect(waitUntil(timeout: .seconds(20), every: .milliseconds(20)) { states() == [.down, .down] })
        for session in sessions {
          let last = try field.own.observed.last { $0.session == session }
          #expect(last?.transition.cause == .echoFailed)
        }
        try field.place(.bird).sysctl(Self.forwarding)
        #expect(waitUntil(timeout: .seconds(20), every: .milliseconds(20)) { states() == [.up, .up] })
        try field.place(.bird).linkDown(lines[0].peerInterface)
        #expect(waitUntil(timeout: .seconds(20), every: .milliseconds(20)) { states() == [.down, .down] })
      }
    }

    /// BIRD is silent when it is asked to be, FRR 8.4 goes on sending: either way the session stands, and a death is
    /// noticed by the Poll.
    @Test func demandModeWithPeersThatKnowItAndThatDoNot() throws {
      let lines = Line.all.filter { $0.pace == .fast }
      try Field.with("demand", lines: lines) { field in
        try field.settle()
        let before = try field.flapMarks()
        for line in lines {
          try Self.change(field, line) { $0.demand = DemandMode(verificationInterval: .milliseconds(1_000)) }
        }
        try field.wait(for: "Demand mode") { _, ours, _ in ours.session.demandInForce && !ours.session.isPolling }
        let received = try lines.map { try field.view($0).counters.received }
        sleep(4)
        for (line, earlier) in zip(lines, received) {
          let ours = try field.view(line)
          #expect(ours.session.state == .up && ours.counters.downs == 0, "\(line)")
          #expect(try field.flapMarks()[line] == before[line], "\(line)")
          // BIRD answers a Poll a second, FRR sends one each 50 ms.
          let packets = ours.counters.received - earlier
          #expect(line.kind == .bird ? packets < 20 : packets > 40, "\(line): \(packets)")
        }
        let mark = field.mark
        for kind in field.kinds { try field.daemon(kind).pause() }
        defer { for kind in field.kinds { try? field.daemon(kind).resume() } }
        // Daemons that do not run answer no questions, so only our end is asked.
        let areMissed = waitUntil(timeout: .seconds(20), every: .milliseconds(20)) {
          lines.allSatisfy { line in
            (try? field.transitions(line, since: mark))?.first?.transition.cause == .detectionTimeExpired
          }
        }
        #expect(areMissed)
      }
    }

    @Test func largePacketsTellThePathsMTU() throws {
      let lines = Line.all.filter { $0.pace == .slow }
      try Field.with("large", lines: lines) { field in
        try field.settle()
        for line in lines { try Self.change(field, line) { $0.packetSize = 1_400 } }
        sleep(2)
        for line in lines { #expect(try field.view(line).counters.downs == 0, "\(line)") }
        let mark = field.mark
        for line in lines { try field.place(line.kind).ip("link set \(line.peerInterface) mtu 1300") }
        // The peer hears nothing more, and says so.
        try field.wait(for: "the peers to say Down") { line, _, _ in
          try field.transitions(line, since: mark).contains { $0.transition.cause == .neighborSignaledDown }
        }
        for line in lines { try field.place(line.kind).ip("link set \(line.peerInterface) mtu 1500") }
        try field.wait(for: "all to come back") { _, ours, _ in ours.session.state == .up }
      }
    }

    private static func entering(_ line: Line) -> [String] {
      [
        "configure terminal", "bfd",
        "peer \(line.ours) local-address \(line.theirs) interface \(line.peerInterface)"
      ]
    }
  }
}
