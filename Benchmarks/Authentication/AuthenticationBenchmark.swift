import BFD
import Glibc

/// What authentication costs for each packet: one end makes it, the other verifies and takes it.
///
///     swift run -c release AuthenticationBenchmark
@main struct AuthenticationBenchmark {
  static let packets = 200_000
  static let runs = 7

  static func main() throws {
    print("nanoseconds a packet, the median of \(runs) runs of \(packets) packets")
    print(padded("type", 26) + padded("made", 8) + padded("taken", 8))
    report("none", nil)
    for type in AuthenticationType.allCases {
      let key = try AuthenticationKey(id: 1, type: type, secret: Array("swordfish".utf8))
      report("\(type)", try KeyChain([key]).usableKeys(at: 0))
    }
  }

  private static func report(_ name: String, _ keys: UsableKeys?) {
    let measured = (0..<runs).map { _ in measure(keys) }
    let (made, taken) = (measured.map(\.made).sorted(), measured.map(\.taken).sorted())
    print(padded(name, 26) + padded("\(made[runs / 2])", 8) + padded("\(taken[runs / 2])", 8))
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(1, width - text.count))
  }

  /// Two ends with the same timers; every packet of one is given to the other.
  private static func measure(_ keys: UsableKeys?) -> (made: Int64, taken: Int64) {
    let start = Instant(nanoseconds: 0)
    var sender = Session(localDiscriminator: 1, configuration: SessionConfiguration(), at: start)
    var receiver = Session(localDiscriminator: 2, configuration: SessionConfiguration(), at: start)
    if keys != nil {
      sender.requireAuthentication(startingAt: 7, at: start)
      receiver.requireAuthentication(startingAt: 9, at: start)
    }
    let usable = keys ?? .none
    var octets = [UInt8](repeating: 0, count: ControlPacket.maximumLength * packets)
    var lengths = [Int](repeating: 0, count: packets)
    let packet = ControlPacket(
      state: .down, authenticationPresent: keys != nil, detectMultiplier: 3, myDiscriminator: 1,
      yourDiscriminator: 2, desiredMinTx: .slow, requiredMinRx: .milliseconds(300))

    let before = nanoseconds()
    octets.withUnsafeMutableBytes { all in
      for number in 0..<packets {
        // A slice of the array for the time of the closure.
        var buffer = UnsafeMutableRawBufferPointer(rebasing: all[(number * 52)..<(number * 52 + 52)]).mutableBytes
        let now = Instant(nanoseconds: Int64(number) * 300_000_000)
        lengths[number] = sender.write(packet, keys: usable, at: now, to: &buffer) ?? 0
      }
    }
    let between = nanoseconds()
    var taken = 0
    octets.withUnsafeBytes { all in
      for number in 0..<packets {
        // As above.
        let payload = UnsafeRawBufferPointer(rebasing: all[(number * 52)..<(number * 52 + lengths[number])]).bytes
        let now = Instant(nanoseconds: Int64(number) * 300_000_000)
        guard let parsed = try? ControlPacket(parsing: payload) else { continue }
        let reception =
          keys == nil
          ? receiver.receive(parsed, at: now) : receiver.receive(parsed, payload, keys: usable, at: now)
        if case .accepted = reception { taken += 1 }
      }
    }
    let after = nanoseconds()
    precondition(taken == packets, "only \(taken) packets were taken")
    return ((between - before) / Int64(packets), (after - between) / Int64(packets))
  }

  private static func nanoseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
