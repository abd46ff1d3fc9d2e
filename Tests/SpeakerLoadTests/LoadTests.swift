import Testing

@testable import SpeakerLoad

@Suite struct LoadTests {
  @Test func `a peer comes up by the handshake and polls for its shorter interval until it is answered`() {
    var daemon = FakeDaemon(peers: 1)
    daemon.pass(milliseconds: 5)
    #expect(daemon.heard.map(\.state) == [.down])
    #expect(daemon.heard.map(\.desiredTransmit) == [1_000_000])
    daemon.heard = []
    daemon.say(.down, yours: 0)
    daemon.say(.`init`)
    #expect(daemon.heard.map(\.state) == [.`init`, .up])
    #expect(daemon.heard.last?.flags == ControlFields.poll)
    #expect(daemon.heard.last?.desiredTransmit == FakeDaemon.interval)
    daemon.say(.up, flags: ControlFields.final)
    daemon.heard = []
    daemon.pass(milliseconds: 100)
    #expect(daemon.heard.count == 1)
    #expect(daemon.heard.last?.flags == 0)
    let counts = daemon.load.counts
    #expect(counts.up == 1)
    #expect(counts.allUp == 5)
  }

  @Test func `a poll is answered at once by a Final`() {
    var daemon = FakeDaemon(peers: 1)
    daemon.bringUp()
    daemon.heard = []
    daemon.say(.up, flags: ControlFields.poll)
    #expect(daemon.heard.map(\.flags) == [ControlFields.final])
  }

  @Test func `packets of an up peer follow each other after 75 to 100 percent of the interval`() {
    var daemon = FakeDaemon(peers: 1)
    daemon.bringUp()
    daemon.pass(milliseconds: 1)
    daemon.heard = []
    daemon.keepUp(milliseconds: 50, times: 200)
    // 10 s at 100 ms: 100 packets at the slowest, 133 at the fastest.
    #expect((100...134).contains(daemon.heard.count))
  }

  @Test func `a gap of two intervals is one missed deadline`() {
    var daemon = FakeDaemon(peers: 1)
    daemon.bringUp()
    daemon.load.beginSteady(at: daemon.now)
    daemon.keepUp(milliseconds: 90, times: 10)
    var intervals = daemon.load.counts.intervals
    #expect(intervals.missed == 0)
    #expect(intervals.ratios.count == 9)
    daemon.pass(milliseconds: 180)
    daemon.say(.up)
    intervals = daemon.load.counts.intervals
    #expect(intervals.missed == 1)
    #expect(intervals.ratios.maximum == 1.8)
  }

  @Test func `an answer to a poll is no periodic packet`() {
    var daemon = FakeDaemon(peers: 1)
    daemon.bringUp()
    daemon.load.beginSteady(at: daemon.now)
    daemon.keepUp(milliseconds: 90, times: 2)
    daemon.pass(milliseconds: 10)
    daemon.say(.up, flags: ControlFields.final)
    let intervals = daemon.load.counts.intervals
    #expect(intervals.ratios.count == 1)
    #expect(intervals.below75 == 0)
  }

  @Test func `a Down for no reason is a false Down of the daemon`() {
    var daemon = FakeDaemon(peers: 2)
    daemon.pass(milliseconds: 2)
    daemon.bringUp()
    daemon.load.beginSteady(at: daemon.now)
    daemon.keepUp(milliseconds: 50, times: 20)
    daemon.say(.down, diagnostic: 1, to: 1)
    let falls = daemon.load.counts[.steady]
    #expect(falls == LoadCounts.Falls(announced: 1, announcedUnheard: 1))
    #expect(daemon.load.counts.up == 1)
  }

  @Test func `silence of the daemon is a false Down too`() {
    var daemon = FakeDaemon(peers: 1)
    daemon.pass(milliseconds: 2)
    daemon.bringUp()
    daemon.load.beginSteady(at: daemon.now)
    daemon.keepUp(milliseconds: 50, times: 3)
    daemon.pass(milliseconds: 299)
    #expect(daemon.load.counts[.steady].total == 0)
    daemon.pass(milliseconds: 3)
    #expect(daemon.load.counts[.steady] == LoadCounts.Falls(silent: 1))
  }

