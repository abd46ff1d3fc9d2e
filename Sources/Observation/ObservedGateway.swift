public import Control

/// What one reader knows of a gateway, made from the messages of its stream. Pure: time comes with the messages.
public struct ObservedGateway: Sendable {
  /// Events kept.
  public static let keptEvents = 1_000

  /// Nil before the first message.
  public private(set) var report: StatusReport?
  public private(set) var speaker = SpeakerSample()
  /// When the last message with a time came.
  public private(set) var at: Timestamp?
  /// By local discriminator; only of sessions that are there.
  public private(set) var rhythms: [UInt32: SessionRhythm] = [:]
  /// The last events, the oldest first.
  public private(set) var events: [Event] = []
  public private(set) var latencies = LatencyHistogram()
  /// Counts changes of what is shown, samples included.
  public private(set) var revision: UInt64 = 0

  public init() {}

  /// What to ask the stream for when it has broken off.
  public var cursor: EventCursor? {
    guard let run = report?.startedAt, let last = events.last?.sequence else { return nil }
    return EventCursor(run: run, sequence: last)
  }

  public mutating func apply(_ message: ObservationMessage) {
    revision += 1
    switch message {
    case .status(let new): take(new)
    case .event(let event): take(event)
    case .change(let change):
      report?.apply(change)
      at = change.at
      for gone in change.removedSessions { rhythms[gone] = nil }
    case .samples(let samples): take(samples)
    }
  }

  private mutating func take(_ new: StatusReport) {
    if let report, report.startedAt != new.startedAt {
      // Another run counts its events from 1 again, and its sessions' packets.
      rhythms = [:]
      events = []
      latencies = LatencyHistogram()
    }
    report = new
    at = new.generatedAt
    let present = Set(new.sessions.map(\.localDiscriminator))
    rhythms = rhythms.filter { present.contains($0.key) }
  }

  private mutating func take(_ event: Event) {
    if let last = events.last?.sequence, event.sequence <= last { return }  // told again after a break
    events.append(event)
    if events.count > Self.keptEvents * 5 / 4 { events.removeFirst(events.count - Self.keptEvents) }
    if event.kind == .group, let latency = event.latency { latencies.add(microseconds: latency) }
  }

  private mutating func take(_ samples: Samples) {
    at = samples.at
    speaker = samples.speaker
    for sample in samples.sessions {
      rhythms[sample.session, default: SessionRhythm()].take(
        received: sample.received, sent: sample.sent, worstGap: sample.worstGap,
        worstLateness: sample.worstLateness,
        age: sample.age)
    }
  }
}

/// Failovers by how long they took, from the cause to the kernel's acknowledgement.
public struct LatencyHistogram: Hashable, Sendable {
  /// Upper bounds in microseconds; what is above the last is counted too.
  public static let bounds: [UInt64] = [
    250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000
  ]

  /// For each bound, and one for what is above them all; not cumulative.
  public private(set) var counts = [UInt64](repeating: 0, count: bounds.count + 1)
  /// Of all, in microseconds.
  public private(set) var sum: UInt64 = 0
  public var count: UInt64 { counts.reduce(0, +) }

  public init() {}

  public mutating func add(microseconds: UInt64) {
    counts[Self.bounds.firstIndex { microseconds <= $0 } ?? Self.bounds.count] += 1
    sum += microseconds
  }
}
