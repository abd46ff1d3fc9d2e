import Glibc

/// What callgrind counted in one run.
struct Profile {
  /// Instructions of the whole process, the kernel aside.
  var instructions: UInt64 = 0
  /// Of each function alone.
  var cost: [String: UInt64] = [:]
  /// How often each function was called.
  var calls: [String: UInt64] = [:]

  /// Reads what callgrind writes with `--compress-strings=no --compress-pos=no` (its manual, "Callgrind Format").
  init(_ text: String) throws {
    var function = ""
    var callee = ""
    var isCall = false
    for line in text.split(separator: "\n") {
      if line.hasPrefix("fn=") {
        function = String(line.dropFirst(3))
      } else if line.hasPrefix("cfn=") {
        callee = String(line.dropFirst(4))
      } else if line.hasPrefix("calls=") {
        calls[callee, default: 0] += UInt64(line.dropFirst(6).prefix { $0 != " " }) ?? 0
        isCall = true  // the next line is what the callee cost
      } else if line.hasPrefix("summary: ") || line.hasPrefix("totals: ") {
        instructions = line.split(separator: " ").last.flatMap { UInt64($0) } ?? instructions
      } else if line.first?.isNumber == true || line.first == "+" || line.first == "-" || line.first == "*" {
        if !isCall {
          cost[function, default: 0] += line.split(separator: " ").last.flatMap { UInt64($0) } ?? 0
        }
        isCall = false
      }
    }
    guard instructions > 0 else { throw Failure(text: "callgrind wrote no total") }
  }

  /// What a longer run did more than a shorter one.
  func less(_ other: Profile) -> Profile {
    var rest = self
    rest.instructions = instructions - min(instructions, other.instructions)
    for (name, count) in other.cost { rest.cost[name] = (rest.cost[name] ?? 0) - min(rest.cost[name] ?? 0, count) }
    for (name, count) in other.calls {
      rest.calls[name] = (rest.calls[name] ?? 0) - min(rest.calls[name] ?? 0, count)
    }
    return rest
  }

  static let allocators = ["malloc", "calloc", "realloc", "posix_memalign", "aligned_alloc", "memalign"]
  static let counters = [
    "swift_retain", "swift_release", "swift_bridgeObjectRetain", "swift_bridgeObjectRelease", "swift_retain_n",
    "swift_release_n"
  ]

  func calls(of names: [String]) -> UInt64 {
    calls.reduce(0) { sum, entry in
      // Without what versions and clones add: malloc@GLIBC..., swift_retain'2.
      let name = entry.key.prefix { $0 != "@" && $0 != "'" && $0 != "." }
      return names.contains(String(name)) ? sum + entry.value : sum
    }
  }
}
