public import Control

/// What a state means for those who need the session, path or group.
public enum Condition: UInt8, Hashable, Sendable, Comparable, Codable {
  case unknown, up
  /// Out of service because an operator wanted it, here or at the peer.
  case planned
  case down

  public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }

  /// - Parameter word: a state by the words of `StatusReport`.
  public init(_ kind: Event.Kind, _ word: String) {
    self =
      switch (kind, word) {
      case (.session, "up"), (.path, "up"), (.group, "normal"): .up
      case (.session, "adminDown"), (.path, "admin-down"), (.path, "drained"): .planned
      case (.session, "down"), (.session, "init"), (.path, "down"), (.path, "held-down"): .down
      case (.group, "last-path-kept"), (.group, "withdrawn"), (.group, "blackholed"): .down
      default: .unknown
      }
  }
}

/// A session, path or group.
public struct Subject: Hashable, Sendable {
  public var kind: Event.Kind
  public var name: String
  public var session: UInt32?
  public var peerAddress: String?

  public init(kind: Event.Kind, name: String, session: UInt32? = nil, peerAddress: String? = nil) {
    self.kind = kind
    self.name = name
    self.session = session
    self.peerAddress = peerAddress
  }

  /// Nil for an event that changes no state.
  public init?(_ event: Event) {
    guard event.kind == .session || event.kind == .path || event.kind == .group, let name = event.name,
      event.to != nil
    else { return nil }
    self.init(kind: event.kind, name: name, session: event.session, peerAddress: event.peerAddress)
  }
}

/// An event as far as it changes a state: small, since there may be a million of them.
public struct StateChange: Hashable, Sendable {
  public var at: Timestamp
  /// What was left; nil: not known.
  public var from: Condition?
  public var to: Condition
  /// An operator, here or at the peer, wanted it so.
  public var isPlanned: Bool
  /// Of a detection: microseconds since the peer's last packet.
  public var silence: UInt64?
  /// Of a group: microseconds from the cause to the kernel's acknowledgement.
  public var latency: UInt64?

  public init(
    at: Timestamp, from: Condition? = nil, to: Condition, isPlanned: Bool = false, silence: UInt64? = nil,
    latency: UInt64? = nil
  ) {
    self.at = at
    self.from = from
    self.to = to
    self.isPlanned = isPlanned
    self.silence = silence
    self.latency = latency
  }

  /// - Parameter silence: of the event; it counts only when the cause was a detection.
  public init(
    at: Timestamp, kind: Event.Kind, from: String?, to: String, cause: StatusReport.TransitionCause?,
    silence: UInt64?, latency: UInt64?
  ) {
    self.init(
      at: at, from: from.map { Condition(kind, $0) }, to: Condition(kind, to),
      isPlanned: cause == .administrative || cause == .neighborAdministrativelyDown,
      silence: cause == .detectionTimeExpired || cause == .echoFailed ? silence : nil, latency: latency)
  }
}
