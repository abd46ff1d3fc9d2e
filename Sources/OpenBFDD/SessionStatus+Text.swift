import BFD

/// What `status` answers, as text in pieces: a beacon with thousands of sessions writes one after the other.
public enum StatusText {
  /// The first line of a list.
  public static func header(count: Int) -> String { "There are \(count) sessions:\n" }

  /// One session of a list, with the line above it.
  public static func listed(_ session: SessionStatus, isFirst: Bool, _ format: StatusFormat) -> String {
    let gap = format.isCompact || isFirst ? "" : "\n"
    return "\(gap)Session \(session.id)\n" + session.text(format)
  }

  /// A whole list.
  public static func list(_ sessions: [SessionStatus], _ format: StatusFormat) -> String {
    var text = header(count: sessions.count)
    for (position, session) in sessions.enumerated() {
      text += listed(session, isFirst: position == 0, format)
    }
    return text
  }
}

extension SessionStatus {
  /// The session alone, as `status` prints it when it was asked for.
  ///
  /// Fields are followed by a blank, also at the end of the line. OpenBFDD leaves out the newline after level 3, and
  /// shows all minutes beside the hours; this does neither.
  public func text(_ format: StatusFormat) -> String {
    let gap = format.isCompact ? "" : "\n "
    let level = min(max(format.level, 0), 4)
    var fields = [" id=\(id) "]
    switch level {
    case 0, 1:
      fields.append("local=\(addresses.local) " + (level == 0 ? "" : isActive ? "(a) " : "(p) "))
      fields.append("remote=\(addresses.remote) ")
      let flags = (isForced ? "<Forced> " : " ") + (isSuspended ? "<Suspended>" : "")
      fields.append("state=\(state)" + (level == 0 ? "" : flags))
    default:
      fields += identity(format)
      if level >= 3 { fields += timing(format) }
      if level >= 4 { fields += parameters(format) }
    }
    return fields.joined(separator: gap) + "\n"
  }

  private func identity(_ format: StatusFormat) -> [String] {
    let role = format.isBrief ? (isActive ? "(a)" : "(p)") : (isActive ? "(active)" : "(passive)")
    let flags = (isForced ? "Forced: " : "") + (isSuspended ? "Suspended: " : "")
    return [
      "local=\(addresses.local) \(role) ", "remote=\(addresses.remote) ",
      "LocalState=\(state)<\(flags)\(words(diagnostic, format))> ",
      "RemoteState=\(remoteState)<\(words(remoteDiagnostic, format))> ",
      "LocalId=\(localDiscriminator) ", "RemoteId=\(remoteDiscriminator) "
    ]
  }

  private func timing(_ format: StatusFormat) -> [String] {
    let spans = (format.level >= 4 ? history[...] : history.prefix(1)).map(\.text).joined()
    return [
      "Time=\(spans) ", "CurrentTxInterval=\(number(transmitInterval, format)) us ",
      "CurrentRxTimeout=\(number(detectionTime, format)) us "
    ]
  }

  private func parameters(_ format: StatusFormat) -> [String] {
    func pending(_ value: PendingInterval) -> String {
      value.told == value.inForce ? "" : "(pending \(number(value.told, format)) us) "
    }
    let whenUp = minTx.told == minTxWhenUp ? "" : "(def \(number(minTxWhenUp, format)) us) "
    return [
      "LocalDetectMulti=\(multiplier) ",
      "LocalDesiredMinTx=\(number(minTx.inForce, format)) us \(pending(minTx))\(whenUp)",
      "LocalRequiredMinRx=\(number(minRx.inForce, format)) us \(pending(minRx))",
      "RemoteDetectMulti=\(remoteMultiplier) ", "RemoteDesiredMinTx=\(number(remoteMinTx, format)) us ",
      "RemoteRequiredMinRx=\(number(remoteMinRx, format)) us "
    ]
  }

  private func words(_ diagnostic: Diagnostic, _ format: StatusFormat) -> String {
    format.isBrief ? String(diagnostic.code) : diagnostic.words
  }

  private func number(_ value: UInt64, _ format: StatusFormat) -> String {
    Words.number(value, separated: !format.isBrief)
  }

  private func number(_ value: Interval, _ format: StatusFormat) -> String {
    number(UInt64(value.microseconds), format)
  }
}

extension StateSpan {
  /// `Up(00:01:02.345) `. OpenBFDD also has `Down/F(…)`, for a state that it was held in, but never says it.
  var text: String {
    let (seconds, attoseconds) = duration.components
    let milliseconds = max(0, seconds * 1_000 + attoseconds / 1_000_000_000_000_000)
    func digits(_ value: Int64, _ count: Int) -> String {
      let text = String(value)
      return String(repeating: "0", count: max(0, count - text.count)) + text
    }
    let time = [
      digits(milliseconds / 3_600_000, 2), digits(milliseconds / 60_000 % 60, 2),
      digits(milliseconds / 1_000 % 60, 2) + "." + digits(milliseconds % 1_000, 3)
    ]
    return "\(state)(\(time.joined(separator: ":"))) "
  }
}
