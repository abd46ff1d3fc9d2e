/// The Poll Sequence that this system runs when it changes a parameter (RFC 5880 sections 6.5, 6.8.3).
///
/// A change made while a sequence is running starts another one afterwards, so that each Final is for values the
/// peer has seen. A Final does not say which Poll it answers. The next sequence therefore waits until late and
/// duplicated Finals of the last one must have come in (the second of the three ways in section 6.8.3). Counting
/// the Finals still to come would not do: some are lost, some come twice.
struct PollSequence: Hashable, Sendable {
  private enum Phase: Hashable {
    case idle
    /// Wanted; no packet with the Poll bit has been sent. -> active
    case requested
    /// At least one Poll was sent, the first one then. -> idle, or requested when another change came meanwhile
    case active(since: Instant)
  }

  private var phase = Phase.idle
  private var another = false
  /// No sequence begins before.
  private var quietUntil: Instant?

  /// What a round trip is taken for at most, in nanoseconds: a peer that left Polls unanswered for long must not
  /// delay the next sequence for as long again.
  private static let longestRoundTrip: Int64 = 1_000_000_000

  /// Whether a sequence is wanted or under way.
  var isWanted: Bool { phase != .idle }

  /// When the first Poll of the sequence under way was sent.
  var activeSince: Instant? {
    guard case .active(let since) = phase else { return nil }
    return since
  }

  /// Before when the sequence that is wanted, or would be now, does not begin; nil when it may at once.
  var notBefore: Instant? { activeSince == nil ? quietUntil : nil }

  /// Whether a packet that leaves at `now` carries the Poll bit.
  func polls(at now: Instant) -> Bool {
    switch phase {
    case .idle: return false
    case .active: return true
    case .requested:
      guard let quietUntil else { return true }
      return now >= quietUntil
    }
  }

  /// A parameter has changed.
  mutating func request() {
    switch phase {
    case .idle: phase = .requested
    case .requested: break  // nothing sent yet: one sequence carries both changes
    case .active: another = true
    }
  }

  /// A packet with the Poll bit was sent. True when it was the first of its sequence.
  mutating func pollSent(at now: Instant) -> Bool {
    guard phase == .requested else { return false }
    phase = .active(since: now)
    return true
  }

  /// A packet with the Final bit arrived at `now`. True when it ends the sequence: not if it came before the first
  /// Poll left.
  ///
  /// The first Poll was sent a round trip ago or more. Polls sent since are answered within another one, or two
  /// where delays vary.
  mutating func finalReceived(at now: Instant) -> Bool {
    guard case .active(let since) = phase, now >= since else { return false }
    quietUntil = now + 2 * min(now - since, Self.longestRoundTrip)
    phase = another ? .requested : .idle
    another = false
    return true
  }

  /// The peer is gone: nothing to ask. The wait behind an earlier sequence stays.
  mutating func reset() {
    phase = .idle
    another = false
  }
}
