public import Addresses

/// The 14 octets in front of an IP packet (Ethernet II).
public enum EthernetHeader {
  /// Octets.
  public static let length = 14

  /// Writes 14 octets, without a VLAN tag.
  /// - Parameter frame: has room for them; they need no alignment.
  @inline(__always)
  public static func write(
    to destination: MACAddress, from source: MACAddress, family: AddressFamily, at frame: UnsafeMutableRawPointer
  ) {
    // Six octets, six octets, two: as a word of eight, one of four, one of two in network order.
    let first = destination.bits << 16 | source.bits >> 32
    frame.storeBytes(of: first.bigEndian, as: UInt64.self)
    (frame + 8).storeBytes(of: UInt32(truncatingIfNeeded: source.bits).bigEndian, as: UInt32.self)
    let type: UInt16 = family == .ipv4 ? 0x0800 : 0x86dd
    (frame + 12).storeBytes(of: type.bigEndian, as: UInt16.self)
  }
}
