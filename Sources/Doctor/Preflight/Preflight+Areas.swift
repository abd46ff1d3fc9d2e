import Languages

extension Preflight {
  /// What doctor finds in areas that do not need a running gateway.
  static func areas(_ facts: Facts) -> [Item] {
    let areas: [(Area, Group)] = [
      (.namespace, .namespace), (.firewall, .firewall), (.configuration, .kubernetes), (.versions, .versions)
    ]
    return areas.flatMap { area, group in
      let diagnosis = Diagnosis(facts, checks: Check.all.filter { $0.area == area })
      return diagnosis.areas.flatMap { items($0, diagnosis.all, group) }
    }
  }

  private static func items(_ area: Diagnosis.AreaSummary, _ findings: [Finding], _ group: Group) -> [Item] {
    let gaps = area.gaps.map { Item(group, $0.what, .unknown, $0.reason) }
    if findings.isEmpty, area.gaps.isEmpty, area.checks > 0 {
      return [
        Item(
          group, area.area.title, .pass,
          detail: Words("nothing found, \(Self.checks(area.checks))", zh: "未发现问题（\(area.checks) 项检查）"))
      ]
    }
    return findings.map { finding in
      let title = finding.title
      return Item(
        group, Words("\(finding.id) \(finding.subject)", zh: "\(finding.id) \(finding.subject)"), outcome(finding),
        detail: title, why: finding.cause, commands: finding.remedy.steps.compactMap(\.command), finding: finding.id
      )
    } + gaps
  }

  private static func checks(_ count: Int) -> String { count == 1 ? "1 check" : "\(count) checks" }

  private static func outcome(_ finding: Finding) -> Outcome {
    switch finding.severity {
    case .info: .pass
    case .warning: .warn
    case .error, .critical: .fail
    }
  }
}
