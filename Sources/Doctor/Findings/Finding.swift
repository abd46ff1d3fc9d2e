public import Languages

/// Something that is wrong, or worth knowing.
public struct Finding: Hashable, Sendable {
  public var id: FindingID
  /// What it is about: `ovnext`, `10.9.0.1`, `Vpc vpc1`.
  public var subject: String
  /// As the catalogue has it, unless the evidence makes it worse or better.
  public var severity: Severity
  public var certainty: Certainty
  /// Fills the placeholders of the catalogue's texts.
  public var parameters: [String: String]
  public var evidence: [Evidence]
  public var remedy: Remedy
  /// Findings that this one explains; filled in by ``Diagnosis``.
  public var consequences: [Finding] = []

  /// - Parameters:
  ///   - severity: nil for the catalogue's.
  ///   - steps: what to do, the exact commands; empty when the catalogue's words must do.
  public init(
    _ id: FindingID, _ subject: String, severity: Severity? = nil, certainty: Certainty = .certain,
    parameters: [String: String] = [:], evidence: [Evidence], steps: [RepairStep] = [], repair: RepairClass? = nil
  ) {
    self.id = id
    self.subject = subject
    self.severity = severity ?? Catalogue.entry(id).severity
    self.certainty = certainty
    self.parameters = parameters.merging(["subject": subject]) { given, _ in given }
    self.evidence = evidence
    remedy = Remedy(repair: repair ?? Catalogue.entry(id).repair, steps: steps)
  }

  /// Of the catalogue, with this finding's values in it.
  public var title: Words { Catalogue.entry(id).title.filled(parameters) }
  public var symptom: Words { Catalogue.entry(id).symptom.filled(parameters) }
  public var cause: Words { Catalogue.entry(id).cause.filled(parameters) }
  public var fix: Words { Catalogue.entry(id).fix.filled(parameters) }
}

/// `EW-NS-01`. The number is unique over all areas; up to 67 it is the row of the catalogue of known failures.
public struct FindingID: RawRepresentable, Codable, Hashable, Sendable, CustomStringConvertible {
  public var rawValue: String

  public init(rawValue: String) { self.rawValue = rawValue }
  public init(_ text: String) { rawValue = text }

  public init(from decoder: any Decoder) throws {
    rawValue = try decoder.singleValueContainer().decode(String.self)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(rawValue)
  }

  public var description: String { rawValue }

  /// The last part: 1 of EW-NS-01.
  var number: Int { Catalogue.number(self) }
}

/// How bad it is.
public enum Severity: String, Codable, Hashable, Sendable, Comparable, CaseIterable {
  /// Worth knowing; nothing is wrong.
  case info
  /// Works, but will not always, or not as well as it could.
  case warning
  /// Something does not work.
  case error
  /// Traffic is lost, or the gateway is out.
  case critical

  public static func < (a: Self, b: Self) -> Bool { a.rank < b.rank }

  private var rank: Int {
    switch self {
    case .info: 0
    case .warning: 1
    case .error: 2
    case .critical: 3
    }
  }
}

/// How sure it is that the cause is the one named.
public enum Certainty: String, Codable, Hashable, Sendable {
  case certain, likely, possible
}

/// What was read, and where.
public struct Evidence: Codable, Hashable, Sendable {
  /// A path, a command, a table of a database: `/proc/self/mountinfo`.
  public var source: String
  /// As it was read, or what followed from it, in a few words that need no translation.
  public var value: String

  public init(_ source: String, _ value: String) {
    self.source = source
    self.value = value
  }
}

extension FindingID: ExpressibleByStringLiteral {
  public init(stringLiteral value: String) { self.init(value) }
}
