import Runtime
import Cluster
import Addresses
import BFD
import CLinux
import Doctor
import Glibc
import Lab
import NetworkNamespaces
import Processes
import Testing

@testable import Collectors

/// Each failure of the speaker and of its sessions, produced for real, named by doctor, and repaired where it can.
@Suite(.serialized, .enabled(if: geteuid() == 0), .timeLimit(.minutes(10))) struct SpeakerFailures {
  typealias Field = SpeakerField

  @Test func aHealthyPairGivesNoFinding() throws {
    try Field.with("ok") { field in
      try field.bringUp()
      let diagnosis = try field.expect([])
      let gaps = diagnosis.areas.filter { $0.area == .speaker || $0.area == .firewall }.flatMap(\.gaps)
      #expect(gaps.isEmpty, "\(gaps)")
    }
  }

  // MARK: Presence

  @Test func nobodySpeaks() throws {
    try Field.with("26") { field in
      let finding = try #require(try field.expect(["EW-BFD-26"]).findings.first)
      #expect(
        finding.evidence.contains { $0.value == "Error connecting to beacon on 127.0.0.1:957: Connection refused" })
    }
  }

  @Test func theSpeakerListensOnTheWrongAddress() throws {
    try Field.with("27") { field in
      try field.startBeacon(on: field.us, "--listen=127.0.0.2")
      try field.startBeacon(on: field.them)
      try field.ask(on: field.us, "allow \(Field.peer)")
      try field.ask(on: field.them, "allow \(Field.us)")
      try field.expect(["EW-BFD-27"])
    }
  }

  @Test func aPeerIsNotAllowed() throws {
    try Field.with("28") { field in
      try field.startBeacon(on: field.us)
      try field.startBeacon(on: field.them)
      try field.ask(on: field.them, "allow \(Field.us)")
      let diagnosis = try field.expect(["EW-BFD-28"])
      #expect(diagnosis.findings.first?.consequences.map(\.id) == ["EW-BFD-36"])
      try field.repair(diagnosis)
    }
  }

  @Test func iPv6IsNotHeard() throws {
    try Field.with("29") { field in
      try field.expect("fd00:1::1")
      try field.startBeacon(on: field.us, "--listen=0.0.0.0")
      try field.startBeacon(on: field.them)
      try field.ask(on: field.us, "allow \(Field.peer)", "allow fd00:1::1")
      try field.ask(on: field.them, "allow \(Field.us)", "allow fd00:1::2")
      try field.expect(["EW-BFD-29"])
    }
  }

  @Test(arguments: ["input", "output"]) func aFirewallDropsIt(_ hook: String) throws {
    try Field.with("30\(hook.prefix(1))") { field in
      try field.bringUp()
      try field.us.run(
        "nft", "-f", "-",
        input: "table inet f {\nchain c {\ntype filter hook \(hook) priority 0\nudp dport 3784 counter drop\n}\n}\n"
      )
      guard hook == "input" else {
        // The peer hears nothing of us; we hear that it says so.
        try field.expect(["EW-BFD-89"])
        return
      }
      let diagnosis = try field.expect(["EW-BFD-30"])
      #expect(diagnosis.findings.first?.remedy.repair == .guarded)
      try field.repair(diagnosis)
    }
  }

  @Test func packetsArriveWithALowTTL() throws {
    try Field.with("32") { field in
      try field.startBeacon(on: field.us)
      try field.ask(on: field.us, "allow \(Field.peer)")
      let sender = try PacketSender(field.them, PacketSender.down().bytes, ttl: 250)
      let diagnosis = try field.expect(["EW-BFD-32"])
      #expect(diagnosis.findings.first?.parameters["ttl"] == "250")
      withExtendedLifetime(sender) {}
    }
  }

  @Test func aBeaconStaysAtItsDefaultTimers() throws {
    try Field.with("33") { field in
      try field.bringUp()
      try field.ask(on: field.them, "session all set mintx 100 ms", "session all set minrx 100 ms")
      let diagnosis = try field.expect(["EW-BFD-33"])
      #expect(diagnosis.findings.first?.parameters["promised"] == "300 ms")
      try field.repair(diagnosis)
    }
  }

  @Test func aPeerSendsMoreSlowlyThanItSays() throws {
    try Field.with("34") { field in
      try field.startBeacon(on: field.us)
      try field.ask(on: field.us, "session new set minrx 100 ms", "allow \(Field.peer)")
      let packet = PacketSender.down(minTx: .milliseconds(100), minRx: .milliseconds(100))
      let sender = try PacketSender(field.them, packet.bytes, every: .milliseconds(800))
      try field.expect(["EW-BFD-34"])
      withExtendedLifetime(sender) {}
    }
  }

  @Test func aPeerSpeaksToASessionThatIsGone() throws {
    try Field.with("35") { field in
      try field.startBeacon(on: field.us)
      try field.ask(on: field.us, "allow \(Field.peer)")
      let sender = try PacketSender(field.them, PacketSender.down(your: 4_711).bytes)
      let diagnosis = try field.expect(["EW-BFD-35"])
      #expect(diagnosis.findings.first?.parameters["discriminator"] == "4711")
      withExtendedLifetime(sender) {}
    }
  }

  @Test func aPeerIsSilentAndTheProbeIsGreen() throws {
    try Field.with("36") { field in
      try field.startBeacon(on: field.us)
      try field.ask(on: field.us, "allow \(Field.peer)")
      let diagnosis = try field.expect(["EW-BFD-82"])
      #expect(diagnosis.all.map(\.id) == ["EW-BFD-82", "EW-BFD-36"])
    }
  }

  @Test func theSpeakerIsThrottled() throws {
    try Field.with("38") { field in
      guard let group = CPUGroup("everway-\(getpid())") else {
        print("no control group with a CPU quota can be made here")
        return
      }
      defer { group.remove() }
      let pid = try field.bringUp(priority: 0).pid
      // 1 ms in each 100 ms, and something to do: a client that asks all the time.
      try group.limit(pid, quota: 1_000)
      let load = try field.lab.start(
        Command("/bin/sh", ["-c", "while :; do \(field.lab.directory)/bfdd-control status; done"]), in: field.us,
        label: "us/load", outputName: "load.log")
      defer { load.kill() }
      var found: [FindingID] = []
      var finding: Finding?
      waitUntil(timeout: .seconds(60)) {
        let diagnosis = try? field.diagnose()
        finding = diagnosis?.all.first { $0.id == "EW-BFD-38" }
        found = diagnosis?.findings.map(\.id) ?? []
        return finding != nil
      }
      let throttled = try #require(finding, "\(found)")
      for action in throttled.remedy.actions { try Repairs.apply(action) }
      load.kill()
      try field.expect([])
    }
  }

  @Test func theControlPortIsMute() throws {
    try Field.with("80") { field in
      try field.startBeacon(on: field.us, "--control=127.0.0.1:9957")
      try field.expect(["EW-BFD-80"])
    }
  }

  @Test func anotherProgramHasThePort() throws {
    try Field.with("81") { field in
      let peer = BFDPeer(
        try #require(IPAddress(Field.peer)), local: IPAddress(Field.us), interface: "wire")
      let bird = BIRDRouter(lab: field.lab, namespace: field.us, peers: [peer])
      try bird.start()
      let diagnosis = try field.expect(["EW-BFD-81"])
      #expect(diagnosis.findings.first?.parameters["holder"]?.hasPrefix("bird (pid ") == true)
    }
  }

  // MARK: States

  @Test func anOperatorHoldsItHere() throws {
    try Field.with("83") { field in
      try field.bringUp()
      try field.ask(on: field.us, "session all state admin")
      try field.expect(["EW-BFD-83"])
    }
  }

  @Test func anOperatorHoldsItThere() throws {
    try Field.with("84") { field in
      try field.bringUp()
      try field.ask(on: field.them, "session all state admin")
      try field.expect(["EW-BFD-84"])
    }
  }

  @Test func thePeerAuthenticatesAndWeDoNot() throws {
    try Field.with("85") { field in
      try field.startBeacon(on: field.us)
      try field.ask(on: field.us, "allow \(Field.peer)")
      var octets = PacketSender.down().bytes
      // A simple password of one octet (RFC 5880 section 4.2).
      octets[1] |= 0x04
      octets[3] = 28
      octets += [1, 4, 1, 65]
      let sender = try PacketSender(field.them, octets)
      try field.expect(["EW-BFD-85"])
      withExtendedLifetime(sender) {}
    }
  }

  @Test func thePeerDoesNotHearUs() throws {
    try Field.with("86") { field in
      try field.startBeacon(on: field.us)
      try field.startBeacon(on: field.them)
      let drop = try field.them.drop(.bfd(.input))
      try field.ask(on: field.us, "allow \(Field.peer)")
      try field.ask(on: field.them, "allow \(Field.us)")
      try field.expect(["EW-BFD-86"])
      try drop.remove()
      try field.expect([])
    }
  }

  @Test func aStrangerSpeaks() throws {
    try Field.with("87") { field in
      try field.bringUp()
      try field.them.ip("addr add 10.1.0.9/24 dev wire")
      let sender = try PacketSender(field.them, PacketSender.down().bytes, from: "10.1.0.9")
      let diagnosis = try field.expect(["EW-BFD-87"])
      #expect(diagnosis.worst == .info)
      withExtendedLifetime(sender) {}
    }
  }

  @Test func thePeerFallsSilent() throws {
    try Field.with("88") { field in
      try field.startBeacon(on: field.us)
      let other = try field.startBeacon(on: field.them)
      try field.ask(on: field.us, "connect local \(Field.us) remote \(Field.peer)")
      try field.ask(on: field.them, "allow \(Field.us)")
      try field.wait(for: "state=Up ")
      other.kill()
      try field.expect(["EW-BFD-88"])
    }
  }

  static let diagnostics: [(UInt8, FindingID)] = [
    (1, "EW-BFD-89"), (5, "EW-BFD-90"), (6, "EW-BFD-90"), (8, "EW-BFD-90"), (2, "EW-BFD-91"), (4, "EW-BFD-92")
  ]

  @Test(arguments: diagnostics) func thePeerSaysWhy(_ code: UInt8, _ id: FindingID) throws {
    try Field.with("90\(code)") { field in
      try field.bringUp()
      try field.ask(on: field.them, "session all state down \(code)")
      try field.expect([id])
      try field.ask(on: field.them, "session all state up")
      try field.expect([])
    }
  }

  @Test func packetsAreMalformed() throws {
    try Field.with("93") { field in
      try field.startBeacon(on: field.us)
      try field.ask(on: field.us, "allow \(Field.peer)")
      var octets = PacketSender.down().bytes
      octets[2] = 0
      let sender = try PacketSender(field.them, octets)
      let diagnosis = try field.expect(["EW-BFD-93"])
      #expect(diagnosis.findings.first?.parameters["fault"] == "multiplier-zero")
      withExtendedLifetime(sender) {}
    }
  }

  @Test func packetsComeToTheOtherPort() throws {
    try Field.with("94") { field in
      try field.startBeacon(on: field.us)
      try field.ask(on: field.us, "allow \(Field.peer)")
      let sender = try PacketSender(field.them, PacketSender.down().bytes, port: 4784)
      try field.expect(["EW-BFD-94"])
      withExtendedLifetime(sender) {}
    }
  }

  // MARK: Parameters

  @Test func aMultiplierIsOne() throws {
    try Field.with("96") { field in
      try field.bringUp()
      try field.ask(on: field.us, "session all set multi 1")
      try field.repair(try field.expect(["EW-BFD-96"]))
    }
  }

  @Test func theTimersAreFasterThanTheQuota() throws {
    try Field.with("97") { field in
      guard let group = CPUGroup("everway-\(getpid())") else { return }
      defer { group.remove() }
      let pid = try field.bringUp(priority: 0).pid
      // Never used up, and if it were: 900 ms of standstill.
      try group.limit(pid, quota: 100_000, period: 1_000_000)
      for place in [field.us, field.them] {
        try field.ask(on: place, "session all set mintx 200 ms", "session all set minrx 200 ms")
      }
      try field.expect(["EW-BFD-97"])
    }
  }

  @Test func thePeerIsSlowerThanAsked() throws {
    try Field.with("98") { field in
      try field.bringUp()
      try field.ask(on: field.us, "session all set minrx 100 ms")
      try field.expect(["EW-BFD-98"])
    }
  }

  @Test func oneEndAsksForSilence() throws {
    try Field.with("99") { field in
      try field.bringUp()
      try field.ask(on: field.us, "session all set minrx 0 ms")
      try field.repair(try field.expect(["EW-BFD-99"]))
    }
  }
}

