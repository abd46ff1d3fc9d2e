import Control

/// Adds up how long each session, path and group was in which condition, over one window of time. Pure: snapshots and
/// changes come in the order of their times.
///
/// While nobody watched the condition is unknown, except where the gateway says later since when it has been so.
public struct Accounting {
  /// Parts of the window that charts tell apart.
  public static let cells = 480
  /// A snapshot may be a little older than the last event: so many microseconds.
  private static let tolerance: Int64 = 5_000_000

  public let window: Span
  /// In which somebody watched; in order and apart.
  public let watches: [Span]
  private(set) var units: [Unit] = []
  /// Flaps of sessions, and of paths, in each cell.
  private(set) var sessionFlaps = [Int](repeating: 0, count: cells)
  private(set) var pathFlaps = [Int](repeating: 0, count: cells)
  private var numbers: [Key: Int] = [:]
  /// The watch that time has come to, or that is next.
  private var watch = 0

  /// Sessions of one allow entry share its name.
  private struct Key: Hashable {
    var kind: Event.Kind
    var name: String
    var session: UInt32?
  }

  /// - Parameter watches: in any order.
  public init(window: Span, watches: [Span]) {
    self.window = window
    self.watches = watches.joined
  }

  /// The number by which changes of this subject are told.
  public mutating func number(of subject: Subject) -> Int {
    let key = Key(kind: subject.kind, name: subject.name, session: subject.session)
    if let known = numbers[key] {
      if units[known].subject.peerAddress == nil { units[known].subject.peerAddress = subject.peerAddress }
      return known
    }
    numbers[key] = units.count
    units.append(Unit(subject, since: window.from))
    return units.count - 1
  }

  public mutating func take(_ snapshot: Snapshot) {
    advance(to: snapshot.at)
    guard isWatched(snapshot.at) else { return }
    var present = Set<Int>(minimumCapacity: snapshot.standings.count)
    for standing in snapshot.standings {
      let number = number(
        of: Subject(
          kind: standing.kind, name: standing.name, session: standing.session, peerAddress: standing.peerAddress))
      present.insert(number)
      if isNewer(number, than: snapshot) { continue }
      var condition = Condition(standing.kind, standing.state)
      if standing.isPlanned == true, condition == .down { condition = .planned }
      set(number, condition, at: snapshot.at, since: standing.since)
    }
    for number in units.indices where units[number].condition != .unknown && !present.contains(number) {
      if !isNewer(number, than: snapshot) { set(number, .unknown, at: snapshot.at) }
    }
  }

  /// Whether the last change may be one that the report did not yet know of.
  private func isNewer(_ number: Int, than snapshot: Snapshot) -> Bool {
    guard units[number].condition != .unknown, let last = units[number].lastChange else { return false }
    return snapshot.at.microseconds < last.microseconds + Self.tolerance
  }

  public mutating func take(_ change: StateChange, of number: Int) {
    advance(to: change.at)
    let before = units[number].condition
    var condition = change.to
    if condition == .down {
      // Released by the operator it is in nobody's hands; down -> init, while the peer's operator has it, is still his.
      if change.from == .down ? before == .planned : change.isPlanned && change.from != .planned {
        condition = .planned
      }
    }
    let leftUp = change.from == .up || (change.from == nil && before == .up)
    if window.from <= change.at, change.at < window.to {
      if leftUp, condition == .down { countFlap(number, at: change.at) }
      if let silence = change.silence { units[number].detections.add(silence) }
      if let latency = change.latency { units[number].failovers.add(latency) }
    }
    units[number].lastChange = change.at
    set(number, isWatched(change.at) ? condition : .unknown, at: change.at)
  }

  /// Brings the time to the end of the window.
  mutating func finish() {
    advance(to: window.to)
    for number in units.indices {
      let isOngoing = units[number].condition == .down
      set(number, .unknown, at: window.to)
      units[number].endOutage(isOngoing: isOngoing)
    }
  }

