import Glibc

/// What processes have used so far.
struct ProcessCost {
  /// Nanoseconds on a CPU, and waiting for one, of all threads (/proc/PID/task/*/schedstat).
  var running: Int64 = 0
  var waiting: Int64 = 0
  var switches = 0
  /// KiB.
  var resident = 0
  var peak = 0
  var threads = 0

  /// Of these processes and all they started, but for shells and what only starts others.
  init(of roots: [Int32]) {
    for pid in Self.tree(roots) {
      guard let program = Self.program(pid), !Self.starters.contains(program) else { continue }
      for task in names(in: "/proc/\(pid)/task") {
        let path = "/proc/\(pid)/task/\(task)"
        let words = (contents("\(path)/schedstat") ?? "").split(separator: " ")
        guard words.count >= 2, let ran = Int64(words[0]), let waited = Int64(words[1]) else { continue }
        running += ran
        waiting += waited
        threads += 1
        for line in Self.lines("\(path)/status") where line.contains("ctxt_switches:") {
          switches += Self.number(line)
        }
      }
      for line in Self.lines("/proc/\(pid)/status") {
        if line.hasPrefix("VmRSS:") { resident += Self.number(line) }
        if line.hasPrefix("VmHWM:") { peak += Self.number(line) }
      }
    }
  }

  private static let starters: Set<String> = ["sh", "dash", "bash", "taskset", "chrt", "sleep", "ip"]

  static func tree(_ roots: [Int32]) -> [Int32] {
    var children: [Int32: [Int32]] = [:]
    for pid in names(in: "/proc").compactMap({ Int32($0) }) {
      // `pid (name) state parent ...`; the name may hold anything, so from its last parenthesis on.
      guard let stat = contents("/proc/\(pid)/stat"), let end = stat.lastIndex(of: ")") else { continue }
      let words = stat[end...].split(separator: " ")
      if words.count > 2, let parent = Int32(words[2]) { children[parent, default: []].append(pid) }
    }
    var found: [Int32] = []
    var left = roots
    while let pid = left.popLast() {
      found.append(pid)
      left += children[pid] ?? []
    }
    return found
  }

  private static func program(_ pid: Int32) -> String? {
    var buffer = [CChar](repeating: 0, count: 4_096)
    let count = readlink("/proc/\(pid)/exe", &buffer, buffer.count - 1)
    guard count > 0 else { return nil }
    let path = String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return path.split(separator: "/").last.map(String.init)
  }

  private static func lines(_ path: String) -> [Substring] { (contents(path) ?? "").split(separator: "\n") }

  private static func number(_ line: Substring) -> Int {
    line.split { $0 == " " || $0 == "\t" }.dropFirst().first.flatMap { Int($0) } ?? 0
  }
}