/// A control group of our own with a CPU quota, where the kernel's cgroup v1 is writable.
struct CPUGroup {
  private let path: String

  init?(_ name: String) {
    path = "/sys/fs/cgroup/cpu/\(name)"
    guard access("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", F_OK) == 0, mkdir(path, 0o755) == 0 else { return nil }
  }

  func limit(_ pid: Int32, quota: Int, period: Int = 100_000) throws {
    try write("cpu.cfs_period_us", "\(period)")
    try write("cpu.cfs_quota_us", "\(quota)")
    try write("cgroup.procs", "\(pid)")
  }

  private func write(_ file: String, _ text: String) throws {
    let fd = open("\(path)/\(file)", O_WRONLY | O_CLOEXEC)
    guard fd >= 0 else { throw SystemCallError("open \(path)/\(file)") }
    defer { close(fd) }
    guard Glibc.write(fd, text, text.utf8.count) == text.utf8.count else {
      throw SystemCallError("write \(path)/\(file)")
    }
  }

  /// A group goes only when it is empty.
  func remove() {
    let pids = ProcText.read("\(path)/cgroup.procs") ?? ""
    for pid in pids.split(separator: "\n") {
      let fd = open("/sys/fs/cgroup/cpu/cgroup.procs", O_WRONLY | O_CLOEXEC)
      _ = Glibc.write(fd, String(pid), pid.utf8.count)
      close(fd)
    }
    rmdir(path)
  }
}
