public import Addresses

/// The state of a session (RFC 5880 section 6.2), as the lab's routers print it.
public enum PeerState: String, Hashable, Sendable, CustomStringConvertible {
  case adminDown = "AdminDown"
  case down = "Down"
  case initializing = "Init"
  case up = "Up"

  public var description: String { rawValue }
}

/// One session as a router sees it. What the router does not tell is nil.
public struct PeerSessionView: Hashable, Sendable {
  public var peer: IPAddress
  public var local: IPAddress?
  public var interface: String?
  public var state: PeerState

  public var localDiscriminator: UInt32?
  /// Nil while the peer has not been heard.
  public var remoteDiscriminator: UInt32?
  /// Diagnostic code of each end (RFC 5880 section 4.1), as numbers.
  public var localDiagnostic: UInt8?
  public var remoteDiagnostic: UInt8?

  /// What each end has announced: the local one as configured, the remote one as last heard.
  public var localTimers: BFDTimers?
  public var remoteTimers: BFDTimers?
  /// The interval at which the router sends, before jitter, in milliseconds.
  public var transmitMilliseconds: Double?
  /// The router's detection time, in milliseconds.
  public var detectionMilliseconds: Double?
  /// How long it has been Up, or down, in seconds.
  public var secondsInState: Int?

  /// Counters since the session was made.
  public var packetsReceived: Int?
  public var packetsSent: Int?
  /// How often it came Up, and went Down.
  public var timesUp: Int?
  public var timesDown: Int?

  public init(peer: IPAddress, state: PeerState) {
    self.peer = peer
    self.state = state
  }

  /// Interval and detection time as RFC 5880 sections 6.8.2 and 6.8.4 derive them from both ends' numbers.
  mutating func negotiate() {
    guard let local = localTimers, let remote = remoteTimers, state == .up else { return }
    transmitMilliseconds = Double(max(local.transmitMilliseconds, remote.receiveMilliseconds))
    detectionMilliseconds = Double(
      remote.multiplier * max(local.receiveMilliseconds, remote.transmitMilliseconds))
  }
}
