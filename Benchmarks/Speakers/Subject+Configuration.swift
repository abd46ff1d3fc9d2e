import Glibc
import Lab
import Processes
import SpeakerLoad

extension RunningSubject {
  private var plan: LoadPlan { ground.plan }
  /// Where a daemon has one set of timers for all: the peers' own make sessions slower where they want it.
  private var fastest: LoadPlan.Group {
    plan.groups.min { $0.interval < $1.interval } ?? LoadPlan.Group(count: 0, interval: 300_000, multiplier: 3)
  }
  private func multiplier(_ group: LoadPlan.Group) -> UInt8 { settings.multiplier ?? group.multiplier }

  // MARK: Everway

  /// Above this, the list of peers would be longer than the 1 MiB a configuration may have.
  private static let mostPeers = 15_000

  var controlSocket: String { "\(directory)/everway.sock" }

  private var everwayFile: String { "\(directory)/everway.yaml" }

  /// - Parameter observe: the section `observe`, in YAML on one line; nil: nobody watches.
  private func everwayConfiguration(observe: String?) -> String {
    var text = """
      version: 1
      namespace: this
      egress-sysctls: false
      control: {socket: \(controlSocket)}
      drain: {on-stop: false}

      """
    if let priority = settings.priority { text += "realtime: {priority: \(priority)}\n" }
    if let observe { text += "observe: \(observe)\n" }
    text += "bfd:\n"
    text += "  transmit-interval: \(fastest.interval)us\n  receive-interval: \(fastest.interval)us\n"
    text += "  detect-multiplier: \(multiplier(fastest))\n  listen: [0.0.0.0]\n"
    if plan.count > Self.mostPeers {
      // Each is made when its peer first speaks.
      text += "  allow: [{name: all, prefix: \(LoadPlan.text(plan.base & 0xfff0_0000))/12, max-sessions: 65535}]\n"
    } else {
      text += "  peers:\n"
      var index = 0
      for group in plan.groups {
        let timers =
          group == fastest
          ? ""
          : ", transmit-interval: \(group.interval)us, receive-interval: \(group.interval)us, "
            + "detect-multiplier: \(multiplier(group))"
        for _ in 0..<group.count {
          text += "    - {name: p\(index), address: \(LoadPlan.text(plan.address(index)))\(timers)}\n"
          index += 1
        }
      }
    }
    return text
  }

  func startEverway() throws {
    try put(everwayConfiguration(observe: nil), everwayFile)
    try launch(
      Command(
        settings.everway,
        ["run", "--config", everwayFile, "--state-directory", directory, "--log-format", "text"]
          + (settings.engine.map { ["--engine", $0] } ?? [])))
    try wait(for: "control socket") { access(controlSocket, F_OK) == 0 }
    try waitUntilListening()
  }

  /// Begins or ends watching while it runs.
  func reload(observe: String?) throws {
    try put(everwayConfiguration(observe: observe), everwayFile)
    let result = try Command(settings.everway, ["reload", "--socket", controlSocket]).capture()
    guard result.status.isSuccess else { throw Trouble("reload: \(result.output)\(result.errorOutput)") }
  }

  /// Lines of `everway status` that say how late the thread was scheduled, and by which policy.
  func reportedLateness() -> [String] {
    guard let result = try? Command(settings.everway, ["status", "--json", "--socket", controlSocket]).capture()
    else { return [] }
    return result.output.split(separator: "\n").map { $0.trimmed() }
      .filter { $0.contains("late") || $0.contains("scheduling") || $0.contains("engine") }
  }

  // MARK: BIRD

