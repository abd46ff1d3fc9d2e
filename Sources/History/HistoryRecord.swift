public import Control
import FoundationEssentials

/// An event as the journal has it.
public struct HistoryRecord: Hashable, Sendable, Codable {
  /// By which `everway history --packets` knows it; grows.
  public var id: Int64
  /// Nil: it came from no run.
  public var run: RunInfo?
  public var event: Event
  /// Whether its packets were kept; they are not in ``event``.
  public var hasPackets: Bool
  /// Events before this one that could not be recorded.
  public var missingEvents: Int?

  public init(id: Int64, run: RunInfo?, event: Event, hasPackets: Bool = false, missingEvents: Int? = nil) {
    self.id = id
    self.run = run
    self.event = event
    self.hasPackets = hasPackets
    self.missingEvents = missingEvents
  }

  private enum CodingKeys: String, CodingKey {
    case id, run, event
    case hasPackets = "has-packets"
    case missingEvents = "missing-events"
  }

  /// One line, keys sorted, without a newline.
  public var json: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
    guard let data = try? encoder.encode(self) else { return "{}" }
    return String(decoding: data, as: UTF8.self)
  }
}

/// Which events are asked for; what is nil or empty does not matter.
public struct HistoryQuery: Hashable, Sendable {
  public var since: Timestamp?
  /// Before this.
  public var until: Timestamp?
  public var kinds: [Event.Kind] = []
  /// Names or addresses of peers; only events of sessions then, or of paths if there are any of these too.
  public var sessions: [String] = []
  public var paths: [String] = []
  public var level: Event.Level?
  /// Only those with a greater id: the order is then that of the journal, and the limit counts from the first.
  public var after: Int64?
  /// At most so many, the last ones.
  public var limit = 200

  public init() {}
}
