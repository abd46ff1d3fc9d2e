import FoundationEssentials
import Testing

/// `everway preflight` as a process.
@Suite struct PreflightCommands {
  private static func bundle(_ machine: String) -> String {
    #"{"format": 1, "takenAt": 1795305600, "everwayVersion": "by hand", "subject": {"node": "node1"}, "machine": \#(machine)}"#
  }

  private func preflight(_ bundle: String, _ arguments: String...) -> Binary.Result {
    Binary.run(["preflight", "--bundle", "-"] + arguments, input: bundle, in: "/tmp")
  }

  private struct Report: Decodable {
    struct Item: Decodable {
      var name: String
      var outcome: String
      var commands: [String]
    }
    var exitCode: Int32
    var fail: Int
    var items: [Item]
  }

  @Test func saysWhyANodeIsNotReady() throws {
    let old = Self.bundle(#"{"value": {"kernel": "4.19.0-27-amd64", "clock": {"unavailable": "adjtimex"}}}"#)
    let result = preflight(old, "--json")
    #expect(result.status == 2)
    let report = try JSONDecoder().decode(Report.self, from: Data(result.output.utf8))
    #expect(report.exitCode == 2)
    #expect(report.items.contains { $0.name == "kernel 5.3 or newer" && $0.outcome == "fail" })
    #expect(preflight(old, "--lang", "zh").output.contains("未就绪"))
  }

  @Test func ofABundleWithNothingInItCouldNotLook() {
    let result = preflight(Self.bundle(#"{"unavailable": "not gathered"}"#))
    #expect(result.status == 1)
    #expect(result.output.contains("could not look  the machine: not gathered"))
  }

  @Test func failsItselfWithAStatusOfItsOwn() {
    #expect(preflight("no bundle").status == 3)
  }
}
