import Control

extension StatusReport {
  /// A small gateway with one session, path and group, the session down.
  static let sample: StatusReport = {
    let start = Timestamp(microseconds: 1_763_830_804_000_000)
    var report = StatusReport(
      version: "1.2.3", pid: 4711, startedAt: start, uptimeSeconds: 60.5,
      generatedAt: Timestamp(microseconds: start.microseconds + 60_500_000),
      configuration: .init(file: "/etc/everway/gateway.yaml", loadedAt: start),
      namespace: .init(name: "ovnext", path: "/run/netns/ovnext", state: .healthy, identity: "net:[4026532281]"),
      speaker: .init(
        sourcePortIpv4: 49_152, schedulingPolicy: "SCHED_FIFO", schedulingPriority: 50, receivePacketCount: 1,
        sendPacketCount: 2, discards: [.init(reason: "time-to-live", count: 3)]))
    report.sessions = [
      .init(
        name: "r1", peerAddress: "192.0.2.1", role: .active, localDiscriminator: 1, remoteDiscriminator: 0,
        sessionState: .down, remoteSessionState: .down, localDiagnostic: .init(code: 1), remoteDiagnostic: .none,
        localMultiplier: 3, desiredMinTxInterval: 300_000, requiredMinRxInterval: 300_000,
        negotiatedTransmissionInterval: 1_000_000, negotiatedReceiveInterval: 300_000, detectionTime: 900_000,
        lastStateChangeTime: start, secondsInState: 60.5,
        lastTransition: .init(
          from: .up, to: .down, cause: .detectionTimeExpired, localDiagnostic: .init(code: 1), at: start))
    ]
    report.paths = [
      .init(
        name: "p1", via: "192.0.2.1", interface: "net1", weight: 1, state: .down, reason: "BFD r1 is Down",
        since: start, secondsInState: 60.5,
        health: [
          .init(
            kind: .all, verdict: .down,
            checks: [
              .init(kind: .bfd, target: "r1", verdict: .down),
              .init(kind: .icmp, target: "192.0.2.9", verdict: .up, roundTripTime: 412, lossPercent: 0.5)
            ])
        ])
    ]
    report.groups = [
      .init(
        name: "internet", id: 10, type: .resilient, buckets: 128, configuredMembers: [.init(path: "p1", weight: 1)],
        lastPathPolicy: .withdraw, state: .withdrawn, routeCount: 1, failoverCount: 1,
        lastFailover: .init(at: start, path: "p1", membersBefore: ["p1"], membersAfter: [], latency: 412))
    ]
    return report
  }()

  /// A session of which everything is known, each value another one.
  static let fullSession: StatusReport.Session = {
    let at = { (second: Int64) in Timestamp(microseconds: 1_763_830_804_000_000 + second * 1_000_000) }
    var session = StatusReport.Session(
      name: "far", peerAddress: "192.0.2.9", localAddress: "10.9.0.11", interface: "net1", role: .passive,
      rule: "all",
      localDiscriminator: 11, remoteDiscriminator: 12, sessionState: .up, remoteSessionState: .`init`,
      localDiagnostic: .init(code: 2), remoteDiagnostic: .init(code: 5), detectionMode: .demandWithEcho,
      localMultiplier: 13, remoteMultiplier: 14, desiredMinTxInterval: 15, requiredMinRxInterval: 16,
      remoteDesiredMinTxInterval: 17, remoteRequiredMinRxInterval: 18, negotiatedTransmissionInterval: 19,
      negotiatedReceiveInterval: 20, detectionTime: 21, lastPacketAge: 22, lastStateChangeTime: at(1),
      secondsInState: 23.5, downCount: 24, receivePacketCount: 25, sendPacketCount: 26, sendFailedPacketCount: 27,
      lastSendError: "Network is unreachable", drained: true,
      lastTransition: .init(
        from: .down, to: .up, cause: .handshake, localDiagnostic: .none, remoteDiagnostic: .init(code: 3), at: at(2)
      ))
    session.authentication = .init(keyChain: "chain", type: "keyed-sha1", keyId: 3, acceptedKeyIds: [3, 4])
    session.echo = .init(isRunning: true, transmitInterval: 28)
    session.demand = .init(active: true, remoteActive: false, pollInterval: 29)
    session.dampening = .init(heldUntil: at(3), holdCount: 30)
    session.packetSize = 1400
    session.pathType = .multihop
    session.vrf = "red"
    session.namespace = "other"
    session.sourcePort = 50_000
    session.destinationPort = 4784
    session.createTime = at(4)
    session.lastUpTime = at(5)
    session.lastDownTime = at(6)
    session.adminDownCount = 31
    session.receiveInvalidPacketCount = 32
    return session
  }()
}
