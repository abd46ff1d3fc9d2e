import ArgumentParser
import Gateway
import Glibc
import Lab

@main
struct FailoverBenchmark: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "FailoverBenchmark",
    abstract: "How long from the end of the detection time until the kernel has the new next-hop group.",
    subcommands: [Run.self, Agent.self], defaultSubcommand: Run.self)
}

/// The gateway itself: what `everway run` runs.
struct Agent: ParsableCommand {
  static let configuration = CommandConfiguration(shouldDisplay: false)
  @Argument var configuration: String
  @Argument var stateDirectory: String

  func run() throws {
    var agent = try GatewayAgent(
      GatewayAgent.Options(source: .file(configuration), stateDirectory: stateDirectory, version: "benchmark"),
      log: EventLog())
    agent.run()
  }
}

struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Measures and prints a table.")

  @Option(help: "Failovers of each case; the slow ones get a part of it.") var failovers = 300
  @Option(help: "Only the cases whose name contains this.") var only = ""
  @Option(help: "How often everything is done.") var runs = 1
  @Option(help: "Milliseconds between two BFD packets.") var interval: UInt32 = 20
  @Option(help: "Detection multiplier.") var multiplier: UInt8 = 3
  @Flag(help: "Print every single value too, in microseconds, for other programs to read.") var raw = false

  func run() throws {
    // Before any thread: threads inherit what is blocked.
    let name = "bench\(getpid())"
    Interruption.handle { Lab.existing(name)?.down() }
    Lab.sweep()
    var parameters = sched_param()
    parameters.sched_priority = 60
    // SCHED_RESET_ON_FORK (linux/sched.h, 0x40000000): the gateways that are started from here do not inherit it.
    if sched_setscheduler(0, SCHED_FIFO | 0x4000_0000, &parameters) != 0 {
      print("note: no real time for the benchmark's own thread; what it sees late counts as late")
    }
    for number in 1...max(1, runs) {
      print("run \(number) of \(runs), \(interval) ms x \(multiplier), load \(load()), microseconds")
      var table = Table()
      for scenario in Scenario.all where only.isEmpty || scenario.name.contains(only) {
        measure(scenario, lab: name, into: &table)
      }
      print(table.rendered)
    }
  }

  private func measure(_ scenario: Scenario, lab name: String, into table: inout Table) {
    do {
      let lab = try Lab.up(name)
      defer { lab.down() }
      let measurement = try Measurement(
        scenario, lab: lab, interval: max(interval, scenario.leastInterval), multiplier: multiplier)
      let count = max(3, Int((Double(failovers) * scenario.share).rounded()))
      let result = try measurement.run(failovers: count)
      table.add(scenario, result, load: load())
      if raw { print("raw", scenario.name, "own", result.own, "late", result.late, "outside", result.outside) }
      say("\(scenario.name): done")
    } catch {
      Interruption.waitIfRequested()
      table.add(scenario, failure: "\(error)")
      say("\(scenario.name): \(error)")
    }
  }

  /// Progress goes to standard error: the table alone is the result.
  private func say(_ text: String) {
    let line = text + "\n"
    write(STDERR_FILENO, line, line.utf8.count)
  }

  /// Processes that want to run, over the last minute.
  private func load() -> String {
    var average = 0.0
    return getloadavg(&average, 1) == 1 ? "\((average * 10).rounded() / 10)" : "?"
  }
}

/// The figures of one run.
private struct Table {
  private var table = TextTable([
    .left("case"), .right("n"), .right("min"), .right("median"), .right("p90"), .right("p99"), .right("max"),
    .right("| woke: median"), .right("p99"), .right("work: median"), .right("p99"),
    .right("| outside: median"), .right("p90"), .right("p99"), .right("max"), .right("load")
  ])
  private var notes: [String] = []

  mutating func add(_ scenario: Scenario, _ result: Measurement.Result, load: String) {
    let own = Statistics(result.own)
    let late = Statistics(result.late)
    let work = Statistics(result.work)
    let outside = Statistics(result.outside)
    table.add([
      scenario.name, "\(outside.count)", own.text(0), own.text(0.5), own.text(0.9), own.text(0.99), own.text(1),
      late.text(0.5), late.text(0.99), work.text(0.5), work.text(0.99), outside.text(0.5), outside.text(0.9),
      outside.text(0.99), outside.text(1), load
    ])
    if result.spoilt > 0 { notes.append("\(scenario.name): \(result.spoilt) attempts did not count") }
    if scenario.subject == .everway, own.count < outside.count {
      notes.append("\(scenario.name): the gateway's own figures are of \(own.count) failovers")
    }
  }

  mutating func add(_ scenario: Scenario, failure: String) { notes.append("\(scenario.name): failed: \(failure)") }

  var rendered: String { ([table.rendered()] + notes.map { "note: \($0)" }).joined(separator: "\n") }
}
