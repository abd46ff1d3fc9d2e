import Cluster
import Addresses
import Control
import Doctor
import NamespaceDiagnosis
import NetworkNamespaces

/// What a running everway says of its sessions.
enum GatewayQuestions {
  /// - Parameters:
  ///   - namespace: whose gateway is meant; another one's is none.
  ///   - earlier: its answer before, for what happened meanwhile.
  static func ask(
    _ socket: String, about namespace: borrowing NetworkNamespace,
    since earlier: Gathered<SpeakerFacts.Gateway>? = nil
  ) -> Gathered<SpeakerFacts.Gateway> {
    let report: StatusReport
    // As this process sees it: a pod's everway calls itself 1.
    var pid: Int32?
    do throws(ControlSocketError) {
      var client = try ControlClient(path: socket, timeout: .seconds(2))
      pid = client.serverPID
      guard case .status(let answer) = try client.send(.status, timeout: .seconds(5)) else {
        return .unavailable("everway does not tell its status")
      }
      report = answer
    } catch {
      return .unavailable("\(error.message)")
    }
    if let own = report.namespace.identity, let wanted = try? namespace.identity(), own != wanted.description {
      return .unavailable("the everway behind \(socket) has another namespace: \(report.namespace.name ?? own)")
    }
    var gateway = SpeakerFacts.Gateway(
      pid: pid ?? report.pid,
      // Sessions of other namespaces and VRFs are none of this gateway's wire.
      sessions: report.sessions.filter { $0.namespace == nil && $0.vrf == nil }.prefix(4_096)
        .compactMap(SpeakerFacts.Session.init),
      schedulingPolicy: report.speaker.schedulingPolicy)
    gateway.discards = Dictionary(report.speaker.discards.map { ($0.reason, $0.count) }) { first, _ in first }
    if let earlier = earlier?.value, earlier.pid == gateway.pid {
      for (reason, count) in gateway.discards {
        let more = count - min(count, earlier.discards[reason] ?? 0)
        if more > 0 { gateway.discardsMeanwhile[reason] = more }
      }
    }
    gateway.isDrained = report.drain.state != .none
    gateway.problems = report.problems.map(\.what)
    return .value(gateway)
  }
}

extension SpeakerFacts.Session {
  /// Nil for a session without a peer's address, and for members of link aggregation groups: their packets are not UDP
  /// that the tap hears.
  init?(_ session: StatusReport.Session) {
    guard let peer = IPAddress(session.peerAddress), session.pathType != .linkAggregationMember else { return nil }
    self.init(
      source: "everway", peer: peer, state: SpeakerFacts.State(session.sessionState),
      diagnostic: Self.code(session.localDiagnostic))
    name = session.name
    local = session.localAddress.flatMap { IPAddress($0) }
    isMultihop = session.pathType == .multihop
    remoteState = SpeakerFacts.State(session.remoteSessionState)
    remoteDiagnostic = Self.code(session.remoteDiagnostic)
    localDiscriminator = session.localDiscriminator
    remoteDiscriminator = session.remoteDiscriminator
    multiplier = UInt8(clamping: session.localMultiplier)
    desiredMinTx = session.desiredMinTxInterval
    requiredMinRx = session.requiredMinRxInterval
    remoteMultiplier = session.remoteMultiplier.map { UInt8(clamping: $0) }
    remoteMinTx = session.remoteDesiredMinTxInterval
    remoteMinRx = session.remoteRequiredMinRxInterval
    transmitInterval = session.negotiatedTransmissionInterval
    detectionTime = session.detectionTime
    hold =
      session.drained
      ? "drained"
      : session.silentBecause.map { "silent: \($0)" } ?? (session.sessionState == .adminDown ? "shut down" : nil)
    downCount = session.downCount
    received = session.receivePacketCount
    sendError = session.sendFailedPacketCount > 0 ? session.lastSendError : nil
    isAuthenticated = session.authentication != nil
    isQuiet = session.detectionMode != .asyncWithoutEcho || session.pathType == .seamless
    secondsInState = session.secondsInState
    if let last = session.lastTransition, last.to != .up {
      cause = last.cause.rawValue
      causeDiagnostic = last.remoteDiagnostic.map(Self.code)
    }
  }

  private static func code(_ diagnostic: StatusReport.Diagnostic) -> UInt8 {
    (0...31).first { StatusReport.Diagnostic(code: $0) == diagnostic } ?? 0
  }
}

extension SpeakerFacts.State {
  fileprivate init(_ state: StatusReport.SessionState) {
    switch state {
    case .adminDown: self = .adminDown
    case .down: self = .down
    case .`init`: self = .`init`
    case .up: self = .up
    }
  }
}
