import CLinux
import Glibc

/// A wall-clock time, for people and scripts; decisions are made by the monotonic clock. In JSON it is RFC 3339 in UTC
/// with microseconds: `2026-11-22T17:00:04.123456Z`.
public struct Timestamp: Hashable, Comparable, Sendable {
  /// Since 1970-01-01T00:00:00Z, leap seconds not counted.
  public var microseconds: Int64

  public init(microseconds: Int64) { self.microseconds = microseconds }

  /// CLOCK_REALTIME now.
  public static func now() -> Timestamp {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000)
  }

  /// How long ago `earlier` was, in seconds; negative when it is later.
  public func seconds(since earlier: Timestamp) -> Double {
    Double(microseconds - earlier.microseconds) / 1_000_000
  }

  public static func < (a: Self, b: Self) -> Bool { a.microseconds < b.microseconds }
}

extension Timestamp: CustomStringConvertible {
  public var description: String {
    let (days, second, micro) = parts
    let (year, month, day) = Self.civil(days)
    return
      "\(pad(year, 4))-\(pad(month, 2))-\(pad(day, 2))T\(pad(second / 3600, 2)):\(pad(second / 60 % 60, 2)):"
      + "\(pad(second % 60, 2)).\(pad(micro, 6))Z"
  }

  /// The text of `description`; the fraction may be missing or have up to 9 digits. Nil for anything else.
  public init?(_ text: String) {
    let bytes = Array(text.utf8)
    func number(_ range: Range<Int>) -> Int64? {
      guard range.upperBound <= bytes.count else { return nil }
      var value: Int64 = 0
      for byte in bytes[range] {
        guard (0x30...0x39).contains(byte) else { return nil }
        value = value * 10 + Int64(byte - 0x30)
      }
      return value
    }
    guard bytes.count >= 20, bytes.count <= 30, bytes.last == UInt8(ascii: "Z"), bytes[4] == UInt8(ascii: "-"),
      bytes[7] == UInt8(ascii: "-"), bytes[10] == UInt8(ascii: "T"), bytes[13] == UInt8(ascii: ":"),
      bytes[16] == UInt8(ascii: ":"), let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
      let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19),
      (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second < 61
    else { return nil }
    var micro: Int64 = 0
    if bytes.count > 20 {
      let digits = 20..<(bytes.count - 1)
      guard bytes[19] == UInt8(ascii: "."), !digits.isEmpty, var fraction = number(digits) else { return nil }
      for _ in digits.count..<9 { fraction *= 10 }
      micro = fraction / 1_000
    }
    let seconds = Self.days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second
    self.init(microseconds: seconds * 1_000_000 + micro)
  }

  private var parts: (days: Int64, second: Int64, micro: Int64) {
    let (total, micro) = Self.floored(microseconds, 1_000_000)
    let (days, second) = Self.floored(total, 86_400)
    return (days, second, micro)
  }

  private static func floored(_ value: Int64, _ divisor: Int64) -> (Int64, Int64) {
    let (quotient, rest) = value.quotientAndRemainder(dividingBy: divisor)
    return rest < 0 ? (quotient - 1, rest + divisor) : (quotient, rest)
  }

  private func pad(_ value: Int64, _ width: Int) -> String {
    let text = String(value)
    return String(repeating: "0", count: max(0, width - text.count)) + text
  }

  /// Days since 1970 to a date of the Gregorian calendar, counting in eras of 400 years that begin on 1 March.
  private static func civil(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let (era, dayOfEra) = floored(days + 719_468, 146_097)
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shifted = (5 * dayOfYear + 2) / 153
    let month = shifted < 10 ? shifted + 3 : shifted - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
  }

  private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    let (era, yearOfEra) = floored(month <= 2 ? year - 1 : year, 400)
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }
}

extension Timestamp: Codable {
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let value = Timestamp(text) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "not an RFC 3339 time in UTC: \(text)")
    }
    self = value
  }
}
