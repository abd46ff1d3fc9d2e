import BFD
import Testing

@testable import KubeOVN

@Suite struct TheElectionByALease {
  private func at(_ seconds: Double) -> Instant { Instant(nanoseconds: Int64(seconds * 1e9)) }

  private func record(_ holder: String, _ version: String, transitions: Int = 0) -> LeaseElection.Record {
    LeaseElection.Record(holder: holder, duration: 5, version: version, transitions: transitions)
  }

  @Test func isWonByWhoMakesTheLease() {
    var election = LeaseElection(identity: "node1")
    election.saw(nil, at: at(1))
    #expect(election.next(at: at(1)) == .write(version: nil, transitions: 0))
    #expect(!election.isLeader(at: at(1)))
    election.wrote(record("node1", "10"), begun: at(1), at: at(1.2))
    #expect(election.isLeader(at: at(1.2)))
    #expect(election.holder == "node1")
  }

  @Test func endsForALeaderThatCannotRenewBeforeOthersMayBegin() {
    var election = LeaseElection(identity: "node1")
    election.saw(nil, at: at(0))
    election.wrote(record("node1", "10"), begun: at(0), at: at(0.5))
    #expect(election.isLeader(at: at(3.9)))
    #expect(!election.isLeader(at: at(4)))
  }

  @Test func isRenewedInTime() {
    var election = LeaseElection(identity: "node1")
    election.saw(nil, at: at(0))
    election.wrote(record("node1", "10"), begun: at(0), at: at(0.1))
    guard case .wait(let until) = election.next(at: at(0.2)) else {
      Issue.record("it writes at once")
      return
    }
    #expect(until < at(2))
    #expect(election.next(at: until) == .write(version: "10", transitions: 0))
  }

  @Test func isLeftToAnotherHolderUntilTheLeaseHasNotChangedForItsDuration() {
    var election = LeaseElection(identity: "node2")
    election.saw(record("node1", "10"), at: at(0))
    #expect(election.next(at: at(4)) == .wait(until: at(5)))
    election.saw(record("node1", "11"), at: at(4))
    #expect(election.next(at: at(8)) == .wait(until: at(9)))
    election.saw(record("node1", "11"), at: at(8))
    #expect(election.next(at: at(9)) == .write(version: "11", transitions: 1))
  }

  @Test func isTakenAtOnceWhenTheHolderGaveItUp() {
    var election = LeaseElection(identity: "node2")
    election.saw(record("", "12", transitions: 3), at: at(1))
    #expect(election.next(at: at(1)) == .write(version: "12", transitions: 4))
  }

  @Test func readsAgainAfterAWriteThatFailed() {
    var election = LeaseElection(identity: "node2")
    election.saw(record("", "12"), at: at(1))
    election.failed(at: at(1))
    guard case .wait = election.next(at: at(3)) else {
      Issue.record("it writes over what it has not read")
      return
    }
    #expect(!election.isLeader(at: at(3)))
  }

  @Test func isLostWhenAnotherHolderIsSeen() {
    var election = LeaseElection(identity: "node1")
    election.saw(nil, at: at(0))
    election.wrote(record("node1", "10"), begun: at(0), at: at(0))
    election.saw(record("node2", "11"), at: at(1))
    #expect(!election.isLeader(at: at(1)))
  }

  @Test func neverHasTwoLeadersWhateverTheirClocksAndLosses() {
    // Two nodes, one lease, clocks of different origin, writes that fail at chance: at no time do both lead.
    var random = SplitMix(state: 7)
    for _ in 0..<200 {
      var nodes = [LeaseElection(identity: "a"), LeaseElection(identity: "b")]
      let offsets = [Int64(0), Int64(random.next() % 1_000_000_000_000)]
      var stored: LeaseElection.Record?
      var version = 0
      for tick in 0..<400 {
        let time = Int64(tick) * 100_000_000
        for index in nodes.indices {
          let now = Instant(nanoseconds: time + offsets[index] + 1)
          guard random.next() % 4 != 0 else { continue }
          nodes[index].saw(stored, at: now)
          guard case .write(let over, let transitions) = nodes[index].next(at: now) else { continue }
          guard over == stored?.version, random.next() % 5 != 0 else {
            nodes[index].failed(at: now)
            continue
          }
          version += 1
          let record = LeaseElection.Record(
            holder: nodes[index].identity, duration: 5, version: "\(version)", transitions: transitions)
          stored = record
          // The answer may get lost.
          if random.next() % 5 == 0 {
            nodes[index].failed(at: now)
          } else {
            nodes[index].wrote(record, begun: now, at: now)
          }
        }
        let leaders = nodes.indices.filter {
          nodes[$0].isLeader(at: Instant(nanoseconds: time + offsets[$0] + 1))
        }
        #expect(leaders.count <= 1)
      }
    }
  }
}

/// A seeded generator, the same on each run.
private struct SplitMix {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
