import Control
import ControlTestSupport
import Glibc
import Testing

/// `everway watch` against a gateway that this process plays.
@Suite struct WatchTests {
  private let directory = TemporaryDirectory()

  private static func event(_ sequence: UInt64, _ text: String) -> ObservationMessage {
    .event(
      Event(sequence: sequence, at: Gateways.now, level: .warning, kind: .session, name: "r1", text))
  }

  private static let samples = ObservationMessage.samples(
    Samples(at: Gateways.now, speaker: SpeakerSample(), sessions: []))

  private func gateway(_ events: ObservationMessage..., startedAt: Timestamp = Gateways.ago(100)) -> StreamServing {
    var report = Gateways.good()
    report.startedAt = startedAt
    return StreamServing(path: directory.socket, [.status(report)] + events)
  }

  private func start(_ arguments: String...) -> (pid: pid_t, output: Int32) {
    Binary.start(onPipe: ["watch", "--socket", directory.socket] + arguments)
  }

  /// Waits until somebody observes.
  private func isObserved(_ gateway: StreamServing) -> Bool {
    for _ in 0..<3_000 {
      if gateway.streamCount > 0 { return true }
      usleep(10_000)
    }
    return false
  }

  @Test func `As text there is a line for each event from now on, and SIGINT ends it`() {
    let gateway = gateway(Self.event(1, "BFD r1: old news"))
    let (pid, output) = start()
    #expect(isObserved(gateway))
    gateway.tell(Self.samples)
    gateway.tell(Self.event(2, "BFD r1: Up -> Down"))
    let text = Binary.read(output) { $0.hasSuffix("\n") }
    #expect(text == "\(Gateways.now) warning BFD r1: Up -> Down\n")
    kill(pid, SIGINT)
    #expect(Binary.wait(for: pid) == -SIGINT)
    close(output)
  }

  @Test func `As JSON it is the stream, every message of it`() {
    let told = [Self.event(1, "BFD r1: old news"), Self.samples, Self.event(2, "BFD r1: Up -> Down")]
    let gateway = gateway(told[0])
    let (pid, output) = start("--json")
    #expect(isObserved(gateway))
    for message in told.dropFirst() { gateway.tell(message) }
    let text = Binary.read(output) { $0.hasSuffix("\n") && $0.contains("Up -> Down") }
    let messages = text.split(separator: "\n").map { ObservationMessage(Array($0.utf8)) }
    #expect(messages.count == 4)
    guard case .status = messages.first else { return #expect(Bool(false), "no status first: \(text)") }
    #expect(Array(messages.dropFirst()) == told)
    kill(pid, SIGTERM)
    #expect(Binary.wait(for: pid) == -SIGTERM)
    close(output)
  }

  @Test func `Events only leaves out the rest of the stream`() {
    let gateway = gateway(Self.event(1, "one"))
    let (pid, output) = start("--json", "--events-only")
    #expect(isObserved(gateway))
    gateway.tell(Self.samples)
    gateway.tell(Self.event(2, "two"))
    let text = Binary.read(output) { $0.contains("two") && $0.hasSuffix("\n") }
    #expect(
      text.split(separator: "\n").map { ObservationMessage(Array($0.utf8)) } == [
        Self.event(1, "one"), Self.event(2, "two")
      ])
    kill(pid, SIGTERM)
    _ = Binary.wait(for: pid)
    close(output)
  }

  @Test func `It goes on with the next run, and tells what happened before it was there again`() {
    var gateway: StreamServing? = gateway(Self.event(1, "old news"))
    let (pid, output) = start()
    #expect(gateway.map(isObserved) == true)
    gateway = nil
    gateway = self.gateway(Self.event(1, "everway has started"), startedAt: Gateways.ago(1))
    let text = Binary.read(output) { $0.contains("started") && $0.hasSuffix("\n") }
    #expect(text == "\(Gateways.now) warning everway has started\n")
    kill(pid, SIGTERM)
    _ = Binary.wait(for: pid)
    close(output)
    _ = gateway
  }

  @Test func `It ends with its reader, without waiting for something to happen`() {
    let gateway = gateway()
    let (pid, output) = start()
    #expect(isObserved(gateway))
    close(output)
    #expect(Binary.wait(for: pid) == 0)
  }

  @Test func `With end-with-input it ends with its input`() {
    let gateway = gateway()
    let result = Binary.run(
      "watch", "--json", "--end-with-input", "--socket", directory.socket, in: directory.path)
    #expect(result.status == 0)
    _ = gateway
  }

  @Test func `Where nobody runs it ends with 3`() {
    let result = Binary.run("watch", "--socket", directory.socket, in: directory.path)
    #expect(result.status == 3)
    #expect(result.errors.contains("everway is not running"))
  }
}
