/// One end of a BFD session (RFC 5880): a value that knows no socket and no clock.
///
/// The owner feeds it packets that were parsed, demultiplexed and checked for TTL (`receive`), asks when it wants
/// to be called again (`nextDeadline`), and then calls `expire`, `transmit`, and with echo `transmitEcho`. Nothing here
/// allocates.
///
///     Down -> Init   the peer sends Down
///     Down -> Up     the peer sends Init
///     Init -> Up     the peer sends Init or Up
///     Init, Up -> Down   silence for a Detection Time, or the peer sends AdminDown (Up: or Down, or echoes are lost)
///     any -> AdminDown -> Down   `hold(.administrativelyDown)`, `release`
public struct Session: Hashable, Sendable {
  /// What is known of the peer: all of it from its last packet. Forgotten after a Detection Time of silence, so
  /// that a stale discriminator cannot outlive its owner (section 6.8.1).
  public struct Remote: Hashable, Sendable {
    public var discriminator: UInt32
    public var state: SessionState
    public var diagnostic: Diagnostic
    public var detectMultiplier: UInt8
    public var desiredMinTx: Interval
    public var requiredMinRx: Interval
    public var requiredMinEchoRx: Interval
    public var demand: Bool
    public var controlPlaneIndependent: Bool
  }

  /// A state this system keeps the session in against what the peer says.
  public enum Hold: Hashable, Sendable {
    /// AdminDown with diagnostic 7 (section 6.8.16).
    case administrativelyDown
    /// AdminDown with another diagnostic: section 6.8.16 leaves it to this system.
    case adminDown(Diagnostic)
    /// Down with a diagnostic, such as 6, Concatenated Path Down (section 6.8.17), for peers that act on the
    /// state and not on the diagnostic.
    case down(Diagnostic)
    /// Nothing is sent, neither periodic packets nor Finals nor echoes, so that the peer's Detection Time ends: some peers
    /// act on that sooner than on a word (decision 0015). What the peer says is heard as before, but the session does
    /// not come up by it. It stays Up until the peer has noticed. Of no effect on seamless and unaffiliated sessions,
    /// whose other end keeps no state, but that they do not come up either.
    case silent
  }

  public let localDiscriminator: UInt32
  public internal(set) var configuration: SessionConfiguration
  public internal(set) var state = SessionState.down
  /// Why the state last changed.
  public internal(set) var diagnostic = Diagnostic.none
  public internal(set) var remote: Remote?
  public internal(set) var hold: Hold?
  /// Nil unless echoes are configured.
  @Seldom public internal(set) var echo: EchoFunction? = nil
  /// Of echoes no longer configured the last one, so that new ones keep their distance.
  var lastEcho: Instant?
  /// Whether Demand mode is active here: silence is no failure, an unanswered Poll is. From the first packet with the
  /// D bit until the Final for one without it.
  public internal(set) var demandInForce = false

  /// Arrival of the last valid packet; meaningless while `remote` is nil.
  public internal(set) var lastReceived: Instant
  /// When the last packet other than a Final left; nil before the first.
  public internal(set) var lastTransmitted: Instant?
  /// When it was created.
  public let started: Instant

  /// Sequence numbers; nil without authentication.
  @Seldom var authentication: AuthenticationState? = nil

  var poll = PollSequence()
  /// Desired Min TX as the transmit timer uses it: an increase waits for the Final (section 6.8.3).
  public internal(set) var transmitInForce: Interval
  /// Required Min RX as detection uses it: a decrease waits for the Final and the packet after it (section 6.8.3).
  public internal(set) var receiveInForce: Interval
  /// What detection shall use from the next packet on, once a Final has allowed it.
  var receiveConfirmed: Interval?
  /// The least transmit and the greatest receive interval told since the first Poll of the sequence under way.
  var polledTransmit: Interval
  var polledReceive: Interval
  /// What the last packet or Poll request announced: a difference asks for a Poll Sequence.
  var announcedTransmit: Interval
  var announcedReceive: Interval
  /// State and diagnostic of the last packet, also a Final.
  var toldState = SessionState.down
  var toldDiagnostic = Diagnostic.none
  var toldDemand = false
  /// As the last packet or Poll request announced it.
  var announcedDemand = false
  /// The time that a Poll has been open in Demand mode counts from here.
  var pollBasis: Instant
  /// The interval when the last Poll left.
  var pollInterval = Interval.zero
  var announcedMultiplier: UInt8
  var announcedEchoRx: Interval
  /// When Demand mode last ended, so that the silence before does not count.
  var listeningSince: Instant
  /// When the peer last answered a Poll.
  public internal(set) var verifiedAt: Instant
  /// What the peer's discriminator may be while there is no `remote`.
  var hints = DiscriminatorHints()
  /// The multiplier in the last packet other than a Final.
  var transmittedMultiplier: UInt8
  /// Drawn with each packet: how much of the interval to wait, in 2^-32.
  var jitter: UInt32

