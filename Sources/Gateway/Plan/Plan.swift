import ConfigurationFile
import Netlink
import Languages
import NamespaceDiagnosis
import NetworkNamespaces

/// What must change so that the machine is as desired. Pure: a function of three values.
///
/// Order: what others stand on comes first (namespace, links, MTU, sysctls, addresses, next hops, groups, routes), what
/// goes comes last, so that a packet always finds a route while a replacement is on its way.
struct Plan: Hashable, Sendable {
  /// Namespace, links, sysctls, addresses.
  var groundwork: [Change] = []
  /// Next hops and groups, which the engine makes and changes by itself.
  var nextHops: [Change] = []
  /// Routes whose target is there.
  var routes: [Change] = []
  /// Of policy routing.
  var rules: [Change] = []
  /// Routes to groups that are not there yet.
  var waitingRoutes: [Change] = []
  /// What goes.
  var stale: [Change] = []
  /// What goes as soon as what uses it has moved away.
  var waitingStale: [Change] = []
  var problems: [Problem] = []

  enum Audience: Hashable, Sendable {
    /// A person: everything.
    case everything
    /// The agent, beside the engine: no next hops and groups, nothing that waits for the engine.
    case agent
  }

  /// - Parameter previous: what was in force before; only what it put there and nobody wants any more is removed
  ///   where the kernel does not tell who put it there (addresses).
  init(_ desired: DesiredState, _ observed: ObservedState, previous: DesiredState? = nil) {
    problems = desired.problems
    if case .broken(let fault, let repair) = observed.place, case .named(let name) = desired.namespace {
      // What is safe is done; what is inside can be planned only then.
      if repair.safety == .automatic, !repair.isEmpty {
        groundwork = [.repairNamespace(repair)]
        return
      }
      let remedy = repair.obstacle == nil ? fault.hint(for: name) : repair.advice.first ?? fault.hint(for: name)
      problems.append(Problem("namespace \(name) is broken: \(fault)", field: "namespace", remedy: remedy.en))
      return
    }
    if observed.place == .replaced, case .named(let name) = desired.namespace {
      problems.append(
        Problem(
          "the name \(name) leads to another namespace than the one in use", field: "namespace",
          remedy:
            "restart everway to take the new one, or remove the name (`ip netns del \(name)`) to keep the old one"))
    }
    var planner = Planner(desired, observed, previous?.namespace == desired.namespace ? previous : nil)
    planner.planNamespace()
    planner.planLinks()
    planner.planNextHops()
    planner.planRoutes()
    planner.planRules()
    planner.checkReferences()
    planner.reportUnwritable()
    planner.planStale()
    let outcome = planner.plan
    groundwork = outcome.groundwork
    nextHops = outcome.nextHops
    routes = outcome.routes
    rules = outcome.rules
    waitingRoutes = outcome.waitingRoutes
    stale = outcome.stale
    waitingStale = outcome.waitingStale
    problems += outcome.problems
  }

  fileprivate init() {}

  /// In the order in which they are to be made.
  func changes(for audience: Audience = .everything) -> [Change] {
    switch audience {
    case .everything: groundwork + nextHops + routes + waitingRoutes + rules + stale + waitingStale
    case .agent: groundwork + routes + rules + stale
    }
  }

  var isEmpty: Bool {
    groundwork.isEmpty && nextHops.isEmpty && routes.isEmpty && waitingRoutes.isEmpty && rules.isEmpty
      && stale.isEmpty
      && waitingStale.isEmpty
  }
}

/// A plan in the making.
struct Planner {
  let desired: DesiredState
  private(set) var observed: ObservedState
  let previous: DesiredState?
  var plan = Plan()
  /// Interfaces that are nowhere; said once each.
  var missing: Set<String> = []
  /// Sysctls that would have to change, with the value they have.
  var unwritable: [(wanted: DesiredSysctl, value: String)] = []
  /// Groups that are there and stay.
  var standingGroups: Set<UInt32> = []

  init(_ desired: DesiredState, _ observed: ObservedState, _ previous: DesiredState?) {
    self.desired = desired
    self.observed = observed
    self.previous = previous
    removeDeadTaps()
  }

  /// ovs-vswitchd with the userspace datapath leaves the tap that it had made, and makes another one in its own namespace.
  /// What stood on the dead one goes with it, and comes back with the next look.
  private mutating func removeDeadTaps() {
    for interface in desired.interfaces {
      guard let dead = observed.inside[interface.name], dead.isTap, dead.isUp, !dead.hasCarrier,
        observed.outside[interface.outsideName]?.isTap == true
      else { continue }
      plan.groundwork.append(.removeLink(interface.name))
      observed.inside[interface.name] = nil
    }
  }

  /// The name of the gateway's namespace, for sentences.
  var placeName: String {
    if case .named(let name) = desired.namespace { "namespace \(name)" } else { "this namespace" }
  }

  /// Whether an interface is, or will be, in the gateway's namespace; if not, that is a problem of `field`.
  mutating func isThere(_ name: String, field: String) -> Bool {
    if missing.contains(name) { return false }
    if observed.inside[name] != nil { return true }
    if desired.interfaces.contains(where: { $0.name == name && observed.outside[$0.outsideName] != nil }) {
      return true
    }
    if desired.interfaces.contains(where: { $0.name == name && renames($0) != nil }) { return true }
    missing.insert(name)
    let outsideName = desired.interfaces.first { $0.name == name }?.outsideName ?? name
    let alike = similar(to: [name, outsideName], among: Set(observed.inside.keys).union(observed.outside.keys))
    var what = "interface \(name) is not in \(placeName)"
    if case .named = desired.namespace, desired.interfaces.contains(where: { $0.name == name }) {
      what += outsideName == name ? " nor outside" : ", nor \(outsideName) outside"
    }
    var remedy = alike.isEmpty ? "" : "did you mean \(alike.joined(separator: " or "))? otherwise "
    if observed.outside[name] != nil {
      remedy = "it is outside: list it under interfaces, and it is moved in; otherwise "
    }
    plan.problems.append(
      Problem(what, field: field, remedy: remedy + "create it, or wait: it is configured when it appears"))
    return false
  }

  /// The link here that is to get the name of `interface`: only in this namespace, where there is no outside.
  func renames(_ interface: DesiredState.Interface) -> ObservedLink? {
    guard observed.inside[interface.name] == nil, interface.outsideName != interface.name,
      desired.namespace == .current
    else { return nil }
    return observed.inside[interface.outsideName]
  }

  /// Names that were perhaps meant: at most two typing mistakes away.
  private func similar(to names: [String], among candidates: Set<String>) -> [String] {
    candidates.filter { candidate in
      candidate != "lo"
        && names.contains { $0 != candidate && editDistance($0, candidate) <= min(2, max(1, $0.utf8.count / 2)) }
    }.sorted().prefix(3).map { $0 }
  }
}

/// How many characters must be put in, taken out or changed (Levenshtein).
func editDistance(_ one: String, _ other: String) -> Int {
  let one = Array(one.utf8)
  let other = Array(other.utf8)
  var row = Array(0...other.count)
  for (i, a) in one.enumerated() {
    var diagonal = row[0]
    row[0] = i + 1
    for (j, b) in other.enumerated() {
      let change = diagonal + (a == b ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(change, diagonal + 1, row[j] + 1)
    }
  }
  return row[other.count]
}
