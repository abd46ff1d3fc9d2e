import Addresses
import BFD
import Capture
import Glibc
import Testing

func packet(
  _ state: SessionState = .up, direction: CapturedPacket.Direction = .received, discarded: DiscardReason? = nil,
  v6: Bool = false, length: Int = 24, authentication: UInt8 = 0, time: Int64 = 1_700_000_000_123_456_789
) -> CapturedPacket {
  let control = ControlPacket(
    diagnostic: .pathDown, state: state, poll: true, authenticationPresent: authentication != 0,
    detectMultiplier: 3,
    myDiscriminator: 0x1122_3344, yourDiscriminator: 0x5566_7788, desiredMinTx: .milliseconds(300),
    requiredMinRx: .milliseconds(100))
  let source = v6 ? IPAddress("2001:db8::1") : IPAddress("10.9.0.1")
  let destination = v6 ? IPAddress("2001:db8::2") : IPAddress("10.9.0.2")
  var octets = control.bytes
  octets[3] = UInt8(length)
  return CapturedPacket(
    time: time, direction: direction, discarded: discarded, source: source ?? .any(.ipv4),
    destination: destination ?? .any(.ipv4), sourcePort: 50_000, destinationPort: 3784, timeToLive: 254,
    length: length, octets: CapturedPacket.Octets(octets.span.bytes), authenticationType: authentication)
}

