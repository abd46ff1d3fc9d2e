import ArgumentParser
import Glibc
import Lab
import NetworkNamespaces
import Processes
import SpeakerLoad

/// 1,000 sessions at 300 ms x 3 and 40 at 10 ms x 3 beside hogs at SCHED_FIFO 50 on both CPUs.
struct Stress: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "False Downs beside real-time hogs, with the right to a higher priority and without.",
    discussion: """
      A hog that never rested would be throttled by the kernel (sched_rt_runtime_us: 950 of 1,000 ms by default), and
      everything else at real-time priority on that CPU with it, the daemon and this program too. So hogs rest for a
      tenth of the time.
      """)

  @OptionGroup var common: Common
  @Option(help: "Minutes of each row.") var minutes = 10.0
  @Option(help: "Milliseconds a hog runs without a break.") var hogBurst = 180
  @Option(help: "Milliseconds it then rests.") var hogRest = 20
  @Option(help: "Only rows whose name contains this: 'FIFO', 'normal'.") var only = ""
  @Option(help: "Sessions at 300 ms x 3.") var slow = 1_000
  @Option(help: "Sessions at 10 ms x 3.") var fast = 40

  func run() throws {
    let name = common.prepare()
    print(
      "hogs at FIFO 50 on CPU \(common.daemonCpu) and \(common.generatorCpu), \(hogBurst) ms of \(hogBurst + hogRest)"
    )
    var table = TextTable([
      .left("daemon"), .right("false Downs"), .right("silent"), .right("missed"), .right("interval max"),
      .right("CPU ms/s"), .right("generator late us p99"), .right("max"), .right("faults"), .right("minutes")
    ])
    var notes = ""
    for (subject, priority) in [(Subject.everway, 51), (.everway, 0), (.bird, 0)] {
      guard try common.subjects.contains(subject) else { continue }
      let title = "\(subject.rawValue), \(priority > 0 ? "FIFO \(priority)" : "normal priority")"
      guard only.isEmpty || title.contains(only) else { continue }
      do {
        let (run, lines) = try measure(subject, priority: priority, lab: name)
        table.add(
          title, "\(run.falseDowns)", "\(run.falseDownsBySilence)", "\(run.missed)", fixed(run.intervalMaximum, 2),
          fixed(run.cpuPerSecond, 0), run.generatorLateP99.map { fixed($0, 0) } ?? "-",
          fixed(run.generatorLateMaximum, 0), "\(run.generatorFaults)", fixed(run.seconds / 60, 1))
        if !lines.isEmpty { notes += "\(title), from its status:\n" + lines.map { "  \($0)\n" }.joined() }
        say("\(title): \(Table.brief(run))")
      } catch {
        Interruption.waitIfRequested()
        notes += "note: \(title): \(error)\n"
      }
    }
    print(table.rendered() + notes)
  }

  private func measure(_ subject: Subject, priority: Int, lab name: String) throws -> (Run, [String]) {
    var settings = common.settings
    settings.priority = priority
    if let obstacle = RunningSubject.obstacle(subject, settings, sessions: slow + fast) { throw Trouble(obstacle) }
    let lab = try Lab.up(name)
    defer { lab.down() }
    let ground = try Ground(
      lab,
      groups: [
        LoadPlan.Group(count: slow, interval: 300_000, multiplier: 3),
        LoadPlan.Group(count: fast, interval: 10_000, multiplier: 3)
      ])
    let daemon = try RunningSubject(subject, settings, on: ground, limit: nil)
    usleep(1_500_000)
    let generator = try ground.generator(
      Generator.Place(cpu: common.generatorCpu, priority: 60), seed: 1)
    defer { generator.stop() }
    let measurement = Measurement(settings: settings)
    try measurement.pause(30, daemon, generator) { generator.up == slow + fast }
    try measurement.pause(3, daemon, generator)

    var hogs: [LabProcess] = []
    defer { for hog in hogs { hog.kill() } }
    for cpu in [common.daemonCpu, common.generatorCpu] {
      // From this, the main thread: a child that dies with its parent dies with the thread that started it.
      hogs.append(
        try lab.start(
          Command(
            "/proc/\(getpid())/exe",
            [
              "hog", "--cpu", "\(cpu)", "--priority", "50", "--burst", "\(hogBurst)", "--rest", "\(hogRest)",
              "--seconds", "\(Int(minutes * 60) + 30)"
            ]), in: nil, label: "hog\(cpu)", outputName: "hog\(cpu).out"))
    }
    usleep(500_000)
    if let dead = hogs.first(where: { !$0.isRunning }) { throw Trouble("a hog ended: \(dead.lastLines(2))") }
    guard let before = generator.report(.beginSteady) else { throw Trouble("the generator does not answer") }
    let cost = ProcessCost(of: daemon.pids)
    let start = PacketPort.clock(CLOCK_MONOTONIC)
    try measurement.pause(minutes * 60, daemon, generator)
    guard let after = generator.report(.endSteady) else { throw Trouble("the generator does not answer") }
    let costAfter = ProcessCost(of: daemon.pids)
    let seconds = Double(PacketPort.clock(CLOCK_MONOTONIC) - start) / 1e9
    let lines = subject == .everway ? daemon.reportedLateness() : []
    let run = Run(
      sessions: slow + fast, seconds: seconds, before: before, after: after, end: after, cost: cost,
      costAfter: costAfter)
    return (run, lines)
  }
}
