import Glibc
import Lab
import Processes
import SpeakerLoad

/// Who is measured.
enum Subject: String, CaseIterable {
  case everway
  /// Everway with `--engine sockets`.
  case everwaySockets = "everway-sockets"
  case bird, frr, openbfdd
  /// This program's own daemon with known faults: measures the measurer.
  case faulty
}

/// What the subjects need to know, from the command line and the case.
struct Settings: Sendable {
  var everway: String
  var engine: String?
  var openbfdd: String?
  /// SCHED_FIFO of Everway; nil leaves its default.
  var priority: Int?
  /// The daemon's own multiplier, where it is not the peers'.
  var multiplier: UInt8?
  var fault: Fault = .none
  var daemonCPU: Int32 = 0
}

/// A daemon that runs in a ground's namespace.
final class RunningSubject {
  let subject: Subject
  let settings: Settings
  let ground: Ground
  let directory: String
  private let limit: CPULimit?
  private(set) var processes: [LabProcess] = []

  /// Why a subject cannot be measured here; nil when it can.
  static func obstacle(_ subject: Subject, _ settings: Settings, sessions: Int) -> String? {
    func missing(_ path: String) -> String? { access(path, X_OK) == 0 ? nil : "\(path) is not there" }
    func absent(_ program: String) -> String? {
      do { _ = try Command(program).resolved() } catch { return error.message }
      return nil
    }
    switch subject {
    case .everway, .everwaySockets: return missing(settings.everway)
    case .bird: return absent("bird")
    case .frr:
      if sessions > 1_000 { return "bfdd takes minutes to load more than 1,000 peers" }
      return absent("bfdd") ?? absent("zebra")
    case .openbfdd:
      guard let directory = settings.openbfdd else { return "say where it is with --openbfdd" }
      return missing("\(directory)/bfdd-beacon") ?? missing("\(directory)/bfdd-control")
    case .faulty: return sessions > 1_000 ? "too many sessions" : nil
    }
  }

  static func version(_ subject: Subject, _ settings: Settings) -> String {
    let command: Command =
      switch subject {
      case .everway, .everwaySockets: Command(settings.everway, ["--version"])
      case .bird: Command("bird", ["--version"])
      case .frr: Command("bfdd", ["--version"])
      case .openbfdd: Command("\(settings.openbfdd ?? "")/bfdd-beacon", ["--version"])
      case .faulty: Command("true")
      }
    guard let result = try? command.capture() else { return "?" }
    let line = (result.output + result.errorOutput).split(separator: "\n").first.map(String.init) ?? ""
    return line.isEmpty ? subject.rawValue : line
  }

  /// Starts it and waits until it hears BFD and has read its peers.
  init(_ subject: Subject, _ settings: Settings, on ground: Ground, limit: CPULimit?) throws {
    self.subject = subject
    var own = settings
    if subject == .everwaySockets { own.engine = "sockets" }
    self.settings = own
    self.ground = ground
    self.limit = limit
    directory = try ground.lab.makeDirectory("daemon")
    switch subject {
    case .everway, .everwaySockets: try startEverway()
    case .bird: try startBIRD()
    case .frr: try startFRR()
    case .openbfdd: try startOpenBFDD()
    case .faulty: try startFaulty()
    }
  }

  var isRunning: Bool { processes.allSatisfy { $0.isRunning } }
  var pids: [Int32] { processes.map { $0.pid } }
  func lastLines() -> String {
    processes.map { $0.lastLines(4).joined(separator: " / ") }.joined(separator: " // ")
  }

  /// Starts a part of it on its CPU, and within the limit from its first instruction on.
  @discardableResult func launch(_ command: Command) throws -> LabProcess {
    let program = try command.resolved()
    var words = ["taskset", "-c", "\(settings.daemonCPU)", program] + command.arguments
    if let limit { words = ["sh", "-c", "echo $$ >\"$0\" && exec \"$@\"", limit.entrance] + words }
    let process = try ground.lab.start(
      Command(words[0], Array(words.dropFirst())), in: ground.inside, label: "near/\(command.name)",
      outputName: "\(command.name).out")
    processes.append(process)
    return process
  }

  /// Until `condition` holds, or the daemon has ended, or a minute is over.
  func wait(for what: String, _ condition: () -> Bool) throws {
    for _ in 0..<1_200 {
      if condition() { return }
      Interruption.waitIfRequested()
      guard isRunning else { throw Trouble("\(subject.rawValue) ended: \(lastLines())") }
      usleep(50_000)
    }
    throw Trouble("\(subject.rawValue): no \(what) after a minute: \(lastLines())")
  }

  /// Until somebody in the namespace has UDP port 3784, or a packet socket, open.
  func waitUntilListening() throws {
    try wait(for: "socket for BFD") {
      guard let pid = processes.last?.pid else { return false }
      return (contents("/proc/\(pid)/net/udp") ?? "").contains(":0EC8 ")
        || (contents("/proc/\(pid)/net/packet") ?? "").split(separator: "\n").count > 1
    }
  }

  /// In milliseconds as people write them: `2.5`.
  static func milliseconds(_ microseconds: UInt32) -> String {
    microseconds % 1_000 == 0 ? "\(microseconds / 1_000)" : "\(Double(microseconds) / 1_000)"
  }
}
