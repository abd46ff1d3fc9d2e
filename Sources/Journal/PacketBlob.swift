public import Control

/// An event's packets in one blob: for each of them 8 octets of `before`, one that is 1 for a sent one, 2 of the length,
/// little-endian, and what was on the wire.
enum PacketBlob {
  static func encode(_ packets: [Event.Packet]) -> [UInt8] {
    var blob: [UInt8] = []
    for packet in packets {
      let octets = octets(packet.octets)
      for shift in stride(from: 0, to: 64, by: 8) {
        blob.append(UInt8(truncatingIfNeeded: packet.before >> UInt64(shift)))
      }
      blob.append(packet.isSent ? 1 : 0)
      blob.append(UInt8(truncatingIfNeeded: octets.count))
      blob.append(UInt8(truncatingIfNeeded: octets.count >> 8))
      blob += octets
    }
    return blob
  }

  static func decode(_ blob: [UInt8]) -> [Event.Packet] {
    var packets: [Event.Packet] = []
    var at = 0
    while at + 11 <= blob.count {
      var before: UInt64 = 0
      for index in 0..<8 { before |= UInt64(blob[at + index]) << UInt64(8 * index) }
      let length = Int(blob[at + 9]) | Int(blob[at + 10]) << 8
      guard at + 11 + length <= blob.count else { break }
      let octets = blob[(at + 11)..<(at + 11 + length)]
      packets.append(Event.Packet(before: before, isSent: blob[at + 8] == 1, octets: hexadecimal(octets)))
      at += 11 + length
    }
    return packets
  }

  /// At most 65,535; what follows a digit that is none is left out.
  static func octets(_ text: String) -> [UInt8] {
    var octets: [UInt8] = []
    var high: UInt8?
    for digit in text.utf8 {
      guard octets.count < 65_535, let value = value(digit) else { break }
      if let first = high {
        octets.append(first << 4 | value)
        high = nil
      } else {
        high = value
      }
    }
    return octets
  }

  private static func value(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
  }

  private static func hexadecimal(_ octets: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for octet in octets {
      text.append(digits[Int(octet >> 4)])
      text.append(digits[Int(octet & 15)])
    }
    return String(decoding: text, as: UTF8.self)
  }
}

extension Event.Packet {
  /// BFD's octets.
  public var bytes: [UInt8] { PacketBlob.octets(octets) }
}
