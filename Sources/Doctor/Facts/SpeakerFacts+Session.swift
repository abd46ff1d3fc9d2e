import Cluster
public import Addresses

extension SpeakerFacts {
  /// RFC 5880 section 6.2.
  public enum State: String, Codable, Hashable, Sendable, CaseIterable {
    case adminDown = "AdminDown"
    case down = "Down"
    case `init` = "Init"
    case up = "Up"
  }

  /// One BFD session as the speaker here tells of it. Intervals are microseconds.
  public struct Session: Codable, Hashable, Sendable {
    /// Who tells: `everway`, `bfdd-beacon`.
    public var source: String
    /// In everway's configuration.
    public var name: String?
    /// The beacon's number.
    public var id: UInt32?
    public var peer: IPAddress
    public var local: IPAddress?
    public var isMultihop = false
    public var state: State
    /// Five bits, RFC 5880 section 4.1.
    public var diagnostic: UInt8
    /// Down and 0 when the peer has not been heard.
    public var remoteState: State
    public var remoteDiagnostic: UInt8
    public var localDiscriminator: UInt32
    /// 0: the peer has not been heard, or not for a Detection Time.
    public var remoteDiscriminator: UInt32
    public var multiplier: UInt8
    /// As wanted once it is Up.
    public var desiredMinTx: UInt64
    public var requiredMinRx: UInt64
    /// Nil as long as the peer is unknown.
    public var remoteMultiplier: UInt8?
    public var remoteMinTx: UInt64?
    public var remoteMinRx: UInt64?
    /// Between packets, jitter aside; 0 when none are sent.
    public var transmitInterval: UInt64
    public var detectionTime: UInt64?
    /// Why it is held out of service here: `drained`, `suspended`, `forced`; nil when it is not.
    public var hold: String?
    /// Nil: nobody counts. Up to now it left Up this many times.
    public var downCount: UInt64?
    /// Packets that were this session's.
    public var received: UInt64?
    /// What the last change of state came from, as everway says it: `neighbor-signaled-down`.
    public var cause: String?
    /// The peer's diagnostic at that change.
    public var causeDiagnostic: UInt8?
    public var secondsInState: Double?
    /// The kernel's reason for packets that did not leave.
    public var sendError: String?
    /// Whether its packets are authenticated; nil when that is not known.
    public var isAuthenticated: Bool?
    /// Demand mode, echoes or seamless BFD: silence of control packets says nothing.
    public var isQuiet = false

    public init(source: String, peer: IPAddress, state: State, diagnostic: UInt8 = 0) {
      self.source = source
      self.peer = peer
      self.state = state
      self.diagnostic = diagnostic
      remoteState = .down
      remoteDiagnostic = 0
      localDiscriminator = 0
      remoteDiscriminator = 0
      multiplier = 3
      desiredMinTx = 1_000_000
      requiredMinRx = 1_000_000
      transmitInterval = 1_000_000
    }

    /// Whether the peer is heard now.
    public var isHeard: Bool { remoteDiscriminator != 0 }

    /// Whether it has been Up, as far as can be told.
    public var wasUp: Bool { (downCount ?? 0) > 0 || (diagnostic != 0 && diagnostic != 7) }
  }
}
