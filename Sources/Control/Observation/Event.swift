/// Something that happened to the gateway: a line of the log, with what programs need to know of it.
///
/// Its JSON names are those of ``StatusReport``; what does not apply is left out.
public struct Event: Hashable, Sendable, Codable {
  public enum Level: String, Hashable, Sendable, Codable, CaseIterable { case info, warning }

  /// What it is about.
  public enum Kind: String, Hashable, Sendable, Codable, CaseIterable {
    /// A BFD session changed its state, or came or went.
    case session
    case path
    case group
    /// The uplinks that peers are told about were lost, or are back.
    case uplinks
    case namespace
    /// Something was taken out of service, or put back.
    case drain
    /// The configuration was loaded, reloaded or refused.
    case configuration
    /// Something everway cannot do and tries again, or no longer.
    case problem
    /// The machine was changed: planned changes applied, or a repair made.
    case repair
    /// The doctor found something, or finds it no more.
    case finding
    /// OVN or Kubernetes.
    case cluster
    /// The program itself: it started, it stops, it ended.
    case program
  }

  /// One of the last packets before a session left Up.
  public struct Packet: Hashable, Sendable, Codable {
    /// Microseconds before the event, 0 or more.
    public var before: UInt64
    public var isSent: Bool
    /// BFD's octets in lower-case hexadecimal, without UDP and IP.
    public var octets: String

    public init(before: UInt64, isSent: Bool, octets: String) {
      self.before = before
      self.isSent = isSent
      self.octets = octets
    }

    private enum CodingKeys: String, CodingKey {
      case before, octets
      case isSent = "sent"
    }
  }

  /// Counts from 1 in each run of everway.
  public var sequence: UInt64
  /// When it happened: for a timeout the end of the detection time.
  public var at: Timestamp
  public var level: Level
  public var kind: Kind
  /// Of the session, path, group, finding; nil: of the gateway as a whole.
  public var name: String?
  /// A session's local discriminator: sessions of one allow entry share its name.
  public var session: UInt32?
  public var peerAddress: String?
  /// States before and after, by the words of ``StatusReport`` (`up`, `down`, `held-down`, `withdrawn`).
  public var from: String?
  public var to: String?
  public var cause: StatusReport.TransitionCause?
  public var localDiagnostic: StatusReport.Diagnostic?
  public var remoteDiagnostic: StatusReport.Diagnostic?
  /// Of a session that left Up: microseconds since the peer's last packet.
  public var silence: UInt64?
  /// The detection time that was in force then, in microseconds.
  public var detectionTime: UInt64?
  /// Of a group: microseconds from the cause to the kernel's acknowledgement.
  public var latency: UInt64?
  /// Of a group: its members before and after.
  public var membersBefore: [String]?
  public var membersAfter: [String]?
  /// The last packets of a session that left Up, the oldest first.
  public var packets: [Packet]?
  /// One sentence.
  public var text: String

  public init(
    sequence: UInt64 = 0, at: Timestamp, level: Level = .info, kind: Kind, name: String? = nil, from: String? = nil,
    to: String? = nil, _ text: String
  ) {
    self.sequence = sequence
    self.at = at
    self.level = level
    self.kind = kind
    self.name = name
    self.from = from
    self.to = to
    self.text = text
  }

  private enum CodingKeys: String, CodingKey {
    case sequence, at, level, kind, name, session, from, to, cause, silence, latency, packets, text
    case peerAddress = "peer-address"
    case localDiagnostic = "local-diagnostic"
    case remoteDiagnostic = "remote-diagnostic"
    case detectionTime = "detection-time"
    case membersBefore = "members-before"
    case membersAfter = "members-after"
  }
}

/// Where a reader of events has got to.
public struct EventCursor: Hashable, Sendable, Codable {
  /// When the run began that counts: ``StatusReport/startedAt``.
  public var run: Timestamp
  /// Of the last event read.
  public var sequence: UInt64

  public init(run: Timestamp, sequence: UInt64) {
    self.run = run
    self.sequence = sequence
  }
}
