import BFD
import ConfigurationFile
import Control

/// Every decision of the gateway while it runs: what links, sessions, probes and operators say comes in; what the
/// groups and the peers must be goes out as effects. A value that knows no socket, no clock and no kernel.
///
/// Inputs only note what changed; `settle` then draws the conclusions once. So fifty paths that fail together cost
/// one pass over the groups and one message for each group.
struct GatewayCore: Sendable {
  enum LinkSignal: Hashable, Sendable {
    case unknown
    case up
    case down(String)
  }

  private(set) var model: GatewayModel
  private(set) var links: [LinkSignal]
  private(set) var peerVerdicts: [Verdict]
  private(set) var probeVerdicts: [Verdict]
  private(set) var paths: [PathState]
  /// Whether the kernel has each path's next hop, which it removes by itself when the link goes.
  private(set) var nextHopsPresent: [Bool]
  private(set) var decisions: [GroupDecision]
  /// By entry of `model.uplinks`.
  var uplinkStandings: [UplinkStanding]
  /// The whole node is drained.
  private(set) var isDrained = false
  private(set) var drainedPaths: Set<String> = []
  private(set) var drainedPeers: Set<String> = []
  /// When something was last drained or put back.
  private(set) var drainedSince: Instant
  var holds: [Session.Hold?]
  private var isDirty = true
  /// The earliest event that `settle` has not yet answered.
  private var cause: Instant?
  var effects: [GatewayEffect] = []

  init(_ configuration: GatewayConfiguration, at now: Instant) {
    model = GatewayModel(configuration)
    links = model.interfaces.map { _ in .unknown }
    peerVerdicts = model.peers.indices.map { [model] in Self.initialVerdict($0, model) }
    probeVerdicts = model.probes.map { _ in .pending }
    paths = model.paths.map { _ in PathState(at: now) }
    nextHopsPresent = model.paths.map { _ in false }
    decisions = model.groups.map { _ in .withdrawn }
    holds = model.peers.map { _ in nil }
    uplinkStandings = model.uplinks.map { [model] _ in .unproven(until: now + model.startupGrace) }
    drainedSince = now
  }

  private static func initialVerdict(_ peer: Int, _ model: GatewayModel) -> Verdict {
    model.shutdownPeers.contains(peer)
      ? .left("peer \(model.peers[peer]) is shut down in the configuration") : .pending
  }

  /// When `settle` next has something to do by itself.
  var nextDeadline: Instant {
    let proof = uplinkStandings.reduce(Instant.distantFuture) { earliest, standing in
      if case .unproven(let until) = standing { min(earliest, until) } else { earliest }
    }
    return paths.reduce(proof) { min($0, $1.nextDeadline) }
  }

  /// Takes the effects that wait.
  mutating func takeEffects() -> [GatewayEffect] {
    defer { effects.removeAll(keepingCapacity: true) }
    return effects
  }

  // MARK: - What comes in

  mutating func linkChanged(_ interface: Int, _ signal: LinkSignal, at now: Instant) {
    guard links[interface] != signal else { return }
    links[interface] = signal
    note(now)
  }

  mutating func nextHopChanged(_ path: Int, isPresent: Bool, at now: Instant) {
    guard nextHopsPresent[path] != isPresent else { return }
    nextHopsPresent[path] = isPresent
    note(now)
  }

  mutating func peerChanged(_ peer: Int, _ verdict: Verdict, at now: Instant) {
    guard !model.shutdownPeers.contains(peer), peerVerdicts[peer] != verdict else { return }
    peerVerdicts[peer] = verdict
    note(now)
  }

  mutating func probeChanged(_ probe: Int, _ verdict: Verdict, at now: Instant) {
    guard probeVerdicts[probe] != verdict else { return }
    probeVerdicts[probe] = verdict
    note(now)
  }

  /// A group as a run before has left it in the kernel: its members go on carrying traffic until a verdict is in.
  mutating func adopt(group: Int, members: [Int], at now: Instant) {
    let known = model.groups[group].members.filter { members.contains($0.path) }
    guard !known.isEmpty else { return }
    decisions[group] = .members(known)
    for member in known { paths[member.path].adopt(until: now + model.startupGrace) }
    note(now)
  }

  /// What can be drained: nil stands for the whole node.
  enum Target: Hashable, Sendable {
    case node
    case path(String)
    case peer(String)

    /// The path, peer or allow entry of a name; nil when there is none.
    init?(named name: String, in configuration: GatewayConfiguration) {
      if configuration.paths.contains(where: { $0.name == name }) {
        self = .path(name)
      } else if configuration.bfd.peers.contains(where: { $0.name == name })
        || configuration.bfd.allow.contains(where: { $0.name == name })
      {
        self = .peer(name)
      } else {
        return nil
      }
    }
  }

  /// Takes a target out of service, or puts it back; the node with everything on it that was drained by name.
  /// - Returns: false when it was so already.
  @discardableResult mutating func setDrained(_ target: Target, _ drained: Bool, at now: Instant) -> Bool {
    func set(_ name: String, in names: inout Set<String>) -> Bool {
      drained ? names.insert(name).inserted : names.remove(name) != nil
    }
    let isNews: Bool
    switch target {
    case .node:
      isNews = isDrained != drained || !drained && !(drainedPaths.isEmpty && drainedPeers.isEmpty)
      isDrained = drained
      if !drained {
        drainedPaths = []
        drainedPeers = []
      }
    case .path(let name): isNews = set(name, in: &drainedPaths)
    case .peer(let name): isNews = set(name, in: &drainedPeers)
    }
    if isNews {
      drainedSince = now
      note(now)
    }
    return isNews
  }

