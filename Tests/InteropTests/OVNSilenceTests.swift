import BFD
import Control
import Glibc
import Lab
import Processes
import Testing

extension Interop {
  /// `everway run` with OVN at the other end: what it says by saying nothing, what it learns while it runs, and what
  /// kube-ovn-cni asks of it.
  @Suite struct OVNAtRunTime {
    private let timers = BFDTimers(milliseconds: 100)

    /// - Parameters:
    ///   - options: of the peer.
    ///   - rest: further sections.
    private func configuration(_ field: OVNField, _ options: String = "", rest: String = "") -> String {
      """
      version: 1
      namespace: this
      control: {socket: \(field.lab.directory)/control.sock}
      \(rest)
      bfd:
        profiles: [{name: ovn, transmit-interval: 100ms, receive-interval: 100ms, compatibility: ovn}]
        peers: [{name: vpc1, address: \(OVNField.theirs), local-address: \(OVNField.ours), profile: ovn\(options)}]

      """
    }

    private func launch(_ field: OVNField, _ text: String) throws -> LabProcess {
      let folder = field.lab.directory
      try Product.write("\(folder)/gateway.yaml", text)
      return try field.lab.start(
        Command(
          Product.program, ["run", "--config", "\(folder)/gateway.yaml", "--state-directory", "\(folder)/state"]),
        in: field.us, label: "us/everway", outputName: "everway.log")
    }

    private func ask(_ field: OVNField, _ command: ControlCommand) throws -> ControlResponse {
      var client = try ControlClient(path: "\(field.lab.directory)/control.sock")
      return try client.send(command)
    }

    private func report(_ field: OVNField) -> StatusReport? {
      guard case .status(let report)? = try? ask(field, .status) else { return nil }
      return report
    }

    private func session(_ field: OVNField) -> StatusReport.Session? { report(field)?.sessions.first }

    private func wait(
      _ process: LabProcess, _ what: String, seconds: Int = 30, sourceLocation: SourceLocation = #_sourceLocation,
      _ condition: () -> Bool
    ) throws {
      let held = waitUntil(timeout: .seconds(seconds), every: .milliseconds(50), condition)
      try #require(
        held, "in vain: \(what)\n\(process.lastLines(20).joined(separator: "\n"))", sourceLocation: sourceLocation)
    }

    /// Both ends and both databases.
    private func waitUntilUp(_ field: OVNField, _ process: LabProcess) throws {
      try wait(process, "Up") { session(field)?.sessionState == .up }
      try field.central.wait(for: "up", of: OVNField.ours)
    }

    /// How long until OVN's southbound database says down.
    private func timeUntilDown(_ field: OVNField) throws -> Duration {
      let start = MonotonicTime.now()
      try field.central.wait(for: "down", of: OVNField.ours, timeout: .seconds(10))
      return MonotonicTime.now() - start
    }

    /// OVN has just written Up, as a packet told it: a word would be sat on until 5 s after that.
    @Test func lostUplinksAreNoticedInADetectionTimeAndComeBack() throws {
      try OVNField.with("mute", timers) { field in
        try field.us.ip("link add up0 type veth peer name up1", "link set up0 up", "link set up1 up")
        let uplinks = "uplinks: {watch: [{interface: up0}], tell: silence, peers: [vpc1]}"
        let process = try launch(field, configuration(field, rest: uplinks))
        try waitUntilUp(field, process)
        for round in 1...2 {
          try field.us.ip("link set up1 down")
          let time = try timeUntilDown(field)
          #expect(time < .seconds(3), "300 ms, and what a loaded machine adds; a word takes up to 5 s")
          try wait(process, "its own Down") { session(field)?.sessionState == .down }
          let quiet = try #require(session(field))
          #expect(quiet.silentBecause == "the uplinks are lost")
          #expect(report(field)?.uplinks.first?.lost == true)
          (MonotonicTime.now() + .seconds(1)).sleep()
          let later = try #require(session(field))
          #expect(later.sendPacketCount == quiet.sendPacketCount)
          #expect(later.receivePacketCount > quiet.receivePacketCount, "the witness: OVN speaks, and is heard")

          try field.us.ip("link set up1 up")
          try waitUntilUp(field, process)
          #expect(session(field)?.silentBecause == nil, "round \(round)")
        }
        process.terminate()
      }
    }

    @Test func aDrainBySilenceIsNoticedAtOnceAndForwardsUntilOVNHasActed() throws {
      try OVNField.with("drain", timers) { field in
        let process = try launch(field, configuration(field))
        try waitUntilUp(field, process)
        let start = MonotonicTime.now()
        guard case .drain(let outcome) = try ask(field, .drain(target: nil)) else {
          Issue.record("the drain was refused")
          return
        }
        #expect(outcome.notes.first?.hasPrefix("BFD peers hear nothing more") == true)
        #expect(try timeUntilDown(field) < .seconds(3))
        try wait(process, "the end of the drain") { report(field)?.drain.state == .drained }
        #expect(MonotonicTime.now() - start >= .seconds(2))
        #expect(session(field)?.silentBecause == "drained")
        _ = try ask(field, .undrain(target: nil))
        try waitUntilUp(field, process)
        process.signal(SIGTERM)
        #expect(try timeUntilDown(field) < .seconds(3))
        #expect(process.wait(timeout: .seconds(30)) == .exited(0))
        // A node that comes back is found as it was.
        let again = try launch(field, configuration(field))
        try waitUntilUp(field, again)
        again.terminate()
      }
    }

