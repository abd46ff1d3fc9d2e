/// Nearest-rank quantiles of a list of values.
public struct Quantiles: Sendable {
  private let sorted: [Double]

  public init(_ values: [Double]) { sorted = values.sorted() }

  public var count: Int { sorted.count }

  /// - Parameter fraction: 0 is the least, 0.5 the median, 1 the greatest.
  public subscript(_ fraction: Double) -> Double? {
    guard let last = sorted.indices.last else { return nil }
    return sorted[min(last, max(0, Int((fraction * Double(sorted.count)).rounded(.up)) - 1))]
  }

  public var median: Double? {
    guard !sorted.isEmpty else { return nil }
    let middle = sorted.count / 2
    return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
  }
}

/// Counts of values in bins of one width; what lies beyond is in the last. Takes a value without allocating.
public struct Histogram: Sendable {
  private var bins: [UInt32]
  private let width: Double
  public private(set) var count = 0
  public private(set) var maximum = 0.0
  private var sum = 0.0

  init(bins: Int, width: Double) {
    self.bins = Array(repeating: 0, count: bins)
    self.width = width
  }

  mutating func add(_ value: Double) {
    let bin = min(bins.count - 1, max(0, Int(value / width)))
    bins[bin] &+= 1
    count += 1
    sum += value
    if value > maximum { maximum = value }
  }

  public var mean: Double? { count > 0 ? sum / Double(count) : nil }

  /// The middle of the bin where the nearest rank is; exact for the greatest.
  public func quantile(_ fraction: Double) -> Double? {
    guard count > 0 else { return nil }
    if fraction >= 1 { return maximum }
    let rank = max(1, Int((fraction * Double(count)).rounded(.up)))
    var seen = 0
    for (index, number) in bins.enumerated() {
      seen += Int(number)
      if seen >= rank { return min(maximum, (Double(index) + 0.5) * width) }
    }
    return maximum
  }
}

/// How a daemon's packets followed each other, as shares of the interval that was agreed.
public struct Intervals: Sendable {
  public internal(set) var ratios = Histogram(bins: 20_000, width: 0.001)
  /// Packets that were due and had not come when the next one came.
  public internal(set) var missed = 0
  public internal(set) var below75 = 0
  public internal(set) var above105 = 0

  /// A gap of 2.3 intervals is two packets late or lost: one counts as missed for each whole interval, with 5 % of grace.
  mutating func add(_ ratio: Double) {
    ratios.add(ratio)
    if ratio < 0.75 { below75 += 1 }
    if ratio > 1.05 {
      above105 += 1
      missed += Int((ratio - 0.05).rounded(.up)) - 1
    }
  }
}
