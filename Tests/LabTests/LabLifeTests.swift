import Glibc
import Processes
import Testing

@testable import Lab

@Suite(.enabled(if: TestLab.isPossible), .timeLimit(.minutes(2))) struct TheLifeOfALab {
  @Test func whatALabMadeIsGoneAfterDown() throws {
    let lab = try Lab.up("t\(getpid())life")
    defer { lab.down() }
    let namespace = try lab.makeNamespace("a")
    let sleeper = try lab.start(
      Command("sleep", ["1000"]), in: namespace, label: "sleeper", outputName: "sleep.log")
    #expect(namespace.exists)
    #expect(sleeper.isRunning)
    #expect(Lab.names().contains(lab.name))
    lab.down()
    #expect(!namespace.exists)
    #expect(!sleeper.identity.isRunning)
    #expect(sleeper.exitStatus == .signalled(SIGTERM))
    #expect(!Lab.names().contains(lab.name))
    lab.down()
  }

  @Test func twoLabsStandSideBySide() throws {
    try TestLab.with("one") { one in
      try TestLab.with("two") { two in
        let first = try one.makeNamespace("a")
        let second = try two.makeNamespace("a")
        #expect(first.name != second.name)
        two.down()
        #expect(first.exists)
        #expect(!second.exists)
      }
    }
  }

  @Test func aNameIsTakenWhileItsOwnerLives() throws {
    try TestLab.with("taken") { lab in
      let error = #expect(throws: LabError.self) { _ = try Lab.up(lab.name) }
      #expect(error?.message.contains("is up already and belongs to process \(getpid())") == true)
    }
  }

  @Test(arguments: ["", "Upper", "with-dash", "../etc", "seventeenletters1"])
  func aNameThatWouldNotFitIsRefused(_ name: String) {
    #expect(throws: LabError.self) { _ = try Lab.up(name) }
  }

  @Test func anotherHandleTakesAKeptLabDown() throws {
    let name = "t\(getpid())kept"
    let maker = try Lab.up(name, kept: true)
    defer { maker.down() }
    let namespace = try maker.makeNamespace("a")
    let sleeper = try maker.start(Command("sleep", ["1000"]), in: namespace, label: "sleeper", outputName: "x.log")
    #expect(Lab.sweep().contains(name) == false)
    let other = try #require(Lab.existing(name))
    #expect(other.record.processes.map(\.name) == ["sleeper"])
    other.down()
    #expect(!namespace.exists)
    #expect(sleeper.exitStatus == .signalled(SIGTERM))
  }

  @Test func whatAKilledOwnerLeftBehindIsSwept() throws {
    let lab = try Lab.up("t\(getpid())crash")
    defer { lab.down() }
    let namespace = try lab.makeNamespace("a")
    let sleeper = try lab.start(Command("sleep", ["1000"]), in: namespace, label: "sleeper", outputName: "x.log")
    // A process that the crash kept out of the journal: only its environment tells whose it is.
    let stray = try LabProcess.start(
      Command("sleep", ["1000"], environment: [Lab.marker: lab.name]), in: namespace,
      outputPath: lab.directory + "/stray.log")
    // The owner's number is in use by another process than the one that made the lab: that one is dead.
    let journal = try Files.read(lab.directory + "/journal")
    try Files.write(
      journal.replacingFirstLine(with: "owner \(getpid()) 1"), to: lab.directory + "/journal")
    #expect(Lab.sweep().contains(lab.name))
    #expect(!namespace.exists)
    #expect(!Files.exists(lab.directory))
    #expect(sleeper.wait(timeout: .seconds(10)) != nil)
    #expect(stray.wait(timeout: .seconds(10)) != nil)
  }

  @Test func nothingIsMadeOnceTheLabIsGoingDown() throws {
    let lab = try Lab.up("t\(getpid())closed")
    lab.down()
    #expect(throws: LabError.self) { _ = try lab.makeNamespace("a") }
    #expect(throws: LabError.self) {
      _ = try lab.start(Command("sleep", ["1000"]), in: nil, label: "x", outputName: "x.log")
    }
    #expect(!Files.exists(lab.directory))
  }

  @Test func aWireWithoutCarrierIsNotRunning() throws {
    try TestLab.with("run") { lab in
      let wire = try lab.makeWire()
      #expect(try wire.a.runningInterfaces() == ["lo", "w"])
      try wire.b.linkDown("w")
      #expect(waitUntil(timeout: .seconds(60)) { (try? wire.a.runningInterfaces()) == ["lo"] })
      let error = #expect(throws: LabError.self) {
        try wire.a.waitUntilRunning(["lo", "w"], timeout: .milliseconds(50))
      }
      #expect(error?.message.hasSuffix(": w") == true)
    }
  }

  @Test func aFailedIPCommandIsNamed() throws {
    try TestLab.with("ip") { lab in
      let namespace = try lab.makeNamespace("a")
      let error = #expect(throws: LabError.self) {
        try namespace.ip("link set lo up", "addr add 10.0.0.1/24 dev nothere")
      }
      #expect(error?.message == "\(namespace.name): `ip addr add 10.0.0.1/24 dev nothere` failed")
      #expect(error?.output.isEmpty == false)
    }
  }
}

extension String {
  fileprivate func replacingFirstLine(with line: String) -> String {
    guard let end = firstIndex(of: "\n") else { return line }
    return line + self[end...]
  }
}

@Suite struct ReadinessOfIPv6 {
  @Test func wantsALinkLocalAddressAndNoTentativeOne() {
    let table = """
      00000000000000000000000000000001 01 80 10 80       lo
      fd010000000000000000000000000001 02 40 00 82    fresh
      fd010000000000000000000000000001 03 40 00 82    ready
      fe8000000000000000000000000000aa 03 40 20 80    ready
      fe8000000000000000000000000000bb 04 40 20 c0    tentative
      """
    #expect(LabNamespace.unreadyIPv6(table) == ["fresh", "tentative"])
  }
}

@Suite struct TheJournalOfALab {
  @Test func tellsWhatWasMade() {
    let record = LabRecord(
      journal: "owner 12 34\nnamespace evl-a-r1\nprocess 56 78 r1/bfdd\nnamespace evl-a-r1\nkept\nproc")
    #expect(record.owner == ProcessIdentity(pid: 12, startTime: 34))
    #expect(record.isKept)
    #expect(record.namespaces == ["evl-a-r1"])
    #expect(
      record.processes == [.init(identity: ProcessIdentity(pid: 56, startTime: 78), name: "r1/bfdd")])
  }

  @Test(arguments: [
    LabRecord.Entry.owner(ProcessIdentity(pid: 1, startTime: 2)), .kept, .namespace("evl-a-b"),
    .process(.init(identity: ProcessIdentity(pid: 3, startTime: 4), name: "r1/bird"))
  ])
  func anEntryReadsBackAsItWasWritten(_ entry: LabRecord.Entry) {
    #expect(LabRecord.Entry(String(entry.line.dropLast())) == entry)
  }

  @Test(arguments: [
    ("", true), ("kept\n", false), ("owner 1 1\n", false), ("owner 2 1\n", true), ("owner 1 2\n", true)
  ])
  func aLabIsALeftoverWhenItsOwnerIsDead(journal: String, leftover: Bool) {
    let record = LabRecord(journal: journal)
    #expect(record.isLeftover { $0 == ProcessIdentity(pid: 1, startTime: 1) } == leftover)
  }
}
