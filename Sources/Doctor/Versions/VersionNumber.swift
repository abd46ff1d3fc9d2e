/// Numbers with dots, as programs and kernels have them; what follows the first other letter is left out.
public struct VersionNumber: Hashable, Sendable, Comparable, CustomStringConvertible {
  public var parts: [Int]

  public init(_ parts: Int...) { self.parts = parts }

  /// From `v1.13.0`, `v1.31.2+k3s1`, `24.03.4-20.33.0`, `4.18.0-372.9.1.el8`; nil without a number in front.
  public init?(_ text: some StringProtocol) {
    var parts: [Int] = []
    var rest = Substring(text)
    if rest.first == "v" { rest = rest.dropFirst() }
    while true {
      let digits = rest.prefix { $0.isASCII && $0.isNumber }
      guard let number = Int(digits) else { break }
      parts.append(number)
      rest = rest.dropFirst(digits.count)
      guard rest.first == "." else { break }
      rest = rest.dropFirst()
    }
    guard parts.count > 1 else { return nil }
    self.parts = parts
  }

  /// The first two.
  public var series: VersionNumber {
    var result = self
    result.parts = Array(parts.prefix(2))
    return result
  }

  /// A part that is not there counts as 0.
  public static func < (a: Self, b: Self) -> Bool {
    for index in 0..<max(a.parts.count, b.parts.count) {
      let (left, right) = (a[index], b[index])
      if left != right { return left < right }
    }
    return false
  }

  public subscript(index: Int) -> Int { index < parts.count ? parts[index] : 0 }

  /// As OVN writes its series, year and month: `24.03`.
  public var calendarName: String { "\(self[0]).\(self[1] < 10 ? "0" : "")\(self[1])" }

  public var description: String { parts.map { "\($0)" }.joined(separator: ".") }
}
