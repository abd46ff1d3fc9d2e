public import Control

/// A made-up gateway and what happens to it, at times counted in seconds from the start of its run.
public enum Made {
  /// 2026-11-20T00:00:00Z.
  public static let start = Timestamp(microseconds: 1_795_132_800_000_000)

  public static func at(_ seconds: Double) -> Timestamp {
    Timestamp(microseconds: start.microseconds + Int64((seconds * 1_000_000).rounded()))
  }

  /// - Parameters:
  ///   - run: seconds at which the run began.
  ///   - sessions: their states; named r1, r2, ...
  public static func report(
    at seconds: Double, run: Double = 0, sessions: [StatusReport.SessionState] = [.up],
    paths: [StatusReport.PathState] = [], since: Double? = nil
  ) -> StatusReport {
    var report = StatusReport(
      version: "1.2.3", pid: 1, hostName: "gw1", startedAt: at(run), uptimeSeconds: seconds - run,
      generatedAt: at(seconds),
      configuration: .init(file: "/etc/everway/gateway.yaml", loadedAt: at(run)),
      namespace: .init(name: "ovnext", state: .healthy),
      speaker: .init(
        schedulingPolicy: "SCHED_OTHER", schedulingPriority: 0, receivePacketCount: 0, sendPacketCount: 0))
    report.sessions = sessions.enumerated().map { session($0.offset + 1, $0.element, since: since.map(at)) }
    report.paths = paths.enumerated().map {
      .init(
        name: "p\($0.offset + 1)", via: "10.0.0.1", interface: "net1", weight: 1, state: $0.element, reason: "",
        since: since.map(at), secondsInState: 0)
    }
    return report
  }

  public static func session(
    _ number: Int, _ state: StatusReport.SessionState, since: Timestamp? = nil
  ) -> StatusReport.Session {
    .init(
      name: "r\(number)", peerAddress: "10.0.\(number / 250).\(number % 250)", localAddress: "10.0.255.1",
      role: .active,
      localDiscriminator: UInt32(1_000 + number), remoteDiscriminator: 7, sessionState: state,
      remoteSessionState: state, localDiagnostic: .none, remoteDiagnostic: .none, localMultiplier: 3,
      desiredMinTxInterval: 300_000, requiredMinRxInterval: 300_000, negotiatedTransmissionInterval: 300_000,
      lastStateChangeTime: since, secondsInState: 0)
  }

  /// A session's change of state.
  public static func event(
    _ sequence: UInt64, at seconds: Double, session number: Int = 1, _ from: String, _ to: String,
    _ cause: StatusReport.TransitionCause = .detectionTimeExpired, silence: UInt64? = nil
  ) -> Event {
    var event = Event(
      sequence: sequence, at: at(seconds), level: from == "up" ? .warning : .info, kind: .session,
      name: "r\(number)", from: from, to: to, "BFD r\(number): \(from) -> \(to)")
    event.session = UInt32(1_000 + number)
    event.peerAddress = "10.0.\(number / 250).\(number % 250)"
    event.cause = cause
    event.localDiagnostic = .init(code: from == "up" ? 1 : 0)
    if from == "up" {
      event.silence = silence ?? 900_000
      event.detectionTime = 900_000
    }
    return event
  }

  /// A path's change of state, which does not say what was before.
  public static func path(_ sequence: UInt64, at seconds: Double, _ name: String = "p1", to state: String) -> Event
  {
    Event(
      sequence: sequence, at: at(seconds), level: state == "down" ? .warning : .info, kind: .path, name: name,
      to: state, "path \(name) is \(state)")
  }

  public static func samples(at seconds: Double) -> ObservationMessage {
    .samples(Samples(at: at(seconds), speaker: SpeakerSample(), sessions: []))
  }

  /// A valid BFD packet of 24 octets, state Up.
  public static let packet = "20c00318000003f00000000700049300000493e000000000"
}
