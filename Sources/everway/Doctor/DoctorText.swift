import Cluster
import Collectors
import Doctor
import Languages

/// A diagnosis as text for a person: a pure function of it, the width and whether there is colour.
struct DoctorText {
  var facts: Facts
  var diagnosis: Diagnosis
  var language: Language
  /// Of the terminal; nil when nothing limits it.
  var width: Int?
  var color: Bool

  func rendered() -> String {
    var lines: [String] = []
    for finding in diagnosis.findings { lines += block(finding, depth: 0) + [""] }
    lines += areaLines()
    lines += wrapped(Styled(verdict.0, verdict.1), 0)
    return lines.joined(separator: "\n") + "\n"
  }

  // MARK: Findings

  private func block(_ finding: Finding, depth: Int) -> [String] {
    let margin = depth * 4
    let head = "\(FindingPage.name(finding.severity)[language])  \(finding.id)  \(finding.subject): "
    var lines = wrapped(Styled(head + finding.title[language], style(finding.severity)), margin)
    lines += labelled(Words("symptom", zh: "现象"), [finding.symptom[language]], margin)
    lines += labelled(causeLabel(finding), [finding.cause[language]], margin)
    lines += labelled(Words("read", zh: "依据"), finding.evidence.map { "\($0.source): \($0.value)" }, margin)
    lines += labelled(Words("fix", zh: "处理"), fixLines(finding), margin)
    lines += labelled(Words("more", zh: "详见"), ["everway doctor explain \(finding.id)"], margin)
    guard !finding.consequences.isEmpty else { return lines }
    lines += wrapped(Styled(Words("What follows from it:", zh: "由此引起：")[language], .bold), margin + 4)
    for consequence in finding.consequences { lines += block(consequence, depth: depth + 1) }
    return lines
  }

  private func causeLabel(_ finding: Finding) -> Words {
    switch finding.certainty {
    case .certain: Words("cause", zh: "原因")
    case .likely: Words("likely cause", zh: "很可能的原因")
    case .possible: Words("possible cause", zh: "可能的原因")
    }
  }

  private func fixLines(_ finding: Finding) -> [String] {
    let remedy = finding.remedy
    var lines: [String] = []
    if remedy.steps.isEmpty { lines.append(finding.fix[language]) }
    for step in remedy.steps {
      if let words = step.words { lines.append(words[language]) }
      if let command = step.command { lines.append("# " + command) }
    }
    if !remedy.actions.isEmpty, remedy.repair == .automatic {
      lines.append(Words("`everway doctor --fix` does it.", zh: "`everway doctor --fix` 可自动完成。")[language])
    } else if !remedy.actions.isEmpty, remedy.repair == .guarded {
      lines.append(
        Words("`everway doctor --fix` does it, after asking.", zh: "`everway doctor --fix` 会先询问再执行。")[language])
    }
    return lines
  }

  private func labelled(_ label: Words, _ texts: [String], _ margin: Int) -> [String] {
    guard !texts.isEmpty else { return [] }
    let name = Styled(label[language] + Words(":", zh: "：")[language], .dim)
    var lines: [String] = []
    for (index, text) in texts.enumerated() {
      var block = wrapped(Styled(text), margin + 6)
      if index == 0, let first = block.first {
        block[0] = String(repeating: " ", count: margin + 4) + name.rendered(color: color)
        block.insert(first, at: 1)
      }
      lines += block
    }
    return lines
  }

  // MARK: Areas

  private func areaLines() -> [String] {
    let titles = diagnosis.areas.map { Styled($0.area.title[language]) }
    let widest = titles.map(\.width).max() ?? 0
    return zip(diagnosis.areas, titles).flatMap { area, title in
      let blanks = String(repeating: " ", count: widest - title.width + 2)
      let state = state(area)
      let gaps = area.gaps.map {
        "\(Words("could not look at", zh: "未能检查")[language]) \($0.what[language]): \($0.reason)"
      }
      return [title.text + blanks + state.rendered(color: color)]
        + gaps.flatMap { wrapped(Styled($0, .warning), widest + 2) }
    }
  }

  private func state(_ area: Diagnosis.AreaSummary) -> Styled {
    if area.findings > 0 {
      return Styled(
        Words(Quantities.count(area.findings, "finding"), zh: "\(area.findings) 项发现")[language], .warning)
    }
    if area.checks == 0 {
      return area.gaps.isEmpty
        ? Styled(Words("not used here", zh: "此处未使用")[language], .dim)
        : Styled(Words("not known", zh: "未知")[language], .warning)
    }
    return Styled(
      area.gaps.isEmpty
        ? Words("good (\(Quantities.count(area.checks, "check")))", zh: "正常（\(area.checks) 项检查）")[language]
        : Words("nothing found, but not all was seen", zh: "未发现问题，但检查不完整")[language],
      area.gaps.isEmpty ? .good : .warning)
  }

  private var verdict: (String, Style) {
    let count = diagnosis.all.count
    guard let worst = diagnosis.worst else {
      let isWhole = diagnosis.areas.allSatisfy(\.gaps.isEmpty)
      return isWhole
        ? (Words("Nothing is wrong.", zh: "一切正常。")[language], .good)
        : (Words("Nothing wrong was found.", zh: "未发现问题。")[language], .plain)
    }
    let causes = diagnosis.findings.count
    let words = Words(
      "\(Quantities.count(count, "finding")) from \(Quantities.count(causes, "cause")); the gravest: "
        + "\(FindingPage.name(worst).en).",
      zh: "共 \(count) 项发现，\(causes) 个根源；最高级别：\(FindingPage.name(worst).zh)。")
    return (words[language], style(worst))
  }

  // MARK: Helpers

  private func style(_ severity: Severity) -> Style {
    switch severity {
    case .info: .bold
    case .warning: .warning
    case .error, .critical: .bad
    }
  }

  private func wrapped(_ text: Styled, _ indent: Int) -> [String] {
    Table.wrapped(text, indent: indent, width: width, color: color)
  }
}
