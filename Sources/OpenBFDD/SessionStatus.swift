public import BFD

/// How `status` is to be printed.
public struct StatusFormat: Hashable, Sendable {
  /// How much: below 1 as 0, above 4 as 4.
  public var level: Int
  /// Codes instead of words, and numbers without separators.
  public var isBrief: Bool
  /// A session on one line.
  public var isCompact: Bool

  public init(level: Int = 1, isBrief: Bool = false, isCompact: Bool = false) {
    self.level = level
    self.isBrief = isBrief
    self.isCompact = isCompact
  }
}

/// A time that a session spent in a state. Init counts as the Down before it.
public struct StateSpan: Hashable, Sendable {
  public var state: SessionState
  public var duration: Duration

  public init(_ state: SessionState, duration: Duration) {
    self.state = state
    self.duration = duration
  }
}

/// A value that may not be in force yet.
public struct PendingInterval: Hashable, Sendable {
  public var inForce: Interval
  /// What was told to the peer, and counts once it has answered.
  public var told: Interval

  public init(_ inForce: Interval, told: Interval? = nil) {
    self.inForce = inForce
    self.told = told ?? inForce
  }
}

/// What a beacon knows of one session, as a value.
public struct SessionStatus: Hashable, Sendable {
  /// The beacon's own number for it; not the discriminator. Never used twice.
  public var id: UInt32
  public var addresses: AddressPair
  /// Whether `connect` made it, or made it active.
  public var isActive: Bool
  public var isForced = false
  public var isSuspended = false
  public var state = SessionState.down
  public var diagnostic = Diagnostic.none
  public var remoteState = SessionState.down
  public var remoteDiagnostic = Diagnostic.none
  public var localDiscriminator: UInt32 = 0
  public var remoteDiscriminator: UInt32 = 0
  /// The states it was in, the latest first; OpenBFDD keeps four.
  public var history: [StateSpan] = []
  /// Microseconds between packets before jitter; 0 when none are sent.
  public var transmitInterval: UInt64 = 0
  /// Microseconds of silence after which it goes Down; 0 when it is not waiting for any.
  public var detectionTime: UInt64 = 0
  public var multiplier: UInt8 = 3
  public var minTx = PendingInterval(.slow)
  /// Min TX once it is Up.
  public var minTxWhenUp = Interval.slow
  public var minRx = PendingInterval(.slow)
  public var remoteMultiplier: UInt8 = 0
  public var remoteMinTx = Interval.zero
  public var remoteMinRx = Interval(microseconds: 1)

  public init(id: UInt32, addresses: AddressPair, isActive: Bool) {
    self.id = id
    self.addresses = addresses
    self.isActive = isActive
  }
}