  private mutating func countFlap(_ number: Int, at time: Timestamp) {
    units[number].flaps += 1
    let cell = min(Self.cells - 1, Int((time.microseconds - window.from.microseconds) / cellLength))
    switch units[number].subject.kind {
    case .session: sessionFlaps[cell] += 1
    case .path: pathFlaps[cell] += 1
    default: break
    }
  }

  private func isWatched(_ time: Timestamp) -> Bool {
    watch < watches.count && watches[watch].from <= time
  }

  /// Nothing is known after the end of a watch.
  private mutating func advance(to time: Timestamp) {
    while watch < watches.count, watches[watch].to < time {
      let end = watches[watch].to
      for number in units.indices where units[number].condition != .unknown { set(number, .unknown, at: end) }
      watch += 1
    }
  }

  private mutating func set(_ number: Int, _ condition: Condition, at time: Timestamp, since: Timestamp? = nil) {
    var from = time
    if units[number].condition == .unknown, let since { from = max(min(since, time), units[number].since) }
    if condition == units[number].condition { return }
    if units[number].since < from {
      let span = Span(from: units[number].since, to: from)
      if let span = span.clipped(to: window) { add(span, to: number) }
      units[number].since = from
    }
    units[number].condition = condition
  }

  private mutating func add(_ span: Span, to number: Int) {
    let condition = units[number].condition
    units[number].add(span)
    guard condition != .unknown else { return }
    let first = Int((span.from.microseconds - window.from.microseconds) / cellLength)
    let last = Int((span.to.microseconds - window.from.microseconds - 1) / cellLength)
    for cell in min(first, Self.cells - 1)...min(max(first, last), Self.cells - 1) {
      units[number].cells[cell] = max(units[number].cells[cell], condition)
    }
  }

  private var cellLength: Int64 { max(1, (window.length + Int64(Self.cells) - 1) / Int64(Self.cells)) }

  /// One session of one discriminator, one path, one group.
  struct Unit {
    var subject: Subject
    var condition = Condition.unknown
    /// Where what has been added up ends.
    var since: Timestamp
    var lastChange: Timestamp?
    /// Microseconds in each condition, by its raw value.
    var totals: [Int64] = [0, 0, 0, 0]
    var flaps = 0
    var outages = 0
    var longest: Outage?
    var detections = Spread()
    var failovers = Spread()
    /// The worst condition in each part of the window.
    var cells = [Condition](repeating: .unknown, count: Accounting.cells)
    private var outage: Span?

    init(_ subject: Subject, since: Timestamp) {
      self.subject = subject
      self.since = since
    }

    mutating func add(_ span: Span) {
      totals[Int(condition.rawValue)] += span.length
      guard condition == .down else { return }
      if let open = outage, open.to == span.from {
        outage = Span(from: open.from, to: span.to)
      } else {
        endOutage(isOngoing: false)
        outage = span
      }
    }

    mutating func endOutage(isOngoing: Bool) {
      guard let ended = outage else { return }
      outage = nil
      outages += 1
      if ended.length > longest?.span.length ?? -1 { longest = Outage(span: ended, isOngoing: isOngoing) }
    }
  }
}

/// A time without a break in which something was down.
public struct Outage: Hashable, Sendable {
  public var span: Span
  /// It was still down at the end of the window.
  public var isOngoing: Bool
}

/// Mean and worst of a number of durations, in microseconds.
public struct Spread: Hashable, Sendable {
  public private(set) var count = 0
  public private(set) var sum: UInt64 = 0
  public private(set) var worst: UInt64 = 0

  public init() {}

  public var mean: UInt64? { count > 0 ? sum / UInt64(count) : nil }

  public mutating func add(_ value: UInt64) {
    count += 1
    let (total, overflow) = sum.addingReportingOverflow(value)
    sum = overflow ? .max : total
    worst = max(worst, value)
  }

  public mutating func add(_ other: Spread) {
    count += other.count
    let (total, overflow) = sum.addingReportingOverflow(other.sum)
    sum = overflow ? .max : total
    worst = max(worst, other.worst)
  }
}
