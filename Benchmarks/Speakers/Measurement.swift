import Glibc
import Lab
import NetworkNamespaces
import SpeakerLoad

/// One daemon, one case, once: bring-up, a steady phase, peers that fall silent.
struct Measurement {
  var settings: Settings
  var generator = Generator.Place(cpu: 1, priority: 60)
  /// Seconds.
  var duration = 10.0
  var settling = 2.0
  var patience = 30.0
  var spread = 1.0
  /// Peers that fall silent, at most three times as many as there are.
  var trials = 100
  var limit: String?
  /// Nanoseconds between two of them.
  var spacing: Int64 = 40_000_000

  func run(_ subject: Subject, groups: [LoadPlan.Group], lab name: String, seed: UInt64) throws -> Run {
    let lab = try Lab.up(name)
    var limited: CPULimit?
    defer {
      lab.down()
      limited?.remove()
    }
    if let limit { limited = try CPULimit(limit) }
    let ground = try Ground(lab, groups: groups)
    let daemon = try RunningSubject(subject, settings, on: ground, limit: limited)
    usleep(1_500_000)
    return try measure(daemon, ground, seed: seed)
  }

  private func measure(_ daemon: RunningSubject, _ ground: Ground, seed: UInt64) throws -> Run {
    let count = ground.plan.count
    let generator = try ground.generator(self.generator, spread: spread, seed: seed)
    defer { generator.stop() }
    try pause(patience + spread, daemon, generator) { generator.up == count }
    try pause(settling, daemon, generator)

    let first = try report(generator, .beginSteady)
    let cost = ProcessCost(of: daemon.pids)
    let start = PacketPort.clock(CLOCK_MONOTONIC)
    try pause(duration, daemon, generator)
    let last = try report(generator, .endSteady)
    let costAfter = ProcessCost(of: daemon.pids)
    let seconds = Double(PacketPort.clock(CLOCK_MONOTONIC) - start) / 1e9

    var final = last
    let number = min(trials, 3 * count)
    if number > 0, last.counts.up > 0 {
      generator.give(.trials(number, spacing: spacing))
      let detection = ground.plan.groups.map { Double($0.interval) * Double($0.multiplier) / 1e6 }.max() ?? 1
      // Few peers take turns.
      let turns = (Double(number) / Double(count)).rounded(.up)
      usleep(10_000)
      try pause(
        10 + Double(number) * Double(spacing) / 1e9 + turns * (3 * detection + 5), daemon, generator
      ) { generator.trials == 0 }
      final = try report(generator, .report)
    }
    return Run(
      sessions: count, seconds: seconds, before: first, after: last, end: final, cost: cost, costAfter: costAfter)
  }

  private func report(_ generator: Generator, _ order: Generator.Order) throws -> Generator.Report {
    guard let report = generator.report(order) else {
      throw Trouble("the generator does not answer" + (generator.failure.map { ": \($0)" } ?? ""))
    }
    return report
  }

  /// Waits while everybody is well, until `condition` holds if that is sooner.
  func pause(
    _ seconds: Double, _ daemon: RunningSubject, _ generator: Generator, until condition: () -> Bool = { false }
  ) throws {
    let end = PacketPort.clock(CLOCK_MONOTONIC) + Int64(seconds * 1e9)
    while !condition() {
      let left = end - PacketPort.clock(CLOCK_MONOTONIC)
      guard left > 0 else { return }
      Interruption.waitIfRequested()
      guard daemon.isRunning else { throw Trouble("\(daemon.subject.rawValue) ended: \(daemon.lastLines())") }
      if let failure = generator.failure { throw Trouble("the generator: \(failure)") }
      usleep(UInt32(min(left / 1_000 + 1, 50_000)))
    }
  }
}

