import Addresses
import Glibc
import Testing

@testable import Lab

@Suite(.enabled(if: TestLab.isPossible), .timeLimit(.minutes(3))) struct TrafficOverAWire {
  /// IPv4 and IPv6 flows from `a` to `b`.
  private func plan(_ flows: Int, interface: String = "w") throws -> TrafficPlan {
    let destinations = [try #require(IPAddress("10.1.0.2")), try #require(IPAddress("fd01::2"))]
    return TrafficPlan(
      flows: TrafficPlan.flows(flows, to: destinations), intervalMicroseconds: 2000,
      paths: [TrafficPath("wire", interface: interface)], expectedSeconds: 5)
  }

  private func run(
    _ plan: TrafficPlan, _ wire: (a: LabNamespace, b: LabNamespace), datagrams: Int
  ) throws -> TrafficReport {
    let traffic = try Traffic(plan, from: wire.a, to: wire.b)
    #expect(waitUntil(timeout: .seconds(60)) { traffic.counts.sent >= datagrams })
    return traffic.stop()
  }

  @Test func nothingIsLostOnAGoodWire() throws {
    try TestLab.with("good") { lab in
      let report = try run(try plan(8), try lab.makeWire(), datagrams: 2000)
      #expect(report.sent >= 2000)
      #expect(report.lost == 0)
      #expect(report.duplicated == 0)
      #expect(report.reordered == 0)
      #expect(report.gaps.isEmpty)
      #expect(report.flows.allSatisfy { $0.firstPath == 0 && $0.moves.isEmpty })
      #expect(report.health.socketDrops == 0)
      #expect(report.shares.reduce(0) { $0 + $1.received[0] } == report.received)
    }
  }

  @Test func everyFourthDatagramThatIsDroppedIsMissed() throws {
    try TestLab.with("fourth") { lab in
      let wire = try lab.makeWire()
      let plan = try plan(8)
      let drop = try wire.b.drop(.every(4, udpPort: plan.port, .input))
      let report = try run(plan, wire, datagrams: 2000)
      // Counted from the first on: ⌈sent / 4⌉ of them.
      #expect(report.lost == (report.sent + 3) / 4)
      #expect(try drop.droppedPackets() == report.lost)
      #expect(report.reordered == 0)
    }
  }

  @Test func anInterruptionIsSeenInEveryFlow() throws {
    try TestLab.with("cut") { lab in
      let wire = try lab.makeWire()
      let traffic = try Traffic(try plan(4), from: wire.a, to: wire.b)
      #expect(waitUntil(timeout: .seconds(60)) { traffic.counts.received >= 400 })
      traffic.mark("cut")
      let drop = try wire.b.drop(.everything(from: "w"))
      (MonotonicTime.now() + .milliseconds(100)).sleep()
      try drop.remove()
      let received = traffic.counts.received
      #expect(waitUntil(timeout: .seconds(60)) { traffic.counts.received >= received + 400 })
      let report = traffic.stop()
      let effect = try #require(report.effects().first)
      #expect(effect.flowsWithLoss == 4)
      #expect(effect.lost == report.lost)
      #expect(effect.flowsMoved == 0)
      #expect(effect.flowsBefore == [4])
      // The cut lasts 100 ms at least; how long at most is the machine's affair.
      #expect((effect.longestGap?.length ?? .zero) >= .milliseconds(98))
    }
  }

  @Test func aMissingInterfaceIsNamed() throws {
    try TestLab.with("noif") { lab in
      let wire = try lab.makeWire()
      let plan = try plan(1, interface: "nothere")
      let error = #expect(throws: LabError.self) { _ = try Traffic(plan, from: wire.a, to: wire.b) }
      #expect(error?.message.hasPrefix("find the interface nothere") == true)
    }
  }

  @Test func aDestinationWithoutRouteIsNamed() throws {
    try TestLab.with("noroute") { lab in
      let wire = try lab.makeWire()
      var plan = try plan(1)
      plan.flows = TrafficPlan.flows(2, to: [try #require(IPAddress("192.0.2.1"))])
      let error = #expect(throws: LabError.self) { _ = try Traffic(plan, from: wire.a, to: wire.b) }
      #expect(error?.message.hasPrefix("reach 192.0.2.1") == true)
    }
  }
}