  /// Whether echoes are configured.
  @inline(__always) public var hasEcho: Bool { _echo.isPresent }
  /// Whether packets without a valid authentication section are refused.
  @inline(__always) public var isAuthenticated: Bool { _authentication.isPresent }

  /// - Parameters:
  ///   - localDiscriminator: not zero, unique on this system (section 6.8.1).
  ///   - now: when it was created; an active session sends its first packet then.
  ///   - random: 32 random bits for the first interval's jitter.
  public init(
    localDiscriminator: UInt32, configuration: SessionConfiguration, at now: Instant, random: UInt32 = 0
  ) {
    precondition(localDiscriminator != 0, "a local discriminator is not zero (RFC 5880 section 6.8.1)")
    self.localDiscriminator = localDiscriminator
    self.configuration = configuration
    started = now
    lastReceived = now
    jitter = random
    transmittedMultiplier = configuration.detectMultiplier
    let slow = max(configuration.desiredMinTx, .slow)
    transmitInForce = slow
    receiveInForce = configuration.requiredMinRx
    announcedTransmit = slow
    announcedReceive = configuration.requiredMinRx
    polledTransmit = slow
    polledReceive = configuration.requiredMinRx
    announcedMultiplier = configuration.detectMultiplier
    announcedEchoRx = configuration.requiredMinEchoRx
    listeningSince = now
    pollBasis = now
    verifiedAt = now
    updateEcho(at: now)
  }

  /// Desired Min TX Interval as packets carry it now: at least one second unless Up (section 6.8.3).
  @inline(__always)
  public var advertisedMinTx: Interval {
    state == .up ? configuration.desiredMinTx : max(configuration.desiredMinTx, .slow)
  }

  /// The negotiated transmit interval before jitter (section 6.8.7). Required Min RX of an unknown peer is 1 us.
  @inline(__always)
  public var transmitInterval: Interval {
    guard let remote else { return transmitInForce }
    return max(transmitInForce, remote.requiredMinRx)
  }

  /// Nanoseconds of silence after which the peer is gone (section 6.8.4); nil while there is no peer. In Demand mode
  /// `detectionDeadline` goes by Polls instead.
  @inline(__always)
  public var detectionTime: Int64? {
    guard let remote else { return nil }
    // RFC 7880: the reflector answers as often as it is asked, so what counts is our own rate.
    if isSeamless { return Int64(configuration.detectMultiplier) * transmitInterval.nanoseconds }
    return Int64(remote.detectMultiplier) * max(receiveInForce, remote.desiredMinTx).nanoseconds
  }

  /// When the Detection Time ends unless a packet arrives; nil while there is no peer, and in Demand mode while no
  /// Poll is open.
  @inline(__always)
  public var detectionDeadline: Instant? {
    guard let detectionTime else { return nil }
    // A Poll that cannot be repeated says nothing when it stays unanswered.
    if demandInForce { return isMute ? nil : pollDeadline }
    return max(lastReceived, listeningSince) + detectionTime
  }

  /// Nanoseconds after which the peer, hearing nothing more, gives this system up.
  public var peerDetectionTime: Int64 {
    Int64(configuration.detectMultiplier)
      * max(advertisedMinTx, remote?.requiredMinRx ?? .zero).nanoseconds
  }

  /// Whether a Poll Sequence is wanted or under way.
  public var isPolling: Bool { poll.isWanted }

  /// When `expire`, `transmit` or `transmitEcho` next has something to do; `distantFuture` when only a packet can move
  /// it.
  public var nextDeadline: Instant {
    let control = min(nextTransmission ?? .distantFuture, detectionDeadline ?? .distantFuture)
    guard hasEcho else { return control }
    return min(control, nextEcho ?? .distantFuture, echoDeadline ?? .distantFuture)
  }
}
