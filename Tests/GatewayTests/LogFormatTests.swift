import CLinux
import Control
import FoundationEssentials
import Glibc
import Testing

@testable import Gateway

@Suite struct LogFormatTests {
  let event = {
    var event = Event(
      at: Timestamp(microseconds: 1_795_132_800_000_000), level: .warning, kind: .session, name: "r1", from: "up",
      to: "down", "BFD r1: up -> down")
    event.peerAddress = "10.0.0.1"
    event.session = 7
    event.cause = .detectionTimeExpired
    event.silence = 903_000
    event.packets = [.init(before: 1, isSent: true, octets: "20")]
    return event
  }()

  func written(_ format: LogFormat, _ journal: String = "/nowhere") -> String {
    var ends: [Int32] = [-1, -1]
    pipe(&ends)
    EventLog(descriptor: ends[1], format: format, journal: journal).line(event)
    close(ends[1])
    defer { close(ends[0]) }
    var octets = [UInt8](repeating: 0, count: 65_536)
    let count = read(ends[0], &octets, octets.count)
    return String(decoding: octets.prefix(max(0, count)), as: UTF8.self)
  }

  @Test func `Text is time, level and sentence`() {
    #expect(written(.text) == "2026-11-20T00:00:00.000000Z warning BFD r1: up -> down\n")
  }

  @Test func `JSON is one line with the event's fields, without its number and its packets`() {
    #expect(
      written(.json)
        == #"{"at":"2026-11-20T00:00:00.000000Z","cause":"detection-time-expired","from":"up","kind":"session","level":"warning","#
        + #""name":"r1","peer-address":"10.0.0.1","session":7,"silence":903000,"text":"BFD r1: up -> down","to":"down"}"#
        + "\n")
  }

  @Test func `The journal gets a datagram of fields, and standard error nothing`() throws {
    let path = "/tmp/ewt-\(getpid())-journal.sock"
    let server = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    defer {
      close(server)
      unlink(path)
    }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
    let bound = withUnsafeBytes(of: &address) {
      bind(server, $0.assumingMemoryBound(to: sockaddr.self).baseAddress, socklen_t(MemoryLayout<sockaddr_un>.size))
    }
    try #require(bound == 0)
    #expect(written(.journald, path) == "")
    var octets = [UInt8](repeating: 0, count: 65_536)
    let count = recv(server, &octets, octets.count, Int32(MSG_DONTWAIT))
    let fields = String(decoding: octets.prefix(max(0, count)), as: UTF8.self)
    #expect(fields.hasPrefix("MESSAGE=BFD r1: up -> down\nPRIORITY=4\nSYSLOG_IDENTIFIER=everway\n"))
    for field in [
      "EVERWAY_NAME=r1\n", "EVERWAY_TO=down\n", "EVERWAY_CAUSE=detection-time-expired\n",
      "EVERWAY_SILENCE_US=903000\n"
    ] {
      #expect(fields.contains(field))
    }
    #expect(!fields.contains("EVERWAY_LATENCY_US"))
  }

  @Test func `Without a journal that listens, standard error gets the text`() {
    #expect(written(.journald) == written(.text))
  }

  @Test func `A value of several lines is told with its length`() {
    var event = event
    event.text = "a\nb"
    let start: [UInt8] = Array("MESSAGE\n".utf8) + [3, 0, 0, 0, 0, 0, 0, 0] + Array("a\nb\nPRIORITY=4\n".utf8)
    #expect(Array(LogLine(event: event).journalFields.prefix(start.count)) == start)
  }

  @Test func `The journal is chosen only for the descriptor that leads there`() {
    var ends: [Int32] = [-1, -1]
    pipe(&ends)
    defer { for end in ends { close(end) } }
    var entry = stat()
    fstat(ends[1], &entry)
    #expect(LogFormat.suiting(ends[1], journalStream: "\(entry.st_dev):\(entry.st_ino)") == .journald)
    #expect(LogFormat.suiting(ends[1], journalStream: "\(entry.st_dev):\(entry.st_ino + 1)") == .text)
    #expect(LogFormat.suiting(ends[1], journalStream: nil) == .text)
    #expect(LogFormat.suiting(ends[1], journalStream: "nonsense") == .text)
  }
}
