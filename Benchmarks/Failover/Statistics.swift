/// A list of times and what is asked of it. Microseconds.
struct Statistics {
  private let sorted: [Double]

  init(_ values: [Double]) { sorted = values.sorted() }

  var count: Int { sorted.count }

  /// The smallest value that at least this part of all do not exceed (nearest rank); nil for an empty list.
  func quantile(_ part: Double) -> Double? {
    guard !sorted.isEmpty else { return nil }
    return sorted[min(sorted.count - 1, max(0, Int((part * Double(sorted.count)).rounded(.up)) - 1))]
  }

  /// In whole microseconds, or a dash.
  func text(_ part: Double) -> String {
    quantile(part).map { "\(Int($0.rounded()))" } ?? "-"
  }
}
