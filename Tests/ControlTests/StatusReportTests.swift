import Control
import FoundationEssentials
import Testing

@Suite struct StatusReportTests {
  @Test func `A report survives being written and read`() throws {
    let report = StatusReport.sample
    let text = report.json(pretty: true)
    #expect(try JSONDecoder().decode(StatusReport.self, from: Data(text.utf8)) == report)
  }

  @Test func `Names are those of RFC 9127`() {
    let text = StatusReport.sample.json(pretty: false)
    for name in [
      "local-discriminator", "remote-discriminator", "session-state", "remote-session-state", "local-diagnostic",
      "remote-diagnostic", "negotiated-transmission-interval", "negotiated-receive-interval", "detection-time",
      "detection-mode", "last-state-change-time", "down-count", "receive-packet-count", "send-packet-count"
    ] {
      #expect(text.contains("\"\(name)\":"), "\(name)")
    }
    #expect(text.contains(#""local-diagnostic":"control-expiry""#))
    #expect(!text.contains("\n"))
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
