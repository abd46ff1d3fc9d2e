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
    // Edges are between kinds, of which there are few, however many findings there are.
    var members: [FindingID: [Int]] = [:]
    for (index, finding) in findings.enumerated() { members[finding.id, default: []].append(index) }
    let kinds = members.keys.sorted { ($0.number, $0.rawValue) < ($1.number, $1.rawValue) }
    var reach = Dictionary(
      uniqueKeysWithValues: kinds.map { kind in
        (kind, Set(explains(kind).filter { members[$0] != nil && $0 != kind }))
      })
    for middle in kinds {
      for cause in kinds where reach[cause]?.contains(middle) == true {
        let further = (reach[middle] ?? []).subtracting([cause])
        reach[cause]?.formUnion(further)
      }
    }
    func explained(_ kind: FindingID) -> Int { (reach[kind] ?? []).reduce(0) { $0 + (members[$1]?.count ?? 0) } }
    let weight = Dictionary(uniqueKeysWithValues: kinds.map { ($0, explained($0)) })
    let worst = members.mapValues { $0.map { findings[$0].severity }.max() ?? .info }
    /// Two that explain each other stand side by side. Below a kind that was found more than once, what follows stands
    /// below the first of them.
    var parent: [FindingID: FindingID] = [:]
    for kind in kinds {
      parent[kind] =
        kinds
        .filter { $0 != kind && reach[$0]?.contains(kind) == true && reach[kind]?.contains($0) != true }
        .min { (weight[$0] ?? 0, $0.number) < (weight[$1] ?? 0, $1.number) }
    }
    var children: [FindingID: [FindingID]] = [:]
    for (kind, cause) in parent { children[cause, default: []].append(kind) }
    func gravest(_ kind: FindingID) -> Severity {
      (reach[kind] ?? []).reduce(worst[kind] ?? .info) { max($0, worst[$1] ?? .info) }
    }
    let gravity = Dictionary(uniqueKeysWithValues: kinds.map { ($0, gravest($0)) })
    func sorted(_ some: [FindingID]) -> [FindingID] {
      some.sorted { a, b in
        if let x = gravity[a], let y = gravity[b], x != y { return x > y }
        if let x = weight[a], let y = weight[b], x != y { return x > y }
        return (a.number, a.rawValue) < (b.number, b.rawValue)
      }
    }
    func trees(_ kinds: [FindingID]) -> [Finding] {
      sorted(kinds).flatMap { kind in
        var own = (members[kind] ?? []).map { findings[$0] }.enumerated()
          .sorted { ($1.element.severity, $0.offset) < ($0.element.severity, $1.offset) }.map(\.element)
        if !own.isEmpty { own[0].consequences = trees(children[kind] ?? []) }
        return own
      }
    }
    return trees(kinds.filter { parent[$0] == nil })
  }
}
