import ArgumentParser
import CLinux
import Glibc
import Lab
import Processes
import SpeakerLoad

@main
struct SpeakerBenchmark: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "SpeakerBenchmark",
    abstract: "What BFD daemons cost and how well they keep time, seen from outside.",
    subcommands: [
      Table.self, Summary.self, Stress.self, Suspend.self, Observed.self, SelfCheck.self, Faulty.self, Hog.self
    ],
    defaultSubcommand: Table.self)
}

/// What all modes share.
struct Common: ParsableArguments {
  @Option(help: "The everway to measure. By default the one beside this program.") var everway: String?
  @Option(help: "Everway's --engine: auto, sockets, packet or xdp.") var engine: String?
  @Option(help: "The directory with OpenBFDD's bfdd-beacon and bfdd-control.") var openbfdd: String?
  @Option(help: "Which daemons, with commas: everway,everway-sockets,bird,frr,openbfdd.") var daemons =
    "everway,bird,frr,openbfdd"
  @Option(help: "The daemon's CPU.") var daemonCpu: Int32 = 0
  @Option(help: "The generator's CPU.") var generatorCpu: Int32 = 1

  var settings: Settings {
    var settings = Settings(everway: everway ?? Self.neighbour, engine: engine, openbfdd: openbfdd)
    settings.daemonCPU = daemonCpu
    return settings
  }

  var subjects: [Subject] {
    get throws {
      try daemons.split(separator: ",").map {
        guard let subject = Subject(rawValue: String($0)) else {
          throw ValidationError("'\($0)' is none of everway, everway-sockets, bird, frr, openbfdd")
        }
        return subject
      }
    }
  }

  private static var neighbour: String {
    var buffer = [CChar](repeating: 0, count: 4_096)
    let count = max(0, readlink("/proc/self/exe", &buffer, buffer.count - 1))
    let path = String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return "/" + (path.split(separator: "/").dropLast() + ["everway"]).joined(separator: "/")
  }

  /// Call first, on the main thread: takes away what a killed run left, cleans up on Ctrl-C, and puts this thread below
  /// the generator's and above whatever is to disturb the daemons.
  /// - Returns: the lab's name.
  func prepare() -> String {
    let name = "speakers\(getpid())"
    Interruption.handle {
      Lab.existing(name)?.down()
      CPULimit.sweep()
    }
    Lab.sweep()
    CPULimit.sweep()
    var files = rlimit()
    if getrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &files) == 0 {
      files.rlim_cur = files.rlim_max
      setrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &files)
    }
    _ = cl_thread_pin(pthread_self(), generatorCpu)
    var parameters = sched_param()
    parameters.sched_priority = 55
    // SCHED_RESET_ON_FORK (linux/sched.h, 0x40000000): daemons that are started from here do not inherit it.
    if sched_setscheduler(0, SCHED_FIFO | 0x4000_0000, &parameters) != 0 { say("note: no real time") }
    return name
  }
}

/// Processes that want to run, over the last minute.
func load() -> String {
  var average = 0.0
  return getloadavg(&average, 1) == 1 ? fixed(average, 1) : "?"
}

struct Table: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Measures every case and prints tables.")

  @OptionGroup var common: Common
  @Option(help: "Only the cases whose name contains this.") var only = ""
  @Option(help: "Only the case of this name.") var exactly = ""
  @Option(help: "How often each case is measured; medians and ranges are printed.") var runs = 3
  @Option(help: "Seconds of each steady phase.") var duration = 10.0
  @Option(help: "Peers that fall silent in each run.") var trials = 100
  @Flag(help: "Four cases, once, 4 s each: about 2 minutes for two daemons.") var quick = false
  @Flag(help: "From 1 to 50,000 sessions at the same packet rate.") var curve = false
  @Option(help: "Write all figures of all runs to this file too.") var json: String?

  func run() throws {
    let name = common.prepare()
    let settings = common.settings
    let cases = (curve ? Case.curve : Case.all).filter {
      (!quick || curve || $0.isQuick) && (only.isEmpty || $0.name.contains(only))
        && (exactly.isEmpty || $0.name == exactly)
    }
    var rows: [Row] = []
    print("load \(load()) at the start")
    for one in cases {
      for subject in try common.subjects {
        var row = Row(
          name: one.name, daemon: subject.rawValue, version: RunningSubject.version(subject, settings))
        if let obstacle = RunningSubject.obstacle(subject, settings, sessions: one.sessions) {
          row.errors.append("left out: \(obstacle)")
          rows.append(row)
          continue
        }
        var measurement = Measurement(settings: settings)
        measurement.generator.cpu = common.generatorCpu
        measurement.duration = quick ? min(4, duration) : duration
        measurement.trials = quick ? min(30, trials) : trials
        measurement.limit = one.limit
        if curve {
          // A whole interval to spread the sessions, two to measure; silence would take minutes to notice.
          measurement.spread = max(1, one.interval / 1_000)
          measurement.duration = max(measurement.duration, 2 * one.interval / 1_000)
          measurement.trials = 0
          measurement.patience = 60
        }
        for number in 1...max(1, quick ? 1 : runs) {
          do {
            let run = try measurement.run(subject, groups: one.groups, lab: name, seed: UInt64(number))
            row.runs.append(run)
            say("\(one.name), \(subject.rawValue): \(Self.brief(run))")
          } catch {
            Interruption.waitIfRequested()
            row.errors.append("run \(number): \(error)")
            say("\(one.name), \(subject.rawValue): \(error)")
            break
          }
        }
        rows.append(row)
        // Nothing is lost when it is interrupted.
        if let json { try put(Tables.json(rows), json) }
      }
    }
    var versions: [String] = []
    for row in rows where !row.runs.isEmpty && !versions.contains("\(row.daemon): \(row.version)") {
      versions.append("\(row.daemon): \(row.version)")
    }
    print(versions.joined(separator: "\n"))
    print("\n" + Tables.cost(rows))
    if !curve { print(Tables.time(rows)) }
    print(Tables.ratios(rows))
    print(Tables.notes(rows) + "load \(load()) at the end")
  }

  static func brief(_ run: Run) -> String {
    "up \(run.bringUp.map { fixed($0, 0) } ?? "-") ms, \(run.cpuPerThousandPackets.map { fixed($0, 2) } ?? "-") ms/1,000, "
      + "\(fixed(run.resident, 1)) MiB"
      + (run.failures.isEmpty ? "" : "; " + run.failures.joined(separator: "; "))
      + (run.generatorFaults > 0 ? "; \(run.generatorFaults) faults of the generator" : "")
  }
}
