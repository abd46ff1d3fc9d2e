import Glibc
import Processes
import Testing

@testable import Lab

@Suite(.timeLimit(.minutes(2))) struct RunningAProgram {
  @Test func itsOutputComesBack() throws {
    #expect(try Command("echo", ["one", "two"]).run() == "one two\n")
  }

  @Test func itReadsItsInput() throws {
    let text = String(repeating: "0123456789\n", count: 50_000)
    #expect(try Command("cat").run(input: text) == text)
  }

  @Test func aFailureCarriesTheLastLines() {
    let error = #expect(throws: LabError.self) {
      try Command("sh", ["-c", "echo fine; echo broken >&2; exit 3"]).run()
    }
    #expect(error?.message.hasSuffix("failed (exit status 3)") == true)
    #expect(error?.output == ["broken"])
  }

  @Test func oneThatHangsIsKilled() {
    let start = MonotonicTime.now()
    let error = #expect(throws: LabError.self) {
      try Command("sh", ["-c", "echo before; sleep 1000"]).run(timeout: .milliseconds(300))
    }
    #expect(error?.output == ["before"])
    #expect(MonotonicTime.now() - start < .seconds(100))
  }

  @Test func aGrandchildThatKeepsThePipeOpenDoesNotHoldItUp() throws {
    let output = try Command("sh", ["-c", "sleep 100 & echo $!"]).run(timeout: .seconds(60))
    let grandchild = try #require(Int32(output.filter(\.isNumber)))
    kill(grandchild, SIGKILL)
  }

  @Test func itInheritsNoDescriptorsOfOurs() throws {
    let file = open("/dev/null", O_RDONLY)
    // As a library does that forgets close-on-exec.
    let leaking = fcntl(file, F_DUPFD, 300)
    defer { for fd in [file, leaking] { close(fd) } }
    #expect(leaking >= 300 && fcntl(leaking, F_GETFD) == 0)
    let seen = try Command("sh", ["-c", "for fd in /proc/self/fd/*; do echo ${fd##*/}; done"]).run()
    #expect(!seen.split(separator: "\n").contains("\(leaking)"))
  }

  @Test func aMissingProgramNamesItsPackage() {
    #expect(throws: LabError.self) { try Command("/no/such/program").run() }
    let error = #expect(throws: LabError.self) { try Command("no-such-program").run() }
    #expect(error?.message == "no-such-program is not installed")
  }
}

@Suite(.timeLimit(.minutes(2))) struct AProcessInTheBackground {
  private func start(_ script: String) throws -> LabProcess {
    let path = "/tmp/everway-lab-test-\(getpid())-\(MonotonicTime.now().nanoseconds)"
    return try LabProcess.start(Command("sh", ["-c", script]), outputPath: path)
  }

  @Test func itsEndIsToldAsItWas() throws {
    let process = try start("exit 7")
    defer { unlink(process.outputPath) }
    #expect(process.wait(timeout: .seconds(60)) == .exited(7))
    #expect(!process.signal(SIGTERM))
  }

  @Test func itIsTerminatedAndThenKilledWhenItWillNot() throws {
    let process = try start("trap '' TERM; echo ready; while :; do sleep 0.05; done")
    defer { unlink(process.outputPath) }
    #expect(waitUntil(timeout: .seconds(60)) { process.lastLines() == ["ready"] })
    #expect(process.wait(timeout: .milliseconds(10)) == nil)
    #expect(process.terminate(grace: .milliseconds(200)) == .signalled(SIGKILL))
  }

  @Test func itsChildrenEndWithIt() throws {
    let process = try start("sleep 1000 & echo $!; wait")
    defer { unlink(process.outputPath) }
    #expect(waitUntil(timeout: .seconds(60)) { process.lastLines().count == 1 })
    let child = try #require(process.lastLines().first.flatMap { Int32($0) })
    let identity = try #require(ProcessIdentity(runningPID: child))
    process.kill()
    #expect(waitUntil(timeout: .seconds(60)) { !identity.isRunning })
  }

  // `exec`, because a shell whose vforked child is stopped waits for it in state D, not T.
  @Test func pausedItStandsStill() throws {
    let process = try start("exec sleep 1000")
    defer {
      process.kill()
      unlink(process.outputPath)
    }
    func state() -> Character? { (try? Files.read("/proc/\(process.pid)/stat")).flatMap { ProcessStat($0)?.state } }
    process.pause()
    #expect(waitUntil(timeout: .seconds(60)) { state() == "T" })
    process.resume()
    #expect(waitUntil(timeout: .seconds(60)) { state() != "T" })
    process.pause()
    #expect(waitUntil(timeout: .seconds(60)) { state() == "T" })
    #expect(process.terminate() == .signalled(SIGTERM))
  }

  @Test func aLaterProcessWithTheSameNumberIsNotTakenForIt() throws {
    let process = try start("sleep 1000")
    defer {
      process.kill()
      unlink(process.outputPath)
    }
    var impostor = process.identity
    impostor.startTime += 1
    let recorded = LabProcess(recorded: impostor, name: "other")
    #expect(!recorded.isRunning)
    #expect(!recorded.signal(SIGKILL))
    #expect(process.isRunning)
  }

  @Test func theStartTimeIsReadBehindAHostileName() {
    let text = "42 (a) R (b) S 1 42 42 0 -1 4 0 0 0 0 0 0 0 0 20 0 1 0 98765 1000 10"
    #expect(ProcessStat(text)?.state == "S")
    #expect(ProcessStat(text)?.startTime == 98765)
    #expect(ProcessStat("42 (short) S 1") == nil)
  }
}
