public import BFD

/// Who of the gateway nodes repairs what a dead one left in OVN: the holder of a Lease (coordination.k8s.io/v1).
///
/// No two clocks are compared. A lease has run out when it has not changed for its duration by this node's clock, as in
/// Kubernetes' own client (client-go, tools/leaderelection).
public struct LeaseElection: Hashable, Sendable {
  /// What a Lease says.
  public struct Record: Hashable, Sendable {
    /// Empty: given up.
    public var holder: String
    /// In seconds.
    public var duration: Int
    /// Opaque; changes with every write.
    public var version: String
    public var transitions: Int

    public init(holder: String, duration: Int, version: String, transitions: Int = 0) {
      self.holder = holder
      self.duration = duration
      self.version = version
      self.transitions = transitions
    }
  }

  public enum Step: Hashable, Sendable {
    /// Write the lease with this node as its holder, over that version only; nil: make it.
    case write(version: String?, transitions: Int)
    case wait(until: Instant)
  }

  public let identity: String
  /// In seconds.
  public let duration: Int
  private var observed: Record?
  private var observedAt = Instant(nanoseconds: 0)
  private var wasRead = false
  /// Until when this node may act, by its own clock; nil when it holds nothing.
  private var holdsUntil: Instant?
  private var nextTry = Instant(nanoseconds: 0)

  /// - Parameter duration: in seconds; 3 at least.
  public init(identity: String, duration: Int = 5) {
    self.identity = identity
    self.duration = max(duration, 3)
  }

  private var nanoseconds: Int64 { Int64(duration) * 1_000_000_000 }

  public func isLeader(at now: Instant) -> Bool { holdsUntil.map { now < $0 } ?? false }

  /// The holder as last seen.
  public var holder: String? { observed.flatMap { $0.holder.isEmpty ? nil : $0.holder } }

  /// What the API says now; nil: there is no such lease.
  public mutating func saw(_ record: Record?, at now: Instant) {
    wasRead = true
    if record != observed || observedAt == Instant(nanoseconds: 0) {
      observed = record
      observedAt = now
    }
    if record?.holder != identity { holdsUntil = nil }
  }

  public func next(at now: Instant) -> Step {
    guard wasRead else { return .wait(until: now + 250_000_000) }
    guard now >= nextTry else { return .wait(until: nextTry) }
    guard let observed else { return .write(version: nil, transitions: 0) }
    if observed.holder == identity { return .write(version: observed.version, transitions: observed.transitions) }
    let end = observedAt + Int64(max(observed.duration, 1)) * 1_000_000_000
    if observed.holder.isEmpty || now >= end {
      return .write(version: observed.version, transitions: observed.transitions + 1)
    }
    return .wait(until: min(end, now + 1_000_000_000))
  }

  /// The write was accepted.
  /// - Parameter begun: when it was sent. It counts from then: the answer may have taken its time.
  public mutating func wrote(_ record: Record, begun: Instant, at now: Instant) {
    wasRead = true
    observed = record
    observedAt = now
    // A fifth is left so that this node stops before another one begins.
    holdsUntil = begun + nanoseconds / 5 * 4
    nextTry = now + nanoseconds / 3
  }

  /// The write was refused, or its outcome is not known: another one was faster, or the API is away.
  public mutating func failed(at now: Instant) {
    wasRead = false
    nextTry = now + 500_000_000
  }
}
