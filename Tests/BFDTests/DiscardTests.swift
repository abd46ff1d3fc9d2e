@testable import BFD
import Testing

/// Rows of the acceptance checklist about packets that a session must not take. What the checks of an
/// authentication section add to rows 7 and 8 comes in AuthenticationTests.swift.
@Suite struct DiscardTests {
  /// Sessions in every state, with and without a peer, a poll and a hold.
  static var sessions: [Session] {
    var polling = makeUp()
    polling.configure(makeConfiguration(tx: 500, rx: 20))
    _ = polling.transmit(at: at(60), random: 7)
    var initializing = makeSession()
    _ = initializing.receive(makePacket(.down, your: 0, tx: 1_000), at: at(5))
    var held = makeUp()
    _ = held.hold(.administrativelyDown, at: at(20))
    var concatenated = makeUp()
    _ = concatenated.hold(.down(.concatenatedPathDown), at: at(20))
    return [makeSession(), makeSession(role: .passive), initializing, makeUp(), polling, held, concatenated]
  }

  @Test("Row 7: no field of the session is written when a packet is discarded", arguments: sessions)
  func row7(session: Session) {
    for state in SessionState.allCases {
      for instant in [at(61), at(70), at(100_000)] {
        var after = session
        let packet = makePacket(
          state, poll: true, final: true, my: 0x99, tx: 1, rx: 1, multiplier: 200, diagnostic: .pathDown,
          authenticated: true)
        #expect(after.receive(packet, at: instant) == .discarded(.authenticationUnexpected))
        #expect(after == session)
      }
    }
  }

  @Test("Row 8: the A bit on a session without authentication is discarded, and without it accepted")
  func row8() {
    var session = makeUp()
    #expect(
      session.receive(makePacket(.up, authenticated: true), at: at(20)) == .discarded(.authenticationUnexpected))
    #expect(session.receive(makePacket(.down, authenticated: true), at: at(20)).transition == nil)
    #expect(session.state == .up)
    #expect(session.receive(makePacket(.up), at: at(20)) == .accepted(expired: nil, transition: nil, final: nil))
  }
}
