@testable import BFD
import Testing

/// When a packet may be left unread because it only says once more what the last one said.
@Suite struct SteadyTests {
  @Test("a session that is steady is the same after a repeated packet and after being told that one came")
  func repeats() {
    var read = makeUp()
    #expect(read.isSteady)
    var told = read
    let reception = read.receive(makePacket(.up), at: at(60))
    told.heardAgain(at: at(60))
    #expect(reception == .accepted(expired: nil, transition: nil, final: nil))
    #expect(read == told)
    #expect(read.detectionDeadline == at(210))
  }

  @Test("an arrival that is told late does not turn time back") func late() {
    var session = makeUp()
    session.heardAgain(at: at(60))
    session.heardAgain(at: at(40))
    #expect(session.lastReceived == at(60))
  }

  @Test("after a change of parameters every packet counts until the peer has confirmed it") func negotiating() {
    var session = makeUp()
    session.configure(makeConfiguration(rx: 40))
    _ = session.transmit(at: at(59), random: 0)
    _ = session.receive(makePacket(.up, final: true), at: at(60))
    #expect(!session.isSteady)
    _ = session.receive(makePacket(.up), at: at(61))
    #expect(session.isSteady)
  }

  @Test("no session is steady that is not Up at both ends, is held, or has a peer that wants no packets")
  func unsteady() {
    var down = makeUp()
    _ = down.expire(at: at(1_000))
    var held = makeUp()
    _ = held.hold(.silent, at: at(11))
    var silenced = makeUp()
    _ = silenced.receive(makePacket(.up, rx: 0), at: at(11))
    var initializing = makeSession()
    _ = initializing.receive(makePacket(.down, your: 0), at: at(1))
    var handshake = makeSession()
    _ = handshake.receive(makePacket(.`init`), at: at(1))
    for session in [down, held, silenced, initializing, handshake] { #expect(!session.isSteady) }
  }

  @Test("Demand mode and authentication make every packet count") func functions() {
    var configuration = makeConfiguration()
    configuration.demand = DemandMode(verificationInterval: nil)
    var demanding = makeUp()
    demanding.configure(configuration)
    #expect(!demanding.isSteady)
    var authenticated = makeUp()
    authenticated.authentication = AuthenticationState(origin: 1, at: at(0))
    #expect(!authenticated.isSteady)
  }
}
