import ArgumentParser
import Glibc
import Languages
import NamespaceDiagnosis
import NetworkNamespaces

struct NetnsSelfTest: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "selftest",
    abstract: "Can this machine do it at all? Make a namespace, enter it, send through it, remove it.",
    discussion: """
      Says at which step it fails, with what errno, and what is missing: a capability, a user namespace's limits, \
      seccomp, SELinux, AppArmor, a limit. Says whether this is the host or a container, and in a container whether the \
      host would see what is made here. What it makes is called everway-selftest-PID and is gone afterwards.

      EXAMPLES
        everway netns selftest
        kubectl exec POD -- everway netns selftest --json

      EXIT CODES
        0  all works; in a container also: the host sees it, or that could not be told
        1  a step failed
        2  the command line is wrong
      """)

  @Flag(help: ArgumentHelp("Print one JSON object: `place`, `steps` and `surroundings`."))
  var json = false

  @OptionGroup var language: LanguageOption

  @Option(help: ArgumentHelp("When to use colour.", valueName: "when"))
  var color = ColorChoice.auto

  private struct Report: Encodable {
    var place: String
    var ok: Bool
    var steps: [SelfTest.Result]
    var surroundings: Surroundings
  }

  func run() throws {
    var test = SelfTest()
    test.run()
    let isGood = !test.results.contains { $0.outcome == .failed }
    if json {
      let report = Report(
        place: test.surroundings.place.kind.rawValue, ok: isGood, steps: test.results,
        surroundings: test.surroundings)
      writeAll(STDOUT_FILENO, NetnsText.json(report) + "\n")
    } else {
      writeAll(STDOUT_FILENO, lines(test).map { $0 + "\n" }.joined())
    }
    if !isGood { throw ExitCode(ExitStatus.bad) }
  }

  private func lines(_ test: SelfTest) -> [String] {
    let language = language.language
    let usesColor = Terminal.usesColor(color)
    var lines: [String] = []
    for text in Self.place(test.surroundings) { lines.append(text[language]) }
    for result in test.results {
      let (word, style): (Words, Style) =
        switch result.outcome {
        case .ok: (Words("ok", zh: "正常"), .good)
        case .failed: (Words("FAILED", zh: "失败"), .bad)
        case .skipped: (Words("skipped", zh: "跳过"), .dim)
        case .unknown: (Words("unknown", zh: "未知"), .warning)
        }
      var line = "  \(Styled(word[language], style).rendered(color: usesColor))  \(result.step.title[language])"
      if result.code != 0 { line += ": \(result.detail[language]): \(errorName(result.code))" }
      if result.code == 0, !result.detail[language].isEmpty { line += ": \(result.detail[language])" }
      lines.append(line)
      lines += result.reasons.map { "          " + Words("because: ", zh: "原因：")[language] + $0[language] }
      lines += result.remedies.map { "          " + Words("do: ", zh: "处理：")[language] + $0[language] }
    }
    return lines
  }

  /// Where this is, and what of the host it can see.
  private static func place(_ surroundings: Surroundings) -> [Words] {
    let place = surroundings.place
    let marks = place.containerMarks.isEmpty ? "" : " (\(place.containerMarks.joined(separator: ", ")))"
    var lines: [Words] = []
    switch place.kind {
    case .host: lines.append(Words("this is the host", zh: "这里是宿主机"))
    case .ownMounts:
      lines.append(
        Words("this is the host, in a mount namespace of its own", zh: "这里是宿主机，但在单独的挂载命名空间里"))
    case .container: lines.append(Words("this is a container\(marks)", zh: "这里是容器\(marks)"))
    }
    if place.kind != .host {
      let seesProcesses = place.isFirstPIDNamespace
      lines.append(
        seesProcesses
          ? Words(
            "it sees the host's processes (hostPID): \(place.processCount)",
            zh: "能看到宿主机的进程（hostPID）：\(place.processCount) 个")
          : Words("it does not see the host's processes", zh: "看不到宿主机的进程"))
    }
    if !surroundings.isFirstUserNamespace {
      lines.append(
        Words(
          "it is in a user namespace (uid map \(surroundings.uidMap ?? "?"))",
          zh: "在用户命名空间里（uid 映射 \(surroundings.uidMap ?? "?")）"))
    }
    let missing = Surroundings.Capability.allCases.filter { !surroundings.has($0) }.map(\.name)
    if !missing.isEmpty {
      let list = missing.joined(separator: ", ")
      lines.append(Words("it lacks \(list)", zh: "缺少 \(list)"))
    }
    return lines
  }
}
