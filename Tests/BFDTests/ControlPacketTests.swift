import BFD
import Testing

/// Rows of the acceptance checklist about a packet's octets. The A bit's direction "session without, packet with"
/// is in DiscardTests; rows 35-38 and the rest of 7 and 8 come in AuthenticationTests.swift, the D bit's rows
/// 29-31 in DemandTests.swift, row 44 in EchoTests.swift.
@Suite struct ControlPacketTests {
  /// Annotated field by field.
  static let upWithPoll: [UInt8] = [
    0x21,  // version 1, diagnostic 1
    0xe8,  // Up, P, C
    3,  // detect multiplier
    24,  // length
    0xde, 0xad, 0xbe, 0xef,  // my discriminator
    0x01, 0x02, 0x03, 0x04,  // your discriminator
    0x00, 0x00, 0xc3, 0x50,  // desired min TX 50,000 us
    0x00, 0x04, 0x93, 0xe0,  // required min RX 300,000 us
    0x00, 0x00, 0x00, 0x0a  // required min echo RX 10 us
  ]
  static let adminDownFinal: [UInt8] = [
    0x27,  // version 1, diagnostic 7
    0x12,  // AdminDown, F, D
    255, 24,
    0x00, 0x00, 0x00, 0x01,
    0x00, 0x00, 0x00, 0x00,
    0xff, 0xff, 0xff, 0xff,
    0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00
  ]

  static func reason(_ bytes: [UInt8]) -> DiscardReason? {
    do throws(PacketDiscarded) {
      _ = try ControlPacket(parsing: bytes)
      return nil
    } catch {
      return error.reason
    }
  }

  /// The fixture with some octets replaced.
  static func changed(_ changes: [Int: UInt8]) -> [UInt8] {
    var bytes = upWithPoll
    for (index, value) in changes { bytes[index] = value }
    return bytes
  }

