import Capture
import Control
import Glibc
import Testing

@testable import Gateway

extension AgentTests {
  @Suite("Captures") struct Captures {
    /// A session's packets as a client of the control socket gets them.
    private func capture(
      _ stage: Stage, _ request: CaptureRequest, packets: UInt64, seconds: Int = 30
    ) throws -> (scanner: PcapngScanner, octets: [UInt8]) {
      var client = try ControlClient(path: stage.socketPath, timeout: .seconds(10))
      guard case .streaming = try client.send(.capture(request)) else {
        throw StageFailure(description: "no stream")
      }
      var scanner = PcapngScanner()
      var octets: [UInt8] = []
      let end = ContinuousClock.now + .seconds(seconds)
      var isEnding = false
      while ContinuousClock.now < end {
        guard let new = try client.readStream(timeout: .milliseconds(200)) else { break }
        octets += scanner.take(new)
        if scanner.packets >= packets, !isEnding {
          client.endStream()
          isEnding = true
        }
      }
      return (scanner, octets)
    }

    @Test("Packets come live, of all sessions or of one, and no capture is left behind")
    func live() throws {
      let stage = try Stage("capture")
      try stage.start(AgentFile())
      try stage.untilReady()
      let all = try capture(stage, CaptureRequest(), packets: 20)
      #expect(all.scanner.packets >= 20 && all.scanner.isComplete && all.scanner.dropped == 0)
      #expect(contains(all.octets, "r1") && contains(all.octets, "r2"))
      let one = try capture(stage, CaptureRequest(peers: ["r2"]), packets: 5)
      #expect(contains(one.octets, "r2") && !contains(one.octets, "r1"))
      guard case .failure(let failure) = try stage.ask(.capture(CaptureRequest(peers: ["r9"]))) else {
        throw StageFailure(description: "a capture of nobody")
      }
      #expect(failure.code == .unknownTarget && failure.details == ["r1", "r2"])
    }

    @Test("The last packets are there to ask for, and in a file when the session has gone Down")
    func whenDown() throws {
      let stage = try Stage("fallen")
      var file = AgentFile()
      file.timers = "transmit-interval: 100ms, receive-interval: 100ms, detect-multiplier: 5"
      file.extra = ["capture: {ring: 6, directory: DIRECTORY/captures}"]
      try stage.start(file)
      try stage.untilReady()
      try stage.eventually("the ring is full") {
        let last = try capture(stage, CaptureRequest(peers: ["r1"], last: true), packets: .max).scanner
        return last.packets == 6 && last.isComplete
      }
      stage.routers[0].setSilent(true)
      let directory = "\(stage.directory)/captures"
      try stage.eventually("the file is there") {
        try stage.sh(stage.home, "ls \(directory) 2>/dev/null || true").contains("-r1-down.pcapng")
      }
      let text = try stage.sh(stage.home, "cat \(directory)/*-r1-down.pcapng")
      #expect(text.contains("BFD r1: Up -> Down, no packet for a Detection Time"))
    }

    private func contains(_ octets: [UInt8], _ text: String) -> Bool {
      let wanted = Array(text.utf8)
      return octets.indices.contains { octets[$0...].starts(with: wanted) }
    }
  }
}
