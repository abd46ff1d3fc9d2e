public import BFD
public import Control

/// What happened, for the log, the stream of events and the journal.
public struct GatewayEvent: Hashable, Sendable {
  public typealias Level = Event.Level

  /// What is known of a session's change of state.
  public struct SessionPart: Hashable, Sendable {
    var discriminator: UInt32
    var peerAddress: String?
    var transition: Transition?
  }

  /// What the kernel has done to a group.
  public struct GroupPart: Hashable, Sendable {
    /// Nanoseconds from the cause to the kernel's acknowledgement.
    var latency: Int64
    var before: [String]
    var after: [String]
  }

  public var at: Instant
  public var level: Level
  public var kind: Event.Kind
  /// Of what it is about; nil: of the gateway as a whole.
  public var name: String?
  /// States, by the words of the status report.
  public var from: String?
  public var to: String?
  /// One sentence.
  public var text: String
  var session: SessionPart?
  var group: GroupPart?

  public init(
    at: Instant, level: Level = .info, _ kind: Event.Kind, of name: String? = nil, from: String? = nil,
    to: String? = nil, _ text: String
  ) {
    self.at = at
    self.level = level
    self.kind = kind
    self.name = name
    self.from = from
    self.to = to
    self.text = text
  }

  /// With a time on the wall clock, for those outside.
  func event(at wall: Timestamp) -> Event {
    var event = Event(at: wall, level: level, kind: kind, name: name, from: from, to: to, text)
    if let session {
      event.session = session.discriminator
      event.peerAddress = session.peerAddress
      if let transition = session.transition {
        event.cause = .init(transition.cause)
        event.localDiagnostic = .init(code: transition.diagnostic.code)
        event.remoteDiagnostic = transition.remoteDiagnostic.map { .init(code: $0.code) }
        event.silence = transition.silence.map(Self.microseconds)
        event.detectionTime = transition.detectionTime.map(Self.microseconds)
      }
    }
    if let group {
      event.latency = Self.microseconds(group.latency)
      event.membersBefore = group.before
      event.membersAfter = group.after
    }
    return event
  }

  private static func microseconds(_ nanoseconds: Int64) -> UInt64 { UInt64(max(0, nanoseconds) / 1_000) }
}
