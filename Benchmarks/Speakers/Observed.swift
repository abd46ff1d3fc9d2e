import ArgumentParser
import Glibc
import Lab
import Processes
import SpeakerLoad

/// What those who watch cost the speaker: windows with a journal, a scraper and a page's stream, and windows without, in turns,
/// of one and the same `everway run`.
struct Observed: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "observe",
    abstract:
      "The speaker's CPU with the journal writing, /metrics scraped and a page's stream read, beside nobody watching.",
    discussion: """
      One everway runs throughout; `observe:` comes and goes by a reload. In every window peers fall silent and come back, so \
      that there is something to write and to show. Needs curl. The observer shares the daemon's CPU unless --observer-cpu \
      says otherwise; curl runs on the generator's.
      """)

  @OptionGroup var common: Common
  @Option(help: "Sessions at 300 ms x 3.") var sessions = 4_000
  @Option(help: "Windows of each kind.") var rounds = 6
  @Option(help: "Seconds of each window.") var duration = 10.0
  @Option(help: "Seconds between two peers that fall silent.") var spacing = 2.0
  @Option(help: "The CPU of `everway observe`; by default the daemon's.") var observerCpu: Int32?

  func run() throws {
    let name = common.prepare()
    let settings = common.settings
    if let obstacle = RunningSubject.obstacle(.everway, settings, sessions: sessions) { throw Trouble(obstacle) }
    let curl = try Command("curl").resolved()
    print("load \(load()) at the start; \(RunningSubject.version(.everway, settings))")
    let lab = try Lab.up(name)
    defer { lab.down() }
    let ground = try Ground(lab, groups: [LoadPlan.Group(count: sessions, interval: 300_000, multiplier: 3)])
    let daemon = try RunningSubject(.everway, settings, on: ground, limit: nil)
    usleep(1_500_000)
    let generator = try ground.generator(Generator.Place(cpu: common.generatorCpu, priority: 60), seed: 1)
    defer { generator.stop() }
    let measurement = Measurement(settings: settings)
    try measurement.pause(30, daemon, generator) { generator.up == sessions }
    guard generator.up == sessions else { throw Trouble("only \(generator.up) of \(sessions) sessions came Up") }
    guard generator.report(.beginSteady) != nil else { throw Trouble("the generator does not answer") }

    var windows: [Bool: [Window]] = [:]
    for round in 0..<rounds {
      // The one that comes first takes turns too.
      for isWatched in round % 2 == 0 ? [false, true] : [true, false] {
        let watchers =
          try isWatched ? Watchers(daemon, curl: curl, cpu: common.generatorCpu, observer: observerCpu) : nil
        defer { watchers?.stop() }
        // What begins is not what lasts: the first report of everything, the reload itself.
        try measurement.pause(4, daemon, generator)
        let window = try measure(measurement, daemon, generator)
        if let watchers { say(try watchers.seen()) }
        say("\(isWatched ? "watched" : "alone"): \(window.brief)")
        windows[isWatched, default: []].append(window)
      }
    }
    guard let end = generator.report(.endSteady)?.counts else { throw Trouble("the generator does not answer") }
    printResult(windows, end)
  }

  private func measure(
    _ measurement: Measurement, _ daemon: RunningSubject, _ generator: Generator
  ) throws -> Window {
    generator.give(.trials(Int(duration / spacing), spacing: Int64(spacing * 1e9)))
    guard let before = generator.report() else { throw Trouble("the generator does not answer") }
    let first = ThreadCosts(daemon.pids)
    let start = PacketPort.clock(CLOCK_MONOTONIC)
    try measurement.pause(duration, daemon, generator)
    let last = ThreadCosts(daemon.pids)
    let seconds = Double(PacketPort.clock(CLOCK_MONOTONIC) - start) / 1e9
    guard let after = generator.report() else { throw Trouble("the generator does not answer") }
    // The last one comes back.
    try measurement.pause(10, daemon, generator) { generator.trials == 0 && generator.up == sessions }
    func rate(_ part: KeyPath<ThreadCosts, Int64>) -> Double {
      Double(last[keyPath: part] - first[keyPath: part]) / 1e6 / seconds
    }
    return Window(
      speaker: rate(\.speaker), process: rate(\.process), observer: rate(\.observer),
      packets: Double(after.counts.sent + after.counts.received - before.counts.sent - before.counts.received)
        / seconds)
  }

  private func printResult(_ windows: [Bool: [Window]], _ end: LoadCounts) {
    var table = TextTable([
      .left(""), .right("speaker ms/s"), .right("everway run ms/s"), .right("everway observe ms/s"),
      .right("packets/s")
    ])
    for (title, isWatched) in [("nobody watches", false), ("journal, scraper and page", true)] {
      let own = windows[isWatched] ?? []
      table.add(
        title, spread(own.map(\.speaker), 1), spread(own.map(\.process), 1), spread(own.map(\.observer), 1),
        spread(own.map(\.packets), 0))
    }
    print(table.rendered())
    func difference(_ part: (Window) -> Double) -> String {
      guard let alone = Quantiles((windows[false] ?? []).map(part)).median,
        let watched = Quantiles((windows[true] ?? []).map(part)).median, alone > 0
      else { return "-" }
      return (watched < alone ? "" : "+") + fixed((watched / alone - 1) * 100, 1) + " %"
    }
    print("speaker: \(difference(\.speaker)), everway run: \(difference(\.process)) (medians)")
    let falls = [LoadCounts.Phase.before, .steady, .after].map { end[$0] }
    print(
      "false Downs: \(falls.reduce(0) { $0 + $1.total }); peers that fell silent: \(end.muted), not noticed: "
        + "\(end.undetected); missed intervals: \(end.intervals.missed); "
        + "faults of the generator: \(LoadCounts.faults(end))")
    print("load \(load()) at the end")
  }
}

