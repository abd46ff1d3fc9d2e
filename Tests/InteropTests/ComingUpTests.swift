import BFD
import Glibc
import Lab
import Speaker
import Testing

/// All of InteropTests: one after the other, since each has two routers of its own.
@Suite(.serialized, .enabled(if: geteuid() == 0), .timeLimit(.minutes(4))) enum Interop {}

extension Interop {
  @Suite struct ComingUp {
    @Test func bothEndsAgreeOnEverythingTheyTell() throws {
      try Field.with("up") { field in
        try field.settle()
        let peers = try field.peerViews()
        for line in field.lines {
          let ours = try field.view(line)
          let peer = try #require(peers[line])
          #expect(ours.session.diagnostic == .none, "\(line)")
          #expect(ours.session.remote?.diagnostic == Diagnostic.none, "\(line)")
          #expect(ours.session.remote?.state == .up, "\(line)")
          #expect(ours.session.remote?.detectMultiplier == 3, "\(line)")
          #expect(ours.counters.downs == 0, "\(line)")
          #expect(try field.transitions(line).map(\.transition.to).last == .up, "\(line)")
          #expect(peer.interface == line.peerInterface)
          // BIRD 2.0 tells nothing of discriminators, diagnostics and counters; that it takes our packets, and we
          // take its, says that the discriminators fit.
          guard line.kind == .frr else { continue }
          #expect(peer.localDiscriminator == ours.session.remote?.discriminator, "\(line)")
          #expect(peer.remoteDiscriminator == ours.session.localDiscriminator, "\(line)")
          #expect(peer.localDiagnostic == 0, "\(line)")
          #expect(peer.remoteDiagnostic == 0, "\(line)")
          #expect(peer.localTimers == line.pace.timers, "\(line)")
          #expect(peer.remoteTimers == line.pace.timers, "\(line)")
          #expect(peer.local == line.theirs, "\(line)")
          #expect(peer.timesUp == 1, "\(line)")
        }
        let counters = try field.own.counters
        #expect(counters.overflowed == 0)
        for reason in DiscardReason.allCases where reason != .noSession {
          #expect(counters[reason] == 0, "\(reason)")
        }
      }
    }
  }

  @Suite struct Parameters {
    /// Longer, then shorter than before, and different in each direction.
    static let changes: [Pace: [BFDTimers]] = [
      .slow: [
        BFDTimers(transmitMilliseconds: 500, receiveMilliseconds: 400, multiplier: 4), Pace.slow.timers,
        BFDTimers(transmitMilliseconds: 200, receiveMilliseconds: 250, multiplier: 5)
      ],
      .fast: [
        BFDTimers(transmitMilliseconds: 100, receiveMilliseconds: 80, multiplier: 5), Pace.fast.timers,
        BFDTimers(transmitMilliseconds: 60, receiveMilliseconds: 70, multiplier: 6)
      ]
    ]

    @Test func ofOursChangeWithoutAFlap() throws {
      try Field.with("parours") { field in
        try field.settle()
        let (mark, before) = (field.mark, try field.flapMarks())
        for round in 0..<3 {
          let wanted = { (line: Line) in Self.changes[line.pace]?[round] ?? line.pace.timers }
          for line in field.lines {
            let (session, parameters) = (try field.session(line), wanted(line).configuration())
            try field.own.perform { speaker in
              guard var settings = speaker.view(session)?.settings else { return }
              settings.parameters = parameters
              speaker.configure(session, settings)
            }
          }
          try field.settle(ours: wanted)
        }
        try expectNoFlap(field, mark, before)
      }
    }

    @Test func ofThePeerChangeWithoutAFlap() throws {
      try Field.with("parpeer") { field in
        try field.settle()
        let (mark, before) = (field.mark, try field.flapMarks())
        for round in 0..<3 {
          let wanted = { (line: Line) in Self.changes[line.pace]?[round] ?? line.pace.timers }
          for line in field.lines {
            try field.daemon(line.kind).setIntervals(wanted(line), of: line.ours)
          }
          try field.settle(peer: wanted)
        }
        try expectNoFlap(field, mark, before)
      }
    }

    private func expectNoFlap(_ field: Field, _ mark: Int, _ before: [Line: String]) throws {
      let after = try field.flapMarks()
      for line in field.lines {
        #expect(try field.transitions(line, since: mark).isEmpty, "\(line)")
        #expect(try field.view(line).counters.downs == 0, "\(line)")
        #expect(before[line] != nil && after[line] == before[line], "\(line)")
      }
    }
  }
}
