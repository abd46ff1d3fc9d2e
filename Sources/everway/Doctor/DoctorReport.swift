import Cluster
import Collectors
import Doctor
import FoundationEssentials
import Languages

/// A diagnosis as JSON, in one language.
struct DoctorReport: Encodable {
  var everwayVersion: String
  /// Seconds since 1970-01-01T00:00:00Z.
  var takenAt: Int64
  var subject: Facts.Subject
  var language: String
  /// Nil when nothing was found.
  var worst: Severity?
  var findings: [Item]
  var areas: [AreaItem]
  /// With --fix only.
  var repairs: [Repairer.Outcome]?
  var exitCode: Int32

  struct Item: Encodable {
    var id: FindingID
    var subject: String
    var severity: Severity
    var certainty: Certainty
    var title: String
    var symptom: String
    var cause: String
    var evidence: [Evidence]
    var fix: String
    var repair: RepairClass
    var steps: [Step]
    var page: String
    var consequences: [Item]

    init(_ finding: Finding, _ language: Language) {
      id = finding.id
      subject = finding.subject
      severity = finding.severity
      certainty = finding.certainty
      title = finding.title[language]
      symptom = finding.symptom[language]
      cause = finding.cause[language]
      evidence = finding.evidence
      fix = finding.fix[language]
      repair = finding.remedy.repair
      steps = finding.remedy.steps.map {
        Step(text: $0.words?[language], command: $0.command, isDoneByFix: $0.action != nil)
      }
      page = FindingPage.path(finding.id, language)
      consequences = finding.consequences.map { Item($0, language) }
    }
  }

  struct Step: Encodable {
    var text: String?
    var command: String?
    var isDoneByFix: Bool
  }

  struct AreaItem: Encodable {
    var area: Area
    var checks: Int
    var findings: Int
    var couldNotLookAt: [GapItem]
  }

  struct GapItem: Encodable {
    var what: String
    var reason: String
  }

  init(_ facts: Facts, _ diagnosis: Diagnosis, _ language: Language, repairs: [Repairer.Outcome]?, exitCode: Int32)
  {
    everwayVersion = facts.everwayVersion
    takenAt = facts.takenAt
    subject = facts.subject
    self.language = language.rawValue
    worst = diagnosis.worst
    findings = diagnosis.findings.map { Item($0, language) }
    areas = diagnosis.areas.map { area in
      AreaItem(
        area: area.area, checks: area.checks, findings: area.findings,
        couldNotLookAt: area.gaps.map { GapItem(what: $0.what[language], reason: $0.reason) })
    }
    self.repairs = repairs
    self.exitCode = exitCode
  }

  var json: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys, .prettyPrinted]
    return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
  }
}
