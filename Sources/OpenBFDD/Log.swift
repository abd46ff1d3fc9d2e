/// Named sets of log types (OpenBFDD log.cpp).
public enum LogLevel: String, Hashable, Sendable, CaseIterable {
  case none, minimal, normal, detailed, dev, all

  /// What a level shows.
  public var types: Set<LogType> {
    switch self {
    case .none: []
    case .minimal: [.critical, .error, .warn]
    case .normal: Self.minimal.types.union([.app, .session, .command])
    case .detailed: Self.normal.types.union([.discard])
    case .dev: Self.detailed.types.union([.debug, .packet, .packetContents, .appDetail, .sessionDetail])
    case .all: Set(LogType.allCases)
    }
  }
}

/// What a line of the log is about.
public enum LogType: String, Hashable, Sendable, CaseIterable {
  case critical, error, warn, debug, app
  case appDetail = "app_detail"
  case session
  case sessionDetail = "session_detail"
  case discard
  case discardDetail = "discard_detail"
  case packet
  case packetContents = "packet_contents"
  case command
  case commandDetail = "command_detail"
  case timerDetail = "timer_detail"
  case temp

  /// As `log type list` says it; empty for the types that need none.
  var about: String {
    switch self {
    case .critical, .error, .warn, .debug: ""
    case .app: "General application messages"
    case .appDetail: "Detailed application messages"
    case .session: "Session creation and state change"
    case .sessionDetail: "Detailed session creation and state change"
    case .discard: "Packet discards and errors"
    case .discardDetail: "Contents of (some) discarded packets"
    case .packet: "Detailed packet info"
    case .packetContents: "Log every non-discarded packet"
    case .command: "Incoming commands"
    case .commandDetail: "Detailed info about command processing"
    case .timerDetail: "Detailed info about timers and scheduler"
    case .temp: "Special temporary developer messages"
    }
  }

  /// The severity of syslog (RFC 5424 section 6.2.1).
  public var severity: Int {
    switch self {
    case .critical: 2
    case .error: 3
    case .warn: 4
    case .debug, .sessionDetail, .packetContents, .commandDetail, .timerDetail, .temp: 7
    default: 6
    }
  }
}

/// What is logged, and how.
public struct LogSettings: Hashable, Sendable {
  public private(set) var types = LogLevel.normal.types
  /// Whether each line carries the monotonic time.
  public private(set) var hasTiming = false

  public init() {}

  /// Does what a command asks.
  /// - Returns: the reply.
  public mutating func apply(_ command: LogCommand) -> String {
    switch command {
    case .listLevels:
      return "Available log levels: \(LogLevel.allCases.map(\.rawValue).joined(separator: ", "))\n"
    case .setLevel(let level):
      types = level.types
      return "Log level set to \(level.rawValue).\n"
    case .listTypes:
      let lines = LogType.allCases.map { type in
        type.about.isEmpty ? "    \(type.rawValue)\n" : "    \(type.rawValue) - \(type.about)\n"
      }
      return "Available log types:\n" + lines.joined()
    case .setType(let type, let on):
      let was = types.contains(type)
      if on { types.insert(type) } else { types.remove(type) }
      return "Log type \(type.rawValue) set to \(on ? "yes" : "no"), was \(was ? "yes" : "no")\n"
    case .setTiming(let on):
      hasTiming = on
      return "Extended time logging \(on ? "enabled" : "disabled").\n"
    }
  }
}

extension LogCommand {
  init(_ rest: inout ArraySlice<String>) throws(Rejection) {
    let items = "'level', 'type' or 'timing'"
    switch rest.popFirst() {
    case "level":
      guard let word = rest.first else { throw Rejection("Must specify a level name or 'list'.") }
      if word == "list" {
        self = .listLevels
        return
      }
      guard let level = LogLevel(rawValue: word) else { throw Rejection("Unknown level: \(word).") }
      self = .setLevel(level)
    case "type":
      guard let word = rest.popFirst() else {
        throw Rejection("'type' must be followed by 'list' or a log type.")
      }
      if word == "list" {
        self = .listTypes
        return
      }
      guard let type = LogType(rawValue: word) else { throw Rejection("Unknown log type: \(word).") }
      self = .setType(type, try Self.choice(rest.first))
    case "timing": self = .setTiming(try Self.choice(rest.first))
    case let word?: throw Rejection("'log' must be followed by one of \(items). Unknown <\(word)>")
    case nil: throw Rejection("Must specify: \(items).")
    }
  }

  private static func choice(_ word: String?) throws(Rejection) -> Bool {
    switch word {
    case "yes": return true
    case "no": return false
    default: throw Rejection("Must specify 'yes' or 'no'.")
    }
  }
}