/// Milliseconds of CPU a second.
private struct Window {
  var speaker: Double
  var process: Double
  var observer: Double
  var packets: Double

  var brief: String {
    "speaker \(fixed(speaker, 1)), everway run \(fixed(process, 1)), observe \(fixed(observer, 1)) ms/s, "
      + "\(fixed(packets, 0)) packets/s"
  }
}

/// Nanoseconds on a CPU so far.
private struct ThreadCosts {
  /// The real-time threads of `everway run`: the engine.
  var speaker: Int64 = 0
  /// All its threads.
  var process: Int64 = 0
  /// What it has started: `everway observe`, now and then a doctor.
  var observer: Int64 = 0

  init(_ roots: [Int32]) {
    for pid in ProcessCost.tree(roots) {
      let words = (contents("/proc/\(pid)/cmdline") ?? "").split(separator: "\0")
      // Of what it starts a doctor comes now and then: not here, it is told not to.
      guard words.count > 1, ["run", "observe"].contains(words[1]) else { continue }
      // With the threads that have ended, of which the observer has some.
      let whole = Self.ticks(pid)
      guard words[1] == "run" else {
        observer += whole
        continue
      }
      process += whole
      for task in names(in: "/proc/\(pid)/task").compactMap({ Int32($0) }) {
        let policy = sched_getscheduler(task) & ~0x4000_0000
        guard policy == SCHED_FIFO || policy == SCHED_RR else { continue }
        let ran = (contents("/proc/\(pid)/task/\(task)/schedstat") ?? "").split(separator: " ").first
        speaker += ran.flatMap { Int64($0) } ?? 0
      }
    }
  }

  /// utime and stime of /proc/PID/stat, in nanoseconds.
  private static func ticks(_ pid: Int32) -> Int64 {
    guard let text = contents("/proc/\(pid)/stat"), let end = text.lastIndex(of: ")") else { return 0 }
    let words = text[end...].split(separator: " ")
    guard words.count > 13, let user = Int64(words[12]), let system = Int64(words[13]) else { return 0 }
    return (user + system) * (1_000_000_000 / Int64(max(1, sysconf(Int32(_SC_CLK_TCK)))))
  }
}

/// `observe:` in the daemon's configuration, a scraper and a reader of the page's stream.
private final class Watchers {
  private let daemon: RunningSubject
  private var clients: [LabProcess] = []
  private var scrapes: String { "\(daemon.directory)/scrapes" }
  private var stream: String { "\(daemon.directory)/stream" }

  init(_ daemon: RunningSubject, curl: String, cpu: Int32, observer: Int32?) throws {
    self.daemon = daemon
    let socket = "\(daemon.directory)/http.sock"
    for file in [scrapes, stream, socket] { unlink(file) }
    try daemon.reload(observe: "{listen: ['unix:\(socket)'], findings-interval: false}")
    try daemon.wait(for: "page") {
      let page = try? Command(curl, ["-sf", "--unix-socket", socket, "http://localhost/readyz"]).capture()
      return page?.status.isSuccess ?? false
    }
    if let observer {
      for pid in ProcessCost.tree(daemon.pids) where !daemon.pids.contains(pid) {
        _ = try? Command("taskset", ["-a", "-c", "-p", "\(observer)", "\(pid)"]).capture()
      }
    }
    for (label, script) in [
      (
        "scraper",
        "while :; do \(curl) -s -o /dev/null -w '%{http_code} %{size_download} %{time_total}\\n' --unix-socket \(socket) "
          + "http://localhost/metrics >>\(scrapes); sleep 1; done"
      ),
      (
        "page",
        "\(curl) -sf --unix-socket \(socket) http://localhost/ >/dev/null; "
          + "exec \(curl) -sN -o \(stream) --unix-socket \(socket) http://localhost/api/v1/stream"
      )
    ] {
      clients.append(
        try daemon.ground.lab.start(
          Command("taskset", ["-c", "\(cpu)", "sh", "-c", script]), in: nil, label: label,
          outputName: "\(label).out"))
    }
  }

  /// That they have really been served; in words.
  func seen() throws -> String {
    let answers = (contents(scrapes) ?? "").split(separator: "\n")
    let good = answers.filter { $0.hasPrefix("200 ") }
    var status = stat()
    guard let last = good.last, stat(stream, &status) == 0, status.st_size > 0 else {
      throw Trouble("nothing was served: \(answers.last ?? "no scrape"); \(clients.map { $0.lastLines(2) })")
    }
    return
      "  \(good.count) of \(answers.count) scrapes answered (octets and seconds of the last: \(last.dropFirst(4))), "
      + "\(status.st_size / 1_024) KiB of the stream"
  }

  func stop() {
    for client in clients { client.kill() }
    try? daemon.reload(observe: nil)
  }
}
