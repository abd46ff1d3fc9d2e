/// The two texts that Prometheus reads. They differ in the names of counters' families, in units and in the end.
public enum MetricsDialect: Hashable, Sendable {
  /// OpenMetrics 1.0: `application/openmetrics-text; version=1.0.0`.
  case openMetrics
  /// Prometheus' own: `text/plain; version=0.0.4`.
  case prometheus

  /// By an HTTP request's `Accept`: OpenMetrics where it is asked for by name.
  public init(accept: String) {
    self = accept.contains("application/openmetrics-text") ? .openMetrics : .prometheus
  }

  public var contentType: String {
    switch self {
    case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
    case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
    }
  }
}

/// Writes families and their samples as octets: with thousands of sessions there are some megabytes of them each time.
struct MetricsText {
  enum Kind {
    case gauge, counter, histogram
    var word: String {
      switch self {
      case .gauge: "gauge"
      case .counter: "counter"
      case .histogram: "histogram"
      }
    }
  }

  /// `{session="r1",peer="192.0.2.1"}`, ready to be written many times.
  struct Labels {
    fileprivate(set) var octets: [UInt8] = []

    /// - Parameter pairs: names that are valid, and any values.
    init(_ pairs: [(String, String)]) {
      guard !pairs.isEmpty else { return }
      octets.append(UInt8(ascii: "{"))
      for (number, pair) in pairs.enumerated() {
        if number > 0 { octets.append(UInt8(ascii: ",")) }
        octets += pair.0.utf8
        octets += [UInt8(ascii: "="), UInt8(ascii: "\"")]
        for octet in pair.1.utf8 { Self.escape(octet, into: &octets) }
        octets.append(UInt8(ascii: "\""))
      }
      octets.append(UInt8(ascii: "}"))
    }

    private static func escape(_ octet: UInt8, into octets: inout [UInt8]) {
      switch octet {
      case UInt8(ascii: "\\"): octets += [UInt8(ascii: "\\"), UInt8(ascii: "\\")]
      case UInt8(ascii: "\""): octets += [UInt8(ascii: "\\"), UInt8(ascii: "\"")]
      case UInt8(ascii: "\n"): octets += [UInt8(ascii: "\\"), UInt8(ascii: "n")]
      default: octets.append(octet)
      }
    }

    static let none = Labels([])

    /// The same and one more, behind them.
    func with(_ name: String, _ value: String) -> Labels {
      var more = Labels([(name, value)])
      guard !octets.isEmpty else { return more }
      more.octets = octets.dropLast() + [UInt8(ascii: ",")] + more.octets.dropFirst()
      return more
    }
  }

  let dialect: MetricsDialect
  private(set) var octets: [UInt8] = []
  /// Of the family being written: the name that samples carry.
  private var sampleName: [UInt8] = []

  init(_ dialect: MetricsDialect, reserving capacity: Int = 0) {
    self.dialect = dialect
    octets.reserveCapacity(capacity)
  }

  /// Begins a family.
  /// - Parameters:
  ///   - name: without `_total`, with its unit (`_seconds`, `_ratio`, `_bytes`).
  ///   - help: one sentence without a full stop, a backslash or a line break.
  mutating func family(_ name: String, _ kind: Kind, _ help: String) {
    let sample = kind == .counter ? "\(name)_total" : name
    let family = dialect == .openMetrics ? name : sample
    sampleName = Array(sample.utf8)
    add("# TYPE \(family) \(kind.word)\n")
    if dialect == .openMetrics, let unit = Self.unit(of: name) { add("# UNIT \(family) \(unit)\n") }
    add("# HELP \(family) \(help).\n")
  }

  private static func unit(of name: String) -> String? {
    ["seconds", "ratio", "bytes"].first { name.hasSuffix("_\($0)") }
  }

  mutating func sample(_ labels: Labels, _ value: UInt64) {
    begin(labels)
    number(value)
    octets.append(UInt8(ascii: "\n"))
  }

  mutating func sample(_ labels: Labels, _ value: Bool) { sample(labels, value ? 1 : 0 as UInt64) }

  /// Microseconds, written as seconds.
  mutating func sample(_ labels: Labels, microseconds: UInt64) {
    begin(labels)
    seconds(microseconds)
    octets.append(UInt8(ascii: "\n"))
  }

  mutating func sample(_ labels: Labels, _ value: Double) {
    begin(labels)
    add(value.isNaN ? "NaN" : value.isInfinite ? (value < 0 ? "-Inf" : "+Inf") : "\(value)")
    octets.append(UInt8(ascii: "\n"))
  }

  // Without labels.
  mutating func sample(_ value: UInt64) { sample(.none, value) }
  mutating func sample(_ value: Bool) { sample(.none, value) }
  mutating func sample(_ value: Double) { sample(.none, value) }
  mutating func sample(microseconds: UInt64) { sample(.none, microseconds: microseconds) }

  /// - Parameters:
  ///   - bounds: microseconds, rising.
  ///   - counts: for each bound what is at most that and more than the one before, and one for the rest.
  ///   - sum: microseconds.
  mutating func histogram(bounds: [UInt64], counts: [UInt64], sum: UInt64) {
    let name = sampleName
    var total: UInt64 = 0
    sampleName = name + Array("_bucket".utf8)
    for (number, count) in counts.enumerated() {
      total &+= count
      let bound = number < bounds.count ? Self.secondsText(bounds[number]) : "+Inf"
      sample(Labels([("le", bound)]), total)
    }
    sampleName = name + Array("_sum".utf8)
    sample(microseconds: sum)
    sampleName = name + Array("_count".utf8)
    sample(total)
    sampleName = name
  }

  /// The whole text. Nothing can be written after it.
  mutating func end() -> [UInt8] {
    if dialect == .openMetrics { add("# EOF\n") }
    return octets
  }

  private mutating func begin(_ labels: Labels) {
    octets += sampleName
    octets += labels.octets
    octets.append(UInt8(ascii: " "))
  }

  private mutating func add(_ text: String) { octets += text.utf8 }

  private mutating func number(_ value: UInt64) {
    guard value >= 10 else { return octets.append(UInt8(ascii: "0") + UInt8(value)) }
    let start = octets.count
    var rest = value
    while rest > 0 {
      octets.append(UInt8(ascii: "0") + UInt8(rest % 10))
      rest /= 10
    }
    octets[start...].reverse()
  }

  private mutating func seconds(_ microseconds: UInt64) {
    number(microseconds / 1_000_000)
    var fraction = microseconds % 1_000_000
    guard fraction > 0 else { return }
    octets.append(UInt8(ascii: "."))
    var scale: UInt64 = 100_000
    while fraction > 0 {
      octets.append(UInt8(ascii: "0") + UInt8(fraction / scale))
      fraction %= scale
      scale /= 10
    }
  }

  private static func secondsText(_ microseconds: UInt64) -> String {
    var text = MetricsText(.prometheus)
    text.seconds(microseconds)
    return String(decoding: text.octets, as: UTF8.self)
  }
}
