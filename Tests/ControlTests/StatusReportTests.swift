import FoundationEssentials
import Testing

@testable import Control

@Suite struct StatusReportTests {
  @Test func `A report survives being written and read`() throws {
    let report = StatusReport.sample
    let text = report.json(pretty: true)
    #expect(try JSONDecoder().decode(StatusReport.self, from: Data(text.utf8)) == report)
  }

  @Test func `An answer is made session by session, and read as one`() throws {
    var report = StatusReport.sample
    report.namespace.name = #"","sessions":[],"#
    for count in [0, 1, 3] {
      report.sessions = Array(repeating: StatusReport.fullSession, count: count)
      var pauses = 0
      let line = ControlCoding.encode(.status(report)) { pauses += 1 }
      #expect(pauses == count)
      #expect(line.last == UInt8(ascii: "\n") && !line.dropLast().contains(UInt8(ascii: "\n")))
      #expect(ControlCoding.response(line.dropLast()) == .status(report))
    }
  }

  /// A document of any depth, to look names up in.
  private struct Names: Decodable {
    var paths: Set<String> = []

    private struct Key: CodingKey {
      var stringValue: String
      var intValue: Int? { nil }
      init(stringValue: String) { self.stringValue = stringValue }
      init?(intValue: Int) { nil }
    }

    init(from decoder: any Decoder) throws {
      guard let container = try? decoder.container(keyedBy: Key.self) else { return }
      for key in container.allKeys {
        paths.insert(key.stringValue)
        let below = (try? container.decode(Names.self, forKey: key))?.paths ?? []
        for path in below { paths.insert("\(key.stringValue)/\(path)") }
      }
    }
  }

  @Test(
    "A session has RFC 9127's leaves, where RFC 9127 has them",
    arguments: [
      "interface", "dest-addr", "source-addr", "path-type", "local-discriminator", "remote-discriminator",
      "local-multiplier", "remote-multiplier", "desired-min-tx-interval", "required-min-rx-interval", "source-port",
      "dest-port", "session-running/local-state", "session-running/remote-state",
      "session-running/local-diagnostic",
      "session-running/remote-diagnostic", "session-running/remote-authenticated", "session-running/detection-mode",
      "session-running/negotiated-tx-interval", "session-running/negotiated-rx-interval",
      "session-running/detection-time", "session-running/echo-tx-interval-in-use", "session-statistics/create-time",
      "session-statistics/last-down-time", "session-statistics/last-up-time", "session-statistics/down-count",
      "session-statistics/admin-down-count", "session-statistics/receive-packet-count",
      "session-statistics/send-packet-count", "session-statistics/receive-invalid-packet-count",
      "session-statistics/send-failed-packet-count"
    ])
  func names(path: String) throws {
    var report = StatusReport.sample
    report.sessions = [StatusReport.fullSession]
    let session = try #require(report.sessions.first)
    let names = try JSONDecoder().decode(Names.self, from: JSONEncoder().encode(session))
    #expect(names.paths.contains(path))
  }

  @Test func `Everything a session has survives being written and read`() throws {
    let session = StatusReport.fullSession
    #expect(try JSONDecoder().decode(StatusReport.Session.self, from: JSONEncoder().encode(session)) == session)
  }

  @Test func `Values are RFC 9127's`() {
    let text = StatusReport.sample.json(pretty: false)
    #expect(text.contains(#""local-diagnostic":"control-expiry""#))
    #expect(!text.contains("\n"))
    #expect(StatusReport.SessionState.adminDown.rawValue == "adminDown")
    #expect(StatusReport.PathType.multihop.rawValue == "path-ip-mh")
  }

  @Test(
    "A diagnostic has its name",
    arguments: [(UInt8(0), "none"), (1, "control-expiry"), (6, "concatenated-path-down"), (31, "reserved-31")])
  func diagnostics(code: UInt8, name: String) {
    #expect(StatusReport.Diagnostic(code: code).rawValue == name)
  }

  @Test(
    "A time is written in UTC and read back",
    arguments: [
      (Int64(0), "1970-01-01T00:00:00.000000Z"), (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"),
      (1_763_830_804_123_456, "2025-11-22T17:00:04.123456Z"), (-1, "1969-12-31T23:59:59.999999Z"),
      (4_107_542_399_999_999, "2100-02-28T23:59:59.999999Z"), (4_107_542_400_000_000, "2100-03-01T00:00:00.000000Z")
    ])
  func times(microseconds: Int64, text: String) {
    #expect(Timestamp(microseconds: microseconds).description == text)
    #expect(Timestamp(text) == Timestamp(microseconds: microseconds))
  }

  @Test("A fraction may have any digits", arguments: [("", Int64(0)), (".5", 500_000), (".123456789", 123_456)])
  func fractions(fraction: String, microseconds: Int64) {
    #expect(Timestamp("1970-01-01T00:00:00\(fraction)Z")?.microseconds == microseconds)
  }

  @Test(
    "What is no time in UTC is refused",
    arguments: [
      "", "now", "1970-01-01T00:00:00", "1970-01-01T00:00:00+01:00", "1970-13-01T00:00:00Z", "1970-01-01 00:00:00Z",
      "1970-01-01T24:00:00Z", "1970-01-01T00:00:00.Z", "1970-01-01T00:00:00.1234567890Z", "１970-01-01T00:00:00Z"
    ])
  func noTimes(text: String) {
    #expect(Timestamp(text) == nil)
  }
}
