import Control
import Observation

extension ObserverAPI {
  /// Events that are remembered: a JSON array, or a stream of those and all that follow.
  func events(_ question: Question) throws(Problem) -> Answer {
    let query = try Self.eventQuery(question, limit: ObservedGateway.keptEvents)
    let after = Self.cursor(question)
    guard Self.wantsStream(question) else {
      let found = follower.gateway.events.filter(query.matches)
      return try Answer(json: List(events: Array(found.suffix(query.limit))))
    }
    let client = FeedClient(filter: query, limit: options.limits.backlog)
    let known = try join(client)
    var first: [Frame] = []
    let run = known.gateway.report?.startedAt
    for event in known.gateway.events where query.matches(event) {
      if let after, after.run == run, event.sequence <= after.sequence { continue }
      // A client without a cursor asks for what comes, and for what it has named a time of.
      if after == nil, query.since == nil { continue }
      first.append(Frame(event, run: run))
    }
    return Answer(feed: client, first: first)
  }

  /// The page's feed: everything that is known, then everything that happens.
  func stream(_ question: Question, _ right: AccessRules.Right) throws(Problem) -> Answer {
    try question.allow()
    let after = Self.cursor(question)
    let client = FeedClient(filter: nil, limit: options.limits.backlog)
    let known = try join(client)
    var first = [hello(right), Frame(known.connection)]
    if let report = known.gateway.report {
      // Everything is as the last message said it; whoever can use older samples gets those, too.
      let octets =
        (try? cache.octets(known.gateway.revision) { () throws(Problem) in try JSON.octets(known.gateway.counted) })
      first.append(Frame("status", data: octets ?? []))
      if report.sessions.count <= Self.sessionsWithGaps {
        first.append(Frame("gaps", data: Frame.json(gaps(known.gateway))))
      }
      for event in known.gateway.events.suffix(Self.eventsAtFirst) {
        if let after, after.run == report.startedAt, event.sequence <= after.sequence { continue }
        first.append(Frame(event, run: report.startedAt))
      }
    }
    return Answer(feed: client, first: first)
  }

  private static let sessionsWithGaps = 500
  private static let eventsAtFirst = 300

  private struct Hello: Encodable {
    /// Of the observer.
    var version: String
    var right: AccessRules.Right
    /// Whether a token would help.
    var tokens: Bool
    var journal: Bool
    /// Whether other nodes are known.
    var cluster: Bool
  }

  private func hello(_ right: AccessRules.Right) -> Frame {
    Frame(
      "hello",
      data: Frame.json(
        Hello(
          version: options.version, right: right, tokens: tokens != nil, journal: options.history != nil,
          cluster: cluster != nil)))
  }

  /// Longest gaps by session, a second each, the oldest first.
  private func gaps(_ gateway: ObservedGateway) -> [String: [UInt32]] {
    Dictionary(uniqueKeysWithValues: gateway.rhythms.map { (String($0.key), $0.value.gaps()) })
  }

  private func join(
    _ client: FeedClient
  ) throws(Problem) -> (gateway: ObservedGateway, connection: GatewayFollower.Connection) {
    guard let known = follower.join(client, limit: options.limits.streams) else {
      throw Problem(
        .serviceUnavailable, "All places for streams are taken.", code: "busy", headers: ["Retry-After": "5"])
    }
    return known
  }

  static func wantsStream(_ question: Question) -> Bool {
    question.headers["accept"]?.contains("text/event-stream") == true
  }

  /// Of an id that is none of ours nothing is known: then it is as if there were none.
  private static func cursor(_ question: Question) -> EventCursor? {
    question.headers["last-event-id"].flatMap { EventCursor(text: $0) }
  }

  static func eventQuery(_ question: Question, limit: Int) throws(Problem) -> EventQuery {
    try question.allow("since", "until", "subject", "kind", "limit")
    var query = EventQuery()
    query.since = try time(question, "since")
    query.until = try time(question, "until")
    query.subject = try text(question, "subject")
    query.limit = try number(question, "limit", 1...limit) ?? min(1_000, limit)
    for word in question.query["kind"]?.split(separator: ",", omittingEmptySubsequences: false) ?? [] {
      guard let kind = Event.Kind(rawValue: String(word)) else {
        let all = Event.Kind.allCases.map(\.rawValue).joined(separator: ", ")
        throw Problem(.badRequest, "kind is not among \(all).", help: "several are separated by commas")
      }
      query.kinds.insert(kind)
    }
    return query
  }

  // MARK: The journal

  func history(_ question: Question) async throws(Problem) -> Answer {
    let query = try Self.eventQuery(question, limit: 10_000)
    guard let history = options.history else { throw Self.noJournal }
    return try await wait { () throws(Problem) in
      do {
        return try Answer(json: List(events: history.events(query)))
      } catch let problem as Problem {
        throw problem
      } catch {
        throw Problem(.internalServerError, "The journal cannot be read: \(error).", code: "journal")
      }
    }
  }

  func historyReport(_ question: Question) async throws(Problem) -> Answer {
    try question.allow("since", "until")
    let until = try Self.time(question, "until") ?? .now()
    let since =
      try Self.time(question, "since") ?? Timestamp(microseconds: until.microseconds - 30 * 86_400 * 1_000_000)
    guard since < until else { throw Problem(.badRequest, "until is not after since.") }
    guard let history = options.history else { throw Self.noJournal }
    return try await wait { () throws(Problem) in
      do {
        return Answer(try history.report(since: since, until: until))
      } catch {
        throw Problem(.internalServerError, "The journal cannot be read: \(error).", code: "journal")
      }
    }
  }

  private static let noJournal = Problem(
    .notImplemented, "No journal is kept here.", help: "start observe with --journal", code: "no-journal")
}
