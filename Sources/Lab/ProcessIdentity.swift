import Glibc

/// A process that cannot be mistaken for a later one with the same number.
public struct ProcessIdentity: Hashable, Sendable {
  public var pid: Int32
  /// Clock ticks between boot and its start: field 22 of /proc/PID/stat (proc(5)).
  public var startTime: UInt64

  public init(pid: Int32, startTime: UInt64) {
    self.pid = pid
    self.startTime = startTime
  }

  /// The process that has this number now; nil when there is none, or only its zombie is left.
  public init?(runningPID pid: Int32) {
    guard let text = try? Files.read("/proc/\(pid)/stat"), let stat = ProcessStat(text), stat.state != "Z",
      stat.state != "X"
    else { return nil }
    self.init(pid: pid, startTime: stat.startTime)
  }

  public static var own: ProcessIdentity {
    ProcessIdentity(runningPID: getpid()) ?? ProcessIdentity(pid: getpid(), startTime: 0)
  }

  /// Whether this very process still runs.
  public var isRunning: Bool { ProcessIdentity(runningPID: pid) == self }
}

/// What the lab reads from a line of /proc/PID/stat.
struct ProcessStat: Equatable {
  var state: Character
  var startTime: UInt64

  /// The command stands in parentheses and may itself hold blanks and parentheses: count from the last one.
  init?(_ text: String) {
    guard let end = text.lastIndex(of: ")") else { return nil }
    let fields = text[text.index(after: end)...].split(separator: " ")
    guard fields.count > 19, let state = fields[0].first, let start = UInt64(fields[19]) else { return nil }
    self.state = state
    self.startTime = start
  }
}
