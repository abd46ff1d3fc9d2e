import Control
import Glibc
import History
import Journal
import Processes
import Testing

/// Another process keeps the journal: it is killed, or its disk is full.
@Suite struct HardTimesTests {
  let directory = Directory()

  @Test func `Whenever the writer is killed, the journal holds a prefix of what was appended`() throws {
    var written: UInt64 = 0
    var generator = SystemRandomNumberGenerator()
    for round in 1...25 {
      let (pid, output) = try start(["append", directory.path])
      // At the very beginning too, and at any moment of a turn.
      let said = read(output, lines: round % 5 == 0 ? 0 : 3)
      usleep(UInt32.random(in: 0...20_000, using: &generator))
      kill(pid, SIGKILL)
      var status: Int32 = 0
      waitpid(pid, &status, 0)
      #expect(status & 0x7f == SIGKILL)
      let last = said.split(separator: "\n").compactMap { UInt64($0) }.max() ?? written
      written = max(written, last)
      close(output)
      guard access(directory.journal, F_OK) == 0 else { continue }
      let sequences: [UInt64]
      do {
        var query = HistoryQuery()
        query.limit = .max
        sequences = try JournalReader(path: directory.journal).records(query).map(\.event.sequence)
      } catch {
        // Killed before the first table was there.
        #expect(written == 0)
        continue
      }
      #expect(sequences == (0..<UInt64(sequences.count)).map { $0 + 1 })
      #expect(UInt64(sequences.count) >= written)
      written = UInt64(sequences.count)
    }
    #expect(written > 100)
  }

  @Test(.enabled(if: geteuid() == 0))
  func `A full disk stops nobody, and what is missing is told when there is room again`() throws {
    // A file system of 8 MB, in a mount namespace that ends with the program.
    let script =
      "mount -t tmpfs -o size=8m everway-\(getpid()) '\(directory.path)' && exec '\(Host.path)' full '\(directory.path)'"
    let result = try Command("unshare", ["-m", "sh", "-c", script]).capture(timeout: .seconds(120))
    #expect(result.errorOutput == "")
    let lines = result.output.split(separator: "\n").map(String.init)
    try #require(lines.count == 4, "\(result.output)")
    #expect(lines[0].hasPrefix("full: \(directory.journal) cannot grow"))
    let missing = try #require(lines[0].split(separator: " ").last.flatMap { Int($0) })
    #expect(missing > 1_000)
    #expect(lines[1].hasPrefix("room: none, recorded \(20_001 - missing)"))
    #expect(lines[2] == "events: \(20_001 - missing + 1)")
    #expect(lines[3].hasPrefix("gap: \(missing) \(missing) events between 2026-11-20T"))
    #expect(lines[3].contains("could not be recorded: \(directory.journal) cannot grow"))
  }

  @Test func `A file that may not grow is as a full disk`() throws {
    let script = "ulimit -f 2000 && exec '\(Host.path)' full '\(directory.path)'"
    let result = try Command("sh", ["-c", script]).capture(timeout: .seconds(120))
    let lines = result.output.split(separator: "\n").map(String.init)
    try #require(lines.count >= 3, "\(result.output) \(result.errorOutput)")
    #expect(lines[2].hasPrefix("events: "))
  }

  private func start(_ arguments: [String]) throws -> (pid: pid_t, output: Int32) {
    var ends: [Int32] = [-1, -1]
    pipe(&ends)
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    let pid = try spawn(
      path: Host.path, arguments: arguments, environment: ["PATH=/usr/bin:/bin"], input: 0, output: ends[1],
      errorOutput: 2)
    close(ends[1])
    return (pid, ends[0])
  }

  /// Until so many lines are there, or a generous time has passed.
  private func read(_ fd: Int32, lines: Int) -> String {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4_096)
    for _ in 0..<300 where bytes.count(where: { $0 == UInt8(ascii: "\n") }) < lines {
      var watched = pollfd(fd: fd, events: Int16(POLLIN), revents: 0)
      poll(&watched, 1, 100)
      guard watched.revents != 0 else { continue }
      let count = Glibc.read(fd, &chunk, chunk.count)
      guard count > 0 else { break }
      bytes += chunk[..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
