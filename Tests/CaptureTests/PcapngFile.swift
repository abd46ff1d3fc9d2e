/// pcapng read from the draft (draft-ietf-opsawg-pcapng), not from the writer.
struct PcapngFile {
  struct Packet {
    var interface: Int
    var time: Int64
    var octets: [UInt8]
    var originalLength: Int
    var comments: [String]
    var flags: UInt32
  }

  struct Malformed: Error { var why: String }

  var application: String?
  var comment: String?
  var interfaces: [String] = []
  var packets: [Packet] = []

  init(_ octets: [UInt8]) throws(Malformed) {
    func number(_ offset: Int, _ count: Int) -> Int {
      (0..<count).reduce(0) { $0 | Int(octets[offset + $1]) << (8 * $1) }
    }
    var position = 0
    while position < octets.count {
      guard position + 12 <= octets.count else { throw Malformed(why: "a block is cut") }
      let length = number(position + 4, 4)
      guard length % 4 == 0, length >= 12, position + length <= octets.count,
        number(position + length - 4, 4) == length
      else { throw Malformed(why: "the lengths of a block differ") }
      let body = position + 8
      let end = position + length - 4
      switch number(position, 4) {
      case 0x0A0D_0D0A:
        guard number(body, 4) == 0x1A2B_3C4D, number(body + 4, 2) == 1 else { throw Malformed(why: "section") }
        let options = try Self.options(octets, body + 16, end)
        application = options.first { $0.code == 4 }?.text
        comment = options.first { $0.code == 1 }?.text
      case 1:
        guard number(body, 2) == 101 else { throw Malformed(why: "link type") }
        let options = try Self.options(octets, body + 8, end)
        guard options.first(where: { $0.code == 9 })?.value == [9] else { throw Malformed(why: "resolution") }
        interfaces.append(options.first { $0.code == 2 }?.text ?? "")
      case 6:
        let captured = number(body + 12, 4)
        let data = body + 20
        let options = try Self.options(octets, data + (captured + 3) / 4 * 4, end)
        guard number(body, 4) < interfaces.count else { throw Malformed(why: "an interface nobody described") }
        packets.append(
          Packet(
            interface: number(body, 4), time: Int64(number(body + 4, 4) << 32 | number(body + 8, 4)),
            octets: Array(octets[data..<data + captured]), originalLength: number(body + 16, 4),
            comments: options.filter { $0.code == 1 }.map(\.text),
            flags: options.first { $0.code == 2 }.map { UInt32($0.value[0]) } ?? 0))
      case 5: break
      default: throw Malformed(why: "a block of type \(number(position, 4))")
      }
      position += length
    }
  }

  private static func options(
    _ octets: [UInt8], _ start: Int, _ end: Int
  ) throws(Malformed) -> [(code: Int, value: [UInt8], text: String)] {
    var options: [(code: Int, value: [UInt8], text: String)] = []
    var position = start
    while position + 4 <= end {
      let code = Int(octets[position]) | Int(octets[position + 1]) << 8
      let length = Int(octets[position + 2]) | Int(octets[position + 3]) << 8
      if code == 0 { return options }
      guard position + 4 + length <= end else { throw Malformed(why: "an option is cut") }
      let value = Array(octets[position + 4..<position + 4 + length])
      options.append((code, value, String(decoding: value, as: UTF8.self)))
      position += 4 + (length + 3) / 4 * 4
    }
    throw Malformed(why: "options without an end")
  }
}
