import BFD
import Testing

@testable import OpenBFDD

@Suite("What status printed, read again")
struct StatusReadingTests {
  @Test("everway's own, brief or not, compact or not", arguments: [StatusTests.up, StatusTests.down], [true, false])
  func own(_ status: SessionStatus, _ isBrief: Bool) throws {
    let text = StatusText.list([status], StatusFormat(level: 4, isBrief: isBrief, isCompact: true))
    var expected = status
    // Nothing says what is wanted once it is Up when that is what is told already.
    expected.minTxWhenUp = status.minTxWhenUp == status.minTx.told ? status.minTx.inForce : status.minTxWhenUp
    #expect(StatusText.read(text) == [expected], "\(text)")
  }

  @Test("OpenBFDD's own words")
  func recorded() throws {
    let sessions = try #require(StatusText.read("There are 4 sessions:\nSession 1\n" + Recorded.up))
    let session = try #require(sessions.first)
    #expect(session.state == .up && session.remoteState == .up)
    #expect(session.localDiscriminator == 1_302_166_807 && session.remoteDiscriminator == 4_008_731_104)
    #expect(session.minTx.inForce == .milliseconds(300) && session.remoteMinTx == .slow)
    #expect(session.detectionTime == 3_000_000)
    #expect(session.history.map(\.state) == [.up, .down, .up, .down])
    #expect(session.isActive)
  }

  @Test("a session that is held, or suspended")
  func flags() throws {
    let held = try #require(SessionStatus(line: Recorded.held))
    #expect(held.isForced && !held.isSuspended)
    #expect(try #require(SessionStatus(line: Recorded.suspended)).isSuspended)
    #expect(try #require(SessionStatus(line: Recorded.unheard)).remoteDiscriminator == 0)
  }

  @Test("what is no answer of a beacon", arguments: ["", "HTTP/1.1 400 Bad Request", "Unknown command <status>"])
  func nonsense(_ text: String) { #expect(StatusText.read(text) == nil) }

  @Test(
    "nothing it says can break it",
    arguments: [
      "id=", "id=1 local=x remote=y",
      "id=1 local=1.1.1.1 remote=1.1.1.2 LocalState=<> Time=Up(9999999999999999999:1:1.1) LocalDesiredMinTx=(def"
    ])
  func hostile(_ line: String) {
    let session = StatusText.read("There are 1 sessions:\n\(line)\n")?.first
    #expect(session == nil || session?.state == .down)
  }
}
