@testable import BFD
import Testing

/// Rows of the acceptance checklist about when packets leave, and how long silence may last.
@Suite struct TimingTests {
  @Test("Row 4: P and F are never both set by us") func row4() {
    // Polling itself, it answers a Poll.
    var session = makeUp()
    session.configure(makeConfiguration(tx: 500))
    for poll in [true, false] {
      let final = session.receive(makePacket(.up, poll: true, final: !poll), at: at(30)).final
      #expect(final?.final == true)
      #expect(final?.poll == false)
    }
    let scheduled = session.transmit(at: at(59), random: 0)
    #expect(scheduled?.poll == true)
    #expect(scheduled?.final == false)
  }

  @Test("Row 19: a Poll rides on scheduled packets and adds none") func row19() {
    var session = makeUp()
    let before = session.nextTransmission
    session.configure(makeConfiguration(tx: 60, rx: 40))
    #expect(session.isPolling)
    #expect(session.nextTransmission == before)
    #expect(session.transmit(at: at(58), random: 0) == nil)
    #expect(session.transmit(at: at(59), random: 0)?.poll == true)
    #expect(session.transmit(at: at(60), random: 0) == nil)
  }

  @Test("Row 20: a Final is immediate, in any state, whatever the timers say")
  func row20() {
    var down = makeSession()
    _ = down.transmit(at: at(0), random: 0)
    var sessions = [makeUp(), makeSession(), makeSession(role: .passive), down]
    var initializing = makeSession()
    _ = initializing.receive(makePacket(.down, your: 0), at: at(1))
    var held = makeUp()
    _ = held.hold(.administrativelyDown, at: at(11))
    var concatenated = makeUp()
    _ = concatenated.hold(.down(.concatenatedPathDown), at: at(11))
    var silenced = makeUp()
    _ = silenced.receive(makePacket(.up, rx: 0), at: at(11))
    sessions += [initializing, held, concatenated, silenced]
    for var session in sessions {
      for state in SessionState.allCases {
        let final = session.receive(makePacket(state, poll: true, rx: 0), at: at(12)).final
        #expect(final?.final == true)
        #expect(final?.poll == false)
        #expect(final?.state == session.state)
        #expect(final?.diagnostic == session.diagnostic)
        #expect(final?.yourDiscriminator == peer)
      }
      #expect(session.receive(makePacket(.up), at: at(13)).final == nil)
    }
  }

  @Test("Row 20: a Final neither delays nor replaces the next periodic packet") func row20Periodic() {
    var session = makeUp()
    for now: Int64 in 20...58 { _ = session.receive(makePacket(.up, poll: true), at: at(now)) }
    #expect(session.nextTransmission == at(59))
    #expect(session.transmit(at: at(59), random: 0) != nil)
  }

  @Test(
    "Row 21: detection time is the remote multiplier times the greater of local RX and remote TX",
    arguments: [
      // local multiplier, local RX, remote multiplier, remote TX, detection time; ms
      (3, 50, 5, 20, 250), (3, 20, 5, 50, 250), (200, 50, 1, 50, 50), (1, 10, 255, 4_000, 1_020_000),
      (3, 0, 3, 10, 30)
    ] as [(UInt8, UInt32, UInt8, UInt32, Int64)])
  func row21(multiplier: UInt8, rx: UInt32, remoteMultiplier: UInt8, remoteTx: UInt32, expected: Int64) {
    let session = makeUp(tx: 7, rx: rx, multiplier: multiplier, peerTx: remoteTx, peerMultiplier: remoteMultiplier)
    #expect(session.detectionTime == ms(expected))
    #expect(session.detectionDeadline == at(10 + expected))
  }

  @Test("Row 22: multiplier times interval is computed in 64 bits") func row22() {
    var session = makeSession()
    var packet = makePacket(.`init`, multiplier: 255)
    packet.desiredMinTx = Interval(microseconds: .max)
    packet.requiredMinRx = Interval(microseconds: .max)
    _ = session.receive(packet, at: at(0))
    let expected: Int64 = 255 * 4_294_967_295 * 1_000
    #expect(session.detectionTime == expected)
    #expect(session.expire(at: at(0) + (expected - 1)) == nil)
    #expect(session.expire(at: at(0) + expected) != nil)

    var slow = Session(
      localDiscriminator: local,
      configuration: SessionConfiguration(
        desiredMinTx: Interval(microseconds: .max), requiredMinRx: Interval(microseconds: .max),
        detectMultiplier: 255), at: at(0))
    #expect(slow.peerDetectionTime == expected)
    _ = slow.transmit(at: at(0), random: 0)
    #expect(slow.nextTransmission == at(0) + 4_294_967_295_000)
    _ = slow.transmit(at: at(4_294_968), random: .max)
    let least = (4_294_967_295_000 * 3) / 4
    let wait = (slow.nextTransmission ?? .distantFuture) - at(4_294_968)
    #expect((Int64(least)...Int64(least) + 2_000).contains(wait))
  }

  @Test("Row 22: a deadline beyond the clock's end stays there") func row22Overflow() {
    var session = makeSession()
    let late = Instant(nanoseconds: .max - 5)
    _ = session.receive(makePacket(.`init`), at: late)
    #expect(session.detectionDeadline == .distantFuture)
  }

