/// The Poll Sequence that this system runs when it changes a parameter (RFC 5880 sections 6.5, 6.8.3).
///
/// A change made while a sequence is running starts another one afterwards, and Finals that answer Polls of
/// the earlier sequence do not end the later one: so each Final is for values that the peer has seen.
struct PollSequence: Hashable, Sendable {
  private enum Phase: Hashable {
    case idle
    /// Wanted; no packet with the Poll bit has been sent. -> active
    case requested
    /// At least one Poll was sent. -> idle, or requested when another change came in the meantime
    case active
  }

  private var phase = Phase.idle
  private var another = false
  /// Polls sent in this sequence.
  private var polls: UInt8 = 0
  /// Finals still to come that answer Polls of the sequence before.
  private var owed: UInt8 = 0

  /// Whether scheduled packets carry the Poll bit.
  var isWanted: Bool { phase != .idle }

  /// A parameter has changed.
  mutating func request() {
    switch phase {
    case .idle: phase = .requested
    case .requested: break  // nothing sent yet: one sequence carries both changes
    case .active: another = true
    }
  }

  /// A packet with the Poll bit was sent. True when it was the first of its sequence.
  mutating func pollSent() -> Bool {
    let first = phase == .requested
    if first {
      phase = .active
      polls = 0
    }
    if polls < .max { polls += 1 }
    return first
  }

  /// A packet with the Final bit came in. True when it ends the sequence.
  /// - Parameter inFlight: how many Finals of one sequence can still be under way when it ends; more were lost.
  mutating func finalReceived(inFlight: UInt8) -> Bool {
    guard phase == .active else { return false }
    if owed > 0 {
      owed -= 1
      return false
    }
    owed = min(polls - 1, inFlight)
    phase = another ? .requested : .idle
    another = false
    return true
  }

  /// The peer is gone: nothing is owed, nothing to ask.
  mutating func reset() { self = PollSequence() }
}
