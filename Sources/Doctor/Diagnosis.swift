/// What is wrong, ordered by cause.
public struct Diagnosis: Hashable, Sendable {
  /// Causes, the gravest and those that explain the most first; what follows from them is below them.
  public var findings: [Finding]
  /// In the order of ``Area``, those that were asked for.
  public var areas: [AreaSummary]

  /// One area in brief.
  public struct AreaSummary: Hashable, Sendable {
    public var area: Area
    /// That had something to look at.
    public var checks: Int
    /// Of this area, consequences too.
    public var findings: Int
    public var gaps: [Gap]
  }

  /// Pure: the same facts, the same diagnosis.
  public init(_ facts: Facts, _ selection: Selection = .everything, checks: [Check] = Check.all) {
    var found: [Finding] = []
    areas = []
    for area in Area.allCases {
      let own = checks.filter { $0.area == area && selection.includes($0) }
      guard !own.isEmpty else { continue }
      let examinations = own.map { check in
        var examination = check.examine(facts)
        examination.findings.removeAll { !selection.includes($0.id, of: area) }
        return examination
      }
      var gaps: [Gap] = []
      for gap in examinations.flatMap(\.gaps) where !gaps.contains(gap) { gaps.append(gap) }
      areas.append(
        AreaSummary(
          area: area, checks: examinations.count(where: \.isRelevant),
          findings: examinations.reduce(0) { $0 + $1.findings.count }, gaps: gaps))
      found += examinations.flatMap(\.findings)
    }
    findings = Self.ordered(found)
  }

  /// Every finding, consequences too, causes before what they explain.
  public var all: [Finding] { findings.flatMap(Self.flat) }

  /// The gravest; nil when nothing was found.
  public var worst: Severity? { all.map(\.severity).max() }

  private static func flat(_ finding: Finding) -> [Finding] { [finding] + finding.consequences.flatMap(flat) }
}

// MARK: Causes and consequences

extension Diagnosis {
  /// Puts each finding below its closest cause, and what explains the most first.
  /// - Parameter explains: what a kind of finding can bring about; the catalogue's edges.
  static func ordered(
    _ findings: [Finding], explains: (FindingID) -> [FindingID] = { Catalogue.entry($0).explains }
  ) -> [Finding] {
    let count = findings.count
    let causes = findings.map { Set(explains($0.id)) }
    /// reach[i]: all that follow from i, i itself left out.
    var reach = (0..<count).map { cause in
      Set((0..<count).filter { $0 != cause && causes[cause].contains(findings[$0].id) })
    }
    for middle in 0..<count {
      for cause in 0..<count where reach[cause].contains(middle) { reach[cause].formUnion(reach[middle]) }
    }
    var parent = [Int?](repeating: nil, count: count)
    for index in 0..<count {
      // Two that explain each other stand side by side.
      parent[index] = (0..<count)
        .filter { $0 != index && reach[$0].contains(index) && !reach[index].contains($0) }
        .min { (reach[$0].count, $0) < (reach[$1].count, $1) }
    }
    func tree(_ index: Int) -> Finding {
      var finding = findings[index]
      finding.consequences = sorted((0..<count).filter { parent[$0] == index }).map(tree)
      return finding
    }
    func gravest(_ index: Int) -> Severity {
      reach[index].reduce(findings[index].severity) { max($0, findings[$1].severity) }
    }
    func sorted(_ indices: [Int]) -> [Int] {
      indices.sorted { a, b in
        if gravest(a) != gravest(b) { return gravest(a) > gravest(b) }
        if reach[a].count != reach[b].count { return reach[a].count > reach[b].count }
        return (Catalogue.number(findings[a].id), a) < (Catalogue.number(findings[b].id), b)
      }
    }
    return sorted((0..<count).filter { parent[$0] == nil }).map(tree)
  }
}