  /// The shortest, the longest and the mean wait of many packets, in parts of the interval, and how many differ.
  static func waits(multiplier: UInt8, random: (inout Draws) -> UInt32) -> (ClosedRange<Double>, Double, Int) {
    var draws = Draws(25)
    var session = makeUp(tx: 300, rx: 60_000, multiplier: multiplier)
    var waits: [Double] = []
    var now = session.nextTransmission ?? at(0)
    for _ in 0..<5_000 {
      _ = session.transmit(at: now, random: random(&draws))
      let next = session.nextTransmission ?? .distantFuture
      waits.append(Double(next - now) / Double(ms(300)))
      now = next
    }
    let mean = waits.reduce(0, +) / Double(waits.count)
    return ((waits.min() ?? 0)...(waits.max() ?? 0), mean, Set(waits).count)
  }

  @Test(
    "Row 25: jitter is drawn per packet: 75-100 %, with multiplier 1 75-90 %",
    arguments: [(1, 0.75, 0.90), (2, 0.75, 1.0), (3, 0.75, 1.0), (255, 0.75, 1.0)] as [(UInt8, Double, Double)])
  func row25(multiplier: UInt8, low: Double, high: Double) {
    let (range, mean, different) = Self.waits(multiplier: multiplier) { UInt32.random(in: 0 ... .max, using: &$0) }
    #expect(range.lowerBound >= low)
    #expect(range.upperBound <= high)
    // The whole range is used, evenly, and never the same draw again.
    #expect(range.lowerBound < low + 0.001)
    #expect(range.upperBound > high - 0.001)
    #expect(abs(mean - (low + high) / 2) < 0.004)
    #expect(different > 4_900)
    // Its ends.
    #expect(abs(Self.waits(multiplier: multiplier) { _ in 0 }.1 - high) < 1e-6)
    #expect(abs(Self.waits(multiplier: multiplier) { _ in .max }.1 - low) < 1e-6)
  }

  @Test("Row 26: a received packet never postpones transmission and never redraws the jitter") func row26() {
    var session = makeUp()
    _ = session.transmit(at: at(59), random: 0x1234_5678)
    let due = session.nextTransmission
    for now: Int64 in 60...95 {
      _ = session.receive(makePacket(.up, poll: now % 3 == 0, final: now % 5 == 0), at: at(now))
      #expect(session.nextTransmission == due)
    }
    // Many packets in one interval, over many intervals: as many are sent as without them.
    var sent = 0
    var draws = Draws(26)
    for now: Int64 in 100..<10_100 {
      _ = session.receive(makePacket(.up), at: at(now))
      if session.transmit(at: at(now), random: UInt32.random(in: 0 ... .max, using: &draws)) != nil { sent += 1 }
    }
    #expect((215...245).contains(sent))
  }

  @Test("Row 27: with a remote min RX of 0 there is no periodic transmission, but a Poll is answered") func row27()
  {
    var session = makeUp()
    _ = session.receive(makePacket(.up, rx: 0), at: at(20))
    #expect(session.nextTransmission == nil)
    for now: Int64 in [59, 100, 159] { #expect(session.transmit(at: at(now), random: 0) == nil) }
    #expect(session.nextDeadline == session.detectionDeadline)
    let final = session.receive(makePacket(.up, poll: true, rx: 0), at: at(160)).final
    #expect(final?.final == true)
    #expect(session.transmit(at: at(160), random: 0) == nil)
    _ = session.receive(makePacket(.up, rx: 50), at: at(200))
    #expect(session.transmit(at: at(200), random: 0) != nil)
  }

  @Test("A change of state is told at once, a received packet or the clock alone tell nothing") func stateChange() {
    var session = makeUp()
    #expect(session.transmit(at: at(20), random: 0) == nil)
    _ = session.receive(makePacket(.down), at: at(21))
    #expect(session.transmit(at: at(21), random: 0)?.state == .down)
    #expect(session.transmit(at: at(22), random: 0) == nil)
  }

  @Test("A state that changed and changed back, with nothing sent between, is no news") func changedBack() {
    var session = makeSession(role: .passive)
    _ = session.receive(makePacket(.down, your: 0), at: at(10))
    _ = session.expire(at: at(160))
    _ = session.receive(makePacket(.down, your: 0), at: at(170))
    #expect(session.transmit(at: at(170), random: 0)?.state == .`init`)
    _ = session.expire(at: at(320))
    _ = session.receive(makePacket(.down, your: 0), at: at(330))
    #expect(session.state == .`init`)
    #expect(session.nextTransmission == at(1_170))
  }

  @Test("The next deadline is the earlier of transmission and detection, and acting on it moves it") func deadline()
  {
    var session = makeUp()
    #expect(session.nextDeadline == at(59))
    for _ in 0..<200 {
      let now = session.nextDeadline
      let acted = session.expire(at: now) != nil
      #expect(session.transmit(at: now, random: 0) != nil || acted)
      #expect(session.nextDeadline > now || session.transmit(at: now, random: 0) != nil)
    }
  }
}
