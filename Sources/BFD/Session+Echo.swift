/// What came of an echo that was read and belongs to the session.
public enum EchoReception: Hashable, Sendable {
  case discarded(DiscardReason)
  /// Taken; the fields are those of `Reception`.
  case accepted(expired: Transition?, transition: Transition?)
}

/// An echo to send.
public struct EchoTransmission: Hashable, Sendable {
  public var echo: EchoPacket
  /// Stands before it in an unaffiliated session (RFC 9747 section 2).
  public var control: ControlPacket?
}

extension Session {
  /// Whether the session is unaffiliated echo (RFC 9747): it neither sends nor takes Control packets.
  public var isUnaffiliated: Bool { configuration.isUnaffiliated }

  /// Nanoseconds between echoes before jitter: ours, or the peer's if that is longer (RFC 5880 section 6.8.9). An
  /// unaffiliated session sends one a second until it is Up (RFC 9747 section 2). Zero without echo.
  public var echoInterval: Interval {
    guard let parameters = configuration.echo else { return .zero }
    switch parameters.kind {
    case .affiliated: return max(parameters.transmitInterval, remote?.requiredMinEchoRx ?? .zero)
    case .unaffiliated: return state == .up ? parameters.transmitInterval : max(parameters.transmitInterval, .slow)
    }
  }

  /// Nanoseconds without an echo coming back after which the session is down; nil when echo does not run.
  public var echoDetectionTime: Int64? {
    guard echo?.isRunning == true else { return nil }
    return Int64(configuration.detectMultiplier) * echoInterval.nanoseconds
  }

  /// Required Min RX Interval as packets carry it now: slower while echoes do the work (section 6.8.3).
  @inline(__always)
  public var advertisedMinRx: Interval {
    guard let echo, echo.isRunning, echo.isAnswered, state == .up,
      case .affiliated(let slower) = configuration.echo?.kind
    else { return configuration.requiredMinRx }
    return max(configuration.requiredMinRx, slower)
  }

  /// Echoes must not be sent unless the session is Up and the peer's last packet allowed them (section 6.8.9).
  private var mayEcho: Bool {
    guard let parameters = configuration.echo else { return false }
    switch parameters.kind {
    case .affiliated: return state == .up && !isMute && remote.map { $0.requiredMinEchoRx != .zero } == true
    case .unaffiliated: return state != .adminDown
    }
  }

  /// Starts or stops the echoes as state, peer and configuration want it.
  mutating func updateEcho(at now: Instant) {
    guard configuration.echo != nil || echo != nil else { return }
    guard configuration.echo != nil else {
      lastEcho = echo?.lastSent ?? echo?.lastBefore
      echo = nil
      return
    }
    if echo == nil { echo = EchoFunction(at: now, random: jitter, lastBefore: lastEcho) }
    guard echo?.isRunning != mayEcho else { return }
    if mayEcho { echo?.start(at: now) } else { echo?.stop(at: now) }
  }

  /// When the next echo is due; nil while there is none to send.
  public var nextEcho: Instant? {
    guard let echo, echo.isRunning else { return nil }
    guard let lastSent = echo.lastSent else {
      // The peer's limit holds between echoes of two runs too.
      guard !isUnaffiliated, let before = echo.lastBefore else { return echo.since }
      return max(echo.since, before + jittered(echoInterval.nanoseconds, echo.jitter))
    }
    if isUnaffiliated, isChangeUnsent { return lastSent }
    return lastSent + jittered(echoInterval.nanoseconds, echo.jitter)
  }

  /// Before this no echo may leave: 75 % of the interval after the last one (section 6.8.9).
  public var earliestEcho: Instant {
    guard let echo else { return started }
    guard let lastSent = echo.lastSent else {
      guard !isUnaffiliated, let before = echo.lastBefore else { return echo.since }
      return max(echo.since, before + echoInterval.nanoseconds * 3 / 4)
    }
    if isUnaffiliated, isChangeUnsent { return lastSent }
    return lastSent + echoInterval.nanoseconds * 3 / 4
  }

  /// When too many echoes are missing; nil while that cannot be said.
  public var echoDeadline: Instant? {
    guard let echo, state == .up || state == .`init` else { return nil }
    return echo.deadline(multiplier: configuration.detectMultiplier, interval: echoInterval.nanoseconds)
  }

  /// The echo that is due at `now`, if one is. The caller sends it with TTL 255, from and to its own address, to the
  /// peer's link-layer address and port 3785 (RFC 5881 section 4).
  /// - Parameters: as for `transmit`; at most 25 % early (section 6.8.9).
  public mutating func transmitEcho(at now: Instant, random: UInt32, slack: Int64 = 0) -> EchoTransmission? {
    guard let due = nextEcho, now >= min(due, max(due + -slack, earliestEcho)) else { return nil }
    let interval = echoInterval.nanoseconds
    echo?.send(at: now, interval: interval, random: random)
    let packet = EchoPacket(
      discriminator: localDiscriminator, sequence: echo?.sequence ?? 0, state: state, sentAt: now)
    return EchoTransmission(echo: packet, control: isUnaffiliated ? unaffiliatedPacket() : nil)
  }

  /// Intervals are filled in so that no memory leaks, and read by nobody (RFC 9747 section 2).
  private mutating func unaffiliatedPacket() -> ControlPacket {
    toldState = state
    toldDiagnostic = diagnostic
    return ControlPacket(
      diagnostic: diagnostic, state: state, detectMultiplier: configuration.detectMultiplier,
      myDiscriminator: localDiscriminator, yourDiscriminator: state == .down ? 0 : localDiscriminator,
      desiredMinTx: .slow, requiredMinRx: .slow)
  }

  /// Takes an echo that came back: its seal held, it names this session, and its TTL and interface are right.
  /// - Parameter arrival: when it reached this machine.
  public mutating func receive(_ packet: EchoPacket, at arrival: Instant) -> EchoReception {
    guard echo != nil else { return .discarded(.echoUnexpected) }
    let expired = expire(at: arrival)
    guard let limit = echoDetectionTime, echo?.take(packet, at: arrival, limit: limit) == true else {
      // What the clock has brought about stands, the packet does not count.
      return expired == nil ? .discarded(.echoStale) : .accepted(expired: expired, transition: nil)
    }
    if isUnaffiliated {
      return .accepted(expired: expired, transition: advanceUnaffiliated(on: packet.state, at: arrival))
    }
    if advertisedMinRx != announcedReceive { parametersChanged() }
    return .accepted(expired: expired, transition: nil)
  }

  /// The state machine of RFC 5880 section 6.2 with ourselves at both ends (RFC 9747 section 2). What is older than
  /// our own state tells nothing: nobody but us changes it.
  private mutating func advanceUnaffiliated(on received: SessionState, at now: Instant) -> Transition? {
    guard hold == nil else { return nil }
    switch (state, received) {
    case (.down, .down): return change(to: .`init`, diagnostic: diagnostic, cause: .handshake, at: now)
    case (.`init`, .`init`), (.`init`, .up):
      return change(to: .up, diagnostic: .none, cause: .handshake, at: now)
    default: return nil
    }
  }

  /// Section 6.8.5: a sufficient number of echoes have not arrived as they should.
  mutating func expireEcho(at now: Instant) -> Transition? {
    guard let deadline = echoDeadline, now >= deadline, detectionDeadline.map({ $0 >= deadline }) ?? true else {
      return nil
    }
    return change(to: .down, diagnostic: .echoFunctionFailed, cause: .echoFailed, at: deadline)
  }
}
