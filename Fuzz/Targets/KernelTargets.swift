@testable import Netlink
import CLinux
@testable import Probing

extension FuzzTarget {
  /// A datagram of netlink messages, each read as everything that we read.
  static let netlink = FuzzTarget(name: "netlink", longestInput: 512) { octets in
    var messages = 0
    for message in NetlinkMessages(octets[...]) {
      messages += 1
      try require(messages <= octets.count / 16 + 1, "more messages than octets for them")
      _ = RouteEvent(message)
      _ = Link(message)
      _ = InterfaceAddress(message)
      _ = Route(message)
      _ = NextHop(message)
      _ = NextHopBucket(message)
      _ = Neighbour(message)
      var answer = message
      for type in [NLMSG_ERROR, NLMSG_DONE] {
        answer.type = UInt16(type)
        _ = Acknowledgement(answer)
      }
    }
  }
}

extension FuzzTarget {
  /// A packet as the prober's sockets hand it over: as it is, and with its checksums put right, which no fuzzer does.
  static let probe = FuzzTarget(name: "probe", longestInput: 256) { octets in
    read(octets)
    read(withRightChecksums(octets))
  }

  private static func read(_ octets: [UInt8]) {
    let packet = octets.span.bytes
    _ = ARPMessage(packet)
    guard let message = ICMPMessage(packet) else { return }
    _ = EchoMessage(reply: packet, message)
    _ = ICMPError(packet, message)
    _ = NeighbourAdvertisement(packet, message)
  }

  private static func withRightChecksums(_ octets: [UInt8]) -> [UInt8] {
    var octets = octets
    switch octets.first.map({ $0 >> 4 }) {
    case 4:
      let header = Int(octets[0] & 0xf) * 4
      guard header >= 20, octets.count >= header + 8 else { return octets }
      let total = Int(octets[2]) << 8 | Int(octets[3])
      guard total >= header + 8, total <= octets.count else { return octets }
      put(checksum(octets, 0..<header, skipping: 10), at: 10, in: &octets)
      put(checksum(octets, header..<total, skipping: header + 2), at: header + 2, in: &octets)
    case 6:
      let total = octets.count >= 48 ? 40 + (Int(octets[4]) << 8 | Int(octets[5])) : 0
      guard total >= 48, total <= octets.count else { return octets }
      let length = total - 40
      let pseudo = Array(octets[8..<40]) + [0, 0, UInt8(length >> 8), UInt8(length & 0xff), 0, 0, 0, 58]
      let whole = pseudo + octets[40..<total]
      put(checksum(whole, 0..<whole.count, skipping: 42), at: 42, in: &octets)
    default: break
    }
    return octets
  }

  /// RFC 1071, of octets in which the checksum itself counts as zero.
  private static func checksum(_ octets: [UInt8], _ range: Range<Int>, skipping: Int) -> UInt16 {
    var sum: UInt32 = 0
    for position in range where position != skipping && position != skipping + 1 {
      sum += (position - range.lowerBound) % 2 == 0 ? UInt32(octets[position]) << 8 : UInt32(octets[position])
    }
    while sum > 0xffff { sum = sum & 0xffff + sum >> 16 }
    return ~UInt16(sum)
  }

  private static func put(_ checksum: UInt16, at offset: Int, in octets: inout [UInt8]) {
    octets[offset] = UInt8(checksum >> 8)
    octets[offset + 1] = UInt8(checksum & 0xff)
  }
}
