import Control
import Observation

/// Everything that can be asked over HTTP. What must wait for the control socket or the journal does so on `wait`'s
/// threads.
struct ObserverAPI: Sendable {
  let options: ObserverOptions
  let follower: GatewayFollower
  let rules: AccessRules
  let tokens: TokenFile?
  let page: Page
  /// Runs what blocks on a thread that may.
  let wait: @Sendable (@escaping @Sendable () throws(Problem) -> Answer) async throws(Problem) -> Answer
  /// The other nodes; nil when none are configured.
  var cluster: ClusterPoll?
  /// Of this process: a list of all nodes may name it, too.
  let identity = ObserverAPI.newIdentity()
  let cache = AnswerCache()

  /// Never fails: what is wrong becomes a problem document.
  func answer(_ question: Question) async -> Answer {
    do throws(Problem) {
      return try await route(question)
    } catch {
      return error.answer
    }
  }

  private func route(_ question: Question) async throws(Problem) -> Answer {
    switch question.path {
    // Nothing of the gateway: these are open, so that a browser can show the page that asks for a token.
    case []: return try get(question) { _ in page.answer }
    case ["openapi.json"]: return try get(question) { _ in Answer(Page.openAPI) }
    case ["livez"]: return try get(question) { _ throws(Problem) in try livez() }
    case ["readyz"]: return try get(question) { _ throws(Problem) in try readyz() }
    default: break
    }
    let right = try rules.right(question, tokens: tokens?.tokens ?? [])
    guard question.path.first == "api", question.path.dropFirst().first == "v1" else {
      guard question.path == ["metrics"] else { throw Self.notFound }
      return try get(question, metrics)
    }
    let path = Array(question.path.dropFirst(2))
    if ["status", "paths", "groups", "node", "cluster"].contains(path.first) { try question.allow() }
    switch path {
    case ["status"]: return try get(question) { _ throws(Problem) in try status() }
    case ["sessions"]: return try get(question, sessions)
    case ["paths"]: return try get(question) { _ throws(Problem) in try Answer(json: List(paths: report().paths)) }
    case ["groups"]:
      return try get(question) { _ throws(Problem) in try Answer(json: List(groups: report().groups)) }
    case ["node"]: return try get(question) { _ throws(Problem) in try node() }
    case ["cluster"]:
      try requireMethod(question, "GET")
      return try await clusterNodes()
    case ["events"]: return try get(question, events)
    case ["stream"]: return try get(question) { question throws(Problem) in try stream(question, right) }
    case ["history"]:
      try requireMethod(question, "GET")
      return try await history(question)
    case ["report"]:
      try requireMethod(question, "GET")
      return try await historyReport(question)
    case ["drain"], ["undrain"], ["reload"], ["repair"]:
      try requireMethod(question, "POST")
      try rules.requireWrite(right)
      try question.allow()
      return try await change(path[0], question)
    default: break
    }
    if path.first == "sessions", path.count == 2 {
      try question.allow()
      return try get(question) { _ throws(Problem) in try session(path[1]) }
    }
    if path.first == "sessions", path.count == 3, path[2] == "gaps" {
      return try get(question) { question throws(Problem) in try gaps(path[1], question) }
    }
    throw Self.notFound
  }

  private static func newIdentity() -> String {
    let number = UInt64.random(in: 0 ... .max)
    return String(number, radix: 16)
  }

  static let notFound = Problem(.notFound, "There is nothing here.", help: "see /openapi.json")

  private func get(
    _ question: Question, _ body: (Question) throws(Problem) -> Answer
  ) throws(Problem) -> Answer {
    try requireMethod(question, "GET")
    return try body(question)
  }

  private func requireMethod(_ question: Question, _ method: String) throws(Problem) {
    let allowed = method == "GET" ? ["GET", "HEAD"] : [method]
    guard allowed.contains(question.method) else {
      throw Problem(
        .methodNotAllowed, "This takes \(allowed.joined(separator: " and ")) only.",
        headers: ["Allow": allowed.joined(separator: ", ")])
    }
  }
}

/// One array under its name: an object can grow.
struct List: Encodable {
  var sessions: [StatusReport.Session]?
  var paths: [StatusReport.Path]?
  var groups: [StatusReport.Group]?
  var events: [Event]?
}
