/// A line of bars, as high as each value is against a limit.
struct SparkLine {
  /// What the locale can show.
  var isUnicode: Bool

  private static let bars: [Character] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]
  private static let plain: [Character] = [".", ".", ":", ":", "-", "=", "+", "#"]

  /// - Parameters:
  ///   - values: the oldest first; 0 is a blank.
  ///   - limit: what fills the height.
  ///   - width: columns; the newest value is the rightmost.
  /// - Returns: pieces of one style each, `width` columns together.
  func pieces(_ values: [UInt32], limit: UInt64, width: Int) -> [Styled] {
    let shown = values.suffix(width)
    var pieces = [Styled(String(repeating: " ", count: max(0, width - shown.count)))]
    for value in shown {
      let bar = value == 0 ? " " : String((isUnicode ? Self.bars : Self.plain)[Self.height(value, limit)])
      let style = Self.style(value, limit)
      if let last = pieces.last, last.style == style {
        pieces[pieces.count - 1].text += bar
      } else {
        pieces.append(Styled(bar, style))
      }
    }
    return pieces.filter { !$0.text.isEmpty }
  }

  /// 0 to 7.
  static func height(_ value: UInt32, _ limit: UInt64) -> Int {
    guard limit > 0 else { return 0 }
    return Int(min(7, UInt64(value) * 8 / limit))
  }

  /// Half of the detection time is what any packet that is lost costs at a multiplier of 3, more is a warning.
  static func style(_ value: UInt32, _ limit: UInt64) -> Style {
    guard limit > 0, value > 0 else { return .plain }
    let share = UInt64(value) * 100 / limit
    return share >= 90 ? .bad : share >= 70 ? .warning : .good
  }
}
