import BFD
import Control
import Glibc
import Lab
import Processes
import Testing

extension Interop {
  /// `everway run` with OVN at the other end.
  @Suite struct OVNWithTheWholeProduct {
    private let timers = BFDTimers(milliseconds: 100)

    private func configuration(_ field: OVNField, _ compatibility: String) -> String {
      """
      version: 1
      namespace: this
      control: {socket: \(field.lab.directory)/control.sock}
      bfd:
        peers:
          - name: vpc1
            address: \(OVNField.theirs)
            local-address: \(OVNField.ours)
            transmit-interval: 100ms
            receive-interval: 100ms
            compatibility: \(compatibility)

      """
    }

    private func launch(_ field: OVNField) throws -> LabProcess {
      let folder = field.lab.directory
      return try field.lab.start(
        Command(
          Product.program, ["run", "--config", "\(folder)/gateway.yaml", "--state-directory", "\(folder)/state"]),
        in: field.us, label: "us/everway", outputName: "everway.log")
    }

    private func session(_ field: OVNField) -> StatusReport.Session? {
      guard var client = try? ControlClient(path: "\(field.lab.directory)/control.sock"),
        case .status(let report)? = try? client.send(.status)
      else { return nil }
      return report.sessions.first { $0.name == "vpc1" }
    }

    private func waitUntilUp(_ field: OVNField, _ process: LabProcess) throws {
      let isUp = waitUntil(timeout: .seconds(30), every: .milliseconds(50)) {
        session(field)?.sessionState == .up
      }
      try #require(isUp, "\(process.lastLines(20).joined(separator: "\n"))")
    }

    /// First dead end, with everything lost but the state directory.
    @Test func whatOVNHadForADiscriminatorSurvivesAKill() throws {
      try OVNField.with("prod", timers) { field in
        try Product.write("\(field.lab.directory)/gateway.yaml", configuration(field, "ovn"))
        var process = try launch(field)
        try waitUntilUp(field, process)
        try field.central.wait(for: "up", of: OVNField.ours)
        let known = try #require(try field.ovn().discriminator)
        let ours = try #require(session(field)?.localDiscriminator)
        #expect(session(field)?.remoteDiscriminator == known)

        process.kill()
        try field.say(
          ControlPacket(
            diagnostic: .administrativelyDown, state: .adminDown, poll: false, final: false, detectMultiplier: 3,
            myDiscriminator: ours, yourDiscriminator: known, desiredMinTx: .slow, requiredMinRx: .zero))

        // Stuck, as long as it keeps to RFC 5880 alone.
        try Product.write("\(field.lab.directory)/gateway.yaml", configuration(field, "none"))
        process = try launch(field)
        (MonotonicTime.now() + .seconds(6)).sleep()
        #expect(session(field)?.sessionState == .down)
        #expect(session(field)?.remoteDiscriminator == 0)
        process.kill()

        try Product.write("\(field.lab.directory)/gateway.yaml", configuration(field, "ovn"))
        process = try launch(field)
        try waitUntilUp(field, process)
        try field.central.wait(for: "up", of: OVNField.ours)
        #expect(session(field)?.localDiscriminator == ours)
        process.terminate()
      }
    }
  }
}
