import BFD

/// Whether a path belongs into its groups, through failure, return and hold-down.
struct PathState: Hashable, Sendable {
  enum Phase: Hashable, Sendable {
    /// No verdict was ever in. -> up, down, left
    case pending
    /// Used without a fresh verdict: taken over from a run before, or while our own side keeps the session down.
    /// -> up, down, left; pending when the time is over
    case adopted(until: Instant)
    /// Good. -> down, left, adopted
    case up
    /// Good again after a failure, and waiting out the hold-down. -> up, down, left
    case waiting(until: Instant)
    /// Failed, and why. -> waiting, or up without a hold-down
    case down(String)
    /// The peer, or an operator, asks that it be left. -> up, down
    case left(String)
  }

  private(set) var phase = Phase.pending
  private(set) var since: Instant
  /// Set by an operator, or because an operator drained its peer.
  private(set) var isDrained = false

  init(at now: Instant) { since = now }

  /// Whether it is to carry traffic, as far as it goes by itself.
  var isUsable: Bool {
    guard !isDrained else { return false }
    switch phase {
    case .up, .adopted: return true
    case .pending, .waiting, .down, .left: return false
    }
  }

  /// Whether it may carry traffic when nothing better is left: it has not failed, it was only asked to be left.
  var isLastResort: Bool {
    guard !isDrained, case .left = phase else { return false }
    return true
  }

  var nextDeadline: Instant {
    switch phase {
    case .adopted(let until), .waiting(let until): until
    case .pending, .up, .down, .left: .distantFuture
    }
  }

  /// It carries traffic already, by what a run before has left in the kernel.
  mutating func adopt(until: Instant) {
    if case .pending = phase { phase = .adopted(until: until) }
  }

  /// Takes a verdict. True when the phase changed.
  mutating func judge(_ verdict: Verdict, holdDown: Int64, grace: Int64, at now: Instant) -> Bool {
    switch (verdict, phase) {
    case (.up, .down) where holdDown > 0: move(to: .waiting(until: now + holdDown), at: now)
    case (.up, .waiting), (.up, .up): false
    case (.up, _): move(to: .up, at: now)
    case (.down(let reason), .down):
      // A second cause for what is down already: the reason is news, the phase is not.
      update(.down(reason))
    case (.down(let reason), _): move(to: .down(reason), at: now)
    case (.left(let reason), .left): update(.left(reason))
    case (.left(let reason), _): move(to: .left(reason), at: now)
    case (.suspended, .up), (.suspended, .waiting): move(to: .adopted(until: .distantFuture), at: now)
    case (.pending, .up): move(to: .adopted(until: now + grace), at: now)
    case (.pending, .adopted(until: .distantFuture)): move(to: .adopted(until: now + grace), at: now)
    case (.suspended, _), (.pending, _): false
    }
  }

  /// Lets time pass. True when the phase changed.
  mutating func advance(to now: Instant) -> Bool {
    switch phase {
    case .waiting(let until) where now >= until: move(to: .up, at: now)
    case .adopted(let until) where now >= until: move(to: .pending, at: now)
    default: false
    }
  }

  /// True when something changed.
  mutating func setDrained(_ drained: Bool) -> Bool {
    defer { isDrained = drained }
    return drained != isDrained
  }

  private mutating func move(to new: Phase, at now: Instant) -> Bool {
    phase = new
    since = now
    return true
  }

  private mutating func update(_ new: Phase) -> Bool {
    phase = new
    return false
  }
}
