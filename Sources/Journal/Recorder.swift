public import Control
import History

/// Keeps the journal of one gateway: takes the messages of its stream, decides what is worth keeping, and writes it once a
/// turn. Nothing that goes wrong with the file stops it; ``health`` tells.
///
/// On one thread; it does block on the disk, so not on one that has anything urgent to do.
public struct Recorder: ~Copyable {
  /// Entries that wait for the disk at most; beyond, events are counted and lost.
  static let queueLimit = 8_192
  /// Entries of one transaction at most.
  private static let part = 1_024
  /// After a failure the next attempt comes so much later, in microseconds.
  private static let retryAfter: Int64 = 1_000_000
  /// A watch is extended so often while nothing happens: so much of it may be lost with a crash.
  private static let heartbeat: Int64 = 5_000_000
  private static let snapshotEvery: Int64 = 86_400 * 1_000_000
  /// Between snapshots that changes ask for.
  private static let snapshotPause: Int64 = 10_000_000
  private static let tidyEvery: Int64 = 60_000_000

  private let directory: String
  private let limits: JournalLimits
  private var writer: JournalWriter?
  private var queue: [Entry] = []
  private var continuity = Continuity()
  private var missing = Missing()
  private var retryAt: Timestamp?
  /// The last time that the gateway told of, and until when the file says that it was watched.
  private var watchedUntil: Timestamp?
  private var writtenUntil: Timestamp?
  private var wantsSnapshot = false
  private var lastSnapshot: Timestamp?
  private var tidyAt: Timestamp?
  public private(set) var health = JournalHealth()

  /// Events that could not be recorded.
  private struct Missing {
    var count = 0
    var span: Span?
    var reason = ""

    mutating func add(_ event: Event, _ reason: String) {
      count += 1
      self.reason = reason
      span = Span(from: min(span?.from ?? event.at, event.at), to: max(span?.to ?? event.at, event.at))
    }
  }

  /// Opens the journal; if that fails it is tried again in each turn.
  /// - Parameters:
  ///   - directory: `/var/lib/everway`; made if it is not there.
  ///   - now: on the wall clock.
  public init(directory: String, limits: JournalLimits = JournalLimits(), now: Timestamp) {
    self.directory = directory
    self.limits = limits
    health.path = "\(directory)/\(JournalWriter.fileName)"
    open(now)
  }

  /// Where the journal ends: ask the stream for what came after. Nil: for everything.
  public var cursor: EventCursor? { continuity.cursor }

  // MARK: What happens

  /// A message of the gateway's stream.
  public mutating func take(_ message: ObservationMessage) {
    switch continuity.take(message) {
    case .same: break
    case .run(let info): add(.run(info))
    case .begins(let from):
      add(.watch(from: from))
      (watchedUntil, writtenUntil) = (from, from)
      wantsSnapshot = true
    case .told: return
    }
    switch message {
    case .status: wantsSnapshot = true
    case .event(let event):
      saw(event.at)
      record(event)
    case .change(let change):
      saw(change.at)
      // Members may have come or gone; a drain changes what a path's state means.
      if !change.removedSessions.isEmpty || change.configuration != nil || change.drain != nil {
        wantsSnapshot = true
      }
    case .samples(let samples): saw(samples.at)
    }
  }

  /// The stream has ended, or broke off: from now on nobody watches.
  public mutating func streamEnded() {
    extendWatch()
    continuity.streamEnded()
  }

  /// Something that the gateway did not tell: that it is gone, that an API call came. Its sequence is 0.
  public mutating func note(_ event: Event) {
    var event = event
    event.sequence = 0
    record(event)
  }

  private mutating func record(_ event: Event) {
    if queue.count < Self.queueLimit {
      add(.event(event))
    } else {
      missing.add(event, health.problem ?? "too much at once")
      health.missing += 1
    }
  }

  private mutating func add(_ entry: Entry) { queue.append(entry) }

  private mutating func saw(_ time: Timestamp) { watchedUntil = max(watchedUntil ?? time, time) }

  private mutating func extendWatch() {
    guard continuity.isCertain, let watchedUntil, watchedUntil != writtenUntil, missing.count == 0 else { return }
    // While nothing can be written there is one of these, not one for each attempt.
    if case .watched = queue.last { queue.removeLast() }
    add(.watched(until: watchedUntil))
    writtenUntil = watchedUntil
  }

  // MARK: Writing

