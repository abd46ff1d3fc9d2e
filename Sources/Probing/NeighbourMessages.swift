import Addresses
import PacketSockets

/// An ARP packet for Ethernet and IPv4 (RFC 826).
struct ARPMessage: Hashable, Sendable {
  static let request: UInt16 = 1
  static let reply: UInt16 = 2
  static let length = 28

  var operation: UInt16
  var senderHardware: MACAddress
  var sender: IPv4Address
  var targetHardware: MACAddress
  var target: IPv4Address

  /// "Who has `target`, tell `sender`".
  init(requestFor target: IPv4Address, from sender: IPv4Address, _ senderHardware: MACAddress) {
    operation = Self.request
    self.senderHardware = senderHardware
    self.sender = sender
    targetHardware = MACAddress(bits: 0)
    self.target = target
  }

  /// Nil when it is not ARP for Ethernet and IPv4, or too short.
  init?(_ packet: RawSpan) {
    guard packet.byteCount >= Self.length, packet.half(0) == 1, packet.half(2) == 0x0800, packet.octet(4) == 6,
      packet.octet(5) == 4
    else { return nil }
    operation = packet.half(6)
    senderHardware = packet.mac(8)
    sender = packet.ipv4(14)
    targetHardware = packet.mac(18)
    target = packet.ipv4(24)
  }

  /// Replaces what is in `buffer`.
  func write(to buffer: inout [UInt8]) {
    buffer.removeAll(keepingCapacity: true)
    buffer.append(bigEndian: UInt16(1))
    buffer.append(bigEndian: UInt16(0x0800))
    buffer.append(6)
    buffer.append(4)
    buffer.append(bigEndian: operation)
    buffer.append(senderHardware)
    buffer.append(sender)
    buffer.append(targetHardware)
    buffer.append(target)
  }

  /// Whether it is a reply to a request of ours, from an address that can be a neighbour's.
  func answers(_ our: IPv4Address, _ ourHardware: MACAddress) -> Bool {
    operation == Self.reply && target == our && targetHardware == ourHardware && senderHardware.isUsable
  }
}

/// The questions and answers of neighbour discovery (RFC 4861).
enum NeighbourDiscovery {
  static let solicitation: UInt8 = 135
  static let advertisement: UInt8 = 136
  static let hopLimit: UInt8 = 255

  /// ff02::1:ffXX:XXXX (RFC 4291 section 2.7.1).
  static func solicitedNodeMulticast(_ target: IPv6Address) -> IPv6Address {
    IPv6Address(high: 0xff02_0000_0000_0000, low: 0x0000_0001_ff00_0000 | target.low & 0xff_ffff)
  }

  /// 33:33 and the last 32 bits (RFC 2464 section 7).
  static func multicastMAC(_ group: IPv6Address) -> MACAddress {
    MACAddress(bits: 0x3333_0000_0000 | group.low & 0xffff_ffff)
  }

  /// Replaces what is in `buffer` by a Neighbor Solicitation (section 4.3) with our link-layer address in it, to
  /// the target itself or to its solicited-node multicast address.
  static func writeSolicitation(
    for target: IPv6Address, from source: IPv6Address, _ hardware: MACAddress, unicast: Bool,
    to buffer: inout [UInt8]
  ) {
    buffer.removeAll(keepingCapacity: true)
    let destination = unicast ? target : solicitedNodeMulticast(target)
    let length = 32
    EchoMessage.writeHeader(source, destination, length, hopLimit: hopLimit, to: &buffer)
    buffer.append(solicitation)
    buffer.append(0)
    buffer.append(bigEndian: UInt16(0))
    buffer.append(bigEndian: UInt32(0))
    buffer.append(target)
    buffer.append(1)  // source link-layer address (section 4.6.1), one unit of 8 octets
    buffer.append(1)
    buffer.append(hardware)
    var checksum = InternetChecksum()
    checksum.addPseudoHeader(source: source, destination: destination, length: length)
    checksum.add(buffer.span.bytes.extracting(40..<buffer.count))
    buffer.set(checksum.value, at: 42)
  }
}

/// A Neighbor Advertisement that section 7.1.2 of RFC 4861 accepts.
struct NeighbourAdvertisement: Hashable, Sendable {
  var destination: IPv6Address
  var target: IPv6Address
  var solicited: Bool
  /// The target link-layer address option, where there is one.
  var hardware: MACAddress?

  /// Nil for anything else.
  init?(_ packet: RawSpan, _ message: ICMPMessage) {
    let start = message.range.lowerBound
    guard case .v6(let destination) = message.destination, message.type == NeighbourDiscovery.advertisement,
      message.code == 0, message.timeToLive == NeighbourDiscovery.hopLimit, message.range.count >= 24
    else { return nil }
    self.destination = destination
    solicited = packet.octet(start + 4) & 0x40 != 0
    target = packet.ipv6(start + 8)
    if target.isMulticast || destination.isMulticast && solicited { return nil }
    var option = start + 24
    while option < message.range.upperBound {
      guard message.range.upperBound - option >= 8 else { return nil }
      let length = Int(packet.octet(option + 1)) * 8
      guard length > 0, option + length <= message.range.upperBound else { return nil }
      if packet.octet(option) == 2, length == 8 { hardware = packet.mac(option + 2) }
      option += length
    }
  }
}
