import BFD
import Glibc
import Lab
import Speaker
import Testing

extension Interop {
  @Suite struct Administration {
    @Test func ourShutdownIsToldToThePeerAndIsNoFailure() throws {
      try Field.with("admours") { field in
        try field.settle()
        let mark = field.mark
        try hold(field, .administrativelyDown)
        try field.wait(for: "AdminDown") { line, own, peer in
          own.session.state == .adminDown && peer?.state == .down
            && (line.kind == .bird || peer?.remoteDiagnostic == Diagnostic.administrativelyDown.code)
        }
        try release(field)
        try field.settle()
        for line in field.lines {
          let seen = try field.transitions(line, since: mark).map(\.transition)
          #expect(seen.allSatisfy { !$0.isFailure }, "\(line)")
          #expect(seen.first?.to == .adminDown && seen.first?.cause == .administrative, "\(line)")
          #expect(seen.first?.diagnostic == .administrativelyDown, "\(line)")
          #expect(seen.allSatisfy { [.administrative, .handshake].contains($0.cause) }, "\(line): \(seen)")
        }
      }
    }

    /// A node that has lost its uplinks says so with Down and diagnostic 6 (RFC 5880 section 6.8.17).
    @Test func aConcatenatedPathDownIsToldToThePeer() throws {
      try Field.with("conc") { field in
        try field.settle()
        let mark = field.mark
        try hold(field, .down(.concatenatedPathDown))
        try field.wait(for: "diagnostic 6") { line, own, peer in
          // The peer starts over at once, and stays in Init as long as we hold.
          own.session.state == .down && peer.map { $0.state != .up } == true
            && (line.kind == .bird || peer?.remoteDiagnostic == Diagnostic.concatenatedPathDown.code)
        }
        try release(field)
        try field.settle()
        for line in field.lines {
          #expect(try field.transitions(line, since: mark).allSatisfy { !$0.transition.isFailure }, "\(line)")
        }
      }
    }

    /// FRR only: BIRD 2.0 cannot take one session down, and `disable` of the whole protocol says nothing on the wire.
    @Test func thePeersShutdownIsNoFailure() throws {
      try Field.with("admpeer", lines: Line.all.filter { $0.kind == .frr }) { field in
        try field.settle()
        let mark = field.mark
        for line in field.lines { try field.daemon(.frr).adminDown(line.ours) }
        try field.wait(for: "the peer's AdminDown") { _, own, peer in
          own.session.state == .down && peer?.state == .adminDown  // FRR says it once, and falls silent
        }
        for line in field.lines {
          // FRR 8.4 announces diagnostic 0 with its AdminDown: the state alone counts.
          let seen = try #require(try field.transitions(line, since: mark).first?.transition)
          #expect(seen.cause == .neighborAdministrativelyDown, "\(line)")
          #expect(!seen.isFailure, "\(line)")
          #expect(seen.diagnostic == .neighborSignaledSessionDown, "\(line)")
          try field.daemon(.frr).adminUp(line.ours)
        }
        try field.settle()
        for line in field.lines {
          #expect(try field.transitions(line, since: mark).allSatisfy { !$0.transition.isFailure }, "\(line)")
        }
      }
    }

    private func hold(_ field: Field, _ hold: Session.Hold) throws {
      for line in field.lines {
        let session = try field.session(line)
        try field.own.perform { $0.hold(session, hold, at: MonotonicClock.now()) }
      }
    }

    private func release(_ field: Field) throws {
      for line in field.lines {
        let session = try field.session(line)
        try field.own.perform { $0.release(session, at: MonotonicClock.now()) }
      }
    }
  }
}
