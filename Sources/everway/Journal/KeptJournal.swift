import Control
import History
import Journal
import Observer
import OpenMetrics
import Synchronization

/// The journal as `everway observe` keeps it and reads it.
///
/// The recorder is used by the follower's thread only; the mutex says so to the compiler.
final class KeptJournal: ObservationRecorder, HistorySource {
  private let recorder: Mutex<Recorder>
  /// As of the last turn: who asks must not wait for the disk.
  private let lastHealth: Mutex<JournalHealth>
  private let path: String

  init(directory: String, limits: JournalLimits) {
    path = "\(directory)/journal.sqlite"
    let recorder = Recorder(directory: directory, limits: limits, now: .now())
    lastHealth = Mutex(recorder.health)
    self.recorder = Mutex(recorder)
  }

  var health: JournalHealth { lastHealth.withLock { $0 } }

  // MARK: Recording

  var cursor: EventCursor? { recorder.withLock { $0.cursor } }

  func take(_ message: ObservationMessage) { recorder.withLock { $0.take(message) } }

  func ended(at: Timestamp, wasAnnounced: Bool) {
    recorder.withLock { recorder in
      recorder.streamEnded()
      guard !wasAnnounced else { return }
      recorder.note(
        Event(
          at: at, level: .warning, kind: .program, to: "gone",
          "everway ended without having said that it stops: it has crashed, or was killed"))
    }
  }

  func turn(now: Timestamp, report: StatusReport?) {
    let health = recorder.withLock { recorder in
      recorder.turn(now: now, report: report)
      return recorder.health
    }
    lastHealth.withLock { $0 = health }
  }

  func close(now: Timestamp, report: StatusReport?) { recorder.withLock { $0.close(now: now, report: report) } }

  // MARK: Reading

  func events(_ query: EventQuery) throws -> [Event] {
    var wanted = HistoryQuery()
    wanted.since = query.since
    wanted.until = query.until
    wanted.kinds = query.kinds.sorted { $0.rawValue < $1.rawValue }
    // A subject is looked for here: the journal knows names of sessions and paths only.
    wanted.limit = query.subject == nil ? query.limit : 100_000
    let found = try JournalReader(path: path).records(wanted).map(\.event).filter(query.matches)
    return Array(found.suffix(query.limit))
  }

  func report(since: Timestamp, until: Timestamp) throws -> [UInt8] {
    Array(try JournalReader(path: path).report(Span(from: since, to: until)).json(pretty: false).utf8)
  }
}

extension GatewayMetrics.Journal {
  init(_ health: JournalHealth) {
    self.init(
      recorded: health.recorded, lost: health.missing, bytes: UInt64(max(0, health.octets)),
      isWriting: health.problem == nil)
  }
}
