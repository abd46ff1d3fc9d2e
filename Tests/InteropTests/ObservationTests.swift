import Control
import Glibc
import Lab
import Observation
import Testing

extension Interop {
  /// The stream that `observe` opens, with real routers at the other ends.
  @Suite struct Observed {
    @Test func whoWatchesKnowsWhatStatusSaysAndHearsOfAFailureAtOnce() throws {
      try Product.with("prodobs") { product, field in
        try product.settle()
        var watch = Watch(try ObservationReader(path: product.socket))
        #expect(watch.until { !$0.rhythms.isEmpty && $0.rhythms.values.allSatisfy { $0.gaps().count >= 2 } })
        let report = try #require(watch.gateway.report)
        #expect(report.sessions.map(\.name).sorted() == field.lines.map(\.name).sorted())
        #expect(report.sessions.allSatisfy { $0.sessionState == .up })
        for line in field.lines {
          let session = try #require(report.sessions.first { $0.name == line.name })
          let rhythm = try #require(watch.gateway.rhythms[session.localDiscriminator])
          // Packets come, in time, and what is told of them is not nothing.
          #expect(rhythm.received > 0 && rhythm.sent > 0, "\(line)")
          let worst = UInt64(rhythm.worstGap())
          #expect(worst > 0 && worst < (session.detectionTime ?? 0), "\(line): \(worst) us")
        }
        #expect(watch.gateway.events.filter { $0.kind == .session && $0.to == "up" }.count >= field.lines.count)
        try field.daemon(.frr).kill()
        let gone = field.lines.filter { $0.kind == .frr }.map(\.name)
        #expect(
          watch.until { gateway in
            gone.allSatisfy { name in gateway.report?.sessions.first { $0.name == name }?.sessionState == .down }
          })
        for name in gone {
          let event = try #require(watch.gateway.events.last { $0.name == name && $0.from == "up" })
          #expect(event.to == "down" && event.level == .warning && event.cause == .detectionTimeExpired)
          #expect(event.silence == event.detectionTime && (event.silence ?? 0) > 0)
          #expect(event.packets?.isEmpty == false, "its last packets")
        }
      }
    }

    @Test func aRepairIsMadeByTheDoctorAndTold() throws {
      try Product.with("prodrep") { product, _ in
        try product.settle()
        guard case .repair(let outcome) = try product.ask(.repair(finding: "EW-NS-05")) else {
          Issue.record("no answer to a repair")
          return
        }
        #expect(outcome.finding == "EW-NS-05" && outcome.result == .nothingToDo)
        var watch = Watch(try ObservationReader(path: product.socket, after: EventCursor(run: .now(), sequence: 0)))
        #expect(
          watch.until { gateway in
            gateway.events.filter { $0.kind == .repair && $0.name == "EW-NS-05" }.compactMap(\.to)
              == ["repairing", "nothing-to-do"]
          })
      }
    }

    @Test func whoComesBackMissesNothing() throws {
      try Product.with("prodobc") { product, field in
        try product.settle()
        var first = Watch(try ObservationReader(path: product.socket))
        #expect(first.until { $0.cursor != nil })
        let cursor = try #require(first.gateway.cursor)
        let name = try #require(field.lines.first?.name)
        _ = try product.ask(.drain(target: name))
        _ = try product.ask(.undrain(target: name))
        var second = Watch(try ObservationReader(path: product.socket, after: cursor))
        #expect(second.until { gateway in gateway.events.filter { $0.kind == .drain }.count == 2 })
        #expect(second.gateway.events.first?.sequence == cursor.sequence + 1)
        #expect(first.until { gateway in gateway.events.filter { $0.kind == .drain }.count == 2 })
        let told = second.gateway.events.map(\.sequence)
        #expect(told == Array((cursor.sequence + 1)...(cursor.sequence + UInt64(told.count))))
      }
    }
  }
}

/// A reader and what it has read.
private struct Watch: ~Copyable {
  private var reader: ObservationReader
  private(set) var gateway = ObservedGateway()

  init(_ reader: consuming ObservationReader) { self.reader = reader }

  /// Reads until `condition` holds, for at most 20 s.
  mutating func until(_ condition: (ObservedGateway) -> Bool) -> Bool {
    let deadline = MonotonicTime.now() + .seconds(20)
    while !condition(gateway) {
      guard MonotonicTime.now() < deadline, let messages = try? reader.next(timeout: .milliseconds(200)) else {
        return false
      }
      for message in messages { gateway.apply(message) }
    }
    return true
  }
}
