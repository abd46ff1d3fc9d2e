import BFD
import Glibc
import Lab
import Speaker
import Testing

extension Interop {
  /// Nobody dies, but somebody is not heard.
  @Suite struct Silence {
    @Test func aStoppedPeerIsMissedAndComesBack() throws {
      try Field.with("pause") { field in
        try field.settle()
        for kind in field.kinds {
          let mark = field.mark
          let lines = field.lines.filter { $0.kind == kind }
          try field.daemon(kind).pause()
          defer { try? field.daemon(kind).resume() }
          try wait(field, lines) { $0.session.state == .down }
          for line in lines {
            let seen = try #require(try field.transitions(line, since: mark).first, "\(line)")
            #expect(seen.transition.cause == .detectionTimeExpired, "\(line)")
          }
          try field.daemon(kind).resume()
          try field.settle(only: lines)
        }
      }
    }

    /// What arrived while we did not run was on time: arrival counts, not reading (the kernel keeps the time).
    ///
    /// 450 ms are half a Detection Time for the slow sessions, so nothing may happen to them; they are three for the
    /// fast ones: the peer gives us up and says so, and that, not its silence, is what we must have seen.
    @Test func ourOwnPauseIsNotTakenForThePeersSilence() throws {
      try Field.with("stall") { field in
        try field.settle()
        let (mark, before) = (field.mark, try field.flapMarks())
        try field.own.stall(milliseconds: 450)
        try field.wait(for: "the fast sessions to notice", field.lines.filter { $0.pace == .fast }) { line, _, _ in
          try !field.transitions(line, since: mark).isEmpty
        }
        try field.settle()
        let after = try field.flapMarks()
        for line in field.lines {
          let seen = try field.transitions(line, since: mark).map(\.transition)
          switch line.pace {
          case .slow:
            #expect(seen.isEmpty, "\(line): \(seen)")
            #expect(before[line] == after[line], "\(line)")
          case .fast:
            #expect(seen.first?.cause == .neighborSignaledDown, "\(line): \(seen)")
            #expect(seen.first?.remoteDiagnostic == .controlDetectionTimeExpired, "\(line): \(seen)")
            #expect(!seen.contains { $0.cause == .detectionTimeExpired }, "\(line): \(seen)")
          }
        }
      }
    }

    @Test func lossOfWhatThePeerSendsTakesBothEndsDown() throws {
      try Field.with("lossin") { field in
        try field.settle()
        let mark = field.mark
        let drop = try field.us.drop(.bfd(.input))
        try field.wait(for: "both ends to go down") { line, own, peer in
          own.session.state == .down && peer.map { $0.state != .up } == true
            && (line.kind == .bird || peer?.remoteDiagnostic == 1)  // BIRD does not tell
        }
        for line in field.lines {
          let seen = try #require(try field.transitions(line, since: mark).first?.transition, "\(line)")
          #expect(seen.cause == .detectionTimeExpired && seen.isFailure, "\(line)")
          #expect(try field.view(line).session.diagnostic == .controlDetectionTimeExpired, "\(line)")
          // FRR's own diagnostic is 1, too, not 3: our Down has Your Discriminator zero, as RFC 5880 section 6.8.1 wants
          // it after a Detection Time of silence, and FRR takes no such packet as long as it is Up.
        }
        #expect(try drop.droppedPackets() > 0)
        try drop.remove()
        try field.settle()
      }
    }

    @Test func lossOfWhatWeSendTakesBothEndsDown() throws {
      try Field.with("lossout") { field in
        try field.settle()
        let mark = field.mark
        let drop = try field.us.drop(.bfd(.output))
        try field.wait(for: "both ends to go down") { line, own, peer in
          try peer.map { $0.state != .up } == true && own.session.state != .up
            && !field.transitions(line, since: mark).isEmpty
        }
        let peers = try field.peerViews()
        for line in field.lines {
          let seen = try #require(try field.transitions(line, since: mark).first?.transition, "\(line)")
          #expect(seen.cause == .neighborSignaledDown && seen.isFailure, "\(line)")
          #expect(seen.diagnostic == .neighborSignaledSessionDown, "\(line)")
          #expect(seen.remoteDiagnostic == .controlDetectionTimeExpired, "\(line)")
          if line.kind == .frr { #expect(peers[line]?.localDiagnostic == 1, "\(line)") }
        }
        #expect(try drop.droppedPackets() > 0)
        try drop.remove()
        try field.settle()
      }
    }

    /// Our side alone: a stopped peer answers no questions.
    private func wait(_ field: Field, _ lines: [Line], _ condition: (SessionView) -> Bool) throws {
      let held = waitUntil(timeout: .seconds(30)) {
        lines.allSatisfy { line in (try? field.view(line)).map(condition) ?? false }
      }
      try #require(held)
    }
  }
}
