import Control
import History

/// Whether a stream goes on where the journal ends, or something is missing between. Pure.
///
/// After a report a stream gives the events that its reader has not had. So the first event after one, or its absence,
/// says whether there is a gap: events are numbered from 1 in each run.
struct Continuity {
  enum News {
    case same
    /// What follows belongs to this run; whether there is a gap is not known yet.
    case run(RunInfo)
    /// A watch begins here: what was before is not known.
    case begins(Timestamp)
    /// An event that the journal has.
    case told
  }

  private(set) var run: RunInfo?
  /// Of the last event that the journal has of this run.
  private var last: UInt64 = 0
  /// When the report was made behind which a gap may be; nil: there is none, or it is not watched.
  private var inDoubt: Timestamp?
  private var hadCursor: Timestamp?
  private var isWatching = false

  /// Somebody watches, and whether there was a gap before is settled.
  var isCertain: Bool { isWatching && inDoubt == nil }

  init() {}

  init(after cursor: EventCursor?) {
    guard let cursor else { return }
    hadCursor = cursor.run
    last = cursor.sequence
  }

  var cursor: EventCursor? {
    guard let started = run?.startedAt ?? hadCursor else { return nil }
    return EventCursor(run: started, sequence: last)
  }

  mutating func take(_ message: ObservationMessage) -> News {
    switch message {
    case .status(let report): take(report)
    case .event(let event): take(event)
    case .change(let change): settle(at: change.at)
    case .samples(let samples): settle(at: samples.at)
    }
  }

  mutating func streamEnded() {
    isWatching = false
    inDoubt = nil
  }

  private mutating func take(_ report: StatusReport) -> News {
    let info = RunInfo(report)
    defer { inDoubt = report.generatedAt }
    if run?.startedAt == info.startedAt { return .same }
    if hadCursor != info.startedAt {
      last = 0
      isWatching = false
    }
    run = info
    hadCursor = info.startedAt
    return .run(info)
  }

  private mutating func take(_ event: Event) -> News {
    guard event.sequence > last else { return .told }
    defer { last = event.sequence }
    let isNext = event.sequence == last + 1
    // Known from its first event on, so known from its beginning.
    let from = last == 0 && isNext ? run?.startedAt ?? event.at : min(event.at, inDoubt ?? event.at)
    return settled(isWhole: isNext && last > 0, from: from, always: !isNext)
  }

  /// Something other than an event came: there are no older ones to come.
  private mutating func settle(at time: Timestamp) -> News {
    guard let report = inDoubt else { return .same }
    return settled(isWhole: last > 0, from: min(report, time), always: false)
  }

  private mutating func settled(isWhole: Bool, from: Timestamp, always: Bool) -> News {
    let wasWatching = isWatching
    guard inDoubt != nil || always else { return .same }
    inDoubt = nil
    isWatching = true
    // A watch that was written goes on.
    if isWhole || (wasWatching && !always) { return .same }
    return .begins(from)
  }
}
