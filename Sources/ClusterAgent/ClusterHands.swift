import Addresses
import BFD
import ClusterSources
import Control
import Gateway
import Glibc
import KubeOVN
import Speaker
import Synchronization

/// Carries out what `ClusterCore` decides. Everything in here may take seconds; failures are told and tried again by the
/// core's own pace.
final class ClusterHands {
  private let agent: ClusterAgent
  private let live: LiveCluster
  private var election: LeaseElection?
  private var writer: KubernetesWriter?
  /// Failures that were told, by what they are about.
  private var failures: [String: String] = [:]
  private var problems: [KubeOVNGateway.Problem] = []
  private(set) var nextDeadline = Instant.distantFuture
  private var finishesRenewalsAt = Instant(nanoseconds: 0)

  init(_ agent: ClusterAgent, _ live: LiveCluster) {
    self.agent = agent
    self.live = live
  }

  var isLeader: Bool { election?.isLeader(at: MonotonicClock.now()) ?? false }

  func gatewayView() -> GatewayView? { agent.configuration.status().map { GatewayView($0) } }

  func carryOut(_ effect: ClusterCore.Effect, _ core: inout ClusterCore) {
    switch effect {
    case .publish(let configuration): agent.configuration.publish(configuration)
    case .publishNothing(let reason): agent.configuration.publishNothing(reason: reason)
    case .tell(let problems):
      self.problems = problems
      tellProblems()
    case .ensurePort(let name, let bridge, let externalIDs, let anew):
      attempt("port \(name)") { () throws(ClusterWriteError) in
        let writer = try live.openVSwitchWriter()
        let hasChanged = try writer.ensureInternalPort(name, bridge: bridge, externalIDs: externalIDs, anew: anew)
        return hasChanged ? "port \(name) is in \(bridge)\(anew ? ", plugged anew" : "")" : nil
      }
    case .removePort(let name):
      attempt("port \(name)") { () throws(ClusterWriteError) in
        try live.openVSwitchWriter().removePort(name)
        return "port \(name) taken out of Open vSwitch: no OvnEip wants it"
      }
    case .setNodeLabel(let key, let value):
      attempt("node label") { () throws(ClusterWriteError) in
        try kubernetes().setNodeLabel(core.node, key: key, value: value)
        return "node \(core.node): label \(key)=\(value)"
      }
    case .setReady(let eip):
      attempt("OvnEip \(eip)") { () throws(ClusterWriteError) in
        try kubernetes().setReady(ovnEip: eip)
        return "OvnEip \(eip) is ready"
      }
    case .foundStale(let stale, let isRepaired): log(.warning, .session, words(stale, isRepaired))
    case .staleIsOver(let row):
      log(.info, .session, "OVN's session \(row.logicalPort) with \(row.address) is right again")
    case .renew(let bfd, let row):
      attempt("renewal of \(row.logicalPort) \(row.address)") { () throws(ClusterWriteError) in
        try live.northboundWriter().renew(bfd: bfd)
        return "OVN's BFD row of \(row.logicalPort) with \(row.address) was made anew"
      }
      core.didRenew(row, at: MonotonicClock.now())
    }
  }

  // MARK: The lease

  /// Reads or writes the lease when it is time to. Only where repairs are allowed: nobody else needs one. A node that is cut
  /// off from all others lets it run out.
  func campaign(with role: NodeRole, _ view: GatewayView?) {
    guard agent.options.kubeOVN.repairsStaleSessions, case .gateway(let gateway) = role,
      view?.hearsSomebody(of: gateway) == true
    else {
      nextDeadline = .distantFuture
      return
    }
    var election = self.election ?? LeaseElection(identity: agent.options.cluster.nodeName)
    defer { self.election = election }
    let wasLeader = isLeader
    let started = MonotonicClock.now()
    do throws(ClusterWriteError) {
      let kubernetes = try kubernetes()
      election.saw(try kubernetes.readLease(agent.options.lease), at: MonotonicClock.now())
      if case .write(let version, let transitions) = election.next(at: started) {
        let begun = MonotonicClock.now()
        let record = try kubernetes.writeLease(
          agent.options.lease,
          .init(
            holder: election.identity, duration: election.duration, version: version ?? "", transitions: transitions
          ))
        if let record {
          election.wrote(record, begun: begun, at: MonotonicClock.now())
        } else {
          election.failed(at: MonotonicClock.now())
        }
      }
      succeeded("lease", nil)
    } catch {
      election.failed(at: MonotonicClock.now())
      failed("lease", "\(agent.options.lease.namespace)/\(agent.options.lease.name): \(error)")
    }
    let now = MonotonicClock.now()
    if case .wait(let until) = election.next(at: now) { nextDeadline = until } else { nextDeadline = now }
    if election.isLeader(at: now) != wasLeader {
      log(
        .info, .cluster,
        wasLeader ? "no longer the one who repairs for dead nodes" : "repairs for dead nodes are this node's"
      )
    }
    if election.isLeader(at: now), now >= finishesRenewalsAt {
      finishesRenewalsAt = now + 30_000_000_000
      attempt("unfinished renewals") { () throws(ClusterWriteError) in
        let done = try live.northboundWriter().finishRenewals(now: Int64(time(nil)))
        return done.isEmpty ? nil : "finished what another one had begun: \(done.joined(separator: ", "))"
      }
    }
  }

  private func kubernetes() throws(ClusterWriteError) -> KubernetesWriter {
    if let writer { return writer }
    let made = try KubernetesWriter(agent.options.cluster)
    writer = made
    return made
  }

  // MARK: Words

  private func words(_ stale: StaleSessions.Stale, _ isRepaired: Bool) -> String {
    let row = "OVN says that \(stale.row.logicalPort) is up with \(stale.row.address)"
    let truth =
      switch stale.reason {
      case .ownSession(let state): "but the session here is \(state)"
      case .silentNode: "but no node answers there"
      }
    let help =
      if isRepaired {
        "; the row is made anew"
      } else if agent.options.kubeOVN.repairsStaleSessions {
        "; the holder of the Lease makes the row anew"
      } else {
        "; traffic is lost there: everway doctor --fix, or run with --repair-stale-sessions"
      }
    return "\(row), \(truth)\(help)"
  }

  private func attempt(_ subject: String, _ body: () throws(ClusterWriteError) -> String?) {
    do throws(ClusterWriteError) { succeeded(subject, try body()) } catch {
      failed(subject, "\(subject): \(error)")
    }
  }

  private func succeeded(_ subject: String, _ news: String?) {
    if let news { log(.info, .cluster, news) }
    if failures.removeValue(forKey: subject) != nil { tellProblems() }
  }

  private func failed(_ subject: String, _ what: String) {
    guard failures.updateValue(what, forKey: subject) != what else { return }
    tellProblems()
  }

  private func tellProblems() {
    agent.configuration.tell(
      problems.map { ConfigurationProblem(what: "\($0.object): \($0.what)", help: $0.help) }
        + failures.values.sorted().map { ConfigurationProblem(what: $0) })
  }

  private func log(_ level: Event.Level, _ kind: Event.Kind, _ text: String) { agent.log.write(level, kind, text) }
}
