import ArgumentParser
import Control
import Glibc

/// A time on the command line: so long ago (`90s`, `30m`, `2h`, `7d`, `4w`), or a date and time (`2026-11-20`,
/// `2026-11-20T03:12`, `2026-11-20T03:12:04.5+01:00`, `...Z`); of the machine's time zone unless it names one.
enum Moment: ExpressibleByArgument, Hashable {
  /// Microseconds.
  case ago(Int64)
  case at(Timestamp)

  init?(argument: String) {
    if let ago = Self.ago(argument) {
      self = .ago(ago)
    } else if let at = Self.date(argument) {
      self = .at(at)
    } else {
      return nil
    }
  }

  func timestamp(now: Timestamp) -> Timestamp {
    switch self {
    case .ago(let microseconds): Timestamp(microseconds: now.microseconds - microseconds)
    case .at(let timestamp): timestamp
    }
  }

  private static func ago(_ text: String) -> Int64? {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    let units: [Substring: Int64] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800]
    guard let number = UInt32(digits), let unit = units[text.dropFirst(digits.count)] else { return nil }
    return Int64(number) * unit * 1_000_000
  }

  private static func date(_ text: String) -> Timestamp? {
    // What `everway history` prints has an offset; Timestamp knows UTC only.
    var local = Substring(text)
    var offset: Int64?
    if local.last == "Z" {
      local.removeLast()
      offset = 0
    } else if local.count > 16, let sign = local.lastIndex(where: { $0 == "+" || $0 == "-" }),
      local.distance(from: local.startIndex, to: sign) >= 16
    {
      let parts = local[local.index(after: sign)...].split(separator: ":")
      guard parts.count == 2, let hours = Int64(parts[0]), let minutes = Int64(parts[1]), hours < 24, minutes < 60
      else { return nil }
      offset = (hours * 3_600 + minutes * 60) * (local[sign] == "-" ? -1 : 1)
      local = local[..<sign]
    }
    var whole = local.count == 10 ? "\(local)T00:00:00" : String(local)
    if whole.count == 16 { whole += ":00" }
    guard let time = Timestamp(whole.replacing(" ") + "Z") else { return nil }
    let seconds = offset ?? Self.offset(ofLocal: time)
    return Timestamp(microseconds: time.microseconds - seconds * 1_000_000)
  }

  /// Seconds by which the machine's time is ahead of UTC, at a time that is local.
  private static func offset(ofLocal time: Timestamp) -> Int64 {
    var seconds = time_t(time.microseconds / 1_000_000)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    parts.tm_isdst = -1
    return Int64(seconds - mktime(&parts))
  }
}

extension String {
  /// A date and a time may be apart by a blank.
  fileprivate func replacing(_ blank: Character) -> String {
    String(map { $0 == blank ? "T" : $0 })
  }
}

/// Times as the machine's clock shows them.
enum LocalTime {
  /// RFC 3339 with milliseconds: `2026-11-20T03:12:04.123+01:00`, `...Z` in UTC.
  static func text(_ time: Timestamp) -> String {
    var seconds = time_t(time.microseconds / 1_000_000)
    var parts = tm()
    localtime_r(&seconds, &parts)
    let offset = Int64(parts.tm_gmtoff)
    let local = "\(Timestamp(microseconds: time.microseconds + offset * 1_000_000))".dropLast(4)
    guard offset != 0 else { return "\(local)Z" }
    let minutes = abs(offset) / 60
    func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return "\(local)\(offset < 0 ? "-" : "+")\(two(minutes / 60)):\(two(minutes % 60))"
  }

  /// Without milliseconds.
  static func brief(_ time: Timestamp) -> String {
    let text = text(time)
    return String(text.prefix(19) + text.dropFirst(23))
  }
}
