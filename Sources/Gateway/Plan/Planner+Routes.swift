import Addresses
import Netlink

extension Planner {
  mutating func planRoutes() {
    var checkedGroups: [UInt32: Bool] = [:]
    for route in desired.routes {
      switch route.target {
      case .group(let id, _):
        let stands = checkedGroups[id] ?? standingGroups.contains(id)
        checkedGroups[id] = stands
        planRoute(route, waits: !stands)
      case .direct(let via, let interface, _):
        if let interface {
          guard isThere(interface, field: "\(route.origin.field).interface") else { continue }
          if let via { checkReachable(via, interface: interface, field: "\(route.origin.field).via") }
        }
        planRoute(route, waits: false)
      }
    }
  }

  private mutating func planRoute(_ route: PlannedRoute, waits: Bool) {
    let (change, problem) = RoutePlan.change(for: route, observed.routes)
    if let problem { plan.problems.append(problem) }
    if waits, change == nil, problem == nil, isRecreated(route.groupID) {
      // It goes with its group.
      plan.waitingRoutes.append(.addRoute(route))
    }
    guard let change else { return }
    if waits { plan.waitingRoutes.append(change) } else { plan.routes.append(change) }
  }

  private func isRecreated(_ id: UInt32?) -> Bool {
    guard let id, let there = observed.nextHops[id] else { return false }
    return there.protocol == .everway
  }

  /// What nobody wants any more: rules, then routes, then addresses, then groups, then next hops.
  mutating func planStale() {
    planStaleRules()
    let wanted = Set(desired.routes.map(\.key))
    let gone = observed.routes.own.values.filter { !wanted.contains($0.key) } + observed.routes.duplicates
    plan.stale += gone.sorted {
      ($0.key.table, $0.key.prefix, $0.key.metric) < ($1.key.table, $1.key.prefix, $1.key.metric)
    }
    .map(Change.removeRoute)
    planStaleAddresses()
    planStaleNextHops()
  }

  private mutating func planStaleNextHops() {
    let wanted = Set(desired.nextHops.map(\.id)).union(desired.groups.map(\.id)).union(desired.blackholes)
    let stale = observed.nextHops.values.filter { $0.protocol == .everway && !wanted.contains($0.id) }
      .sorted { $0.id < $1.id }
    guard !stale.isEmpty else { return }
    // In use: a group by a route that has not moved to its new group yet; a next hop by a group that stays. Removing
    // either would take along what uses it.
    var used: Set<UInt32> = []
    for change in plan.waitingRoutes {
      if case .replaceRoute(_, let from) = change, let id = from.nextHop { used.insert(id) }
    }
    let staleGroups = stale.filter(\.isGroup)
    let goingGroups = Set(staleGroups.map(\.id)).subtracting(used)
    for group in observed.nextHops.values where !goingGroups.contains(group.id) {
      if case .group(let members, _) = group.kind { used.formUnion(members.map(\.id)) }
    }
    for hop in staleGroups + stale.filter({ !$0.isGroup }) {
      if used.contains(hop.id) {
        plan.waitingStale.append(.removeNextHop(hop))
      } else {
        plan.stale.append(.removeNextHop(hop))
      }
    }
  }
}

/// Planning of routes alone, for when a group came or went at run time.
enum RoutePlan {
  /// What makes one route as desired. A route of another protocol in its place is a problem, and is left alone: the
  /// kernel would let us take it over.
  static func change(for route: PlannedRoute, _ observed: ObservedRoutes) -> (Change?, Problem?) {
    let own = observed.own[route.key]
    if let foreign = observed.foreign[route.key] {
      return (nil, conflict(route, foreign, ours: own?.satisfies(route) == true))
    }
    guard let own else { return (.addRoute(route), nil) }
    return (own.satisfies(route) ? nil : .replaceRoute(route, from: own), nil)
  }

  /// The changes to a group's routes when the group is there (all that are missing or point elsewhere), or is gone
  /// (what is left of them; the kernel removes routes with their group). Problems: conflicts with other protocols.
  ///
  /// Linear in the group's routes. `observed` must be of now: ``Observer/routes(_:_:)``.
  static func changes(
    forGroup name: String, exists: Bool, _ desired: DesiredState, _ observed: ObservedRoutes
  ) -> (changes: [Change], problems: [Problem]) {
    guard let group = desired.group(named: name) else { return ([], []) }
    guard exists else {
      let left = (Array(observed.own.values) + observed.duplicates).filter { $0.nextHop == group.id }
      return (left.map(Change.removeRoute), [])
    }
    var changes: [Change] = []
    var problems: [Problem] = []
    for route in desired.routes where route.groupID == group.id {
      let (change, problem) = change(for: route, observed)
      if let change { changes.append(change) }
      if let problem { problems.append(problem) }
    }
    return (changes, problems)
  }

  static func conflict(_ route: PlannedRoute, _ foreign: ObservedRoute, ours: Bool = false) -> Problem {
    let place = "\(route.key.prefix) with metric \(route.key.metric) in table \(route.key.table)"
    let other = "protocol \(foreign.protocol.words) (\(foreign.target))"
    let remedy =
      foreign.protocol == .kernel
      ? "the kernel made it for an interface's address: give this route another metric or prefix"
      : "give this route another metric (the lowest wins), or remove the other one (`ip route del`)"
    return Problem(
      ours
        ? "besides ours there is a route to \(place) of \(other)"
        : "a route to \(place) is there already, of \(other)",
      field: route.origin.field, remedy: remedy)
  }
}
