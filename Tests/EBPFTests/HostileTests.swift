import Addresses
import CLinux
import Glibc
import NetworkNamespaces
import Testing

@testable import EBPF

/// Packets that no stack would send: length fields that lie, fragments, extension headers. Whatever comes of them,
/// what is swallowed is what a reader would have been given as a repetition.
@Suite(.serialized, .enabled(if: geteuid() == 0), .timeLimit(.minutes(2))) struct HostileTests {
  enum Outcome: Sendable { case swallowed, delivered([UInt8]), lost }

  /// An IP packet as it is put onto the wire.
  struct Crafted: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var outcome: Outcome
    var family = AddressFamily.ipv4
    var options: [UInt8] = []
    var payload = controlPacket()
    var udpLength: UInt16 = 32
    var udpChecksum: UInt16?
    /// Beside what is true.
    var totalLengthError = 0
    var headerChecksumError: UInt16 = 0
    var headerLengthError: UInt8 = 0
    /// Pieces of so many octets behind the network header; 0 for one.
    var fragment = 0

    init(_ name: String, _ outcome: Outcome, _ change: (inout Crafted) -> Void = { _ in }) {
      testDescription = name
      self.outcome = outcome
      change(&self)
    }

    var packets: [[UInt8]] {
      let udp = udpDatagram
      guard family == .ipv4 else { return [ipv6(udp)] }
      guard fragment > 0 else { return [ipv4(udp, offset: 0, more: false)] }
      return stride(from: 0, to: udp.count, by: fragment).map { start in
        let end = min(udp.count, start + fragment)
        return ipv4(Array(udp[start..<end]), offset: start / 8, more: end < udp.count)
      }
    }

    private var udpDatagram: [UInt8] {
      var udp: [UInt8] = [0xc0, 0x00, 0x0e, 0xc8] + be(udpLength) + [0, 0] + payload
      let pseudo =
        Wire.peer(family).octets + Wire.own(family).octets + [0, 17] + be(UInt16(truncatingIfNeeded: udp.count))
      let sum = udpChecksum ?? checksum(pseudo + udp)
      udp[6] = UInt8(sum >> 8)
      udp[7] = UInt8(sum & 0xff)
      return udp
    }

    private func ipv4(_ data: [UInt8], offset: Int, more: Bool) -> [UInt8] {
      let length = 20 + options.count
      let total = UInt16(length + data.count + totalLengthError)
      let flags = UInt16(offset) | (more ? 0x2000 : 0)
      var header: [UInt8] = [0x45 + UInt8(options.count / 4) &+ headerLengthError, 0xc0] + be(total)
      header += [0, 7] + be(flags) + [255, 17, 0, 0] + Wire.peer4.octets + Wire.own4.octets + options
      let sum = checksum(header) ^ headerChecksumError
      header[10] = UInt8(sum >> 8)
      header[11] = UInt8(sum & 0xff)
      return header + data
    }

    private func ipv6(_ data: [UInt8]) -> [UInt8] {
      // `options` is a header of Destination Options (60) behind the fixed header.
      let body = options + data
      let next: UInt8 = options.isEmpty ? 17 : 60
      return [0x6c, 0, 0, 0] + be(UInt16(body.count + totalLengthError)) + [next, 255] + Wire.peer6.octets
        + Wire.own6.octets + body
    }
  }

  private static func be(_ value: UInt16) -> [UInt8] { [UInt8(value >> 8), UInt8(value & 0xff)] }

  private static func checksum(_ octets: [UInt8]) -> UInt16 {
    var sum = 0
    for (position, octet) in octets.enumerated() { sum += position % 2 == 0 ? Int(octet) << 8 : Int(octet) }
    while sum >> 16 != 0 { sum = sum & 0xffff + sum >> 16 }
    return ~UInt16(sum)
  }

  static let repetition = controlPacket()
  static let destinationOptions: [UInt8] = [17, 0, 1, 4, 0, 0, 0, 0]

  static let cases = [
    Crafted("as it should be", .swallowed),
    Crafted("without a UDP checksum", .swallowed) { $0.udpChecksum = 0 },
    Crafted("with a wrong UDP checksum", .lost) { $0.udpChecksum = 0x1234 },
    Crafted("with a wrong header checksum", .lost) { $0.headerChecksumError = 0x0100 },
    Crafted("UDP's length one less", .delivered(Array(repetition.prefix(23)))) {
      $0.udpLength = 31
      $0.udpChecksum = 0
    },
    Crafted("UDP's length beyond the packet", .lost) { $0.udpLength = 33 },
    Crafted("UDP's length beyond everything", .lost) { $0.udpLength = 65_535 },
    Crafted("UDP's length 0", .lost) { $0.udpLength = 0 },
    Crafted("UDP's length 7", .lost) { $0.udpLength = 7 },
    Crafted("UDP's length 8, as if it were empty", .delivered([])) {
      $0.udpLength = 8
      $0.udpChecksum = 0
    },
    Crafted("octets behind what UDP's length says", .swallowed) {
      $0.payload += [1, 2, 3, 4, 5, 6, 7, 8]
      $0.udpChecksum = 0
    },
    Crafted("octets behind what IP's length says", .swallowed) {
      $0.payload += [1, 2, 3, 4, 5, 6]
      $0.totalLengthError = -6
      $0.udpChecksum = 0
    },
    Crafted("IP's length too small for UDP's", .lost) { $0.totalLengthError = -1 },
    Crafted("IP's length beyond the packet", .lost) { $0.totalLengthError = 100 },
    Crafted("a header length below 20", .lost) { $0.headerLengthError = 0xff },
    Crafted("a header length that takes UDP's ports for options", .lost) { $0.headerLengthError = 2 },
    Crafted("40 octets of options", .swallowed) { $0.options = [UInt8](repeating: 1, count: 40) },
    Crafted("only a UDP header", .lost) { $0.payload = [] },
    Crafted("in two fragments", .swallowed) { $0.fragment = 16 },
    Crafted("in four fragments", .swallowed) { $0.fragment = 8 },
    Crafted("fragments of something else", .delivered(controlPacket(mine: 9))) {
      $0.payload = controlPacket(mine: 9)
      $0.fragment = 8
    },
    Crafted("over IPv6", .swallowed) { $0.family = .ipv6 },
    Crafted("over IPv6, behind an extension header", .swallowed) {
      $0.family = .ipv6
      $0.options = destinationOptions
    },
    Crafted("over IPv6, without a checksum", .lost) {
      $0.family = .ipv6
      $0.udpChecksum = 0
    },
    Crafted("over IPv6, its length beyond the packet", .lost) {
      $0.family = .ipv6
      $0.totalLengthError = 8
    }
  ]

  @Test("Crafted packets", arguments: cases) func crafted(_ packet: Crafted) throws {
    var bench = try Filtered("hc", packet.family)
    bench.expect()
    let sender = try bench.wire.far.perform { () throws(SystemCallError) in
      let socket = socket(AF_PACKET, Int32(SOCK_DGRAM.rawValue), 0)
      guard socket >= 0 else { throw SystemCallError("packet socket") }
      return (socket, if_nametoindex("w"))
    }
    defer { close(sender.0) }
    let ethertype: UInt16 = packet.family == .ipv4 ? 0x0800 : 0x86dd
    for octets in packet.packets {
      let code = cl_probe_send(sender.0, sender.1, ethertype, Wire.ownMAC, octets, UInt32(octets.count))
      try #require(code >= 0)
    }
    switch packet.outcome {
    case .swallowed:
      let swallowed = bench.swallowsNext()
      #expect(swallowed)
    case .delivered(let payload):
      let delivered = bench.delivers(payload)
      #expect(delivered)
    case .lost:
      // What is sent behind it is the first to be delivered.
      try bench.send(controlPacket(mine: 8))
      let next = bench.delivers(controlPacket(mine: 8))
      #expect(next)
    }
  }
}