    @Test func aDiscriminatorThatIsReadLaterTakesEffectByAReload() throws {
      try OVNField.with("disc", timers) { field in
        var process = try launch(field, configuration(field))
        try waitUntilUp(field, process)
        let known = try #require(try field.ovn().discriminator)
        let ours = try #require(session(field)?.localDiscriminator)
        process.kill()
        // OVN is made silent for good, and nobody remembers its number.
        try field.say(
          ControlPacket(
            diagnostic: .administrativelyDown, state: .adminDown, poll: false, final: false, detectMultiplier: 3,
            myDiscriminator: ours, yourDiscriminator: known, desiredMinTx: .slow, requiredMinRx: .zero))
        unlink("\(field.lab.directory)/state/remote-discriminators")
        process = try launch(field, configuration(field))
        try wait(process, "a status") { session(field) != nil }
        (MonotonicTime.now() + .seconds(4)).sleep()
        #expect(session(field)?.sessionState == .down)
        #expect(session(field)?.receivePacketCount == 0)

        try Product.write(
          "\(field.lab.directory)/gateway.yaml", configuration(field, ", remote-discriminator: \(known)"))
        _ = try ask(field, .reload)
        try waitUntilUp(field, process)
        // One that is Up is not disturbed by another number.
        try Product.write(
          "\(field.lab.directory)/gateway.yaml", configuration(field, ", remote-discriminator: 4711"))
        _ = try ask(field, .reload)
        (MonotonicTime.now() + .seconds(2)).sleep()
        #expect(session(field)?.sessionState == .up)
        #expect(session(field)?.downCount == 0)
        process.terminate()
      }
    }

    private func control(_ field: OVNField, _ words: String) throws -> CommandResult {
      let words = words.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
      return try Command(Product.program, ["bfdd-control"] + words).capture(in: field.us, timeout: .seconds(20))
    }

    /// pkg/daemon: loopOvnExt0Check asks, asks for its own session, allows; again every five seconds.
    @Test func kubeOVNFindsABeaconThatLives() throws {
      try OVNField.with("desk", timers) { field in
        let text = """
          version: 1
          namespace: this
          control: {socket: \(field.lab.directory)/control.sock}
          bfd: {openbfdd-control: true, transmit-interval: 100ms, receive-interval: 100ms}

          """
        let process = try launch(field, text)
        try wait(process, "the port") { (try? control(field, "status"))?.status == .exited(0) }
        #expect(try control(field, "status").output == "There are 0 sessions:\n")
        let question = "status remote \(OVNField.theirs) local \(OVNField.ours)"
        #expect(try control(field, question).output.contains("No session"))
        #expect(
          try control(field, "allow \(OVNField.theirs)").output == "Allowing connections from \(OVNField.theirs)\n")
        try wait(process, "Up") { (try? control(field, question))?.output.contains("state=Up") == true }
        try field.central.wait(for: "up", of: OVNField.ours)
        #expect(
          try control(field, "status").output
            == "There are 1 sessions:\nSession 1\n id=1 local=\(OVNField.ours) (a) remote=\(OVNField.theirs) state=Up \n"
        )
        #expect(session(field)?.name == "bfdd-control:\(OVNField.theirs)")

        for words in ["stop", "session 1 kill", "session all state admin"] {
          let refused = try control(field, words)
          #expect(refused.status == .exited(1), "\(words)")
          #expect(refused.output.contains("Unable to complete '"), "\(words)")
        }
        // Kube-OVN allows again, the file is loaded again: nothing is disturbed.
        _ = try control(field, "allow \(OVNField.theirs)")
        try Product.write("\(field.lab.directory)/gateway.yaml", text + "startup-grace: 11s\n")
        _ = try ask(field, .reload)
        (MonotonicTime.now() + .seconds(1)).sleep()
        #expect(session(field)?.downCount == 0)
        #expect(try control(field, question).output.contains("state=Up"))
        // Without the key the port is closed, and whom it let in goes.
        try Product.write(
          "\(field.lab.directory)/gateway.yaml",
          text.replacing("openbfdd-control: true", with: "openbfdd-control: false"))
        _ = try ask(field, .reload)
        try wait(process, "the port to be closed") { (try? control(field, "status"))?.status == .exited(1) }
        #expect(session(field) == nil)
        process.terminate()
      }
    }
  }
}
