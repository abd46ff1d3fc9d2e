public import BFD

/// What a probe says of its target.
public enum Verdict: String, Hashable, Sendable, CaseIterable {
  /// Not enough answers, or silences, in a row yet since it was added.
  case pending
  case up
  case down
}

/// One question that is due now.
public struct Probe: Hashable, Sendable {
  /// Goes out with the question and comes back with the answer, where the protocol has a place for it.
  public var sequence: UInt16
  /// An answer that arrives at this instant or later is too late.
  public var deadline: Instant
}

/// What an answer was worth.
public enum ProbeAnswer: Hashable, Sendable {
  /// It answers the open question; with the new verdict when it changed.
  case counted(Verdict?)
  /// It answers a question whose time was over.
  case late
  /// The question was answered before.
  case duplicate
  /// No question of that number is open: a replay, or somebody's guess.
  case unexpected
}

/// Questions and answers of one probe since it was added.
public struct ProbeCounters: Hashable, Sendable {
  public var sent: UInt64 = 0
  /// In time, each question once.
  public var answered: UInt64 = 0
  public var unanswered: UInt64 = 0
  public var late: UInt64 = 0
  public var duplicate: UInt64 = 0
  public var unexpected: UInt64 = 0
}

/// The last questions whose fate is known, 64 at most.
public struct RecentLoss: Hashable, Sendable {
  public var unanswered: Int
  public var asked: Int
  /// 0 to 1; 0 before the first.
  public var fraction: Double { asked == 0 ? 0 : Double(unanswered) / Double(asked) }
}

/// When to ask, and what answers and silence mean: a state machine without a socket and without a clock.
///
/// The owner reads everything that has arrived before it calls `expire`: a process that was late must not take its own
/// absence for the peer's. While it is away no question goes out, so none can be lost.
public struct ProbeState: Hashable, Sendable {
  private struct Open: Hashable {
    var sequence: UInt16
    /// When it was due; it may have waited for the next hop's link-layer address since.
    var asked: Instant
    var sent: Instant
    var deadline: Instant
  }

  public private(set) var settings: ProbeSettings
  public private(set) var verdict = Verdict.pending
  /// Since when the verdict is what it is.
  public private(set) var since: Instant
  public private(set) var counters = ProbeCounters()
  /// Of the last answer that counted.
  public private(set) var lastRoundTrip: Duration?
  /// When that answer arrived.
  public private(set) var lastAnswer: Instant?
  public private(set) var answeredInARow = 0
  public private(set) var unansweredInARow = 0
  /// When the first of the questions that have been silent in a row was asked.
  public private(set) var silentSince: Instant?

  private var open: Open?
  private var nextDue: Instant
  private var nextSequence: UInt16
  private var lastAnswered: UInt16?
  private var lastExpired: UInt16?
  /// Bit 0 is the newest question whose fate is known; 1 for unanswered.
  private var history: UInt64 = 0
  private var historyCount = 0

  /// - Parameters:
  ///   - firstSequence: random, so that a number says nothing about how many came before.
  ///   - now: when the first question is due.
  public init(_ settings: ProbeSettings, firstSequence: UInt16 = 0, at now: Instant) {
    self.settings = settings
    since = now
    nextDue = now
    nextSequence = firstSequence
  }

  /// The number of the question that waits for its answer; nil when none does.
  public var openSequence: UInt16? { open?.sequence }

  /// Whether a question is open, or one of those that have been silent in a row.
  func isSilent(_ sequence: UInt16) -> Bool {
    let age = Int(nextSequence &- 1 &- sequence)
    return age < unansweredInARow + (open == nil ? 0 : 1)
  }

  /// When `expire` or `due` next has something to do.
  public var nextDeadline: Instant { open?.deadline ?? nextDue }

  public var recentLoss: RecentLoss { RecentLoss(unanswered: history.nonzeroBitCount, asked: historyCount) }

  /// Changes the pace and the counts; the verdict stays as it is.
  public mutating func configure(_ settings: ProbeSettings, at now: Instant) {
    self.settings = settings
    nextDue = min(nextDue, now + settings.interval.inNanoseconds)
  }

  /// The next question, if it is due and none is open.
  ///
  /// Questions stay on the grid that the first one began, however late each goes out; those missed are left out.
  public mutating func due(at now: Instant) -> Probe? {
    guard open == nil, now >= nextDue else { return nil }
    let interval = settings.interval.inNanoseconds
    let missed = (now - nextDue) / interval
    nextDue = nextDue + interval + missed * interval
    let question = Open(
      sequence: nextSequence, asked: now, sent: now, deadline: now + settings.timeout.inNanoseconds)
    nextSequence &+= 1
    open = question
    counters.sent &+= 1
    return Probe(sequence: question.sequence, deadline: question.deadline)
  }

  /// The open question really left at this instant: round-trip times count from here; its deadline stays.
  public mutating func left(at instant: Instant) { open?.sent = instant }

  /// An answer.
  /// - Parameter arrival: when the kernel received it, not when it was read.
  public mutating func answered(sequence: UInt16, at arrival: Instant) -> ProbeAnswer {
    guard let question = open, question.sequence == sequence else {
      switch sequence {
      case lastAnswered:
        counters.duplicate &+= 1
        return .duplicate
      case lastExpired:
        counters.late &+= 1
        return .late
      default:
        counters.unexpected &+= 1
        return .unexpected
      }
    }
    guard arrival < question.deadline else {
      counters.late &+= 1
      return .late
    }
    open = nil
    lastAnswered = sequence
    lastAnswer = arrival
    lastRoundTrip = .nanoseconds(max(0, arrival - question.sent))
    counters.answered &+= 1
    remember(unanswered: false)
    silentSince = nil
    unansweredInARow = 0
    answeredInARow += 1
    return .counted(answeredInARow >= settings.upAfter ? become(.up, at: arrival) : nil)
  }

  /// Ends the open question when its time is over; the new verdict when it changed.
  ///
  /// Every answer that arrived before `now` must have been given to `answered`.
  public mutating func expire(at now: Instant) -> Verdict? {
    guard let question = open, now >= question.deadline else { return nil }
    open = nil
    lastExpired = question.sequence
    counters.unanswered &+= 1
    remember(unanswered: true)
    answeredInARow = 0
    if unansweredInARow == 0 { silentSince = question.asked }
    unansweredInARow += 1
    return unansweredInARow >= settings.downAfter ? become(.down, at: now) : nil
  }

  private mutating func become(_ new: Verdict, at now: Instant) -> Verdict? {
    guard verdict != new else { return nil }
    verdict = new
    since = now
    return new
  }

  private mutating func remember(unanswered: Bool) {
    history = history << 1 | (unanswered ? 1 : 0)
    historyCount = min(historyCount + 1, UInt64.bitWidth)
  }
}
