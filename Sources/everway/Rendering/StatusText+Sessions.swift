import Control

extension StatusText {
  /// Nil when there are none.
  func sessionLines(detailed: Bool) -> [String]? {
    guard !report.sessions.isEmpty else { return nil }
    var table = Table([
      .init("NAME"), .init("PEER"), .init("LOCAL", dispensable: 8),
      .init("INTERFACE", dispensable: 9),
      .init("ROLE", dispensable: 11), .init("STATE"), .init("FOR", number: true),
      .init("TX", number: true, dispensable: 3), .init("RX", number: true, dispensable: 3),
      .init("DETECT", number: true, dispensable: 2), .init("LAST PACKET", number: true, dispensable: 5),
      .init("IN", number: true, dispensable: 7), .init("OUT", number: true, dispensable: 7),
      .init("DOWNS", number: true, dispensable: 4)
    ])
    for session in report.sessions {
      let notes = detailed || session.isComplaint ? sessionNotes(session, detailed: detailed) : []
      table.add(
        [
          Styled(session.name), Styled(session.peerAddress), Styled(detailed ? session.localAddress ?? "" : ""),
          Styled(session.interface ?? ""), Styled(detailed ? session.role.rawValue : ""),
          Styled(session.sessionState.words, session.style),
          Styled(Quantities.duration(seconds: session.secondsInState)),
          Styled(Quantities.interval(microseconds: session.negotiatedTransmissionInterval)),
          interval(session.negotiatedReceiveInterval), interval(session.detectionTime),
          detailed ? interval(session.lastPacketAge) : "",
          Styled(detailed ? Quantities.count(session.receivePacketCount) : ""),
          Styled(detailed ? Quantities.count(session.sendPacketCount) : ""),
          Styled(Quantities.count(session.downCount), session.downCount > 0 ? .warning : .plain)
        ], notes: notes)
    }
    return table.lines(width: width, color: color)
  }

  private func interval(_ microseconds: UInt64?) -> Styled {
    Styled(microseconds.map { Quantities.interval(microseconds: $0) } ?? "-")
  }

  private func sessionNotes(_ session: StatusReport.Session, detailed: Bool) -> [Styled] {
    var notes: [Styled] = []
    if session.sessionState != .up {
      notes.append(Styled("peer \(session.remoteSessionState.words); \(diagnostics(session))", .dim))
    } else if session.localDiagnostic != .none || session.remoteDiagnostic != .none {
      notes.append(Styled(diagnostics(session), .dim))
    }
    if let last = session.lastTransition {
      notes.append(Styled("\(last.from.words) to \(last.to.words) \(ago(last.at)): \(last.cause.words)", .dim))
    } else if session.sessionState != .up {
      notes.append(Styled("never Up so far", .dim))
    }
    if let until = session.dampening?.heldUntil {
      notes.append(Styled("flaps: held Down until \(until)", .warning))
    }
    if session.drained { notes.append(Styled("drained by an operator", .warning)) }
    if let reason = session.silentBecause {
      notes.append(Styled("sends nothing, so that the peer notices: \(reason)", .warning))
    }
    if let error = session.lastSendError {
      let count = Quantities.count(session.sendFailedPacketCount)
      notes.append(Styled("\(count) packets could not be sent, the last: \(error)", .bad))
    }
    if let authentication = session.authentication, detailed || authentication.isLacking {
      notes.append(Styled(authentication.words, authentication.isLacking ? .bad : .dim))
    }
    if let echo = session.echo, detailed || echo.obstacle != nil {
      notes.append(Styled(echo.words, echo.obstacle == nil ? .dim : .bad))
    }
    guard detailed else { return notes }
    if let demand = session.demand { notes.append(Styled(demand.words, .dim)) }
    if let size = session.packetSize { notes.append(Styled("packets are padded to \(size) octets", .dim)) }
    let rule = session.rule.map { "made by the allow entry \($0); " } ?? ""
    let tx = Quantities.interval(microseconds: session.desiredMinTxInterval)
    let rx = Quantities.interval(microseconds: session.requiredMinRxInterval)
    var text = "\(rule)wants to send every \(tx) and to receive every \(rx), multiplier \(session.localMultiplier)"
    if let tx = session.remoteDesiredMinTxInterval, let rx = session.remoteRequiredMinRxInterval {
      text += "; the peer \(Quantities.interval(microseconds: tx)) and \(Quantities.interval(microseconds: rx))"
      text += session.remoteMultiplier.map { ", multiplier \($0)" } ?? ""
    }
    text +=
      "; discriminators \(hexadecimal(session.localDiscriminator)) and \(hexadecimal(session.remoteDiscriminator))"
    return notes + [Styled(text, .dim)]
  }

  private func diagnostics(_ session: StatusReport.Session) -> String {
    "diagnostic here \(session.localDiagnostic.words), at the peer \(session.remoteDiagnostic.words)"
  }

  private func hexadecimal(_ value: UInt32) -> String { "0x" + String(value, radix: 16) }
}

extension StatusReport.Authentication {
  var isLacking: Bool { type == nil || acceptedKeyIds.isEmpty }

  var words: String {
    let accepts = acceptedKeyIds.map { "\($0)" }.joined(separator: ", ")
    let sends = type.map { "sends \($0) with key \(keyId ?? 0)" } ?? "has no key to send with, so sends nothing"
    return "\(sends); accepts \(accepts.isEmpty ? "no key" : "key \(accepts)"); key chain \(keyChain)"
  }
}

extension StatusReport.Session {
  var style: Style {
    switch sessionState {
    case .up: .good
    case .adminDown: .warning
    case .`init`: .warning
    case .down: drained ? .warning : .bad
    }
  }
}

extension StatusReport.SessionState {
  /// The RFC's words.
  var words: String {
    switch self {
    case .adminDown: "AdminDown"
    case .down: "Down"
    case .`init`: "Init"
    case .up: "Up"
    }
  }
}

extension StatusReport.Diagnostic {
  var words: String { rawValue.split(separator: "-").joined(separator: " ") }
}

extension StatusReport.TransitionCause {
  var words: String {
    switch self {
    case .handshake: "the peers have heard each other"
    case .detectionTimeExpired: "no packet for the detection time"
    case .echoFailed: "echoes did not come back"
    case .neighborSignaledDown: "the peer says Down"
    case .neighborAdministrativelyDown: "the peer's operator took it down"
    case .administrative: "an operator here"
    }
  }
}
