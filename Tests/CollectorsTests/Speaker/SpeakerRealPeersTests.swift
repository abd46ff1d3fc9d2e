import Addresses
import BFD
import Doctor
import Glibc
import Lab
import Processes
import Testing

/// Doctor beside `everway run`, and beside real FRR, BIRD and OVN at the other end.
@Suite(.serialized, .enabled(if: geteuid() == 0), .timeLimit(.minutes(10))) struct SpeakersAndRealPeers {
  typealias Field = SpeakerField

  /// `everway run` in our namespace, with one peer.
  private func startEverway(_ field: Field, _ more: String...) throws {
    let lines = [
      "version: 1", "namespace: this", "control: {socket: \(field.controlSocket)}", "bfd:", "  peers:",
      "    - {name: r1, address: \(Field.peer), local-address: \(Field.us), interface: wire, "
        + (["transmit-interval: 1s", "receive-interval: 1s"] + more).joined(separator: ", ") + "}"
    ]
    let file = "\(field.lab.directory)/gateway.yaml"
    try #require(
      fopen(file, "w").map { fputs(lines.joined(separator: "\n") + "\n", $0) >= 0 && fclose($0) == 0 } == true)
    let arguments = ["run", "--config", file, "--state-directory", "\(field.lab.directory)/state"]
    let process = try field.lab.start(
      Command(Field.program, arguments), in: field.us, label: "us/everway", outputName: "everway.log")
    let isReady = waitUntil(timeout: .seconds(30)) { access(field.controlSocket, F_OK) == 0 }
    try #require(isReady, "\(process.lastLines())")
  }

  private func everway(_ field: Field, _ words: String...) throws {
    let result = try Command(Field.program, words + ["--socket", field.controlSocket]).capture()
    try #require(result.status.isSuccess, "\(result.errorOutput)")
  }

  @Test func everwayIsHealthyThenDrainedThenBack() throws {
    try Field.with("run") { field in
      try field.startBeacon(on: field.them)
      try field.ask(on: field.them, "allow \(Field.us)")
      try startEverway(field)
      try field.expect([])
      try everway(field, "drain")
      let diagnosis = try field.expect(["EW-BFD-83"])
      #expect(diagnosis.findings.first?.parameters["hold"] == "drained")
      #expect(diagnosis.findings.first?.remedy.actions.isEmpty == true)
      try everway(field, "undrain")
      try field.expect([])
    }
  }

  @Test func everwayCountsWhatItThrowsAwayForItsTTL() throws {
    try Field.with("ttl") { field in
      try startEverway(field)
      let sender = try PacketSender(field.them, PacketSender.down().bytes, ttl: 64)
      try field.expect(["EW-BFD-32"])
      withExtendedLifetime(sender) {}
    }
  }

  /// What its firewall drops on the way out never reaches the wire.
  @Test func everwayIsKeptFromSending() throws {
    try Field.with("out") { field in
      try field.us.run(
        "nft", "-f", "-",
        input: "table inet f {\nchain c {\ntype filter hook output priority 0\nudp dport 3784 counter drop\n}\n}\n")
      try startEverway(field)
      let diagnosis = try field.expect(["EW-BFD-30"])
      try field.startBeacon(on: field.them)
      try field.ask(on: field.them, "allow \(Field.us)")
      try field.repair(diagnosis)
    }
  }

  @Test(arguments: ["FRR", "BIRD"]) func aRouterIsHealthy(_ kind: String) throws {
    try Field.with("frr") { field in
      let peer = BFDPeer(
        try #require(IPAddress(Field.us)), local: IPAddress(Field.peer), interface: "wire",
        timers: BFDTimers(milliseconds: 1_000))
      let router: any BFDPeerDaemon =
        kind == "FRR"
        ? FRRRouter(lab: field.lab, namespace: field.them, peers: [peer])
        : BIRDRouter(lab: field.lab, namespace: field.them, peers: [peer])
      try router.start()
      try field.startBeacon(on: field.us)
      try field.ask(on: field.us, "allow \(Field.peer)")
      try field.wait(for: "state=Up ")
      try field.expect([])
      guard kind == "FRR" else { return }
      try router.adminDown(try #require(IPAddress(Field.us)))
      try field.expect(["EW-BFD-84"])
    }
  }

  /// As Kube-OVN plugs it: OVN at 100 ms, and a beacon that nobody has told so.
  @Test func anOVNDetectsMoreSlowlyThanItWasSetTo() throws {
    let lab = try Lab.up("spkovn\(getpid())")
    defer { lab.down() }
    let us = try lab.makeNamespace("us")
    let central = OVNCentral(lab: lab)
    try central.start()
    let chassis = OVNChassis(namespace: try lab.makeNamespace("gw1"), central: central)
    try chassis.start()
    let network = OVNNetwork(central: central)
    try network.make(.distributed(gateways: [chassis.name]))
    try network.plug(1, into: us, at: chassis)
    try network.watch(OVNNetwork.gatewayAddress(1, .ipv4), BFDTimers(milliseconds: 100))
    try central.sync()
    let field = try Field(lab, us: us, them: chassis.namespace, peer: "\(OVNNetwork.routerAddresses[0])")
    try field.startBeacon(on: us, "--listen=0.0.0.0")
    // OVN has spoken to nobody yet, or into the void.
    let diagnosis = try field.diagnose()
    #expect(Set(diagnosis.findings.map(\.id)).isSubset(of: ["EW-BFD-28", "EW-BFD-82"]), "\(Field.words(diagnosis))")
    try field.ask(on: us, "allow \(OVNNetwork.routerAddresses[0])")
    try field.wait(for: "state=Up ")
    try field.repair(try field.expect(["EW-BFD-33"]))
  }
}
