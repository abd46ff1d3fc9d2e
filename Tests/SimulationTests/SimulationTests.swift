import Glibc
import Simulation
import Testing

/// How the runs are chosen: `EVERWAY_SEED=0x…` replays one with every event, `EVERWAY_SOAK_SECONDS=N` draws new
/// seeds for so long, and otherwise the same seeds run each time.
enum Plan {
  static let count: UInt64 = 12_000
  static let shards: UInt64 = 2

  static func environment(_ name: String) -> String? {
    guard let value = getenv(name) else { return nil }
    return String(cString: value)
  }

  static let seed: UInt64? = environment("EVERWAY_SEED").flatMap {
    $0.hasPrefix("0x") ? UInt64($0.dropFirst(2), radix: 16) : UInt64($0)
  }
  static let soakSeconds: Int? = environment("EVERWAY_SOAK_SECONDS").flatMap { Int($0) }

  /// What fails is printed so that it can be run again.
  static func complaint(_ report: Simulation.Report, _ violation: Violation) -> Comment {
    """
    \(violation.description)
    \(report.scenario.description)
    Replay: EVERWAY_SEED=0x\(String(report.scenario.seed, radix: 16)) swift test --filter SimulationTests
    """
  }
}

@Suite struct SimulationTests {
  @Test(
    "The same seeds each time keep every invariant", .enabled(if: Plan.seed == nil && Plan.soakSeconds == nil),
    arguments: 0..<Plan.shards)
  func fixedSeeds(shard: UInt64) {
    var failures = 0
    for seed in stride(from: shard, to: Plan.count, by: Int(Plan.shards)) {
      let report = Simulation.run(seed: seed)
      guard let violation = report.violation else { continue }
      Issue.record(Plan.complaint(report, violation))
      failures += 1
      if failures == 5 { break }
    }
  }

  @Test(
    "New seeds keep every invariant for as long as one likes",
    .enabled(if: Plan.seed == nil && Plan.soakSeconds != nil), arguments: 0..<Plan.shards)
  func soak(shard: UInt64) {
    let start = ContinuousClock.now
    var runs = 0
    var packets = 0
    while start.duration(to: .now) < .seconds(Plan.soakSeconds ?? 0) {
      let seed = UInt64.random(in: 0 ... .max)
      let report = Simulation.run(seed: seed)
      runs += 1
      packets += report.packets
      if let violation = report.violation { Issue.record(Plan.complaint(report, violation)) }
    }
    print("shard \(shard): \(runs) seeds, \(packets) packets")
  }

  @Test("One seed, with everything that happens", .enabled(if: Plan.seed != nil))
  func replay() throws {
    let seed = try #require(Plan.seed)
    let report = Simulation.run(seed: seed, isTraced: true)
    for line in report.trace { print(line) }
    print(report.scenario.description)
    if let violation = report.violation { Issue.record(Plan.complaint(report, violation)) }
  }

  @Test(
    "A seed gives the same run each time", .enabled(if: Plan.seed == nil),
    arguments: [3, 0x1a0, 0x29a, 77] as [UInt64])
  func determinism(seed: UInt64) {
    let first = Simulation.run(seed: seed, isTraced: true)
    let second = Simulation.run(seed: seed, isTraced: true)
    #expect(first.trace == second.trace)
    #expect(!first.trace.isEmpty)
    #expect(first.packets == second.packets)
    #expect(first.trace != Simulation.run(seed: seed + 1, isTraced: true).trace)
  }
}
