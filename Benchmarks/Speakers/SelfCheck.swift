import ArgumentParser
import Lab
import SpeakerLoad

/// The measurer measured: daemons with one known fault each.
struct SelfCheck: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "self-check", abstract: "Whether known faults of a daemon are found, and nothing else is.")

  @OptionGroup var common: Common

  func run() throws {
    let name = common.prepare()
    var table = TextTable([.left("fault"), .left("expected"), .left("seen"), .left("")])
    var isGood = true
    for fault in Fault.allCases {
      var settings = common.settings
      settings.fault = fault
      var measurement = Measurement(settings: settings)
      measurement.generator.cpu = common.generatorCpu
      measurement.duration = 6
      measurement.trials = fault == .blind ? 3 : 12
      // Where no session can come Up there is nothing to wait for.
      measurement.patience = fault == .ttl ? 5 : 20
      let run = try measurement.run(
        .faulty, groups: [LoadPlan.Group(count: 10, interval: 100_000, multiplier: 3)], lab: name, seed: 1)
      let (expected, seen, holds) = Self.judge(fault, run)
      isGood = isGood && holds
      table.add(fault.rawValue, expected, seen, holds ? "yes" : "NO", style: holds ? .good : .bad)
    }
    print(table.rendered(coloured: TextTable.isTerminal()))
    if !isGood { throw ExitCode(1) }
  }

  private static func judge(_ fault: Fault, _ run: Run) -> (expected: String, seen: String, Bool) {
    let median = Quantiles(run.overshoot).median ?? -1
    let failures = run.failures.isEmpty ? "nothing wrong" : run.failures.joined(separator: "; ")
    let over = "overshoot \(fixed(median, 1)) ms"
    switch fault {
    case .none:
      return ("nothing wrong, overshoot below 5 ms", "\(failures), \(over)", run.failures.isEmpty && median < 5)
    case .skips:
      // Each tenth is left out, so of ten there are nine, and one of nine gaps has one missing.
      let share = Double(run.missed) / Double(max(1, run.intervals))
      return (
        "11 % of intervals miss one", "\(fixed(share * 100, 1)) %, \(run.falseDowns) false Downs",
        share > 0.09 && share < 0.13 && run.falseDowns == 0
      )
    case .late: return ("overshoot 50 to 55 ms", over, median >= 50 && median < 55)
    case .flaps:
      return (
        "20 to 30 false Downs, none by silence", "\(run.falseDowns), \(run.falseDownsBySilence) by silence",
        (10...40).contains(run.falseDowns) && run.falseDownsBySilence == 0
      )
    case .blind: return ("all 3 not noticed", "\(run.undetected) of \(run.muted)", run.undetected == 3)
    case .ttl:
      return ("no session Up, malformed", failures, run.upAtEnd == 0 && run.violations.contains("timeToLive"))
    }
  }
}
