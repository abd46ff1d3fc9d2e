/// What is measured all the time, of one interval of about a second.
public struct Samples: Hashable, Sendable {
  public var at: Timestamp
  public var speaker: SpeakerSample
  public var sessions: [SessionSample]

  public init(at: Timestamp, speaker: SpeakerSample, sessions: [SessionSample]) {
    self.at = at
    self.speaker = speaker
    self.sessions = sessions
  }
}

/// The speaker's counters and how late its thread was.
public struct SpeakerSample: Hashable, Sendable, Codable {
  /// Since the start.
  public var received: UInt64 = 0
  public var sent: UInt64 = 0
  public var overflowed: UInt64 = 0
  /// Only reasons that have occurred.
  public var discards: [StatusReport.Discard] = []
  /// The longest time in this interval that a session waited for the thread after its timer was due: microseconds.
  public var worstLateness: UInt64 = 0
  /// How often a timer was served late by at most 2^n microseconds, n from 0, since the start; the last counts all that
  /// were later.
  public var lateness: [UInt64] = []
  /// Of all of these, in microseconds.
  public var latenessSum: UInt64 = 0

  public init() {}

  private enum CodingKeys: String, CodingKey {
    case received, sent, overflowed, discards, lateness
    case worstLateness = "worst-lateness"
    case latenessSum = "lateness-sum"
  }
}

/// One session's counters, and how close it came to its detection time.
public struct SessionSample: Hashable, Sendable {
  /// The session's local discriminator.
  public var session: UInt32
  /// Packets since the session was made.
  public var received: UInt64
  public var sent: UInt64
  /// Microseconds: the longest time between two packets of the peer that ended in this interval, or is still going on,
  /// while the session was Up; 0 while it is not.
  public var worstGap: UInt64
  /// Microseconds: the most that a packet of ours left after it was due, in this interval.
  public var worstLateness: UInt64
  /// Microseconds since the peer's last packet; nil: there was none.
  public var age: UInt64?

  public init(
    session: UInt32, received: UInt64 = 0, sent: UInt64 = 0, worstGap: UInt64 = 0, worstLateness: UInt64 = 0,
    age: UInt64? = nil
  ) {
    self.session = session
    self.received = received
    self.sent = sent
    self.worstGap = worstGap
    self.worstLateness = worstLateness
    self.age = age
  }
}

/// In JSON the sessions are one flat array of numbers, six for each, -1 for nil: there are thousands of them a second.
extension Samples: Codable {
  static let numbersPerSession = 6

  private enum CodingKeys: String, CodingKey { case at, speaker, sessions }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    at = try container.decode(Timestamp.self, forKey: .at)
    speaker = try container.decode(SpeakerSample.self, forKey: .speaker)
    let numbers = try container.decode([Int64].self, forKey: .sessions)
    guard numbers.count % Self.numbersPerSession == 0 else {
      throw DecodingError.dataCorruptedError(
        forKey: .sessions, in: container, debugDescription: "not six numbers for each session")
    }
    sessions = []
    sessions.reserveCapacity(numbers.count / Self.numbersPerSession)
    for start in stride(from: 0, to: numbers.count, by: Self.numbersPerSession) {
      let age = numbers[start + 5]
      var session = SessionSample(session: UInt32(clamping: numbers[start]))
      session.received = UInt64(clamping: numbers[start + 1])
      session.sent = UInt64(clamping: numbers[start + 2])
      session.worstGap = UInt64(clamping: numbers[start + 3])
      session.worstLateness = UInt64(clamping: numbers[start + 4])
      session.age = age < 0 ? nil : UInt64(age)
      sessions.append(session)
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(at, forKey: .at)
    try container.encode(speaker, forKey: .speaker)
    var numbers: [Int64] = []
    numbers.reserveCapacity(sessions.count * Self.numbersPerSession)
    for session in sessions { session.append(to: &numbers) }
    try container.encode(numbers, forKey: .sessions)
  }
}

extension SessionSample {
  fileprivate func append(to numbers: inout [Int64]) {
    numbers.append(Int64(session))
    numbers.append(Int64(clamping: received))
    numbers.append(Int64(clamping: sent))
    numbers.append(Int64(clamping: worstGap))
    numbers.append(Int64(clamping: worstLateness))
    if let age { numbers.append(Int64(clamping: age)) } else { numbers.append(-1) }
  }
}
