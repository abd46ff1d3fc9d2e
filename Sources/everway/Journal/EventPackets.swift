import Addresses
import BFD
import Capture
import Control
import Glibc
import History
import Journal

/// The packets that were kept with an event, as pcapng.
struct EventPackets {
  private let record: HistoryRecord
  private let packets: [Event.Packet]
  /// This end's address, where a snapshot knows it.
  private let local: IPAddress?

  init(_ reader: borrowing JournalReader, id: Int64) throws(CommandError) {
    do throws(JournalError) {
      guard let record = try reader.record(id: id) else {
        throw JournalError.none(
          "there is no event \(id)", help: "`everway history` shows numbers of those with packets")
      }
      let packets = try reader.packets(of: id)
      guard !packets.isEmpty else {
        throw JournalError.none(
          "no packets were kept with event \(id)",
          help: "they are of sessions that left Up; `capture:` in the configuration")
      }
      self.record = record
      self.packets = packets
      let address = try record.event.session.flatMap { session throws(JournalError) in
        try reader.localAddress(of: session, at: record.event.at)
      }
      local = address.flatMap { IPAddress($0) }
    } catch {
      throw CommandError(error)
    }
  }

  func write(to output: String?) throws(CommandError) {
    var file = STDOUT_FILENO
    if let output, output != "-" {
      file = open(output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o640)
      guard file >= 0 else {
        throw CommandError(message: "\(output) cannot be written: \(String(cString: strerror(errno)))")
      }
    }
    defer { if file != STDOUT_FILENO { close(file) } }
    let octets = pcapng
    var sent = 0
    while sent < octets.count {
      let count = octets.withUnsafeBytes { Glibc.write(file, $0.baseAddress?.advanced(by: sent), $0.count - sent) }
      if count < 0, errno == EINTR { continue }
      if count < 0, errno == EPIPE { return }
      guard count > 0 else {
        throw CommandError(message: "\(output ?? "-") cannot be written: \(String(cString: strerror(errno)))")
      }
      sent += count
    }
  }

  private var pcapng: [UInt8] {
    let event = record.event
    let peer = event.peerAddress.flatMap { IPAddress($0) } ?? .v4(IPv4Address(0, 0, 0, 0))
    let unknown = peer.family == .ipv4 ? IPAddress("0.0.0.0") : IPAddress("::")
    let here = local ?? unknown ?? peer
    var comment = "event \(record.id), \(event.at): \(event.text)"
    if local == nil { comment += "; this end's address was not recorded" }
    var writer = PcapngWriter(application: "everway \(Version.current)", comment: comment)
    for packet in packets {
      let octets = packet.bytes
      writer.append(
        CapturedPacket(
          time: (event.at.microseconds - Int64(clamping: packet.before)) * 1_000,
          direction: packet.isSent ? .sent : .received, source: packet.isSent ? here : peer,
          destination: packet.isSent ? peer : here, sourcePort: 0, destinationPort: 3784, timeToLive: 255,
          length: octets.count, octets: .init(octets.span.bytes)),
        interface: event.name ?? event.peerAddress ?? "session")
    }
    return writer.octets
  }
}
