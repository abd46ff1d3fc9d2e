@testable import SpeakerLoad

/// A load and the daemon it talks to, on a clock of their own.
struct FakeDaemon: ~Copyable {
  static let daemon: UInt32 = 0x0a60_0001
  static let base: UInt32 = 0x0a61_0000
  static let link = LinkAddresses(destination: [2, 0, 0, 0, 0, 1], source: [2, 0, 0, 0, 0, 2])
  /// Microseconds.
  static let interval: UInt32 = 100_000

  var load: Load
  var now: Int64 = 1_000_000_000_000
  /// What the daemon says, as a template for every session.
  var fields: ControlFields
  /// What the peers sent since it was last emptied.
  var heard: [ControlFields] = []

  init(peers: Int, seed: UInt64 = 1) {
    var plan = LoadPlan(
      groups: [LoadPlan.Group(count: peers, interval: Self.interval, multiplier: 3)], daemon: Self.daemon,
      base: Self.base, link: Self.link)
    plan.spread = 1_000_000
    plan.seed = seed
    load = Load(plan, at: now)
    fields = ControlFields()
    fields.multiplier = 3
    fields.mine = 77
    fields.desiredTransmit = Self.interval
    fields.requiredReceive = Self.interval
  }

  /// Lets time pass in steps of 1 ms; frames leave 20 us after their time.
  mutating func pass(milliseconds: Int) {
    for _ in 0..<milliseconds {
      now += 1_000_000
      while load.advance(to: now) { collect() }
      collect()
    }
  }

  private mutating func collect() {
    for index in 0..<load.outbox.count {
      let (packet, violation) = Frame.read(
        load.outbox.frames + index * Outbox.stride, length: Frame.length, hasChecksum: true)
      if violation == nil { heard.append(packet) }
    }
    load.sent(load.outbox.count, from: now, until: now + 20_000)
  }

  /// The daemon says something to a peer.
  mutating func say(
    _ state: BFDState, flags: UInt8 = 0, diagnostic: UInt8 = 0, to index: Int = 0, yours: UInt32? = nil,
    timeToLive: UInt8 = 255, spoilt: Bool = false
  ) {
    var packet = fields
    packet.state = state
    packet.flags = flags
    packet.diagnostic = diagnostic
    packet.yours = yours ?? load.peers[index].discriminator
    let frame = UnsafeMutableRawPointer.allocate(byteCount: Frame.length, alignment: 16)
    defer { frame.deallocate() }
    Frame.prepare(
      frame, link: Self.link, source: Self.daemon, destination: load.plan.address(index), sourcePort: 50_000)
    Frame.write(frame, packet)
    if timeToLive != 255 {
      Frame.put16(frame, Frame.ip + 8, UInt16(timeToLive) << 8 | 17)
      Frame.put16(frame, Frame.ip + 10, 0)
      Frame.put16(frame, Frame.ip + 10, ~Frame.fold(Frame.sum(frame, Frame.ip, 20)))
    }
    if spoilt { Frame.put32(frame, Frame.control + 20, 1) }
    load.receive(frame, length: Frame.length, hasChecksum: true, at: now, now: now)
    collect()
  }

  /// To Up on both sides.
  mutating func bringUp() {
    for index in 0..<load.count {
      say(.down, to: index, yours: 0)
      say(.`init`, to: index)
      say(.up, flags: ControlFields.final, to: index)
    }
  }

  /// Speaks to all peers every `milliseconds`, `times` times.
  mutating func keepUp(milliseconds: Int, times: Int) {
    for _ in 0..<times {
      pass(milliseconds: milliseconds)
      for index in 0..<load.count { say(.up, to: index) }
    }
  }
}