/// What one measurement found, in the units of the table.
struct Run: Codable {
  var sessions: Int
  var seconds: Double
  var bringUp: Double?
  var cpuPerSecond: Double
  var packetsPerSecond: Double
  /// Milliseconds of CPU for 1,000 packets, sent and received.
  var cpuPerThousandPackets: Double?
  var waitPerSecond: Double
  var switchesPerSecond: Double
  /// MiB.
  var resident: Double
  var peak: Double
  var threads: Int
  var fallsBefore: Int
  var falseDowns: Int
  var falseDownsBySilence: Int
  var fallsAfter: Int
  var intervalMedian: Double?
  var intervalP99: Double?
  var intervalMaximum: Double
  var intervals: Int
  var below75: Int
  var missed: Int
  var overshoot: [Double]
  var muted: Int
  var undetected: Int
  var notReturned: Int
  var otherDiagnostics: Int
  var reUp: [Double]
  var violations: String
  var generatorFaults: Int
  var generatorCPUPerSecond: Double
  var generatorLateP99: Double?
  var generatorLateMaximum: Double
  var generatorLongestGap: Double
  var generatorDrops: Int
  var upAtEnd: Int

  init(
    sessions: Int, seconds: Double, before: Generator.Report, after: Generator.Report, end: Generator.Report,
    cost: ProcessCost, costAfter: ProcessCost
  ) {
    self.sessions = sessions
    self.seconds = seconds
    let packets = after.counts.sent - before.counts.sent + after.counts.received - before.counts.received
    let running = Double(costAfter.running - cost.running) / 1e6
    bringUp = end.counts.allUp
    cpuPerSecond = running / seconds
    packetsPerSecond = Double(packets) / seconds
    cpuPerThousandPackets = packets > 0 ? running / Double(packets) * 1_000 : nil
    waitPerSecond = Double(costAfter.waiting - cost.waiting) / 1e6 / seconds
    switchesPerSecond = Double(costAfter.switches - cost.switches) / seconds
    resident = Double(costAfter.resident) / 1_024
    peak = Double(costAfter.peak) / 1_024
    threads = costAfter.threads
    let counts = end.counts
    fallsBefore = counts[.before].total
    falseDowns = counts[.steady].total
    falseDownsBySilence = counts[.steady].silent
    fallsAfter = counts[.after].total
    intervalMedian = counts.intervals.ratios.quantile(0.5)
    intervalP99 = counts.intervals.ratios.quantile(0.99)
    intervalMaximum = counts.intervals.ratios.maximum
    intervals = counts.intervals.ratios.count
    below75 = counts.intervals.below75
    missed = counts.intervals.missed
    overshoot = counts.overshoot
    muted = counts.muted
    undetected = counts.undetected
    notReturned = counts.notReturned
    otherDiagnostics = counts.otherDiagnostics
    reUp = counts.returns
    violations = counts.violationText
    generatorFaults = LoadCounts.faults(counts) + end.drops + counts.unsent
    generatorCPUPerSecond = Double(after.time - before.time) / 1e6 / seconds
    generatorLateP99 = counts.lateness.quantile(0.99)
    generatorLateMaximum = counts.lateness.maximum
    generatorLongestGap = counts.longestOwnGap
    generatorDrops = end.drops
    upAtEnd = counts.up
  }

  /// Why the daemon did not do what was asked; empty when it did.
  var failures: [String] {
    var list: [String] = []
    if bringUp == nil { list.append("not all sessions came Up") }
    if fallsBefore > 0 { list.append("\(fallsBefore) Downs before the steady phase") }
    if falseDowns > 0 { list.append("\(falseDowns) false Downs") }
    if fallsAfter > 0 { list.append("\(fallsAfter) false Downs while others were silent") }
    if undetected > 0 { list.append("\(undetected) silent peers not noticed") }
    if notReturned > 0 { list.append("\(notReturned) peers did not come back") }
    if intervals > 0, Double(missed) > 0.01 * Double(intervals) { list.append("\(missed) missed deadlines") }
    if otherDiagnostics > 0 { list.append("\(otherDiagnostics) detections with another diagnostic than 1") }
    if let least = overshoot.min(), least < -1 { list.append("Down before the detection time was over") }
    if !violations.isEmpty { list.append("malformed: \(violations)") }
    return list
  }

  /// Whether others used the daemon's CPU; with a CPU limit that cannot be told apart.
  var isNoisy: Bool { waitPerSecond > 100 }
}

extension LoadCounts {
  /// Downs for which the generator's own silence was to blame.
  static func faults(_ counts: LoadCounts) -> Int { counts.falls.reduce(0) { $0 + $1.generator } }
}
