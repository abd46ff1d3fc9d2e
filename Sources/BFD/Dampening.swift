/// Holds a session down that fails again and again, twice as long each time.
///
/// RFC 5882 section 3.2 leaves it to the implementation to keep clients from being worn out by a session that flaps.
/// Both ends are kept from using the path: the session says Down with diagnostic 5, Path Down, for as long.
public struct Dampening: Hashable, Sendable {
  /// All times in nanoseconds.
  public struct Settings: Hashable, Sendable {
    /// Failures within the window from which on the session is held; at least 1.
    public var threshold: Int
    public var window: Int64
    public var initialHold: Int64
    public var maximumHold: Int64
    /// Without a failure for so long, the next hold is an initial one again.
    public var forgetAfter: Int64

    public init(threshold: Int, window: Int64, initialHold: Int64, maximumHold: Int64, forgetAfter: Int64) {
      self.threshold = max(1, threshold)
      self.window = window
      self.initialHold = initialHold
      self.maximumHold = max(maximumHold, initialHold)
      self.forgetAfter = forgetAfter
    }
  }

  public var settings: Settings
  /// When the hold ends; nil when there is none.
  public private(set) var heldUntil: Instant?
  /// Times the session was held.
  public private(set) var holds: UInt64 = 0
  private var lastFailure: Instant?
  /// Failures within the window, the latest `threshold` of them.
  private var failures: [Instant] = []
  /// The last hold in nanoseconds, 0 when it is forgotten.
  private var lastHold: Int64 = 0
  private var lastRelease: Instant?

  public init(_ settings: Settings) { self.settings = settings }

  /// The session failed. Returns until when to hold it; nil when it may come up again at once.
  public mutating func failed(at now: Instant) -> Instant? {
    if let lastFailure, now - lastFailure >= settings.forgetAfter { lastHold = 0 }
    lastFailure = now
    let window = settings.window
    failures.removeAll { now - $0 > window }
    failures.append(now)
    if failures.count > settings.threshold { failures.removeFirst() }
    // Just let go, and failing again: it need not prove once more that it flaps.
    let isRelapse = lastHold > 0 && lastRelease.map { now - $0 <= settings.window } ?? false
    guard failures.count >= settings.threshold || isRelapse else { return nil }
    lastHold = lastHold == 0 ? settings.initialHold : min(lastHold.multipliedClamped(by: 2), settings.maximumHold)
    holds += 1
    heldUntil = now + lastHold
    return heldUntil
  }

  /// Ends the hold if its time has come.
  public mutating func release(at now: Instant) -> Bool {
    guard let heldUntil, now >= heldUntil else { return false }
    self.heldUntil = nil
    lastRelease = now
    return true
  }
}

extension Int64 {
  fileprivate func multipliedClamped(by other: Int64) -> Int64 {
    let (product, overflow) = multipliedReportingOverflow(by: other)
    return overflow ? .max : product
  }
}
