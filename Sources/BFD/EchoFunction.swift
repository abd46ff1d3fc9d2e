/// The echoes of one session: when the next is due, and when too many have not come back (RFC 5880 sections 6.4,
/// 6.8.5, 6.8.8, 6.8.9). Part of `Session`, which decides when it runs.
public struct EchoFunction: Hashable, Sendable {
  public internal(set) var isRunning = false
  /// Since it last began to run, or stopped.
  public internal(set) var since: Instant
  public internal(set) var sent: UInt64 = 0
  public internal(set) var returned: UInt64 = 0
  /// Nanoseconds the last one was under way; nil before the first came back.
  public internal(set) var roundTrip: Int64?
  /// Mean of the last ones, weighted like TCP's (RFC 6298): an eighth for the newest.
  public internal(set) var meanRoundTrip: Int64?
  /// One came back since it began to run.
  public internal(set) var isAnswered = false

  var lastSent: Instant?
  /// The last one of the runs before.
  var lastBefore: Instant?
  /// Sequence number of the last one sent.
  var sequence: UInt32
  /// Sequence number of the last one that came back; none older counts.
  private var accepted: UInt32
  /// Silence counts from here.
  private var basis: Instant
  /// Nanoseconds, as it was when the last one left.
  private var lastInterval: Int64 = 0
  var jitter: UInt32

  init(at now: Instant, random: UInt32, lastBefore: Instant?) {
    self.lastBefore = lastBefore
    since = now
    basis = now
    sequence = random
    accepted = random
    jitter = random
  }

  mutating func start(at now: Instant) {
    isRunning = true
    isAnswered = false
    since = now
    lastBefore = lastSent ?? lastBefore
    lastSent = nil
    accepted = sequence
  }

  mutating func stop(at now: Instant) {
    isRunning = false
    since = now
  }

  /// - Parameter interval: nanoseconds between echoes, before jitter.
  mutating func send(at now: Instant, interval: Int64, random: UInt32) {
    if let lastSent {
      // An echo that should have left and did not is nobody's silence.
      basis = self.basis(lastSent, interval: interval)
      basis = basis + max(0, now - max(lastSent + interval, basis))
    } else {
      basis = now
    }
    lastSent = now
    lastInterval = interval
    jitter = random
    sequence &+= 1
    sent &+= 1
  }

  /// When so many echoes in a row are missing; nil while that cannot be said before the next one leaves.
  ///
  /// Time counts only as far as echoes left when they should, so that a sender that was stopped does not take its own
  /// silence for the path's.
  func deadline(multiplier: UInt8, interval: Int64) -> Instant? {
    guard isRunning, let lastSent else { return nil }
    let deadline = self.basis(lastSent, interval: interval) + Int64(multiplier) * interval
    return deadline <= lastSent + interval ? deadline : nil
  }

  /// Few echoes missing at a longer interval are not as many at a shorter one: then they are counted anew.
  private func basis(_ lastSent: Instant, interval: Int64) -> Instant {
    interval < lastInterval ? max(basis, lastSent) : basis
  }

  /// An echo of this session came back. False when it does not count: it is older than the run, came before, or was
  /// under way for longer than `limit`.
  mutating func take(_ echo: EchoPacket, at arrival: Instant, limit: Int64) -> Bool {
    let time = max(0, arrival - echo.sentAt)
    guard isRunning, Int32(bitPattern: echo.sequence &- accepted) > 0,
      Int32(bitPattern: sequence &- echo.sequence) >= 0, echo.sentAt >= since, time <= limit
    else { return false }
    accepted = echo.sequence
    basis = max(basis, arrival)
    isAnswered = true
    returned &+= 1
    roundTrip = time
    meanRoundTrip = meanRoundTrip.map { $0 + (time - $0) / 8 } ?? time
    return true
  }
}