  func startBIRD() throws {
    var text = """
      router id \(LoadPlan.text(plan.daemon));
      log "\(directory)/bird.log" { warning, error, fatal, bug };
      protocol device { scan time 3600; }
      protocol bfd {
        interface "\(Ground.interface)" {
          min rx interval \(fastest.interval) us; min tx interval \(fastest.interval) us;
          multiplier \(multiplier(fastest));
        };

      """
    for index in 0..<plan.count {
      text +=
        "  neighbor \(LoadPlan.text(plan.address(index))) dev \"\(Ground.interface)\" "
        + "local \(LoadPlan.text(plan.daemon));\n"
    }
    text += "}\n"
    try put(text, "\(directory)/bird.conf")
    try launch(
      Command(
        "bird",
        ["-f", "-c", "\(directory)/bird.conf", "-s", "\(directory)/bird.ctl", "-P", "\(directory)/bird.pid"]))
    try waitUntilListening()
  }

  // MARK: FRR

  /// bfdd runs no session over one hop before zebra has told it of the interface, so zebra is there too, and counts.
  func startFRR() throws {
    guard let user = getpwnam("frr") else { throw Trouble("there is no user 'frr'") }
    chown(directory, user.pointee.pw_uid, user.pointee.pw_gid)
    let common = [
      "-u", "frr", "-g", "frr", "--vty_socket", directory, "-z", "\(directory)/zserv.api", "-A", "127.0.0.1", "-P",
      "0"
    ]
    try put("hostname bench\n", "\(directory)/zebra.conf")
    var text = "hostname bench\nbfd\n profile bench\n"
    text += "  transmit-interval \(fastest.interval / 1_000)\n  receive-interval \(fastest.interval / 1_000)\n"
    text += "  detect-multiplier \(multiplier(fastest))\n exit\n"
    for index in 0..<plan.count {
      text +=
        " peer \(LoadPlan.text(plan.address(index))) local-address \(LoadPlan.text(plan.daemon)) "
        + "interface \(Ground.interface)\n  profile bench\n  no shutdown\n exit\n"
    }
    text += "exit\n"
    try put(text, "\(directory)/bfdd.conf")
    try launch(
      Command("zebra", common + ["-f", "\(directory)/zebra.conf", "-i", "\(directory)/zebra.pid"]))
    try wait(for: "zebra") { access("\(directory)/zserv.api", F_OK) == 0 }
    try launch(
      Command(
        "bfdd",
        common + [
          "-f", "\(directory)/bfdd.conf", "-i", "\(directory)/bfdd.pid", "--bfdctl", "\(directory)/bfdd.sock"
        ]))
    // It opens its port before it has read the peers, and answers questions only after.
    let count = plan.count
    try wait(for: "peers in bfdd") {
      let result = try? Command(
        "vtysh", ["--vty_socket", directory, "-d", "bfdd", "-c", "show bfd peers brief"]
      ).capture()
      return result?.output.contains("Session count: \(count)") ?? false
    }
  }

  // MARK: OpenBFDD

  func startOpenBFDD() throws {
    let home = settings.openbfdd ?? ""
    var text = "log level none\n"
    text += "session new set mintx \(Self.milliseconds(fastest.interval)) ms\n"
    text += "session new set minrx \(Self.milliseconds(fastest.interval)) ms\n"
    text += "session new set multi \(multiplier(fastest))\n"
    for index in 0..<plan.count { text += "allow \(LoadPlan.text(plan.address(index)))\n" }
    let file = "\(directory)/openbfdd.commands"
    try put(text, file)
    try launch(Command("\(home)/bfdd-beacon", ["--nofork", "--listen=\(LoadPlan.text(plan.daemon))"]))
    try waitUntilListening()
    try wait(for: "control port") {
      let result = try? Command("\(home)/bfdd-control", ["load", file]).capture(in: ground.inside)
      return result?.status.isSuccess ?? false
    }
  }

  // MARK: The one with known faults

  func startFaulty() throws {
    try launch(
      Command(
        "/proc/\(getpid())/exe",
        [
          "faulty", "--address", LoadPlan.text(plan.daemon), "--interval", "\(fastest.interval)", "--multiplier",
          "\(fastest.multiplier)", "--fault", settings.fault.rawValue
        ]))
    try waitUntilListening()
  }
}

extension Substring {
  func trimmed() -> String {
    String(drop { $0 == " " }.reversed().drop { $0 == " " || $0 == "," }.reversed())
  }
}
