import Control
import FoundationEssentials

/// What `everway report` tells: how a gateway's sessions, paths and groups did over a window of time.
public struct HistoryReport: Hashable, Sendable {
  public var window: Span
  public var hostName: String?
  /// Runs of everway that began in the window.
  public var starts: Int
  /// Parts of the window in which nobody watched: what happened then is not known, and counts neither way.
  public var unwatched: [Span]
  /// Events that could not be recorded.
  public var missingEvents: Int
  public var groups: [Row]
  public var paths: [Row]
  public var sessions: [Row]
  /// Flaps in each of ``Accounting/cells`` equal parts of the window.
  public var sessionFlaps: [Int]
  public var pathFlaps: [Int]

  /// One session, path or group.
  public struct Row: Hashable, Sendable {
    public var name: String
    public var peerAddress: String?
    /// Microseconds of the window in each condition.
    public var up: Int64
    public var down: Int64
    public var planned: Int64
    /// Times it went from good to bad without an operator's wish.
    public var flaps: Int
    public var outages: Int
    public var longestOutage: Outage?
    /// Of a session: microseconds from the peer's last packet to the detection.
    public var detections: Spread
    /// Of a group: microseconds from the cause to the kernel's acknowledgement.
    public var failovers: Spread
    /// The worst condition in each part of the window.
    public var cells: [Condition]

    public var known: Int64 { up + down + planned }
    /// 0 to 1: the good part of the time that is known and that no operator took; nil: there was none.
    public var availability: Double? { up + down > 0 ? Double(up) / Double(up + down) : nil }
  }

  /// Ends the accounting.
  public init(
    _ accounting: consuming Accounting, hostName: String? = nil, starts: Int = 0, missingEvents: Int = 0
  ) {
    accounting.finish()
    window = accounting.window
    self.hostName = hostName
    self.starts = starts
    self.missingEvents = missingEvents
    unwatched = accounting.watches.gaps(in: window)
    groups = Self.rows(.group, accounting.units)
    paths = Self.rows(.path, accounting.units)
    sessions = Self.rows(.session, accounting.units)
    sessionFlaps = accounting.sessionFlaps
    pathFlaps = accounting.pathFlaps
  }

  public var watchedSeconds: Double { window.seconds - unwatched.reduce(0) { $0 + $1.seconds } }

  /// Units of one name and peer as one row: a discriminator may change with a restart.
  private static func rows(_ kind: Event.Kind, _ units: [Accounting.Unit]) -> [Row] {
    struct Key: Hashable {
      var name: String
      var peer: String?
    }
    var places: [Key: Int] = [:]
    var rows: [Row] = []
    for unit in units where unit.subject.kind == kind {
      let row = Row(unit)
      if row.known == 0, row.flaps == 0, row.failovers.count == 0 { continue }
      let key = Key(name: row.name, peer: row.peerAddress)
      if let place = places[key] {
        rows[place].add(row)
      } else {
        places[key] = rows.count
        rows.append(row)
      }
    }
    return rows.sorted { ($0.name, $0.peerAddress ?? "") < ($1.name, $1.peerAddress ?? "") }
  }
}

extension HistoryReport.Row {
  init(_ unit: Accounting.Unit) {
    func total(_ condition: Condition) -> Int64 { unit.totals[Int(condition.rawValue)] }
    self.init(
      name: unit.subject.name, peerAddress: unit.subject.peerAddress, up: total(.up), down: total(.down),
      planned: total(.planned), flaps: unit.flaps, outages: unit.outages, longestOutage: unit.longest,
      detections: unit.detections, failovers: unit.failovers, cells: unit.cells)
  }

  mutating func add(_ other: Self) {
    up += other.up
    down += other.down
    planned += other.planned
    flaps += other.flaps
    outages += other.outages
    if let new = other.longestOutage, new.span.length > longestOutage?.span.length ?? -1 { longestOutage = new }
    detections.add(other.detections)
    failovers.add(other.failovers)
    for cell in cells.indices { cells[cell] = max(cells[cell], other.cells[cell]) }
  }
}

// MARK: JSON

/// Times are RFC 3339 in UTC; what counts in seconds says so in its name, everything else is whole microseconds.
extension HistoryReport: Encodable {
  private enum Key: String, CodingKey {
    case from, to, unwatched, starts, groups, paths, sessions
    case hostName = "host-name"
    case watchedSeconds = "watched-seconds"
    case missingEvents = "missing-events"
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(window.from, forKey: .from)
    try container.encode(window.to, forKey: .to)
    try container.encodeIfPresent(hostName, forKey: .hostName)
    try container.encode(starts, forKey: .starts)
    try container.encode(watchedSeconds, forKey: .watchedSeconds)
    try container.encode(unwatched, forKey: .unwatched)
    try container.encode(missingEvents, forKey: .missingEvents)
    try container.encode(groups, forKey: .groups)
    try container.encode(paths, forKey: .paths)
    try container.encode(sessions, forKey: .sessions)
  }

  /// Keys sorted.
  public func json(pretty: Bool = true) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
    if pretty { encoder.outputFormatting.insert(.prettyPrinted) }
    guard let data = try? encoder.encode(self) else { return "{}" }
    return String(decoding: data, as: UTF8.self)
  }
}

extension HistoryReport.Row: Encodable {
  private enum Key: String, CodingKey {
    case name, availability, flaps, outages, detections, failovers
    case peerAddress = "peer-address"
    case upSeconds = "up-seconds"
    case downSeconds = "down-seconds"
    case plannedSeconds = "planned-seconds"
    case longestOutage = "longest-outage"
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(name, forKey: .name)
    try container.encodeIfPresent(peerAddress, forKey: .peerAddress)
    try container.encodeIfPresent(availability, forKey: .availability)
    try container.encode(Double(up) / 1_000_000, forKey: .upSeconds)
    try container.encode(Double(down) / 1_000_000, forKey: .downSeconds)
    try container.encode(Double(planned) / 1_000_000, forKey: .plannedSeconds)
    try container.encode(flaps, forKey: .flaps)
    try container.encode(outages, forKey: .outages)
    try container.encodeIfPresent(longestOutage, forKey: .longestOutage)
    if detections.count > 0 { try container.encode(detections, forKey: .detections) }
    if failovers.count > 0 { try container.encode(failovers, forKey: .failovers) }
  }
}

extension Outage: Encodable {
  private enum Key: String, CodingKey { case from, to, seconds, ongoing }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(span.from, forKey: .from)
    try container.encode(span.to, forKey: .to)
    try container.encode(span.seconds, forKey: .seconds)
    try container.encode(isOngoing, forKey: .ongoing)
  }
}

extension Spread: Encodable {
  private enum Key: String, CodingKey { case count, mean, worst }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(count, forKey: .count)
    try container.encodeIfPresent(mean, forKey: .mean)
    try container.encode(worst, forKey: .worst)
  }
}
