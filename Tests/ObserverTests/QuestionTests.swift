import Control
import Testing

@testable import Observer

@Suite("Requests")
struct QuestionTests {
  @Test("Path and query are decoded")
  func decoded() throws {
    let question = try Question(
      method: "GET", target: "/api/v1/events?subject=a%2Fb+c&limit=5&limit=6&flag", origin: .unix)
    #expect(question.path == ["api", "v1", "events"])
    #expect(question.query == ["subject": "a/b c", "limit": "5", "flag": ""])
  }

  @Test(
    "What cannot be decoded is refused",
    arguments: ["", "http://x/", "/%", "/%f", "/%zz", "/%ff", "/%00", "/x?a=%ff", "/x?%=1", "*"])
  func refused(_ target: String) {
    let problem = #expect(throws: Problem.self) { try Question(method: "GET", target: target, origin: .unix) }
    #expect(problem?.status == .badRequest)
  }

  @Test("Events are asked for by time, kind and subject")
  func query() throws {
    let question = try Question(
      method: "GET",
      target: "/api/v1/events?since=2026-11-22T03:00:00Z&until=2026-11-22T04:00:00Z&kind=path,session&subject=7",
      origin: .unix)
    let query = try ObserverAPI.eventQuery(question, limit: 1_000)
    let at = try #require(Timestamp("2026-11-22T03:12:00Z"))
    var event = Event(at: at, kind: .session, name: "r1", "x")
    #expect(!query.matches(event))
    event.session = 7
    #expect(query.matches(event))
    event.kind = .group
    #expect(!query.matches(event))
    event.kind = .path
    event.at = try #require(Timestamp("2026-11-22T04:00:00Z"))
    #expect(!query.matches(event))
  }

  @Test(
    "A query that means nothing is refused",
    arguments: [
      "limit=0", "limit=1001", "limit=+5", "limit=٣", "since=yesterday", "kind=none",
      "kind=", "kind=path,", "subject=", "sicne=2026-11-22T04:00:00Z"
    ])
  func refusedQuery(_ text: String) throws {
    let question = try Question(method: "GET", target: "/api/v1/events?" + text, origin: .unix)
    #expect(throws: Problem.self) { try ObserverAPI.eventQuery(question, limit: 1_000) }
  }

  @Test("A cursor is read as it is written")
  func cursor() {
    let cursor = EventCursor(run: Timestamp(microseconds: 1_700_000_000_000_001), sequence: 42)
    #expect(EventCursor(text: cursor.text) == cursor)
    for text in ["", "-", "1", "1-", "a-1", "1-2-3", "1--2"] {
      #expect(EventCursor(text: text) == nil || text == "1--2")
    }
  }

  @Test("A problem is a document of RFC 9457")
  func problem() throws {
    let answer = Problem(.notFound, "No such thing.", help: "look", code: "none").answer
    #expect(answer.status == 404 && answer.type == "application/problem+json")
    guard case .octets(let octets) = answer.body else { return }
    let text = String(decoding: octets, as: UTF8.self)
    for part in [#""status":404"#, #""title":"Not Found""#, #""detail":"No such thing.""#, #""type":"about:blank""#]
    {
      #expect(text.contains(part))
    }
  }
}
