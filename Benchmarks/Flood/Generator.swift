import BFD
import CLinux
import Glibc
import NetworkNamespaces
import Synchronization

/// What a flood is made of.
enum Flood: String, CaseIterable {
  case none = "no flood"
  case strangers = "unknown sources, no discriminator"
  case guesses = "unknown sources, guessed discriminators"
  case known = "a peer's address, wrong discriminators"
  case distant = "unknown sources, TTL 64"
  case garbage = "unknown sources, not BFD"
}

/// Sends forged packets as fast as one thread can, from a raw socket that makes its own IP headers.
final class Generator: Sendable {
  private static let batch = 64
  private static let length = 52  // IPv4, UDP, BFD
  private let isStopped = Atomic(false)
  private let sent = Atomic(0)

  /// Packets so far.
  var count: Int { sent.load(ordering: .relaxed) }
  func stop() { isStopped.store(true, ordering: .relaxed) }

  /// Blocks until `stop`. The socket is one of the namespace that floods.
  func run(_ flood: Flood, descriptor: Int32, targets: Int) {
    // Before everything but the speakers: a flood asks nobody on this machine for time.
    var parameters = sched_param()
    parameters.sched_priority = 10
    pthread_setschedparam(pthread_self(), SCHED_FIFO, &parameters)
    var random: UInt64 = 0x1234_5678_9abc_def1
    // One block for all packets and what the kernel wants to know of them: allocated once, freed at the end.
    let octets = UnsafeMutablePointer<UInt8>.allocate(capacity: Self.batch * Self.length)
    let vectors = UnsafeMutablePointer<iovec>.allocate(capacity: Self.batch)
    let names = UnsafeMutablePointer<sockaddr_in>.allocate(capacity: Self.batch)
    let messages = UnsafeMutablePointer<cl_mmsghdr>.allocate(capacity: Self.batch)
    defer {
      octets.deallocate()
      vectors.deallocate()
      names.deallocate()
      messages.deallocate()
    }
    for number in 0..<Self.batch {
      let start = octets + number * Self.length
      for (offset, octet) in Self.template(flood, target: number % targets + 1).enumerated() {
        start[offset] = octet
      }
      vectors[number] = iovec(iov_base: start, iov_len: Self.length)
      var name = sockaddr_in()
      name.sin_family = sa_family_t(AF_INET)
      name.sin_addr.s_addr = (UInt32(10) << 24 | 66 << 16 | 1 << 8 | UInt32(number % targets + 1)).bigEndian
      names[number] = name
      messages[number] = cl_mmsghdr()
      messages[number].msg_hdr.msg_name = UnsafeMutableRawPointer(names + number)
      messages[number].msg_hdr.msg_namelen = socklen_t(MemoryLayout<sockaddr_in>.size)
      messages[number].msg_hdr.msg_iov = vectors + number
      messages[number].msg_hdr.msg_iovlen = 1
    }
    while !isStopped.load(ordering: .relaxed) {
      for number in 0..<Self.batch { Self.vary(octets + number * Self.length, flood, &random) }
      let count = cl_sendmmsg(descriptor, messages, UInt32(Self.batch), 0)
      if count > 0 { sent.add(Int(count), ordering: .relaxed) }
    }
  }

  private static func template(_ flood: Flood, target: Int) -> [UInt8] {
    var ip: [UInt8] = [0x45, 0xc0, 0, UInt8(length), 0, 0, 0x40, 0, flood == .distant ? 64 : 255, 17, 0, 0]
    ip += [10, 66, 2, UInt8(target), 10, 66, 1, UInt8(target)]
    let udp: [UInt8] = [0xc3, 0x50, 0x0e, 0xc8, 0, 32, 0, 0]
    let isAddressed = flood == .guesses || flood == .known
    let packet = ControlPacket(
      state: isAddressed ? .up : .down, detectMultiplier: 3, myDiscriminator: 0xbad,
      yourDiscriminator: isAddressed ? 1 : 0,
      desiredMinTx: .milliseconds(50), requiredMinRx: .milliseconds(50))
    var octets = ip + udp + packet.bytes
    if flood == .garbage { octets[28] = 0 }
    return octets
  }

  /// Another source, and another discriminator.
  private static func vary(_ packet: UnsafeMutablePointer<UInt8>, _ flood: Flood, _ random: inout UInt64) {
    random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    let bits = random >> 24
    if flood != .known {
      packet[12] = 11 + UInt8(bits & 63)
      packet[13] = UInt8(bits >> 6 & 0xff)
      packet[14] = UInt8(bits >> 14 & 0xff)
      packet[15] = UInt8(bits >> 22 & 0xff)
    }
    if flood == .guesses || flood == .known {
      for offset in 36..<40 { packet[offset] = UInt8(random >> UInt64(8 * (offset - 32)) & 0xff) }
    }
  }

  static func socket(in namespace: String) throws -> Int32 {
    try NetworkNamespace(named: namespace).perform { () throws(SystemCallError) in
      let fd = Glibc.socket(AF_INET, Int32(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue), Int32(IPPROTO_RAW))
      guard fd >= 0 else { throw SystemCallError("open a raw socket") }
      return fd
    }
  }
}
