@testable import BFD

extension FuzzTarget {
  /// Echoes that come back: those that others made are never ours; and whatever their fields say, one that is discarded
  /// changes nothing, and none brings a session down that is not late.
  static let echo = FuzzTarget(name: "echo", longestInput: 256) { octets in
    let seal = EchoSeal(secret: (0x5eed_0001_dead_beef, 0x0123_4567_89ab_cdef))
    if octets.count >= EchoPacket.length {
      if let echo = try? seal.read(octets.span.bytes) {
        var again = [UInt8](repeating: 0, count: EchoPacket.length)
        var span = again.mutableSpan
        var bytes = span.mutableBytes
        seal.write(echo, to: &bytes)
        try require(again.elementsEqual(octets.prefix(EchoPacket.length)), "an echo was taken that nobody wrote")
      }
    } else {
      try require((try? seal.read(octets.span.bytes)) == nil, "an echo of \(octets.count) octets was taken")
    }
    var steps = Steps(octets)
    var configuration = SessionConfiguration(detectMultiplier: steps.octet() % 5 + 1)
    let kind: EchoParameters.Kind = steps.octet() & 1 == 0 ? .unaffiliated : .affiliated(requiredMinRx: .slow)
    configuration.echo = EchoParameters(transmitInterval: .milliseconds(UInt32(steps.octet()) + 1), kind: kind)
    var session = Session(localDiscriminator: 1, configuration: configuration, at: Instant(nanoseconds: 0))
    var now = Instant(nanoseconds: 0)
    while !steps.isOver { try step(&steps, &session, &now) }
  }

  private static func step(_ steps: inout Steps, _ session: inout Session, _ now: inout Instant) throws {
    switch steps.octet() % 4 {
    case 0:
      now = now + Int64(steps.octet()) << Int64(steps.octet() % 26)
      let deadline = session.nextDeadline
      let before = session.state
      let expired = session.expire(at: now)
      try require((expired == nil) == (before == session.state), "\(before) became \(session.state)")
      if expired != nil { try require(deadline <= now, "it expired before its deadline") }
      _ = session.transmitEcho(at: now, random: steps.word())
      _ = session.transmit(at: now, random: steps.word())
    case 1:
      let echo = EchoPacket(
        discriminator: 1, sequence: UInt32(steps.octet()), state: SessionState(twoBits: steps.octet()),
        sentAt: now + -(Int64(steps.octet()) << Int64(steps.octet() % 40)))
      try take(echo, &session, now)
    case 2:
      let echo = EchoPacket(
        discriminator: steps.word(), sequence: steps.word(), state: SessionState(twoBits: steps.octet()),
        sentAt: Instant(nanoseconds: Int64(steps.word()) << 32 | Int64(steps.word())))
      try take(echo, &session, now)
    default:
      let packet = ControlPacket(
        state: SessionState(twoBits: steps.octet()), poll: steps.octet() & 1 == 1, detectMultiplier: 3,
        myDiscriminator: 2, yourDiscriminator: 1, desiredMinTx: .milliseconds(UInt32(steps.octet())),
        requiredMinRx: .milliseconds(UInt32(steps.octet())),
        requiredMinEchoRx: .milliseconds(UInt32(steps.octet())))
      _ = session.receive(packet, at: now)
    }
  }

  private static func take(_ echo: EchoPacket, _ session: inout Session, _ now: Instant) throws {
    let before = session
    switch session.receive(echo, at: now) {
    case .discarded(let reason):
      // A stale one may be counted as seen; what clients and the peer see of the session stays.
      let same = session.state == before.state && session.remote == before.remote && session.hold == before.hold
      try require(same, "an echo discarded as \(reason) has changed the session")
    case .accepted(let expired, let transition):
      let late = before.nextDeadline <= now
      if expired != nil { try require(late, "an echo expired a session that was not late") }
      if let transition { try require(transition.to != .down, "an echo took the session down") }
    }
  }
}