  /// Takes a new configuration, keeping what is known of everything that is still in it.
  mutating func reconfigure(_ configuration: GatewayConfiguration, at now: Instant) {
    let old = self
    self = GatewayCore(configuration, at: now)
    effects = old.effects
    isDrained = old.isDrained
    drainedSince = old.drainedSince
    drainedPaths = old.drainedPaths.filter { name in model.paths.contains { $0.name == name } }
    drainedPeers = old.drainedPeers.filter { model.peers.contains($0) }
    for (number, name) in model.interfaces.enumerated() {
      if let known = old.model.interfaces.firstIndex(of: name) { links[number] = old.links[known] }
    }
    for (number, name) in model.peers.enumerated() {
      guard let known = old.model.peers.firstIndex(of: name) else { continue }
      holds[number] = old.holds[known]
      let wasShut = old.model.shutdownPeers.contains(known)
      if !wasShut, !model.shutdownPeers.contains(number) { peerVerdicts[number] = old.peerVerdicts[known] }
    }
    for (number, entry) in model.uplinks.enumerated() {
      let known = old.model.uplinks.firstIndex { $0.configuration.watch == entry.configuration.watch }
      if let known {
        uplinkStandings[number] = old.uplinkStandings[known]
      } else if entry.peers.contains(where: { old.isSpokenTo(model.peers[$0]) }) {
        // Whoever sends traffic here already goes on until something fails.
        uplinkStandings[number] = .good
      }
    }
    for (number, probe) in model.probes.enumerated() {
      if let known = old.model.probes.firstIndex(of: probe) { probeVerdicts[number] = old.probeVerdicts[known] }
    }
    for (number, path) in model.paths.enumerated() {
      if let known = old.model.paths.firstIndex(where: { $0.name == path.name }) {
        paths[number] = old.paths[known]
        let before = old.model.paths[known].configuration
        let isSamePlace = before.via == path.configuration.via && before.interface == path.configuration.interface
        nextHopsPresent[number] = isSamePlace && old.nextHopsPresent[known]
      }
    }
    for (number, group) in model.groups.enumerated() {
      guard let known = old.model.groups.firstIndex(where: { $0.name == group.name }) else { continue }
      let names = old.decisions[known].members.map { old.model.paths[$0.path].name }
      let members = group.members.filter { names.contains(model.paths[$0.path].name) }
      switch old.decisions[known] {
      case .members where !members.isEmpty: decisions[number] = .members(members)
      case .kept where !members.isEmpty: decisions[number] = .kept(members)
      case .blackhole: decisions[number] = .blackhole
      case .members, .kept, .withdrawn: decisions[number] = .withdrawn
      }
    }
    isDirty = true
    note(now)
  }

  private func isSpokenTo(_ name: String) -> Bool {
    model.peers.firstIndex(of: name).map { holds[$0] == nil } ?? false
  }

  private mutating func note(_ now: Instant) {
    isDirty = true
    cause = min(cause ?? now, now)
  }

  // MARK: - What goes out

  /// Draws the conclusions from everything that has come in, and from the time.
  mutating func settle(at now: Instant) {
    for number in paths.indices where paths[number].nextDeadline <= now {
      if paths[number].advance(to: now) {
        report(number, at: now)
        note(now)
      }
    }
    for case .unproven(let until) in uplinkStandings where until <= now { isDirty = true }
    guard isDirty else { return }
    isDirty = false
    let cause = self.cause ?? now
    self.cause = nil
    judgePaths(at: now, cause: cause)
    decideGroups(cause: cause, at: now)
    watchUplinks(at: now)
    decideHolds(at: now)
  }

  private mutating func judgePaths(at now: Instant, cause: Instant) {
    for (number, path) in model.paths.enumerated() {
      let drained =
        drainedPaths.contains(path.name)
        || path.rule.peers.contains { drainedPeers.contains(model.peers[$0]) }
      if paths[number].setDrained(drained) {
        append(
          GatewayEvent(
            at: now, .path, of: path.name, to: drained ? "drained" : "pending",
            "path \(path.name) \(drained ? "is drained" : "is in service again")"))
      }
      var verdict = Verdict.both(
        linkVerdict(path.interface), path.rule.verdict(peers: peerVerdicts, probes: probeVerdicts))
      // Back from a drain it must show that it works before it is used.
      if drained, verdict == .suspended { verdict = .left("drained") }
      if paths[number].judge(verdict, holdDown: path.holdDown, grace: model.startupGrace, at: now) {
        report(number, at: cause)
      }
    }
  }

  private func linkVerdict(_ interface: Int) -> Verdict {
    switch links[interface] {
    case .unknown: .pending
    case .up: .up
    case .down(let reason): .down(reason)
    }
  }

  private mutating func decideGroups(cause: Instant, at now: Instant) {
    for (number, group) in model.groups.enumerated() {
      let decision = GroupDecision.decide(
        group.members, paths: paths, present: { [nextHopsPresent] in nextHopsPresent[$0] },
        policy: group.lastPath, previous: decisions[number])
      guard decision != decisions[number] else { continue }
      decisions[number] = decision
      effects.append(.group(number, decision, cause: cause))
      append(describe(group, decision, at: now))
    }
  }

  mutating func append(_ event: GatewayEvent) { effects.append(.event(event)) }

  /// What a peer's sessions are to be held in now: for sessions that appear later.
  func hold(of peer: Int) -> Session.Hold? { holds[peer] }
}
