import Control
import Observation

extension StatusReport {
  /// What keeps this from being all good, a phrase each; empty: all good. What an operator took out on purpose counts as
  /// good.
  var complaints: [String] {
    var list: [String] = []
    if !problems.isEmpty { list.append(Quantities.count(problems.count, "problem")) }
    if !isNamespaceAsWanted { list.append("the namespace is \(namespace.state.rawValue)") }
    if uplinks.contains(where: \.lost) { list.append("the uplinks are lost") }
    list += Self.complaint(sessions.count { $0.isComplaint }, sessions.count, "session", "not Up")
    list += Self.complaint(paths.count { $0.isComplaint }, paths.count, "path", "not up")
    list += Self.complaint(groups.count { $0.state != .normal }, groups.count, "group", "without a working path")
    list += Self.complaint(routes.count { !$0.isAsItShouldBe(in: groups) }, routes.count, "route", "not installed")
    return list
  }

  var isGood: Bool { complaints.isEmpty }

  private static func complaint(_ bad: Int, _ all: Int, _ what: String, _ state: String) -> [String] {
    guard bad > 0 else { return [] }
    if all == 1 { return ["the \(what) is \(state)"] }
    return ["\(Quantities.count(bad)) of \(Quantities.count(all)) \(what)s \(bad == 1 ? "is" : "are") \(state)"]
  }

  /// `3 sessions, 3 paths, 1 group, 12 routes`; what there is none of is left out.
  var inventory: String {
    let all = [
      (sessions.count, "session"), (paths.count, "path"), (groups.count, "group"),
      (routes.count + routesOmitted, "route")
    ]
    return all.filter { $0.0 > 0 }.map { Quantities.count($0.0, $0.1) }.joined(separator: ", ")
  }
}

extension StatusReport.Session {
  var isComplaint: Bool { sessionState != .up && !drained && sessionState != .adminDown }
}

extension StatusReport.Path {
  var isComplaint: Bool {
    switch state {
    case .up, .drained, .adminDown: false
    case .down, .pending, .heldDown: true
    }
  }
}

extension StatusReport.Route {
  /// A route that its group has withdrawn is not missing.
  func isAsItShouldBe(in groups: [StatusReport.Group]) -> Bool {
    installed || groups.contains { $0.name == group && $0.state == .withdrawn }
  }
}