  @Test func `a Down after the generator's own silence is the generator's fault`() {
    var daemon = FakeDaemon(peers: 1)
    daemon.pass(milliseconds: 2)
    daemon.bringUp()
    daemon.load.beginSteady(at: daemon.now)
    daemon.keepUp(milliseconds: 50, times: 20)
    // The generator gets no CPU for 400 ms.
    daemon.now += 400_000_000
    daemon.say(.down, diagnostic: 1)
    #expect(daemon.load.counts[.steady] == LoadCounts.Falls(generator: 1))
  }

  @Test func `a muted peer measures how late it is noticed and how it comes back`() {
    var daemon = FakeDaemon(peers: 1)
    daemon.pass(milliseconds: 2)
    daemon.bringUp()
    daemon.keepUp(milliseconds: 50, times: 40)
    daemon.load.startTrials(1, spacing: 1, at: daemon.now)
    daemon.pass(milliseconds: 1)
    #expect(daemon.load.counts.muted == 1)
    let last = daemon.load.peers[0].mutedAt
    daemon.heard = []
    while daemon.now < last + 300_000_000 + 2_500_000 { daemon.pass(milliseconds: 1) }
    daemon.say(.down, diagnostic: 1)
    #expect(daemon.heard.isEmpty)
    let overshoot = daemon.load.counts.overshoot
    #expect(overshoot.count == 1)
    #expect(overshoot.allSatisfy { (2.4...3.6).contains($0) })
    daemon.pass(milliseconds: 505)
    #expect(daemon.heard.map(\.state) == [.down])
    daemon.say(.`init`)
    daemon.pass(milliseconds: 10)
    daemon.say(.up)
    let counts = daemon.load.counts
    #expect(counts.returns.count == 1)
    #expect(counts.falls.allSatisfy { $0.total == 0 && $0.generator == 0 })
    daemon.pass(milliseconds: 1)
    #expect(daemon.load.counts.trialsLeft == 0)
  }

  @Test func `a daemon that never notices is counted`() {
    var daemon = FakeDaemon(peers: 1)
    daemon.pass(milliseconds: 2)
    daemon.bringUp()
    daemon.keepUp(milliseconds: 50, times: 40)
    daemon.load.startTrials(1, spacing: 1, at: daemon.now)
    daemon.keepUp(milliseconds: 50, times: 130)
    #expect(daemon.load.counts.undetected == 1)
    #expect(daemon.load.counts.trialsLeft == 0)
  }

  @Test(
    arguments: [
      (64, false, Violation.timeToLive), (255, true, .checksum)
    ] as [(UInt8, Bool, Violation)])
  func `what a strict peer would drop does not count as heard`(
    _ timeToLive: UInt8, _ isSpoilt: Bool, _ violation: Violation
  ) {
    var daemon = FakeDaemon(peers: 1)
    daemon.say(.down, yours: 0, timeToLive: timeToLive, spoilt: isSpoilt)
    #expect(daemon.load.counts.violations[violation.rawValue] == 1)
    #expect(daemon.load.counts.violationCount == 1)
    #expect(daemon.heard.isEmpty)
  }

  @Test func `a discriminator that is not the peer's is a violation`() {
    var daemon = FakeDaemon(peers: 1)
    daemon.bringUp()
    daemon.say(.up, yours: 12)
    #expect(daemon.load.counts.violationText == "1 yourDiscriminator")
  }

  @Test func `many peers come up and none of them falls while both ends speak`() {
    var daemon = FakeDaemon(peers: 300)
    daemon.pass(milliseconds: 2)
    daemon.bringUp()
    daemon.load.beginSteady(at: daemon.now)
    daemon.keepUp(milliseconds: 80, times: 50)
    let counts = daemon.load.counts
    #expect(counts.up == 300)
    #expect(counts[.steady] == LoadCounts.Falls())
    #expect(counts.longestOwnGap <= 1.01)
  }
}
