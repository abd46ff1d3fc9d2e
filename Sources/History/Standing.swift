public import Control

/// What a session, a path or a group was, at the time of a snapshot.
///
/// JSON names are short: there is one for each of some thousand sessions in every snapshot.
public struct Standing: Hashable, Sendable, Codable {
  public var kind: Event.Kind
  public var name: String
  /// Of a session.
  public var session: UInt32?
  public var peerAddress: String?
  public var localAddress: String?
  /// By the words of `StatusReport`.
  public var state: String
  /// Since when, as far as the gateway knows.
  public var since: Timestamp?
  /// An operator, here or at the peer, wanted it so.
  public var isPlanned: Bool?

  public init(
    kind: Event.Kind, name: String, session: UInt32? = nil, peerAddress: String? = nil, localAddress: String? = nil,
    state: String, since: Timestamp? = nil, isPlanned: Bool = false
  ) {
    self.kind = kind
    self.name = name
    self.session = session
    self.peerAddress = peerAddress
    self.localAddress = localAddress
    self.state = state
    self.since = since
    self.isPlanned = isPlanned ? true : nil
  }

  private enum CodingKeys: String, CodingKey {
    case kind = "k"
    case name = "n"
    case session = "d"
    case peerAddress = "p"
    case localAddress = "l"
    case state = "s"
    case since = "t"
    case isPlanned = "o"
  }
}

/// Everything that has a state, at one moment.
public struct Snapshot: Hashable, Sendable {
  public var at: Timestamp
  public var standings: [Standing]

  public init(at: Timestamp, standings: [Standing]) {
    self.at = at
    self.standings = standings
  }

  /// Of a report: true at the time at which it was made.
  public init(_ report: StatusReport) {
    at = report.generatedAt
    standings = report.sessions.map { session in
      Standing(
        kind: .session, name: session.name, session: session.localDiscriminator, peerAddress: session.peerAddress,
        localAddress: session.localAddress, state: session.sessionState.rawValue,
        since: session.lastStateChangeTime,
        isPlanned: session.drained || session.lastTransition?.cause == .neighborAdministrativelyDown)
    }
    standings += report.paths.map {
      Standing(kind: .path, name: $0.name, state: $0.state.rawValue, since: $0.since)
    }
    standings += report.groups.map { Standing(kind: .group, name: $0.name, state: $0.state.rawValue) }
  }
}

/// A run of the gateway.
public struct RunInfo: Hashable, Sendable, Codable {
  public var startedAt: Timestamp
  public var version: String
  public var hostName: String?

  public init(startedAt: Timestamp, version: String, hostName: String? = nil) {
    self.startedAt = startedAt
    self.version = version
    self.hostName = hostName
  }

  public init(_ report: StatusReport) {
    self.init(startedAt: report.startedAt, version: report.version, hostName: report.hostName)
  }

  private enum CodingKeys: String, CodingKey {
    case version
    case startedAt = "started-at"
    case hostName = "host-name"
  }
}

/// A time from one moment to another.
public struct Span: Hashable, Sendable, Codable {
  public var from: Timestamp
  public var to: Timestamp

  public init(from: Timestamp, to: Timestamp) {
    self.from = from
    self.to = to
  }

  /// In microseconds, 0 or more.
  public var length: Int64 { max(0, to.microseconds - from.microseconds) }
  public var seconds: Double { Double(length) / 1_000_000 }

  /// What the two have in common; nil: nothing.
  public func clipped(to other: Span) -> Span? {
    let span = Span(from: max(from, other.from), to: min(to, other.to))
    return span.length > 0 ? span : nil
  }
}

extension [Span] {
  /// In order, and those that touch as one.
  public var joined: [Span] {
    var result: [Span] = []
    for span in sorted(by: { $0.from < $1.from }) {
      if let last = result.last, span.from <= last.to {
        result[result.count - 1].to = Swift.max(last.to, span.to)
      } else {
        result.append(span)
      }
    }
    return result
  }

  /// What of `window` is in none of them. They are in order and apart.
  public func gaps(in window: Span) -> [Span] {
    var gaps: [Span] = []
    var at = window.from
    for span in self {
      guard let span = span.clipped(to: window) else { continue }
      if at < span.from { gaps.append(Span(from: at, to: span.from)) }
      at = Swift.max(at, span.to)
    }
    if at < window.to { gaps.append(Span(from: at, to: window.to)) }
    return gaps
  }
}
