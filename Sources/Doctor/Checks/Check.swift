public import Cluster
public import Languages

/// One look at the facts, for one or more kinds of findings.
public struct Check: Sendable {
  public var area: Area
  /// Those it can make.
  public var findings: [FindingID]
  private let body: @Sendable (Facts, inout Examination) -> Void

  public init(_ area: Area, _ findings: [FindingID], _ body: @escaping @Sendable (Facts, inout Examination) -> Void)
  {
    self.area = area
    self.findings = findings
    self.body = body
  }

  /// What it has to say.
  public func examine(_ facts: Facts) -> Examination {
    var examination = Examination()
    body(facts, &examination)
    return examination
  }

  /// All of them, in the order of their areas.
  public static let all: [Check] =
    machine
    + namespace
    + network
    + speaker
    + ovn
    + configuration
    + versions
}

/// What a check has to say: what it found, and where it could not look. With neither, all is well.
public struct Examination: Hashable, Sendable {
  public internal(set) var findings: [Finding] = []
  public internal(set) var gaps: [Gap] = []
  /// False when what it is about is not there and need not be: no OVN on a plain Linux gateway.
  public internal(set) var isRelevant = true

  public init() {}

  public mutating func found(_ finding: Finding) { findings.append(finding) }

  /// Something could not be looked at.
  public mutating func couldNotLook(at what: Words, _ reason: String) {
    gaps.append(Gap(what: what, reason: reason))
  }

  /// There is nothing here that this check is about.
  public mutating func notRelevant() { isRelevant = false }

  /// The value of a part, or a gap.
  public mutating func require<T>(_ part: Gathered<T>, _ what: Words) -> T? {
    if let reason = part.reason { couldNotLook(at: what, reason) }
    return part.value
  }
}

/// Something that could not be looked at.
public struct Gap: Codable, Hashable, Sendable {
  public var what: Words
  /// As the kernel or the collector said it.
  public var reason: String

  public init(what: Words, reason: String) {
    self.what = what
    self.reason = reason
  }
}
