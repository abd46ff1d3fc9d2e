/// Points in time as RFC 3339 writes them, in seconds since 1970 (UTC).
enum CalendarText {
  /// `2026-07-01T00:00:00Z`, or with an offset such as `+08:00`; nil for anything else. A fraction of a second is
  /// dropped.
  static func parse(_ text: String) -> Int64? {
    var rest = text.utf8[...]
    guard let year = number(&rest, 4), skip(&rest, "-"), let month = number(&rest, 2), skip(&rest, "-"),
      let day = number(&rest, 2), skip(&rest, "T") || skip(&rest, "t") || skip(&rest, " "),
      let hour = number(&rest, 2), skip(&rest, ":"), let minute = number(&rest, 2), skip(&rest, ":"),
      let second = number(&rest, 2)
    else { return nil }
    guard (1...12).contains(month), day >= 1, day <= days(in: month, of: year), hour < 24, minute < 60, second <= 60
    else { return nil }
    if skip(&rest, ".") {
      guard number(&rest, 1) != nil else { return nil }
      while number(&rest, 1) != nil {}
    }
    guard let offset = offset(&rest), rest.isEmpty else { return nil }
    return daysSince1970(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - offset
  }

  /// `2026-07-01T00:00:00Z`, for the years 0 to 9999.
  static func text(_ seconds: Int64) -> String {
    var days = seconds / 86_400
    var rest = seconds % 86_400
    if rest < 0 {
      rest += 86_400
      days -= 1
    }
    var year: Int64 = 1970
    while days < 0 || days >= length(of: year) {
      if days < 0 {
        year -= 1
        days += length(of: year)
      } else {
        days -= length(of: year)
        year += 1
      }
    }
    var month: Int64 = 1
    while days >= self.days(in: month, of: year) {
      days -= self.days(in: month, of: year)
      month += 1
    }
    return padded(year, 4) + "-" + padded(month, 2) + "-" + padded(days + 1, 2) + "T" + padded(rest / 3_600, 2)
      + ":"
      + padded(rest / 60 % 60, 2) + ":" + padded(rest % 60, 2) + "Z"
  }

  private static func padded(_ value: Int64, _ width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
  }

  /// Seconds east of UTC.
  private static func offset(_ rest: inout Substring.UTF8View) -> Int64? {
    if skip(&rest, "Z") || skip(&rest, "z") { return 0 }
    let sign: Int64
    if skip(&rest, "+") { sign = 1 } else if skip(&rest, "-") { sign = -1 } else { return nil }
    guard let hours = number(&rest, 2), skip(&rest, ":"), let minutes = number(&rest, 2), hours < 24, minutes < 60
    else { return nil }
    return sign * (hours * 3_600 + minutes * 60)
  }

  private static func number(_ rest: inout Substring.UTF8View, _ digits: Int) -> Int64? {
    var value: Int64 = 0
    let head = rest.prefix(digits)
    guard head.count == digits else { return nil }
    for octet in head {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(octet) else { return nil }
      value = value * 10 + Int64(octet - UInt8(ascii: "0"))
    }
    rest = rest.dropFirst(digits)
    return value
  }

  private static func skip(_ rest: inout Substring.UTF8View, _ character: Unicode.Scalar) -> Bool {
    guard rest.first == UInt8(ascii: character) else { return false }
    rest = rest.dropFirst()
    return true
  }

  private static func isLeap(_ year: Int64) -> Bool {
    year.isMultiple(of: 4) && !year.isMultiple(of: 100) || year.isMultiple(of: 400)
  }

  private static func length(of year: Int64) -> Int64 { isLeap(year) ? 366 : 365 }

  private static func days(in month: Int64, of year: Int64) -> Int64 {
    switch month {
    case 2: isLeap(year) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  private static func daysSince1970(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    let before = year - 1
    let toYear = before * 365 + before / 4 - before / 100 + before / 400
    let toMonth = (1..<month).reduce(Int64(0)) { $0 + days(in: $1, of: year) }
    return toYear + toMonth + day - 1 - 719_162  // days from 0001-01-01 to 1970-01-01
  }
}
