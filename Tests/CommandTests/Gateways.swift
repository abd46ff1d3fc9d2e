import Control

/// Reports to render: one gateway in several moods, all at one moment.
enum Gateways {
  static let now = Timestamp(microseconds: 1_795_366_804_000_000)

  static func ago(_ seconds: Double) -> Timestamp {
    Timestamp(microseconds: now.microseconds - Int64(seconds * 1_000_000))
  }

  static func empty() -> StatusReport {
    StatusReport(
      version: "1.2.3", pid: 4711, hostName: "gw1", startedAt: ago(11_530), uptimeSeconds: 11_530, generatedAt: now,
      configuration: .init(file: "/etc/everway/gateway.yaml", loadedAt: ago(11_530)),
      namespace: .init(name: "ovnext", path: "/run/netns/ovnext", state: .healthy, identity: "net:[4026532281]"),
      speaker: .init(
        sourcePortIpv4: 49_252, schedulingPolicy: "SCHED_FIFO", schedulingPriority: 50,
        receivePacketCount: 1_234_567,
        sendPacketCount: 1_234_321))
  }

  static func session(_ number: Int) -> StatusReport.Session {
    .init(
      name: "r\(number)", peerAddress: "10.0.\(number).1", localAddress: "10.0.\(number).2",
      interface: "net\(number)",
      role: .active, localDiscriminator: 0xbeef_0000 + UInt32(number), remoteDiscriminator: 0x1234,
      sessionState: .up, remoteSessionState: .up, localDiagnostic: .none, remoteDiagnostic: .none,
      localMultiplier: 3, remoteMultiplier: 5, desiredMinTxInterval: 300_000, requiredMinRxInterval: 300_000,
      remoteDesiredMinTxInterval: 50_000, remoteRequiredMinRxInterval: 300_000,
      negotiatedTransmissionInterval: 300_000, negotiatedReceiveInterval: 300_000, detectionTime: 1_500_000,
      lastPacketAge: 120_500, lastStateChangeTime: ago(11_525), secondsInState: 11_525, receivePacketCount: 411_522,
      sendPacketCount: 411_440,
      lastTransition: .init(from: .`init`, to: .up, cause: .handshake, localDiagnostic: .none, at: ago(11_525)))
  }

  static func path(_ number: Int) -> StatusReport.Path {
    .init(
      name: "p\(number)", via: "10.0.\(number).1", interface: "net\(number)", weight: 1, state: .up, reason: "",
      since: ago(11_520), secondsInState: 11_520, health: [.init(kind: .bfd, target: "r\(number)", verdict: .up)],
      nextHopId: 1000 + UInt32(number))
  }

  /// Three of everything, all good.
  static func good() -> StatusReport {
    var report = empty()
    report.sessions = (1...3).map(session)
    report.paths = (1...3).map(path)
    report.groups = [
      .init(
        name: "internet", id: 10, type: .resilient, buckets: 128,
        members: (1...3).map { .init(path: "p\($0)", nextHopId: 1000 + UInt32($0), weight: 1, share: 1 / 3) },
        configuredMembers: (1...3).map { .init(path: "p\($0)", weight: 1) }, lastPathPolicy: .keep, state: .normal,
        routeCount: 2)
    ]
    report.routes = ["0.0.0.0/0", "192.0.2.0/24"].map {
      .init(prefix: $0, table: 254, metric: 100, group: "internet", installed: true)
    }
    report.interfaces = (1...3).map {
      .init(name: "net\($0)", index: $0 + 1, up: true, carrier: true, mtu: 1500, addresses: ["10.0.\($0).2/24"])
    }
    return report
  }

  /// r2 has been killed, p3 is coming back, the namespace has trouble.
  static func troubled() -> StatusReport {
    var report = good()
    report.sessions[1].sessionState = .down
    report.sessions[1].remoteSessionState = .down
    report.sessions[1].localDiagnostic = .init(code: 1)
    report.sessions[1].negotiatedTransmissionInterval = 1_000_000
    report.sessions[1].negotiatedReceiveInterval = nil
    report.sessions[1].detectionTime = nil
    report.sessions[1].lastPacketAge = 13_400_000
    report.sessions[1].secondsInState = 12
    report.sessions[1].downCount = 1
    report.sessions[1].lastTransition = .init(
      from: .up, to: .down, cause: .detectionTimeExpired, localDiagnostic: .init(code: 1), at: ago(12))
    report.paths[1].state = .down
    report.paths[1].reason = "BFD session r2 is Down: no packet for 900ms"
    report.paths[1].secondsInState = 12
    report.paths[1].health = [
      .init(
        kind: .all, verdict: .down,
        checks: [
          .init(kind: .bfd, target: "r2", verdict: .down),
          .init(kind: .icmp, target: "192.0.2.9", verdict: .up, roundTripTime: 412, lossPercent: 0.5)
        ])
    ]
    report.paths[2].state = .heldDown
    report.paths[2].reason = "good again, not yet for long enough"
    report.paths[2].secondsInState = 3
    report.paths[2].holdDownRemainingSeconds = 1.6
    report.groups[0].members = [.init(path: "p1", nextHopId: 1001, weight: 1, share: 1)]
    report.groups[0].failoverCount = 2
    report.groups[0].lastFailover = .init(
      at: ago(12), path: "p2", membersBefore: ["p1", "p2"], membersAfter: ["p1"], latency: 412)
    report.speaker.discards = [.init(reason: "time-to-live", count: 12_000)]
    report.uplinks = [
      .init(
        watched: [.init(kind: .interface, name: "net1", good: true), .init(kind: .path, name: "p2", good: false)],
        lostWhen: "any", lost: true, since: ago(12), tell: "concatenated-path-down", telling: ["r1", "r3"])
    ]
    report.problems = [
      .init(
        what: "the address 10.0.3.2/24 cannot be added to net3: Permission denied", since: ago(75),
        help: "give the process CAP_NET_ADMIN", retryingInSeconds: 4.2)
    ]
    return report
  }
}