  /// Writes what has come, in one transaction; at least once a second, and after each batch of messages.
  /// - Parameters:
  ///   - now: on the wall clock.
  ///   - report: the gateway as it is known; nil: it is not.
  public mutating func turn(now: Timestamp, report: StatusReport?) {
    if let retryAt, now < retryAt, now.microseconds + 10 * Self.retryAfter > retryAt.microseconds { return }
    if let isInPlace = writer?.isInPlace, !isInPlace {
      // Somebody removed it.
      writer = nil
    }
    if writer == nil, !open(now) { return }
    takeSnapshot(report, now)
    let idle = (watchedUntil?.microseconds ?? 0) - (writtenUntil?.microseconds ?? 0)
    if !queue.isEmpty || idle >= Self.heartbeat { extendWatch() }
    guard !queue.isEmpty || missing.count > 0 else { return tidy(now) }
    do throws(JournalError) {
      while !queue.isEmpty {
        // In parts, so that what little room there is gets used.
        let part = queue.prefix(Self.part)
        try writer?.write(part)
        health.recorded += UInt64(part.count(where: { if case .event = $0 { true } else { false } }))
        queue.removeFirst(part.count)
      }
      if missing.count > 0 { try tellMissing(now, report) }
      succeeded()
    } catch {
      failed(error, now)
      return
    }
    tidy(now)
  }

  /// The last writing, and the end.
  public mutating func close(now: Timestamp, report: StatusReport?) {
    extendWatch()
    retryAt = nil
    turn(now: now, report: report)
    writer = nil
  }

  private mutating func takeSnapshot(_ report: StatusReport?, _ now: Timestamp) {
    guard let report, continuity.isCertain else { return }
    let age = lastSnapshot.map { now.microseconds - $0.microseconds } ?? .max
    guard
      age < 0 || age >= Self.snapshotEvery || (wantsSnapshot && age >= Self.snapshotPause) || lastSnapshot == nil
    else { return }
    guard missing.count == 0, queue.count < Self.queueLimit else { return }
    lastSnapshot = now
    wantsSnapshot = false
    add(.snapshot(Snapshot(report)))
  }

  /// Says what is not there, and begins a watch anew: what was missed may have changed any state.
  private mutating func tellMissing(_ now: Timestamp, _ report: StatusReport?) throws(JournalError) {
    guard let span = missing.span else { return }
    let count = missing.count
    let text =
      "\(count) \(count == 1 ? "event" : "events") between \(span.from) and \(span.to) could not be recorded: "
      + missing.reason
    var entries: [Entry] = [
      .gap(Event(at: now, level: .warning, kind: .program, name: "journal", text), missing: count)
    ]
    if let report, continuity.isCertain {
      entries += [.watch(from: report.generatedAt), .snapshot(Snapshot(report))]
    }
    try writer?.write(entries)
    missing = Missing()
    watchedUntil = report?.generatedAt
    writtenUntil = watchedUntil
  }

  private mutating func tidy(_ now: Timestamp) {
    if let tidyAt, now < tidyAt, now.microseconds + 2 * Self.tidyEvery > tidyAt.microseconds { return }
    do throws(JournalError) {
      let isMore = try writer?.tidy(limits, now: now) ?? false
      health.octets = try writer?.usedOctets() ?? 0
      tidyAt = Timestamp(microseconds: now.microseconds + (isMore ? 0 : Self.tidyEvery))
    } catch {
      failed(error, now)
    }
  }

  // MARK: Trouble

  @discardableResult private mutating func open(_ now: Timestamp) -> Bool {
    do throws(JournalError) {
      let opened = try JournalWriter(directory: directory, now: now)
      let isAnew = health.hasBeenOpen
      let cursor = try opened.cursor()
      if continuity.cursor == nil {
        continuity = Continuity(after: cursor)
      } else if !isAnew, let cursor, cursor.run == continuity.run?.startedAt {
        // Opened late: what came since may be in it from before.
        queue.removeAll {
          if case .event(let event) = $0 { event.sequence > 0 && event.sequence <= cursor.sequence } else { false }
        }
      }
      if let news = opened.news { note(Event(at: now, level: .warning, kind: .program, name: "journal", news)) }
      if isAnew, let run = continuity.run {
        // The file of before is gone, and with it what it knew of this run.
        queue.insert(.run(run), at: 0)
        if let watchedUntil { queue.insert(.watch(from: watchedUntil), at: 1) }
        lastSnapshot = nil
      }
      writer = consume opened
      health.hasBeenOpen = true
      health.problem = nil
      return true
    } catch {
      failed(error, now)
      return false
    }
  }

  private mutating func succeeded() {
    health.problem = nil
    health.help = nil
    retryAt = nil
  }

  private mutating func failed(_ error: JournalError, _ now: Timestamp) {
    health.problem = error.message
    health.help = error.help
    retryAt = Timestamp(microseconds: now.microseconds + Self.retryAfter)
    // A damaged file is found, moved aside and replaced when it is opened again.
    if error.kind == .corrupt || error.kind == .foreign || error.kind == .unreachable { writer = nil }
  }
}

/// How the journal is doing, for metrics and for people.
public struct JournalHealth: Hashable, Sendable {
  public var path = ""
  /// Why nothing can be written now; nil: it can.
  public var problem: String?
  /// What to do about it.
  public var help: String?
  /// Events since the start.
  public var recorded: UInt64 = 0
  public var missing: UInt64 = 0
  /// Of the file, in use.
  public var octets: Int64 = 0
  var hasBeenOpen = false
}
