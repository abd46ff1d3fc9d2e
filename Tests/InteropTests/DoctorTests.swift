import FoundationEssentials
import Glibc
import Lab
import Processes
import Testing

extension Interop {
  /// `everway doctor` as its user runs it, beside `everway run` among real FRR and BIRD.
  @Suite struct Doctor {
    private struct Report: Decodable, Equatable {
      struct Item: Decodable, Equatable {
        var id: String
        var subject: String
        var consequences: [Item]
        var all: [Item] { [self] + consequences.flatMap(\.all) }
      }
      struct AreaItem: Decodable, Equatable {
        struct Gap: Decodable, Equatable {
          var what: String
          var reason: String
        }
        var area: String
        var checks: Int
        var couldNotLookAt: [Gap]
      }
      struct Repair: Decodable, Equatable {
        var id: String
        var result: String
      }
      var findings: [Item]
      var areas: [AreaItem]
      var repairs: [Repair]?
      var exitCode: Int32

      var ids: [String] { findings.flatMap(\.all).map(\.id) }
    }

    private func with(_ tag: String, _ body: (DemoTopology) throws -> Void) throws {
      Lab.sweep()
      let topology = try DemoTopology.up("i\(getpid())\(tag)")
      defer { topology.down() }
      let everway = try topology.startEverway(executable: Product.program)
      let isUp = waitUntil(timeout: .seconds(60), every: .milliseconds(100)) { topology.allSessionsAreUp() }
      try #require(isUp, "\(everway.lastLines(20).joined(separator: "\n"))")
      try body(topology)
    }

    private func run(_ topology: DemoTopology, _ arguments: [String]) throws -> CommandResult {
      try Command(Product.program, arguments).capture(in: topology.node, timeout: .seconds(90))
    }

    private func doctor(_ topology: DemoTopology, _ arguments: [String] = []) throws -> Report {
      let result = try run(topology, ["doctor", "--json", "--config", topology.configurationPath] + arguments)
      let report = try #require(
        try? JSONDecoder().decode(Report.self, from: Data(result.output.utf8)),
        "\(result.status): \(result.output.suffix(2000)) \(result.errorOutput.suffix(2000))")
      #expect(result.status == .exited(report.exitCode))
      return report
    }

    @Test("a healthy gateway gives no finding, one line for each area, and the same from its bundle")
    func healthy() throws {
      try with("well") { topology in
        let report = try doctor(topology)
        #expect(report.findings.isEmpty, "\(report.findings)")
        #expect(report.exitCode == 0)
        for area in report.areas { #expect(area.couldNotLookAt.isEmpty, "\(area)") }

        let text = try run(topology, ["doctor", "--config", topology.configurationPath, "--lang", "zh"])
        #expect(text.output.hasSuffix("一切正常。\n"))
        #expect(text.output.split(separator: "\n").count == report.areas.count + 1, "\(text.output)")

        let bundle = "\(topology.lab.directory)/bundle.json"
        let collected = try run(topology, ["collect", "--config", topology.configurationPath, "-o", bundle])
        #expect(collected.status.isSuccess, "\(collected.errorOutput)")
        let elsewhere = try Command(Product.program, ["doctor", "--json", "--bundle", bundle]).capture(in: nil)
        #expect(try JSONDecoder().decode(Report.self, from: Data(elsewhere.output.utf8)) == report)
      }
    }

    @Test("a dropping rule and a switched-off forwarding are named, and mended by --fix --yes")
    func broken() throws {
      try with("ill") { topology in
        let rules = """
          table inet test {
            chain input {
              type filter hook input priority 0; policy accept;
              udp dport 3784 drop
            }
          }
          """
        try Command("nft", ["-f", "-"]).run(in: topology.gateway, input: rules)
        let isDown = waitUntil(timeout: .seconds(30), every: .milliseconds(100)) { !topology.allSessionsAreUp() }
        #expect(isDown)
        let report = try doctor(topology)
        #expect(report.exitCode == 2)
        #expect(report.ids.contains("EW-BFD-30"), "\(report.findings)")
        // The sessions' ends follow from the rule: they do not stand beside it.
        #expect(report.findings.map(\.id) == ["EW-BFD-30"], "\(report.findings)")

        let declined = try doctor(topology, ["--fix"])
        #expect(declined.repairs?.map(\.result) == ["declined"])
        let mended = try doctor(topology, ["--fix", "--yes"])
        #expect(mended.repairs?.contains { $0.id == "EW-BFD-30" && $0.result == "repaired" } == true, "\(mended)")
        let isUp = waitUntil(timeout: .seconds(30), every: .milliseconds(100)) { topology.allSessionsAreUp() }
        #expect(isUp)
        #expect(try doctor(topology).findings.isEmpty)
      }
    }
  }
}
