import Control
import Glibc
import Processes
import Testing

@testable import Gateway
@testable import Lab

extension AgentTests {
  @Suite("Repairs") struct Repairs {
    @Test("A doctor makes the repair, one at a time, and its result is the answer and an event")
    func repairs() throws {
      let stage = try Stage("repair")
      let directory = stage.directory
      // It ends once it may.
      try write(
        "\(directory)/doctor",
        """
        echo "$@" > \(directory)/asked
        while [ ! -e \(directory)/go ]; do sleep 0.05; done
        echo '{"findings":[],"repairs":[{"id":"EW-NS-05","subject":"ovnext","done":[],"result":"repaired"}]}'
        exit 1
        """)
      var file = AgentFile()
      file.extra = ["drain: {on-stop: false}"]
      let process = try stage.start(
        file, through: ["/usr/bin/env", "EVERWAY_DOCTOR=\(directory)/doctor"])
      try stage.eventually("an answer") { (try? stage.status()) != nil }
      var first = try ControlClient(path: stage.socketPath, timeout: .seconds(10))
      // Asks, and does not wait.
      #expect(throws: ControlSocketError.self) {
        _ = try first.send(.repair(finding: "EW-NS-05"), timeout: .milliseconds(300))
      }
      try stage.eventually("the doctor") { access("\(directory)/asked", F_OK) == 0 }
      guard case .failure(let failure) = try stage.ask(.repair(finding: "EW-NS-06")) else {
        Issue.record("two repairs at a time")
        return
      }
      #expect(failure.code == .busy)
      // Nobody waits for the doctor.
      _ = try stage.status()
      try write("\(directory)/go", "")
      try stage.eventually("its end") {
        if case .repair(let outcome)? = try? stage.ask(.repair(finding: "EW-NS-05")) {
          return outcome.result == .repaired && outcome.notes == ["ovnext: repaired"]
        }
        return false
      }
      let words = try Files.read("\(directory)/asked").split(whereSeparator: { " \n".contains($0) }).map(
        String.init)
      #expect(words.first == "doctor" && words.suffix(3) == ["--fix", "--yes", "EW-NS-05"])
      process.signal(SIGTERM)
      #expect(process.wait(seconds: 20) == .exited(0))
    }

    @Test("A doctor that says nothing of use is a failure")
    func fails() throws {
      let stage = try Stage("repfail")
      try write("\(stage.directory)/doctor", "echo nonsense; exit 3")
      _ = try stage.start(AgentFile(), through: ["/usr/bin/env", "EVERWAY_DOCTOR=\(stage.directory)/doctor"])
      try stage.eventually("an answer") { (try? stage.status()) != nil }
      guard case .failure(let failure) = try stage.ask(.repair(finding: "EW-NS-05")) else {
        Issue.record("nonsense was taken for a report")
        return
      }
      #expect(failure.code == .failed && failure.message.contains("exit"), "\(failure)")
    }

    private func write(_ path: String, _ text: String) throws {
      let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
      try #require(descriptor >= 0)
      defer { close(descriptor) }
      #expect(Glibc.write(descriptor, text, text.utf8.count) == text.utf8.count)
    }
  }
}

@Suite("What a doctor's report says of a repair") struct RepairOutcomeTests {
  @Test(
    arguments: [
      (#"{"findings":[],"repairs":[]}"#, RepairOutcome.Result.nothingToDo),
      (#"{"findings":[{"id":"EW-NS-05"}],"repairs":[]}"#, .nothingToDo),
      (#"{"findings":[],"repairs":[{"id":"EW-NS-05","subject":"a","result":"repaired"}]}"#, .repaired),
      (
        #"{"findings":[],"repairs":[{"id":"EW-NS-05","subject":"a","result":"repaired"},"#
          + #"{"id":"EW-NS-05","subject":"b","result":"still-there"}]}"#, .stillThere
      ),
      (
        #"{"findings":[],"repairs":[{"id":"EW-NS-05","subject":"a","result":"failed","failure":"no"},"#
          + #"{"id":"EW-NS-05","subject":"b","result":"still-there"}]}"#, .failed
      ),
      (#"{"findings":[],"repairs":[{"id":"EW-NS-06","subject":"a","result":"failed"}]}"#, .nothingToDo)
    ])
  func theWorstCounts(_ report: String, _ result: RepairOutcome.Result) throws {
    #expect(RepairOutcome("EW-NS-05", doctor: Array(report.utf8))?.result == result)
  }

  @Test(arguments: ["", "{}", #"{"findings":[]}"#, "[1]"])
  func whatIsNoReportIsNone(_ text: String) { #expect(RepairOutcome("EW-NS-05", doctor: Array(text.utf8)) == nil) }

  @Test(
    arguments: [
      ("EW-NS-05", true), ("EW-CFG-21", true), ("ew-ns-05", false), ("EW-NS-5", false), ("EW-NS-055", false),
      ("EW--05", false), ("", false), ("--fix", false), ("EW-NS-05\n", false)
    ])
  func anIdentifierHasItsForm(_ text: String, _ isOne: Bool) { #expect(RepairOutcome.isFinding(text) == isOne) }

  @Test("A finding tells what --fix would do, of all its subjects")
  func actions() throws {
    let item =
      #"{"id":"EW-NS-05","severity":"error","symptom":"s","repair":"REPAIR","consequences":[],"#
      + #""steps":[{"command":"STEP","isDoneByFix":true},{"text":"by hand","isDoneByFix":false}]}"#
    func told(_ repair: String) throws -> [String]? {
      let items = ["a", "b"].map { item.replacing("REPAIR", with: repair).replacing("STEP", with: $0) }
      let octets = Array(#"{"findings":[\#(items.joined(separator: ","))]}"#.utf8)
      return try #require(DoctorFindings(octets, before: [], at: .now())?.findings.first).repair
    }
    #expect(try told("guarded") == ["a", "b"])
    #expect(try told("manual") == nil)
  }
}
