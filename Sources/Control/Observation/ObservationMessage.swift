import FoundationEssentials

/// One line of the stream that `observe` answers with: a report of everything first, then what happens.
public enum ObservationMessage: Hashable, Sendable {
  /// Everything. Comes first, and again when too much has changed at once.
  case status(StatusReport)
  case event(Event)
  case change(StatusChange)
  case samples(Samples)

  private struct Wire: Decodable {
    var status: StatusReport?
    var event: Event?
    var change: StatusChange?
    var samples: Samples?
  }

  /// JSON and a newline.
  public var line: [UInt8] { line {} }

  /// The same.
  /// - Parameter pause: called between the parts of a large report, by who must not use much CPU time at once.
  public func line(pause: () -> Void) -> [UInt8] {
    let (key, value) =
      switch self {
      case .status(let report): ("status", report.octets(pause: pause))
      case .event(let event): ("event", Self.json(event))
      case .change(let change): ("change", Self.json(change))
      case .samples(let samples): ("samples", samples.json)
      }
    guard !value.isEmpty else { return [] }
    return Array("{\"\(key)\":".utf8) + value + Array("}\n".utf8)
  }

  static func json(_ value: some Encodable) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.withoutEscapingSlashes]
    // Only a number that JSON cannot write fails here, and none of these is divided by anything.
    return (try? encoder.encode(value)).map { [UInt8]($0) } ?? []
  }

  /// - Parameter line: without its newline.
  /// - Returns: nil for a message of a later version that is not known here, and for anything else.
  public init?(_ line: some Collection<UInt8>) {
    guard let wire = try? JSONDecoder().decode(Wire.self, from: Data(line)) else { return nil }
    if let report = wire.status {
      self = .status(report)
    } else if let event = wire.event {
      self = .event(event)
    } else if let change = wire.change {
      self = .change(change)
    } else if let samples = wire.samples {
      self = .samples(samples)
    } else {
      return nil
    }
  }
}

/// Cuts octets of a stream, as they come, into lines.
public struct LineCutter: Sendable {
  /// Of one line: a report of some ten thousand sessions.
  static let limit = 64 << 20
  private var octets: [UInt8] = []
  private var searched = 0

  public init() {}

  public mutating func append(_ new: [UInt8]) { octets += new }

  /// Too long for a line: what comes is no stream of messages.
  public var isOverlong: Bool { octets.count > Self.limit }

  /// Whole lines, without their newlines.
  public mutating func lines() -> [ArraySlice<UInt8>] {
    var found: [ArraySlice<UInt8>] = []
    var start = 0
    while let end = octets[max(start, searched)...].firstIndex(of: UInt8(ascii: "\n")) {
      found.append(octets[start..<end])
      start = end + 1
      searched = start
    }
    octets.removeFirst(start)
    searched = octets.count
    return found
  }
}
