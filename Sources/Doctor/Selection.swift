/// Which checks to make: areas, single findings, or all.
public struct Selection: Hashable, Sendable {
  public var areas: Set<Area> = []
  public var findings: Set<FindingID> = []

  public static let everything = Selection()

  public init() {}

  /// From what a person types: `namespace`, `EW-NS-01`.
  /// - Throws: the word that is neither.
  public init(_ words: [String]) throws(Unknown) {
    for word in words {
      if let area = Area(rawValue: word.lowercased()) {
        areas.insert(area)
      } else if let entry = Catalogue.entry(named: word) {
        findings.insert(entry.id)
      } else {
        throw Unknown(word: word)
      }
    }
  }

  /// A word that names neither an area nor a finding.
  public struct Unknown: Error, Hashable, Sendable {
    public var word: String
  }

  var isEverything: Bool { areas.isEmpty && findings.isEmpty }

  func includes(_ check: Check) -> Bool {
    isEverything || areas.contains(check.area) || !findings.isDisjoint(with: check.findings)
  }

  /// A check that was made for one finding may make others too.
  func includes(_ finding: FindingID, of area: Area) -> Bool {
    isEverything || areas.contains(area) || findings.contains(finding)
  }
}
