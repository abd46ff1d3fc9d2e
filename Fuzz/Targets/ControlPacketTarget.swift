@testable import BFD

extension FuzzTarget {
  /// The mandatory section of a packet: what is taken is just what section 6.8.6 lets through, and means what it says.
  static let controlPacket = FuzzTarget(name: "control-packet", longestInput: 80) { octets in
    let packet: ControlPacket
    do {
      packet = try ControlPacket(parsing: octets)
    } catch {
      try require(!isAcceptable(octets), "discarded as \(error), but nothing is wrong with it")
      return
    }
    try require(isAcceptable(octets), "taken, but section 6.8.6 wants it discarded")
    // Length is the one field that a packet does not keep.
    var again = packet.bytes
    again[3] = octets[3]
    try require(again == Array(octets.prefix(ControlPacket.length)), "written again it is another packet")
  }

  /// RFC 5880 section 6.8.6 once more, in other words than the parser's.
  private static func isAcceptable(_ octets: [UInt8]) -> Bool {
    guard octets.count >= 24 else { return false }
    let needsLength = octets[1] & 4 == 0 ? 24 : 26
    let your = octets[8...11].contains { $0 != 0 }
    let isDownOrAdminDown = octets[1] < 0x80
    return octets[0] & 0xe0 == 0x20 && Int(octets[3]) >= needsLength && Int(octets[3]) <= octets.count
      && octets[2] != 0 && octets[1] & 1 == 0 && octets[4...7].contains { $0 != 0 } && (your || isDownOrAdminDown)
  }
}