  @Test("Every field is read from its place") func fields() throws {
    let packet = try ControlPacket(parsing: Self.upWithPoll)
    #expect(
      packet
        == ControlPacket(
          diagnostic: .controlDetectionTimeExpired, state: .up, poll: true, controlPlaneIndependent: true,
          detectMultiplier: 3, myDiscriminator: 0xdead_beef, yourDiscriminator: 0x0102_0304,
          desiredMinTx: .milliseconds(50), requiredMinRx: .milliseconds(300),
          requiredMinEchoRx: Interval(microseconds: 10)))
    let other = try ControlPacket(parsing: Self.adminDownFinal)
    #expect(other.state == .adminDown)
    #expect(other.diagnostic == .administrativelyDown)
    #expect(other.final && other.demand && !other.poll && !other.controlPlaneIndependent)
    #expect(other.desiredMinTx == Interval(microseconds: .max))
    #expect(other.detectMultiplier == 255)
  }

  @Test("Every field is written to its place", arguments: [upWithPoll, adminDownFinal])
  func writing(fixture: [UInt8]) throws {
    #expect(try ControlPacket(parsing: fixture).bytes == fixture)
  }

  @Test("What was written reads the same") func roundTrip() throws {
    var draws = Draws(1)
    for _ in 0..<2_000 {
      let word = draws.next()
      let packet = ControlPacket(
        diagnostic: Diagnostic(code: UInt8(truncatingIfNeeded: word)),
        state: SessionState.allCases[Int(word >> 8 & 3)], poll: word >> 10 & 1 == 1, final: word >> 11 & 1 == 1,
        controlPlaneIndependent: word >> 12 & 1 == 1, demand: word >> 13 & 1 == 1,
        detectMultiplier: UInt8(truncatingIfNeeded: word >> 16) | 1,
        myDiscriminator: UInt32(truncatingIfNeeded: word >> 32) | 1,
        yourDiscriminator: UInt32(truncatingIfNeeded: draws.next()) | 1,
        desiredMinTx: Interval(microseconds: UInt32(truncatingIfNeeded: draws.next())),
        requiredMinRx: Interval(microseconds: UInt32(truncatingIfNeeded: draws.next())),
        requiredMinEchoRx: Interval(microseconds: UInt32(truncatingIfNeeded: draws.next())))
      #expect(try ControlPacket(parsing: packet.bytes) == packet)
    }
  }

  @Test("Row 1: length is at least 24, 26 with the A bit, and at most the payload")
  func row1() {
    for count in 0..<24 { #expect(Self.reason(Array(Self.upWithPoll.prefix(count))) == .truncated) }
    for length: UInt8 in 0..<24 { #expect(Self.reason(Self.changed([3: length])) == .lengthTooSmall) }
    #expect(Self.reason(Self.changed([3: 24])) == nil)
    for length: UInt8 in [25, 26, 52, 255] {
      #expect(Self.reason(Self.changed([3: length])) == .lengthBeyondPayload)
    }
    let authenticated: UInt8 = 0xe8 | 0x04
    for length: UInt8 in [24, 25] {
      #expect(Self.reason(Self.changed([1: authenticated, 3: length]) + [0, 0, 0, 0]) == .lengthTooSmall)
    }
    #expect(Self.reason(Self.changed([1: authenticated, 3: 26])) == .lengthBeyondPayload)
    #expect(Self.reason(Self.changed([1: authenticated, 3: 26]) + [1]) == .lengthBeyondPayload)
    #expect(Self.reason(Self.changed([1: authenticated, 3: 26]) + [1, 2]) == nil)
  }

  @Test("Row 2: trailing padding is accepted", arguments: [1, 2, 4, 100, 1_448, 8_976])
  func row2(padding: Int) throws {
    let plain = try ControlPacket(parsing: Self.upWithPoll)
    #expect(try ControlPacket(parsing: Self.upWithPoll + [UInt8](repeating: 0xff, count: padding)) == plain)
  }

  @Test("Row 3: version, length, multiplier, M bit and my discriminator are checked in the listed order")
  func row3() {
    #expect(Self.reason(Self.changed([0: 0x01])) == .version)
    #expect(Self.reason(Self.changed([0: 0x41])) == .version)
    #expect(Self.reason(Self.changed([2: 0])) == .multiplierZero)
    #expect(Self.reason(Self.changed([1: 0xe9])) == .multipoint)
    #expect(Self.reason(Self.changed([4: 0, 5: 0, 6: 0, 7: 0])) == .myDiscriminatorZero)
    #expect(Self.reason(Self.changed([4: 0, 5: 0, 6: 0])) == nil)

    // All wrong at once; then one put right after the other.
    var bytes = [UInt8](repeating: 0, count: 24)
    bytes[1] = 0xc1
    #expect(Self.reason(bytes) == .version)
    bytes[0] = 0x20
    #expect(Self.reason(bytes) == .lengthTooSmall)
    bytes[3] = 25
    #expect(Self.reason(bytes) == .lengthBeyondPayload)
    bytes[3] = 24
    #expect(Self.reason(bytes) == .multiplierZero)
    bytes[2] = 1
    #expect(Self.reason(bytes) == .multipoint)
    bytes[1] = 0xc0
    #expect(Self.reason(bytes) == .myDiscriminatorZero)
    bytes[7] = 1
    #expect(Self.reason(bytes) == .yourDiscriminatorZero)
    bytes[11] = 1
    #expect(Self.reason(bytes) == nil)
  }

  @Test(
    "Row 5: your discriminator 0 is accepted only when the packet's state is Down or AdminDown",
    arguments: [SessionState.adminDown, .down, .`init`, .up])
  func row5(state: SessionState) {
    let bytes = makePacket(state, your: 0).bytes
    #expect(Self.reason(bytes) == (state == .`init` || state == .up ? .yourDiscriminatorZero : nil))
    #expect(Self.reason(makePacket(state, your: 1).bytes) == nil)
  }

  @Test("Row 5: it is the packet's state that counts, not the session's") func row5Session() {
    var session = makeUp()
    let packet = makePacket(.down, your: 0)
    #expect(Self.reason(packet.bytes) == nil)
    #expect(session.receive(packet, at: at(20)).transition?.to == .down)
  }

  @Test("Any octets are either a packet or a reason, never a trap") func randomOctets() {
    var draws = Draws(2)
    var parsed = 0
    for round in 0..<60_000 {
      var bytes = (0..<Int.random(in: 0...60, using: &draws)).map { _ in UInt8.random(in: 0...255, using: &draws) }
      // Two in three rounds get a plausible start, so that the later checks are reached.
      if round % 3 != 0, bytes.count >= 24 {
        bytes[0] = 0x20 | bytes[0] & 0x1f
        bytes[3] = UInt8.random(in: 20...60, using: &draws)
      }
      guard let packet = try? ControlPacket(parsing: bytes) else { continue }
      parsed += 1
      #expect(bytes.count >= 24 && Int(bytes[3]) <= bytes.count)
      var again = packet.bytes
      again[3] = bytes[3]
      #expect(again == Array(bytes.prefix(24)))
    }
    #expect(parsed > 1_000)
  }
}
