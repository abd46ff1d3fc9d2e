import BFD
import Control
import Glibc
import Speaker

/// One who watches this gateway, on a connection of their own, never waited for.
final class ObservationStream {
  /// Octets that wait for a slow reader at most: two reports of some thousand sessions. Beyond that it is let go; it may come
  /// again and begin anew.
  private static let limit = 16 << 20
  /// Nanoseconds after which a reader that takes nothing is let go.
  private static let patience: Int64 = 10_000_000_000

  let descriptor: Int32
  private var outgoing = OutgoingOctets()
  private(set) var isFinished = false
  /// When it last took anything, or had nothing to take.
  private var tookAt = MonotonicClock.now()

  /// - Parameter descriptor: the connection, which is closed in the end.
  init(_ descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  var isSending: Bool { !outgoing.isEmpty }

  func send(_ line: [UInt8]) {
    guard !isFinished else { return }
    guard outgoing.count + line.count <= Self.limit else {
      isFinished = true
      return
    }
    outgoing.append(line)
  }

  func run() {
    let before = outgoing.count
    guard case .quiet = ClientSign.of(descriptor), outgoing.flush(to: descriptor) else {
      isFinished = true
      return
    }
    let now = MonotonicClock.now()
    if outgoing.isEmpty || outgoing.count < before { tookAt = now }
    if now - tookAt > Self.patience { isFinished = true }
  }
}

/// Who watches, and what they have been told.
struct ObservationFeed {
  /// Events kept for those who come again.
  private static let keptEvents = 4_096
  static let mostStreams = 16

  var streams: [ObservationStream] = []
  /// The last events, the oldest first.
  private(set) var events: [Event] = []
  private var sequence: UInt64 = 0
  /// What everyone has been told; nil while nobody watches.
  var told: StatusReport?
  /// When to look at the engine again.
  var lookAt: Instant = .distantFuture
  var lookedAt = Instant(nanoseconds: 0)
  /// When the pace was last taken.
  var sampledAt = Instant(nanoseconds: 0)
  /// A look was lost: nobody knows what it would have told.
  var mustTellAll = false

  /// Numbers an event, keeps it, and tells everyone.
  mutating func take(_ event: Event) {
    sequence += 1
    var event = event
    event.sequence = sequence
    events.append(event)
    if events.count > Self.keptEvents * 5 / 4 { events.removeFirst(events.count - Self.keptEvents) }
    if !streams.isEmpty { tell(.event(event)) }
  }

  func tell(_ message: ObservationMessage) {
    let line = message.line
    for stream in streams { stream.send(line) }
  }

  /// The events that a reader has missed.
  /// - Parameters:
  ///   - cursor: what it has; nil: it is new, and gets what there is.
  ///   - run: when this run began.
  func events(after cursor: EventCursor?, run: Timestamp) -> [Event] {
    guard let cursor, cursor.run == run else { return events }
    return Array(events.drop { $0.sequence <= cursor.sequence })
  }

  mutating func runStreams() {
    for stream in streams { stream.run() }
    streams.removeAll(where: \.isFinished)
    if streams.isEmpty {
      told = nil
      lookAt = .distantFuture
    }
  }
}
