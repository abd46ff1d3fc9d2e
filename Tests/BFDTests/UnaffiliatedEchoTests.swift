@testable import BFD
import Testing

/// RFC 9747: echo without BFD at the other end; the neighbour only forwards our packets back.
@Suite struct UnaffiliatedEchoTests {
  static func make(interval: UInt32 = 50, multiplier: UInt8 = 3) -> Session {
    var configuration = makeConfiguration(multiplier: multiplier)
    configuration.echo = EchoParameters(transmitInterval: .milliseconds(interval), kind: .unaffiliated)
    return Session(localDiscriminator: local, configuration: configuration, at: at(0))
  }

  /// Runs to `end` over a path that takes 2 ms, as long as `path` says that it forwards; the transitions.
  static func run(_ session: inout Session, from start: Int64, to end: Int64, path: (Int64) -> Bool = { _ in true })
    -> [Transition]
  {
    var transitions: [Transition] = []
    var flying: [(Int64, EchoPacket)] = []
    for now in start..<end {
      while let (arrival, echo) = flying.first, arrival <= now {
        flying.removeFirst()
        if case .accepted(let expired, let transition) = session.receive(echo, at: at(arrival)) {
          transitions += [expired, transition].compactMap { $0 }
        }
      }
      if let expired = session.expire(at: at(now)) { transitions.append(expired) }
      if let sent = session.transmitEcho(at: at(now), random: 0), path(now) { flying.append((now + 2, sent.echo)) }
    }
    return transitions
  }

  @Test("RFC 9747 section 2: a session comes Up over its own packets, by the states of RFC 5880") func comesUp() {
    var session = Self.make()
    let transitions = Self.run(&session, from: 0, to: 1_000)
    #expect(transitions.map(\.to) == [.`init`, .up])
    #expect(transitions.map(\.at) == [at(2), at(4)])
    #expect(session.state == .up && session.remote == nil)
  }

  @Test("RFC 9747 section 2: one packet a second until Up, then as provisioned, then slow again") func pace() {
    var session = Self.make()
    _ = Self.run(&session, from: 0, to: 5_000) { _ in false }
    #expect(session.state == .down)
    #expect(session.echo?.sent == 5)
    _ = Self.run(&session, from: 5_000, to: 6_000)
    let sent = session.echo?.sent ?? 0
    _ = Self.run(&session, from: 6_000, to: 7_000)
    #expect((session.echo?.sent ?? 0) - sent == 20)
    _ = Self.run(&session, from: 7_000, to: 8_000) { _ in false }
    #expect(session.echoInterval == .slow)
  }

  @Test("RFC 9747 section 2: a multiplier of missing packets takes it Down with diagnostic 2") func down() {
    var session = Self.make()
    _ = Self.run(&session, from: 0, to: 1_000)
    let transitions = Self.run(&session, from: 1_000, to: 1_500) { _ in false }
    #expect(transitions.map(\.cause) == [.echoFailed])
    #expect(transitions.first?.diagnostic == .echoFunctionFailed)
    #expect(transitions.first?.isFailure == true)
    #expect((at(1_101)...at(1_160)).contains(transitions.first?.at ?? at(0)))
    // The path is back.
    #expect(Self.run(&session, from: 1_500, to: 4_000).map(\.to) == [.`init`, .up])
  }

  @Test(
    "RFC 9747 section 2: the packet is a Control packet with our discriminators, and intervals that mean nothing")
  func packet() {
    var session = Self.make()
    let first = session.transmitEcho(at: at(0), random: 0)
    #expect(first?.control?.state == .down)
    #expect(first?.control?.myDiscriminator == local && first?.control?.yourDiscriminator == 0)
    #expect(first?.control?.desiredMinTx == .slow && first?.control?.requiredMinRx == .slow)
    #expect(
      first?.control?.detectMultiplier == 3 && first?.control?.poll == false && first?.control?.final == false)
    if let first { _ = session.receive(first.echo, at: at(2)) }
    let second = session.transmitEcho(at: at(2), random: 0)
    #expect(second?.control?.state == .`init` && second?.control?.yourDiscriminator == local)
    #expect(second?.echo.state == .`init`)
  }

  @Test("RFC 9747: it sends and takes no packets on the Control port") func control() {
    var session = Self.make()
    #expect(session.nextTransmission == nil && session.transmit(at: at(5_000), random: 0) == nil)
    let before = session
    for state in SessionState.allCases {
      #expect(session.receive(makePacket(state), at: at(10)) == .discarded(.noSession))
    }
    #expect(session == before)
  }

  @Test("Packets from before our own state tell nothing") func stale() {
    var session = Self.make()
    guard let down = session.transmitEcho(at: at(0), random: 0)?.echo else { return }
    _ = session.receive(down, at: at(2))
    guard let initial = session.transmitEcho(at: at(2), random: 0)?.echo else { return }
    _ = session.receive(initial, at: at(4))
    #expect(session.state == .up)
    // Slow on its way: sent in Init, and comes when the session is Up.
    var late = initial
    late.sequence &+= 1
    guard let up = session.transmitEcho(at: at(4), random: 0)?.echo else { return }
    late = up
    late.state = .down
    #expect(session.receive(late, at: at(6)) == .accepted(expired: nil, transition: nil))
    #expect(session.state == .up)
  }

  @Test("Held down, it stays down; in AdminDown it is silent") func held() {
    var session = Self.make()
    _ = Self.run(&session, from: 0, to: 100)
    #expect(session.hold(.administrativelyDown, at: at(100))?.isFailure == false)
    #expect(session.nextEcho == nil)
    _ = session.release(at: at(200))
    #expect(Self.run(&session, from: 200, to: 2_000).map(\.to) == [.`init`, .up])
    _ = session.hold(.down(.concatenatedPathDown), at: at(2_000))
    #expect(Self.run(&session, from: 2_000, to: 6_000).isEmpty)
    #expect(session.state == .down)
  }

  @Test("A session does not turn into one, or out of it, while it lives") func kind() {
    var session = Self.make()
    session.configure(makeConfiguration())
    #expect(session.isUnaffiliated)
    var plain = makeUp()
    plain.configure(Self.make().configuration)
    #expect(!plain.isUnaffiliated && plain.state == .up)
  }
}
