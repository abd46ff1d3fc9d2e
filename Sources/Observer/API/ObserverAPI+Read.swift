import Control
import Observation
import Synchronization

extension ObserverAPI {
  /// The gateway's state as it is now.
  /// - Throws: 503 while it cannot be reached: what was true once is no answer.
  func report() throws(Problem) -> StatusReport { try current().counted }

  func current() throws(Problem) -> ObservedGateway {
    let connection = follower.connection
    let gateway = follower.gateway
    guard connection.isConnected, gateway.report != nil else { throw Self.unreachable(connection) }
    return gateway
  }

  static func unreachable(_ connection: GatewayFollower.Connection) -> Problem {
    Problem(
      .serviceUnavailable, connection.error.map { "\($0.message)." } ?? "The gateway has not been heard yet.",
      help: connection.error?.help, code: "gateway-unreachable", headers: ["Retry-After": "1"])
  }

  func status() throws(Problem) -> Answer {
    let gateway = try current()
    return Answer(try cache.octets(gateway.revision) { () throws(Problem) in try JSON.octets(gateway.counted) })
  }

  func sessions(_ question: Question) throws(Problem) -> Answer {
    try question.allow("state", "name")
    var found = try report().sessions
    if let word = question.query["state"] {
      guard let state = StatusReport.SessionState(rawValue: word) else {
        throw Problem(.badRequest, "state is not one of adminDown, down, init and up.")
      }
      found.removeAll { $0.sessionState != state }
    }
    if let name = try Self.text(question, "name") { found.removeAll { $0.name != name } }
    return try Answer(json: List(sessions: found))
  }

  func session(_ id: String) throws(Problem) -> Answer {
    let gateway = try current()
    return try Answer(json: gateway.counted(try Self.find(id, gateway)))
  }

  private static func find(_ id: String, _ gateway: ObservedGateway) throws(Problem) -> StatusReport.Session {
    guard let number = UInt32(id), String(number) == id else {
      throw Problem(.notFound, "A session is known by its local discriminator, a decimal number.")
    }
    guard let session = gateway.report?.sessions.first(where: { $0.localDiscriminator == number }) else {
      throw Problem(.notFound, "There is no session with this local discriminator.")
    }
    return session
  }

  private struct GapsDocument: Encodable {
    var session: UInt32
    var at: Timestamp?
    var detectionTime: UInt64?
    /// Microseconds, one for each second, the oldest first.
    var gaps: [UInt32]

    enum CodingKeys: String, CodingKey {
      case session, at, gaps
      case detectionTime = "detection-time"
    }
  }

  func gaps(_ id: String, _ question: Question) throws(Problem) -> Answer {
    try question.allow("last")
    let last = try Self.number(question, "last", 1...SessionRhythm.depth) ?? SessionRhythm.depth
    let gateway = try current()
    let session = try Self.find(id, gateway)
    return try Answer(
      json: GapsDocument(
        session: session.localDiscriminator, at: gateway.at, detectionTime: session.detectionTime,
        gaps: gateway.rhythms[session.localDiscriminator]?.gaps(last: last) ?? []))
  }

  func metrics(_ question: Question) throws(Problem) -> Answer {
    guard let metrics = options.metrics else {
      throw Problem(.notImplemented, "This everway has no metrics.")
    }
    let answer = metrics(
      MetricsRequest(
        gateway: follower.gateway, isConnected: follower.connection.isConnected, accept: question.headers["accept"])
    )
    return Answer(type: answer.type, answer.text)
  }

  func livez() throws(Problem) -> Answer {
    guard follower.isAlive else {
      throw Problem(.serviceUnavailable, "The thread that follows the gateway does not move.", code: "stuck")
    }
    return Answer(Array(#"{"status":"ok"}"#.utf8))
  }

  func readyz() throws(Problem) -> Answer {
    _ = try current()
    return Answer(Array(#"{"status":"ok"}"#.utf8))
  }

  static func text(_ question: Question, _ name: String) throws(Problem) -> String? {
    guard let text = question.query[name] else { return nil }
    guard !text.isEmpty else { throw Problem(.badRequest, "\(name) is empty.", help: "leave it out for all") }
    return text
  }

  static func number(_ question: Question, _ name: String, _ range: ClosedRange<Int>) throws(Problem) -> Int? {
    guard let text = question.query[name] else { return nil }
    guard let value = Int(text), range.contains(value), text.allSatisfy(\.isNumber) else {
      throw Problem(.badRequest, "\(name) is not a number from \(range.lowerBound) to \(range.upperBound).")
    }
    return value
  }

  static func time(_ question: Question, _ name: String) throws(Problem) -> Timestamp? {
    guard let text = question.query[name] else { return nil }
    guard let value = Timestamp(text) else {
      throw Problem(.badRequest, "\(name) is not a time in UTC as 2026-11-22T03:12:00Z.")
    }
    return value
  }
}

/// The last whole report as JSON: many who ask within a second cost as much as one.
final class AnswerCache: Sendable {
  private let last = Mutex<(revision: UInt64, octets: [UInt8])>((0, []))

  func octets(_ revision: UInt64, _ make: () throws(Problem) -> [UInt8]) throws(Problem) -> [UInt8] {
    let known = last.withLock { $0 }
    if known.revision == revision, !known.octets.isEmpty { return known.octets }
    let octets = try make()
    last.withLock { $0 = (revision, octets) }
    return octets
  }
}

extension ObservedGateway {
  /// The report with the counters of the last samples; those within it are of when it was made.
  var counted: StatusReport {
    var report = report ?? .unknown
    report.sessions = report.sessions.map(counted)
    if speaker.received > 0 || speaker.sent > 0 {
      report.speaker.receivePacketCount = speaker.received
      report.speaker.sendPacketCount = speaker.sent
      report.speaker.overflowedPacketCount = speaker.overflowed
      report.speaker.discards = speaker.discards
    }
    if let at {
      report.generatedAt = at
      report.uptimeSeconds = at.seconds(since: report.startedAt)
    }
    return report
  }

  func counted(_ session: StatusReport.Session) -> StatusReport.Session {
    var session = session
    if let rhythm = rhythms[session.localDiscriminator] {
      session.receivePacketCount = max(session.receivePacketCount, rhythm.received)
      session.sendPacketCount = max(session.sendPacketCount, rhythm.sent)
      session.lastPacketAge = rhythm.age ?? session.lastPacketAge
    }
    if let at, let since = session.lastStateChangeTime {
      session.secondsInState = max(0, at.seconds(since: since))
    }
    return session
  }
}

extension StatusReport {
  /// Of a gateway that has said nothing yet; never shown, since then there is no answer.
  fileprivate static var unknown: StatusReport {
    let epoch = Timestamp(microseconds: 0)
    return StatusReport(
      version: "", pid: 0, startedAt: epoch, uptimeSeconds: 0, generatedAt: epoch,
      configuration: Configuration(file: "", loadedAt: epoch), namespace: Namespace(state: .absent),
      speaker: Speaker(schedulingPolicy: "", schedulingPriority: 0, receivePacketCount: 0, sendPacketCount: 0))
  }
}
