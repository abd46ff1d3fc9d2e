import Glibc

/// Instructions, allocations and reference counts of a packet that is sent by one speaker and taken by another, counted by
/// callgrind: figures that do not move with the machine's load, compared with those that are committed.
@main
struct InstructionBenchmark {
  /// Packets of the two runs; the difference leaves out start and bring-up.
  private static let packets: (few: UInt64, many: UInt64) = (2_000, 12_000)
  /// How far instructions may be from what is committed, up or down.
  private static let tolerance = 0.05

  static func main() {
    let arguments = Array(CommandLine.arguments.dropFirst())
    do {
      if arguments.first == "run", arguments.count == 3, let packets = UInt64(arguments[2]),
        let workload = Workload.all.first(where: { $0.name == arguments[1] })
      {
        print("packets \(try workload.run(packets: packets))")
        return
      }
      try exit(compare(arguments))
    } catch let error as Unavailable {
      print("unavailable: \(error)")
      exit(77)
    } catch {
      print("error: \(error)")
      exit(1)
    }
  }

  private static func compare(_ arguments: [String]) throws -> Int32 {
    var expectedPath = "Benchmarks/Instructions/expected.txt"
    var writes = false
    var shows = false
    var rest = arguments[...]
    while let word = rest.popFirst() {
      switch word {
      case "--write": writes = true
      case "--profile": shows = true
      case "--expected":
        guard let path = rest.popFirst() else { throw Failure(text: "--expected needs a file") }
        expectedPath = path
      default:
        print("usage: InstructionBenchmark [--expected FILE] [--write] [--profile]")
        return 64
      }
    }
    guard geteuid() == 0 else {
      print("instructions for a packet: not counted; that needs root, for two network namespaces")
      return 0
    }
    Wire.sweep()
    var expected = try Expected(expectedPath)
    var isGood = true
    for workload in Workload.all {
      let measured: Measured
      do { measured = try Measured(workload, few: packets.few, many: packets.many) } catch let error as Unavailable
      {
        print("\(workload.name): not counted: \(error)")
        continue
      }
      for (quantity, value) in measured.quantities {
        let committed = expected[workload.name, quantity]
        // What is counted in ones may not grow by half of one in ten packets.
        let margin = quantity == "instructions" ? (committed ?? 0) * tolerance : 0.05
        let isAsCommitted = committed.map { abs(value - $0) <= margin } ?? false
        print(
          "\(workload.name): \(fixed(value)) \(quantity) a packet, "
            + (committed.map { "\(fixed($0)) committed" } ?? "none committed for \(Expected.architecture)")
            + (isAsCommitted || writes ? "" : committed == nil ? "" : "  <-- differs"))
        if !isAsCommitted, committed != nil { isGood = false }
        if writes { expected[workload.name, quantity] = value }
      }
      if shows || !isGood { print(measured.text) }
    }
    if writes {
      try expected.write()
      print("written to \(expectedPath)")
      return 0
    }
    if !isGood {
      print(
        """
        A packet costs other than \(expectedPath) says (instructions may differ by 5 %, calls by 0.05 a packet). More: find what
        was put into its way (above: the functions that cost most; `swift demangle` reads the names). Less, or meant so:
        make bench-instructions ARGS=--write, and commit the file with the change.
        """)
    }
    return isGood ? 0 : 1
  }
}

/// What a packet costs in a workload.
struct Measured {
  let quantities: [(String, Double)]
  private let profile: Profile
  private let packets: Double

  init(_ workload: Workload, few: UInt64, many: UInt64) throws {
    let (less, fewer) = try Self.count(workload, few)
    let (more, all) = try Self.count(workload, many)
    profile = more.less(less)
    packets = Double(all - fewer)
    quantities = [
      ("instructions", Double(profile.instructions) / packets),
      ("allocations", Double(profile.calls(of: Profile.allocators)) / packets),
      ("reference-counts", Double(profile.calls(of: Profile.counters)) / packets)
    ]
  }

  private static func count(_ workload: Workload, _ packets: UInt64) throws -> (Profile, packets: UInt64) {
    let base = "/tmp/everway-count\(getpid())"
    defer { for suffix in [".out", ".log", ".program"] { unlink(base + suffix) } }
    // Valgrind 3.19 gives up on Swift's debugging information (DWARF 5); names of functions are enough.
    guard try execute(["strip", "--strip-debug", "-o", "\(base).program", "/proc/\(getpid())/exe"]) == 0 else {
      throw Failure(text: "strip failed")
    }
    let status = try execute(
      [
        "valgrind", "--tool=callgrind", "--callgrind-out-file=\(base).out", "--compress-strings=no",
        "--compress-pos=no", "--dump-line=no", "--quiet", "\(base).program", "run", workload.name, "\(packets)"
      ], output: "\(base).log")
    let said = try read("\(base).log")
    let last = said.split(separator: "\n").last.map(String.init) ?? ""
    if status == 77 { throw Unavailable(text: last) }
    guard status == 0 else { throw Failure(text: "\(workload.name): valgrind ended with \(status):\n\(said)") }
    guard last.hasPrefix("packets "), let count = UInt64(last.dropFirst(8)) else {
      throw Failure(text: "\(workload.name): \(said)")
    }
    return (try Profile(read("\(base).out")), count)
  }

  /// Where it goes.
  var text: String {
    let top = profile.cost.sorted { $0.value > $1.value }.prefix(20)
    return top.map { "  \(fixed(Double($0.value) / packets)) \($0.key)" }.joined(separator: "\n")
  }
}
