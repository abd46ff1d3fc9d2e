import Addresses
import ArgumentParser
import BFD
import CLinux
import Capture
import Glibc
import NetworkNamespaces
import Speaker
import Synchronization

/// What forged packets at the rate of one CPU do to a speaker's sessions.
@main struct FloodBenchmark: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Sessions between two namespaces, and forged packets from one of them as fast as they go.")

  @Option(help: "Sessions, at most 200.") var sessions = 32
  @Option(help: "Milliseconds between two packets.") var interval: UInt32 = 50
  @Option(help: "Detection multiplier.") var multiplier: UInt8 = 3
  @Option(help: "Seconds of each flood.") var seconds = 10
  @Option(help: "Threads that flood.") var threads = 1
  @Flag(help: "The speaker at normal priority, below the flood.") var normal = false
  @Flag(help: "Wake for every packet, also under a flood.") var restless = false
  @Option(help: "Only floods whose name contains this.") var only = ""

  func run() throws {
    ring()
    let wire = try Wire(addresses: sessions)
    print(
      "\(sessions) sessions at \(interval) ms x \(multiplier), \(seconds) s each; packets in thousands a second")
    print(
      "flood                                    sent  read discarded dropped  CPU %  downs  late us (silenced peers)"
    )
    for flood in Flood.allCases where flood.rawValue.contains(only) {
      print(try measure(flood, wire.a, wire.b))
    }
  }

  private func measure(_ flood: Flood, _ a: String, _ b: String) throws -> String {
    let ours = try End(try speaker(a, own: 1, far: 2), priority: normal ? 0 : 50, rests: !restless)
    let peers = try End(try speaker(b, own: 2, far: 1), priority: 49)
    ours.start()
    peers.start()
    defer {
      ours.stop()
      peers.stop()
    }
    let deadline = MonotonicClock.now() + 20_000_000_000
    while ours.upCount() < sessions, MonotonicClock.now() < deadline { usleep(50_000) }
    guard ours.upCount() == sessions else { return "\(flood.rawValue): the sessions did not come Up" }
    usleep(500_000)
    let quiet = ours.sample()
    let generator = Generator()
    var flooding: [OpaqueThread] = []
    if flood != .none {
      let targets = min(sessions, 64)
      for _ in 0..<threads {
        let descriptor = try Generator.socket(in: b)
        flooding.append(
          OpaqueThread {
            generator.run(flood, descriptor: descriptor, targets: targets)
            close(descriptor)
          })
      }
    }
    usleep(300_000)
    let before = ours.sample()
    let sentBefore = generator.count
    let start = MonotonicClock.now()
    // In the second half four peers fall silent, one after another.
    usleep(UInt32(seconds) * 500_000)
    let silenced = min(4, sessions)
    for index in 0..<silenced {
      peers.silence(index)
      usleep(UInt32(seconds) * 500_000 / UInt32(silenced))
    }
    let after = ours.sample()
    let elapsed = Double(MonotonicClock.now() - start) / 1e9
    let sent = Double(generator.count - sentBefore) / elapsed / 1e3
    generator.stop()
    for thread in flooding { thread.join() }
    let late = after.lateness.map { $0 / 1_000 }.sorted()
    func rate(_ value: UInt64) -> String { pad("\(Int(Double(value) / elapsed / 1e3))", 6) }
    let discarded = after.discarded - before.discarded
    let downs = after.downs - quiet.downs - silenced
    let cpu = Double(after.cpu - before.cpu) / elapsed / 1e7
    return flood.rawValue.padded(40) + pad("\(Int(sent))", 5) + rate(after.received - before.received) + "   "
      + rate(discarded) + "  " + rate(after.dropped - before.dropped) + pad("\(Int(cpu))", 7) + pad("\(downs)", 7)
      + "  "
      + late.map { "\($0)" }.joined(separator: " ")
  }

  private func pad(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }

  private func speaker(_ namespace: String, own: UInt8, far: UInt8) throws -> Speaker {
    let now = MonotonicClock.now()
    var speaker = try Speaker(
      in: NetworkNamespace(named: namespace), listen: [.v4(.any)], secret: (UInt64(own), 2), seed: UInt64(own),
      at: now)
    speaker.keepPackets(depth: 16)
    let parameters = SessionConfiguration(
      desiredMinTx: .milliseconds(interval), requiredMinRx: .milliseconds(interval), detectMultiplier: multiplier)
    for number in 1...sessions {
      let remote = IPAddress.v4(IPv4Address(10, 66, far, UInt8(number)))
      let local = IPAddress.v4(IPv4Address(10, 66, own, UInt8(number)))
      _ = speaker.add(
        SessionSettings(
          key: SessionKey(peer: .address(remote, interface: 0)), remoteAddress: remote, localAddress: local,
          parameters: parameters), at: now)
    }
    return speaker
  }

  /// What keeping a packet costs.
  private func ring() {
    var rings = PacketRings(depth: 16)
    rings.reserve(4_096)
    let packet = ControlPacket(
      state: .up, detectMultiplier: 3, myDiscriminator: 1, yourDiscriminator: 2, desiredMinTx: .slow,
      requiredMinRx: .slow)
    let octets = packet.bytes
    let rounds = 4_000_000
    var best = Int64.max
    for _ in 0..<7 {
      let start = MonotonicClock.now()
      for number in 0..<rounds {
        rings.append(
          PacketRecord(
            at: Instant(nanoseconds: Int64(number)), octets: CapturedPacket.Octets(octets.span.bytes),
            sourcePort: 1,
            timeToLive: 255, length: 24, authenticationType: 0, fate: PacketRecord.taken), session: number & 4_095)
      }
      best = min(best, MonotonicClock.now() - start)
    }
    let tenths = best * 10 / Int64(rounds)
    print(
      "keeping a packet: \(tenths / 10).\(tenths % 10) ns; \(PacketRings.octets(depth: 16)) octets a session of 16 packets"
    )
  }
}

extension String {
  func padded(_ width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
