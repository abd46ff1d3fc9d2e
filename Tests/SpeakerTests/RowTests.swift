import Addresses
import BFD
import CLinux
import Glibc
import NetworkNamespaces
import Testing

@testable import Speaker

/// Rows of the acceptance checklist that belong to the sockets; the others are in BFDTests.
@Suite(.serialized, .enabled(if: geteuid() == 0), .timeLimit(.minutes(1))) struct RowsOfTheSockets {
  private let fast = SessionConfiguration(desiredMinTx: .milliseconds(50), requiredMinRx: .milliseconds(50))

  /// What arrives at port 3784 of a namespace from a speaker that runs for as long as it takes.
  private func received(
    _ count: Int, at receiver: Receiver, _ family: AddressFamily, from speaker: inout Speaker
  ) -> [cl_datagram] {
    var batch = ReceiveBatch()
    var datagrams: [cl_datagram] = []
    let end = MonotonicClock.now() + 10_000_000_000
    while datagrams.count < count, MonotonicClock.now() < end {
      speaker.run(at: MonotonicClock.now())
      var waiting = pollfd(fd: receiver.descriptor, events: Int16(POLLIN), revents: 0)
      poll(&waiting, 1, 10)
      for position in 0..<batch.receive(from: receiver.descriptor) { datagrams.append(batch.datagram(position)) }
    }
    return datagrams
  }

  @Test(
    "Row 40: the source port is 49152-65535 and constant for the session",
    arguments: [("10.66.0.2", AddressFamily.ipv4), ("fd66::2", .ipv6)])
  func row40(peer: String, family: AddressFamily) throws {
    let wire = try Wire("r4")
    let far = try EndpointSockets.receiver(
      Endpoint(.any(family)), in: NetworkNamespace(named: wire.nameB), beside: [])
    var a = try speaker(wire.nameA)
    _ = try add(&a, peer, fast)
    let ports = received(3, at: far, family, from: &a).map(\.source_port)
    #expect(ports.count >= 3)
    #expect(ports.allSatisfy { (49_152...65_535).contains($0) })
    #expect(Set(ports).count == 1)
  }

  @Test("Row 41: packets are sent with TTL 255", arguments: [("10.66.0.2", AddressFamily.ipv4), ("fd66::2", .ipv6)])
  func row41(peer: String, family: AddressFamily) throws {
    let wire = try Wire("r1")
    let far = try EndpointSockets.receiver(
      Endpoint(.any(family)), in: NetworkNamespace(named: wire.nameB), beside: [])
    var a = try speaker(wire.nameA)
    _ = try add(&a, peer, fast)
    #expect(received(1, at: far, family, from: &a).first?.time_to_live == 255)
  }

  /// `a` would miss `b` after 300 ms, `b` misses `a` only after 5 s: so `a` can pause while `b` goes on.
  @Test("Row 46: the receive time is taken at arrival, not when the socket is read")
  func row46() throws {
    let wire = try Wire("r6")
    var a = try speaker(wire.nameA)
    var b = try speaker(wire.nameB)
    let patient = SessionConfiguration(
      desiredMinTx: .milliseconds(100), requiredMinRx: .milliseconds(100), detectMultiplier: 50)
    let hasty = SessionConfiguration(desiredMinTx: .milliseconds(100), requiredMinRx: .milliseconds(100))
    let atA = try add(&a, "10.66.0.2", patient)
    let atB = try add(&b, "10.66.0.1", hasty)
    let isUp = run(&a, &b, seconds: 5) { a, b in
      a.view(atA)?.session.detectionTime == 300_000_000 && b.view(atB)?.session.detectionTime == 5_000_000_000
        && a.view(atA)?.session.state == .up && b.view(atB)?.session.state == .up
    }
    #expect(isUp)
    a.events.removeAll()

    let end = MonotonicClock.now() + 900_000_000
    while MonotonicClock.now() < end {
      b.run(at: MonotonicClock.now())
      usleep(2_000)
    }
    a.run(at: MonotonicClock.now())
    let (state, events, received) = (a.view(atA)?.session.state, a.events, a.view(atA)?.counters.received ?? 0)
    #expect(state == .up)
    #expect(events.isEmpty)
    #expect(received > 5)
  }
}
