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
extension Samples: Decodable {
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

  private struct Rest: Encodable {
    var at: Timestamp
    var speaker: SpeakerSample
  }

  /// Written by hand: a general encoder takes ten times as long for the numbers, on the gateway's CPU.
  public var json: [UInt8] {
    var octets = Array("{\"sessions\":[".utf8)
    octets.reserveCapacity(1_024 + sessions.count * 48)
    for (number, session) in sessions.enumerated() {
      if number > 0 { octets.append(UInt8(ascii: ",")) }
      octets.append(number: UInt64(session.session))
      octets.appendNext(session.received)
      octets.appendNext(session.sent)
      octets.appendNext(session.worstGap)
      octets.appendNext(session.worstLateness)
      if let age = session.age { octets.appendNext(age) } else { octets += ",-1".utf8 }
    }
    octets += "],".utf8
    return octets + ObservationMessage.json(Rest(at: at, speaker: speaker)).dropFirst()
  }
}

extension [UInt8] {
  fileprivate mutating func appendNext(_ number: UInt64) {
    append(UInt8(ascii: ","))
    append(number: number)
  }

  /// In decimal; what is above 2^63 - 1 as that, for readers with signed numbers.
  fileprivate mutating func append(number: UInt64) {
    var digits = InlineArray<20, UInt8>(repeating: 0)
    var rest = Swift.min(number, UInt64(Int64.max))
    var first = digits.count
    repeat {
      first -= 1
      digits[first] = UInt8(ascii: "0") + UInt8(rest % 10)
      rest /= 10
    } while rest > 0
    for position in first..<digits.count { append(digits[position]) }
  }
}
