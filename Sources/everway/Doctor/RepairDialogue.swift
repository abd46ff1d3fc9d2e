import Cluster
import Collectors
import Doctor
import FoundationEssentials
import Glibc
import Languages

/// What `doctor --fix` says and asks; on standard error, so that standard output stays the diagnosis.
struct RepairDialogue {
  var language: Language
  var yes: Bool

  func ask(_ finding: Finding) -> Bool {
    if yes { return true }
    let title = "\(finding.id) \(finding.subject): \(finding.title[language])"
    guard isatty(STDIN_FILENO) == 1 else {
      say("\(title): " + Words("not repaired without --yes", zh: "未加 --yes，不予修复")[language])
      return false
    }
    say(title)
    describe(finding)
    writeAll(STDERR_FILENO, Words("Do this? [y/N] ", zh: "执行吗？[y/N] ")[language])
    return ["y", "yes", "是"].contains((readLine() ?? "").lowercased())
  }

  func begin(_ finding: Finding) {
    say(Words("repairing", zh: "正在修复")[language] + " \(finding.id) \(finding.subject)")
    if finding.remedy.repair == .automatic || yes { describe(finding) }
  }

  func report(_ outcome: Repairer.Outcome) {
    let result: Words =
      switch outcome.result {
      case .repaired: Words("repaired", zh: "已修复")
      case .stillThere: Words("everything was done, and the symptom is still there", zh: "已执行全部步骤，但现象仍在")
      case .failed: Words("failed: \(outcome.failure ?? "")", zh: "失败：\(outcome.failure ?? "")")
      case .declined: Words("left alone", zh: "未处理")
      }
    say("\(outcome.id) \(outcome.subject): \(result[language])")
  }

  func nothingToDo() {
    say(Words("There is nothing that --fix could repair.", zh: "没有 --fix 可以修复的问题。")[language])
  }

  private func describe(_ finding: Finding) {
    for step in finding.remedy.steps where step.action != nil {
      if let words = step.words { say("  " + words[language]) }
      if let command = step.command { say("  # " + command) }
    }
  }

  private func say(_ text: String) { standardError(Styled(text).text) }
}

/// What was repaired, one JSON object a line.
enum RepairLog {
  static let path = "/var/lib/everway/repairs.log"

  private struct Line: Encodable {
    var time: Int64
    var outcome: Repairer.Outcome
  }

  /// - Returns: why it could not be written.
  static func append(_ outcomes: [Repairer.Outcome]) -> String? {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
    let lines = outcomes.filter { $0.result != .declined }
      .compactMap { try? encoder.encode(Line(time: Int64(time(nil)), outcome: $0)) }
    guard !lines.isEmpty else { return nil }
    mkdir("/var/lib/everway", 0o755)
    let fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    guard fd >= 0 else {
      return "what was repaired could not be noted in \(path): \(String(cString: strerror(errno)))"
    }
    defer { close(fd) }
    let bytes = lines.flatMap { $0 + [UInt8(ascii: "\n")] }
    guard write(fd, bytes, bytes.count) == bytes.count else {
      return "what was repaired could not be noted in \(path): \(String(cString: strerror(errno)))"
    }
    return nil
  }
}
