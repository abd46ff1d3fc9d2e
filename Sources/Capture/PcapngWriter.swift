import BFD

/// Writes pcapng (draft-ietf-opsawg-pcapng), as Wireshark reads it.
///
/// Every session is an interface of its own, by its peer's name. Packets have link type RAW (101): an IP and a UDP
/// header made from what is known, in front of the octets as they were. Where octets were not kept (an authentication
/// section), the packet says that it was longer than what is there.
public struct PcapngWriter: Sendable {
  /// The octets so far; the owner takes them and empties it.
  public var octets: [UInt8] = []
  private var interfaces: [String: UInt32] = [:]

  /// Begins a section.
  /// - Parameters:
  ///   - application: who writes, with version.
  ///   - comment: about the whole file.
  public init(application: String, comment: String? = nil) {
    block(0x0A0D_0D0A) { block in
      block.word(0x1A2B_3C4D)
      block.half(1)
      block.half(0)
      block.long(~0)  // length of the section: not known
      if let comment { block.option(1, Array(comment.utf8)) }
      block.option(4, Array(application.utf8))
      block.endOfOptions()
    }
  }

  /// Adds a packet.
  /// - Parameters:
  ///   - interface: whose it is: the peer's name.
  ///   - comment: beside the packet's own.
  public mutating func append(_ packet: CapturedPacket, interface name: String, comment: String? = nil) {
    let interface = interface(name)
    let data = packet.rawIP()
    let comments = [packet.comment, comment].compactMap { $0 }
    block(6) { block in
      block.word(interface)
      let time = UInt64(bitPattern: packet.time)
      block.word(UInt32(truncatingIfNeeded: time >> 32))
      block.word(UInt32(truncatingIfNeeded: time))
      block.word(UInt32(data.count))
      block.word(UInt32(data.count + max(0, packet.length - packet.keptLength)))
      block.padded(data)
      for comment in comments { block.option(1, Array(comment.utf8)) }
      // epb_flags: inbound 1, outbound 2.
      block.option(2, [packet.direction == .received ? 1 : 2, 0, 0, 0])
      block.endOfOptions()
    }
  }

  /// Adds a block of statistics: how many packets of the section are missing because nobody read them in time.
  /// - Parameter time: nanoseconds since 1970.
  public mutating func statistics(dropped: UInt64, received: UInt64, time: Int64) {
    guard !interfaces.isEmpty || dropped > 0 else { return }
    let interface = interfaces.values.min() ?? interface("everway")
    block(5) { block in
      block.word(interface)
      block.word(UInt32(truncatingIfNeeded: time >> 32))
      block.word(UInt32(truncatingIfNeeded: time))
      block.option(4, block.bytes(received))  // isb_ifrecv
      block.option(5, block.bytes(dropped))  // isb_ifdrop
      block.endOfOptions()
    }
  }

  /// The interface of a name, described when it is first used.
  private mutating func interface(_ name: String) -> UInt32 {
    if let known = interfaces[name] { return known }
    let number = UInt32(interfaces.count)
    interfaces[name] = number
    block(1) { block in
      block.half(101)  // LINKTYPE_RAW
      block.half(0)
      block.word(0)  // no limit on length
      block.option(2, Array(name.utf8))
      block.option(9, [9])  // if_tsresol: nanoseconds
      block.endOfOptions()
    }
    return number
  }

  private mutating func block(_ type: UInt32, _ body: (inout BlockBody) -> Void) {
    var contents = BlockBody()
    body(&contents)
    let length = UInt32(contents.octets.count + 12)
    var frame = BlockBody()
    frame.word(type)
    frame.word(length)
    octets += frame.octets
    octets += contents.octets
    frame = BlockBody()
    frame.word(length)
    octets += frame.octets
  }
}

/// A block's inside, in little-endian order, which the section header tells.
private struct BlockBody {
  var octets: [UInt8] = []

  mutating func half(_ value: UInt16) {
    for shift in [0, 8] { octets.append(UInt8(truncatingIfNeeded: value >> shift)) }
  }
  mutating func word(_ value: UInt32) {
    for shift in stride(from: 0, to: 32, by: 8) { octets.append(UInt8(truncatingIfNeeded: value >> UInt32(shift))) }
  }
  mutating func long(_ value: UInt64) { octets += bytes(value) }

  func bytes(_ value: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) } }

  /// To a multiple of four.
  mutating func padded(_ bytes: [UInt8]) {
    octets += bytes
    octets += [UInt8](repeating: 0, count: (4 - bytes.count % 4) % 4)
  }

  /// At most 65,535 octets are an option's.
  mutating func option(_ code: UInt16, _ value: [UInt8]) {
    let value = Array(value.prefix(65_535))
    half(code)
    half(UInt16(value.count))
    padded(value)
  }

  mutating func endOfOptions() { word(0) }
}