@Suite struct PcapngTests {
  @Test func everyFieldIsWhereTheFormatHasIt() throws {
    var writer = PcapngWriter(application: "everway 1.2", comment: "why")
    writer.append(packet(), interface: "r1", comment: "left Up")
    writer.append(packet(direction: .sent, v6: true), interface: "r2")
    writer.append(packet(discarded: .timeToLive), interface: "r1")
    let file = try PcapngFile(writer.octets)
    #expect(file.application == "everway 1.2")
    #expect(file.comment == "why")
    #expect(file.interfaces == ["r1", "r2"])
    #expect(file.packets.map(\.interface) == [0, 1, 0])
    #expect(file.packets.map(\.flags) == [1, 2, 1])
    #expect(
      file.packets.map(\.time) == [1_700_000_000_123_456_789, 1_700_000_000_123_456_789, 1_700_000_000_123_456_789])
    #expect(file.packets.map(\.comments) == [["left Up"], [], ["discarded: time-to-live"]])
    let first = file.packets[0]
    #expect(first.originalLength == 52 && first.octets.count == 52)
    #expect(first.octets[8] == 254)
    #expect(Array(first.octets[12..<20]) == [10, 9, 0, 1, 10, 9, 0, 2])
    #expect(Array(first.octets[20..<24]) == [0xc3, 0x50, 0x0e, 0xc8])
    #expect(Array(first.octets.suffix(24)) == packet().octets.bytes)
    let header = stride(from: 0, to: 20, by: 2).reduce(0) {
      $0 + Int(first.octets[$1]) << 8 + Int(first.octets[$1 + 1])
    }
    #expect(header % 0xffff == 0, "the IPv4 header's checksum")
    #expect(file.packets[1].octets[0] >> 4 == 6 && file.packets[1].octets[7] == 254)
  }

  @Test func anAuthenticationSectionIsNamedAndNotKept() throws {
    var writer = PcapngWriter(application: "everway")
    writer.append(packet(length: 48, authentication: 2), interface: "r1")
    let only = try #require(try PcapngFile(writer.octets).packets.first)
    #expect(only.octets.count == 52 && only.originalLength == 76)
    #expect(only.comments == ["authentication keyed MD5, section not kept"])
  }

  @Test func aPacketTooShortForOneIsKeptAsItWas() throws {
    let octets: [UInt8] = [0x20, 0xc0, 3]
    let short = CapturedPacket(
      time: 1, direction: .received, discarded: .truncated, source: .any(.ipv4), destination: .any(.ipv4),
      sourcePort: 1, destinationPort: 3784, timeToLive: 255, length: 3,
      octets: CapturedPacket.Octets(octets.span.bytes))
    var writer = PcapngWriter(application: "everway")
    writer.append(short, interface: "unmatched")
    let only = try #require(try PcapngFile(writer.octets).packets.first)
    #expect(Array(only.octets.suffix(3)) == octets && only.octets.count == 31 && only.originalLength == 31)
  }

  @Test func theScannerCountsInPiecesOfAnySize() {
    var writer = PcapngWriter(application: "everway")
    for number in 0..<5 { writer.append(packet(time: Int64(number)), interface: "r\(number % 2)") }
    writer.statistics(dropped: 7, received: 12, time: 9)
    for step in [1, 3, 64, 10_000] {
      var scanner = PcapngScanner()
      var whole: [UInt8] = []
      var rest = writer.octets[...]
      while !rest.isEmpty {
        whole += scanner.take(rest.prefix(step))
        rest = rest.dropFirst(step)
      }
      #expect(whole == writer.octets && scanner.packets == 5 && scanner.dropped == 7 && scanner.isComplete)
    }
    var limited = PcapngScanner()
    _ = limited.take(writer.octets, limit: 2)
    #expect(limited.packets == 2 && !limited.isComplete)
    var broken = PcapngScanner()
    _ = broken.take([UInt8](repeating: 0, count: 64))
    #expect(broken.isBroken)
  }

  @Test(
    "Wireshark reads it: addresses, ports, TTL, BFD's fields, comments, directions",
    .enabled(if: Tool.tshark != nil))
  func wireshark() throws {
    var writer = PcapngWriter(application: "everway 1.2", comment: "the session left Up")
    writer.append(packet(), interface: "r1", comment: "before")
    writer.append(packet(.down, direction: .sent, v6: true), interface: "r2")
    writer.append(packet(length: 48, authentication: 2), interface: "r1")
    writer.statistics(dropped: 3, received: 6, time: 1_700_000_001_000_000_000)
    let path = "/tmp/everway-capture-\(getpid()).pcapng"
    defer { unlink(path) }
    try Tool.write(writer.octets, to: path)
    let fields = [
      "frame.interface_name", "frame.comment", "frame.packet_flags_direction", "ip.src", "ipv6.dst", "ip.ttl",
      "ipv6.hlim", "udp.srcport", "udp.dstport", "bfd.sta", "bfd.my_discriminator", "bfd.detect_time_multiplier",
      "frame.time_epoch", "ip.checksum.status"
    ]
    let text = try Tool.run(
      "tshark -r \(path) -o ip.check_checksum:TRUE -T fields -E separator=, "
        + fields.map { "-e \($0)" }.joined(separator: " "))
    let lines = text.split(separator: "\n").map(String.init)
    try #require(lines.count == 3, "\(text)")
    #expect(lines[0] == "r1,before,0x00000001,10.9.0.1,,254,,50000,3784,0x03,0x11223344,3,1700000000.123456789,1")
    #expect(lines[1].hasPrefix("r2,,0x00000002,,2001:db8::2,,254,50000,3784,0x01,0x11223344,3,"))
    #expect(
      lines[2].hasPrefix("r1,authentication keyed MD5\\, section not kept,")
        || lines[2].contains("section not kept"))
    let info = try Tool.run("capinfos \(path)")
    #expect(info.contains("pcapng") && info.contains("Number of packets:   3"), "\(info)")
  }
}

/// What is installed beside us.
enum Tool {
  static let tshark: String? = ["/usr/bin/tshark", "/usr/local/bin/tshark"].first { access($0, X_OK) == 0 }

  static func write(_ octets: [UInt8], to path: String) throws {
    let file = try #require(fopen(path, "we"))
    defer { fclose(file) }
    #expect(fwrite(octets, 1, octets.count, file) == octets.count)
  }

  static func run(_ command: String) throws -> String {
    let stream = try #require(popen("\(command) 2>/dev/null", "r"))
    defer { pclose(stream) }
    var octets: [UInt8] = []
    while case let octet = fgetc(stream), octet != EOF { octets.append(UInt8(truncatingIfNeeded: octet)) }
    return String(decoding: octets, as: UTF8.self)
  }
}
