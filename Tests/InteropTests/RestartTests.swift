import BFD
import Glibc
import Lab
import Speaker
import Testing

extension Interop {
  @Suite struct Restarts {
    /// SIGKILL of the peer: silence, and nothing but the Detection Time tells.
    @Test func aKilledPeerIsMissedWhenTheDetectionTimeEndsAndComesBack() throws {
      try Field.with("killpeer") { field in
        try field.settle()
        for kind in field.kinds {
          let mark = field.mark
          let before = MonotonicClock.now()
          try field.daemon(kind).kill()
          let after = MonotonicClock.now()
          let lines = field.lines.filter { $0.kind == kind }
          try field.wait(for: "the silence to be noticed", lines) { _, own, _ in own.session.state == .down }
          for line in lines { try expectMissed(field, line, mark, killed: before, after) }
          try field.start(kind)
          try field.settle(only: lines)
          for line in lines { #expect(try field.view(line).counters.downs == 1, "\(line)") }
        }
      }
    }

    private func expectMissed(
      _ field: Field, _ line: Line, _ mark: Int, killed before: Instant, _ after: Instant
    ) throws {
      let seen = try #require(try field.transitions(line, since: mark).first, "\(line)")
      #expect(seen.transition.cause == .detectionTimeExpired, "\(line)")
      #expect(seen.transition.diagnostic == .controlDetectionTimeExpired, "\(line)")
      #expect(seen.transition.isFailure, "\(line)")
      let detection = Int64(line.pace.rawValue) * 3_000_000
      // Exact: the Detection Time begins with the last packet, which left before the peer was gone.
      #expect(seen.transition.at <= after + detection, "\(line)")
      #expect(seen.noticed >= seen.transition.at, "\(line)")
      // Generous: noticing it needs a processor.
      #expect(seen.noticed - before < detection + 3_000_000_000, "\(line)")
    }

    /// FRR 8.4 and BIRD 2.0 end without a word on SIGTERM; later ones may say AdminDown, which is no failure.
    @Test func anOrderlyRestartOfThePeerIsSeenAndItComesBack() throws {
      try Field.with("stoppeer") { field in
        try field.settle()
        for kind in field.kinds {
          let mark = field.mark
          let lines = field.lines.filter { $0.kind == kind }
          try field.daemon(kind).stop()
          try field.wait(for: "the peer's end", lines) { _, own, _ in own.session.state == .down }
          try field.start(kind)
          try field.settle(only: lines)
          for line in lines {
            let seen = try #require(try field.transitions(line, since: mark).first?.transition, "\(line)")
            #expect([.detectionTimeExpired, .neighborAdministrativelyDown].contains(seen.cause), "\(line): \(seen)")
            #expect(seen.isFailure == (seen.cause == .detectionTimeExpired), "\(line): \(seen)")
            #expect(try field.view(line).counters.downs == 1, "\(line)")
          }
        }
      }
    }

    @Test func ourSideKilledIsMissedByThePeerAndComesBackWithItsDiscriminators() throws {
      try Field.with("killours") { field in
        try field.settle()
        var last: [Line: SessionView] = [:]
        for line in field.lines { last[line] = try field.view(line) }
        field.killOurs()
        try waitUntilMissed(field, last)
        try field.restartOurs()
        try field.settle()
        try expectSameDiscriminators(field, last)
      }
    }

    /// A new process within the Detection Time: the peer hears Down from a session that it has Up.
    @Test func ourSideKilledAndBackAtOnceComesUpWithItsDiscriminators() throws {
      try Field.with("quick") { field in
        try field.settle()
        var last: [Line: SessionView] = [:]
        for line in field.lines { last[line] = try field.view(line) }
        field.killOurs()
        try field.restartOurs()
        try field.settle()
        try expectSameDiscriminators(field, last)
      }
    }

    @Test func anOrderlyRestartOfOursIsToldToThePeer() throws {
      try Field.with("stopours") { field in
        try field.settle()
        var last: [Line: SessionView] = [:]
        for line in field.lines {
          last[line] = try field.view(line)
          let session = try field.session(line)
          try field.own.perform { $0.hold(session, .administrativelyDown, at: MonotonicClock.now()) }
        }
        try field.wait(for: "our goodbye") { _, _, peer in peer?.state == .down }
        for (line, peer) in try field.peerViews() where line.kind == .frr {
          #expect(peer.localDiagnostic == 3, "\(line)")
          #expect(peer.remoteDiagnostic == 7, "\(line)")
        }
        field.killOurs()
        try field.restartOurs()
        try field.settle()
        try expectSameDiscriminators(field, last)
      }
    }

    private func waitUntilMissed(_ field: Field, _ last: [Line: SessionView]) throws {
      var missing = Set(field.lines)
      waitUntil(timeout: .seconds(30), every: .milliseconds(10)) {
        let views = (try? field.peerViews()) ?? [:]
        let answered = MonotonicClock.now()
        for line in missing {
          guard let view = views[line], view.state != .up, let before = last[line]?.session.lastTransmitted else {
            continue
          }
          missing.remove(line)
          // What the peer said cannot be older than its answer.
          #expect(answered - before > Int64(line.pace.rawValue) * 3_000_000, "\(line): too early")
          if line.kind == .frr { #expect(view.localDiagnostic == 1, "\(line)") }
        }
        return missing.isEmpty
      }
      #expect(missing.isEmpty, "not missed")
    }

    private func expectSameDiscriminators(_ field: Field, _ last: [Line: SessionView]) throws {
      let peers = try field.peerViews()
      for line in field.lines {
        let discriminator = try field.view(line).session.localDiscriminator
        #expect(discriminator == last[line]?.session.localDiscriminator, "\(line)")
        if line.kind == .frr { #expect(peers[line]?.remoteDiscriminator == discriminator, "\(line)") }
      }
    }
  }
}
