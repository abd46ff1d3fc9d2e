/// Numbers as a person reads them.
enum Quantities {
  /// How long something has lasted: `0s`, `59s`, `3m05s`, `3h12m`, `5d03h`.
  static func duration(seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e12 else { return "?" }
    let total = Int(max(0, seconds))
    let (days, hours, minutes) = (total / 86_400, total / 3_600 % 24, total / 60 % 60)
    if days > 0 { return "\(days)d\(twoDigits(hours))h" }
    if hours > 0 { return "\(hours)h\(twoDigits(minutes))m" }
    if minutes > 0 { return "\(minutes)m\(twoDigits(total % 60))s" }
    return "\(total)s"
  }

  /// An interval in the unit that fits it, with at most three digits after the point: `300ms`, `3.3ms`, `412us`, `1.5s`.
  static func interval(microseconds: UInt64) -> String {
    if microseconds < 1_000 { return "\(microseconds)us" }
    if microseconds < 1_000_000 { return thousandths(microseconds) + "ms" }
    return thousandths(microseconds / 1_000 + (microseconds % 1_000 >= 500 ? 1 : 0)) + "s"
  }

  /// `1,234,567`.
  static func count(_ value: some BinaryInteger) -> String {
    let digits = String(value.magnitude)
    var text = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index).isMultiple(of: 3) { text += "," }
      text.append(digit)
    }
    return (value < 0 ? "-" : "") + text
  }

  /// `1 path`, `3 paths`.
  static func count(_ value: Int, _ one: String, _ many: String? = nil) -> String {
    "\(count(value)) \(value == 1 ? one : many ?? one + "s")"
  }

  /// A share of 1 as `33%`, `0.5%`.
  static func percent(_ share: Double) -> String {
    guard share.isFinite, abs(share) < 1e6 else { return "?" }
    let tenths = Int((share * 1_000).rounded())
    return tenths >= 100 || tenths.isMultiple(of: 10) ? "\((tenths + 5) / 10)%" : "\(tenths / 10).\(tenths % 10)%"
  }

  private static func thousandths(_ value: UInt64) -> String {
    let rest = value % 1_000
    guard rest > 0 else { return "\(value / 1_000)" }
    var digits = String(rest + 1_000).dropFirst()
    while digits.last == "0" { digits.removeLast() }
    return "\(value / 1_000).\(digits)"
  }

  private static func twoDigits(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
}
