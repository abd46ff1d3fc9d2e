/// Durations as the configuration writes them: a number and a unit, `50ms`, `1.5s`, `3300us`.
enum DurationText {
  enum Failure: Error {
    /// Just a number.
    case noUnit
    case malformed
    /// Not a whole number of microseconds.
    case tooFine
    case tooLarge
  }

  private static let units: [(name: String, nanoseconds: Int64)] = [
    ("us", 1000), ("µs", 1000), ("μs", 1000), ("ms", 1_000_000), ("s", 1_000_000_000), ("m", 60_000_000_000),
    ("h", 3_600_000_000_000)
  ]

  static func parse(_ text: String) throws(Failure) -> Duration {
    let number = text.prefix { $0.isASCII && $0.isNumber || $0 == "." }
    let unit = text[number.endIndex...].drop { $0 == " " }
    let parts = number.split(separator: ".", omittingEmptySubsequences: false)
    guard (1...2).contains(parts.count), parts.allSatisfy({ !$0.isEmpty }) else { throw .malformed }
    if unit.isEmpty { throw .noUnit }
    guard let scale = units.first(where: { $0.name == unit })?.nanoseconds else { throw .malformed }
    guard let whole = Int64(parts[0]) else { throw .tooLarge }
    let (product, overflow) = whole.multipliedReportingOverflow(by: scale)
    if overflow { throw .tooLarge }
    var nanoseconds = product
    if parts.count == 2 {
      var rest = scale
      for digit in parts[1] {
        guard rest % 10 == 0 || digit == "0" else { throw .tooFine }
        rest /= 10
        let (sum, overflow) = nanoseconds.addingReportingOverflow(Int64(digit.wholeNumberValue ?? 0) * rest)
        if overflow { throw .tooLarge }
        nanoseconds = sum
      }
    }
    guard nanoseconds % 1000 == 0 else { throw .tooFine }
    return .nanoseconds(nanoseconds)
  }

  /// The shortest exact form: `300ms`, `4294967295us`, `0s`.
  static func text(_ duration: Duration) -> String {
    let (seconds, attoseconds) = duration.components
    let microseconds = attoseconds / 1_000_000_000_000
    if microseconds == 0 {
      if seconds != 0, seconds % 3600 == 0 { return "\(seconds / 3600)h" }
      if seconds != 0, seconds % 60 == 0 { return "\(seconds / 60)m" }
      return "\(seconds)s"
    }
    let (total, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
    if overflow { return "\(seconds)s" }
    let all = total + microseconds
    return all % 1000 == 0 ? "\(all / 1000)ms" : "\(all)us"
  }
}
