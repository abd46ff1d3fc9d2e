import BFD
import ConfigurationFile
import Control
import Netlink
import Runtime
import Speaker

/// Turns the engine's snapshot into the report that `status` shows. Pure: both clocks come in.
struct StatusBuilder {
  let snapshot: EngineSnapshot
  let configuration: GatewayConfiguration
  let clock: WallClock
  /// Sessions in VRFs and other namespaces, by their names.
  let elsewhere: [String: Elsewhere]

  struct Elsewhere {
    var reach: GatewayConfiguration.BFDReach
    var interface: String?
  }

  init(snapshot: EngineSnapshot, configuration: GatewayConfiguration, clock: WallClock) {
    self.snapshot = snapshot
    self.configuration = configuration
    self.clock = clock
    elsewhere = configuration.elsewhere
  }

  /// A monotonic instant on the wall clock.
  func timestamp(_ instant: Instant) -> Timestamp {
    clock.time(of: instant)
  }

  func secondsSince(_ instant: Instant) -> Double { Double(max(0, snapshot.at - instant)) / 1e9 }

  private var core: GatewayCore { snapshot.core }

  // MARK: - Sessions

  var sessions: [StatusReport.Session] {
    snapshot.sessions.map(session).sorted { ($0.name, $0.peerAddress) < ($1.name, $1.peerAddress) }
  }

  private func session(_ entry: EngineSnapshot.SessionEntry) -> StatusReport.Session {
    let session = entry.view.session
    let settings = entry.view.settings
    let interface = settings.key.interface
    let last = entry.view.lastTransition
    var report = StatusReport.Session(
      name: entry.name, peerAddress: settings.remoteAddress.map { "\($0)" } ?? "any",
      localAddress: settings.localAddress.map { "\($0)" },
      interface: interface == 0 ? nil : snapshot.links[Int32(bitPattern: interface)]?.name,
      role: session.configuration.role == .active ? .active : .passive, rule: entry.isRule ? entry.name : nil,
      localDiscriminator: session.localDiscriminator, remoteDiscriminator: session.remote?.discriminator ?? 0,
      sessionState: .init(session.state), remoteSessionState: .init(session.remote?.state ?? .down),
      localDiagnostic: .init(code: session.diagnostic.code),
      remoteDiagnostic: .init(code: session.remote?.diagnostic.code ?? 0),
      detectionMode: detectionMode(session),
      localMultiplier: Int(session.configuration.detectMultiplier),
      remoteMultiplier: session.remote.map { Int($0.detectMultiplier) },
      desiredMinTxInterval: UInt64(session.configuration.desiredMinTx.microseconds),
      requiredMinRxInterval: UInt64(session.configuration.requiredMinRx.microseconds),
      remoteDesiredMinTxInterval: session.remote.map { UInt64($0.desiredMinTx.microseconds) },
      remoteRequiredMinRxInterval: session.remote.map { UInt64($0.requiredMinRx.microseconds) },
      negotiatedTransmissionInterval: UInt64(session.transmitInterval.microseconds),
      negotiatedReceiveInterval: session.remote.map {
        UInt64(max($0.desiredMinTx, session.configuration.requiredMinRx).microseconds)
      },
      detectionTime: session.detectionTime.map { UInt64($0 / 1_000) },
      lastPacketAge: session.remote == nil ? nil : UInt64(max(0, snapshot.at - session.lastReceived) / 1_000),
      lastStateChangeTime: last.map { timestamp($0.at) }, secondsInState: secondsSince(last?.at ?? session.started),
      downCount: entry.view.counters.downs, receivePacketCount: entry.view.counters.received,
      sendPacketCount: entry.view.counters.transmitted, sendFailedPacketCount: entry.view.counters.sendFailures,
      lastSendError: entry.view.counters.lastSendError == 0 ? nil : errorText(entry.view.counters.lastSendError),
      drained: entry.reason == .drained || entry.reason == .shutDown, lastTransition: last.map(transition),
      authentication: authentication(entry.view), echo: echo(entry.view), demand: demand(session),
      packetSize: session.configuration.packetSize == 0 ? nil : Int(session.configuration.packetSize))
    if session.isMute { report.silentBecause = entry.reason?.words }
    addPlace(of: entry, to: &report)
    return report
  }

  private func authentication(_ view: SessionView) -> StatusReport.Authentication? {
    guard let keys = view.keys, let number = view.settings.keyChain else { return nil }
    return StatusReport.Authentication(
      keyChain: snapshot.keyChains[number] ?? "", type: keys.sending.map { "\($0.type)" },
      keyId: keys.sending.map { Int($0.id) }, acceptedKeyIds: keys.accepting.map { Int($0.id) },
      withheldPacketCount: view.counters.withheld)
  }

  private func transition(_ transition: Transition) -> StatusReport.Transition {
    StatusReport.Transition(
      from: .init(transition.from), to: .init(transition.to), cause: .init(transition.cause),
      localDiagnostic: .init(code: transition.diagnostic.code),
      remoteDiagnostic: transition.remoteDiagnostic.map { .init(code: $0.code) }, at: timestamp(transition.at))
  }

  // MARK: - Paths

  var paths: [StatusReport.Path] {
    core.model.paths.indices.map(path)
  }

  private func path(_ number: Int) -> StatusReport.Path {
    let model = core.model.paths[number]
    let state = core.paths[number]
    var remaining: Double?
    if case .waiting(let until) = state.phase { remaining = Double(max(0, until - snapshot.at)) / 1e9 }
    return StatusReport.Path(
      name: model.name, via: "\(model.configuration.via)", interface: model.configuration.interface,
      weight: model.configuration.weight, state: word(state), reason: reason(number), since: timestamp(state.since),
      secondsInState: secondsSince(state.since), health: [linkCheck(model.interface)] + checks(model.rule),
      holdDownRemainingSeconds: remaining, nextHopId: snapshot.nextHopIDs[number])
  }

  private func word(_ state: PathState) -> StatusReport.PathState {
    if state.isDrained { return .drained }
    return switch state.phase {
    case .up, .adopted: .up
    case .pending: .pending
    case .waiting: .heldDown
    case .down: .down
    case .left: .adminDown
    }
  }

  private func reason(_ number: Int) -> String {
    let state = core.paths[number]
    if state.isDrained { return "drained by an operator" }
    switch state.phase {
    case .up: return core.nextHopsPresent[number] ? "" : "next hop not in the kernel"
    case .adopted: return "adopted, no fresh verdict yet"
    case .pending: return "no verdict yet"
    case .waiting: return "good again, waiting out the hold-down"
    case .down(let reason), .left(let reason): return reason
    }
  }

  private func linkCheck(_ interface: Int) -> StatusReport.HealthCheck {
    let name = core.model.interfaces[interface]
    return switch core.links[interface] {
    case .unknown: StatusReport.HealthCheck(kind: .link, target: name, verdict: .pending)
    case .up: StatusReport.HealthCheck(kind: .link, target: name, verdict: .up)
    case .down(let reason): StatusReport.HealthCheck(kind: .link, target: name, verdict: .down, reason: reason)
    }
  }

  private func checks(_ rule: HealthRule) -> [StatusReport.HealthCheck] {
    if case .link = rule { return [] }
    return [check(rule)]
  }

  private func check(_ rule: HealthRule) -> StatusReport.HealthCheck {
    let (verdict, reason) = words(rule.verdict(peers: core.peerVerdicts, probes: core.probeVerdicts))
    switch rule {
    case .link: return StatusReport.HealthCheck(kind: .link, verdict: verdict, reason: reason)
    case .peer(let number):
      return StatusReport.HealthCheck(
        kind: .bfd, target: core.model.peers[number], verdict: verdict, reason: reason)
    case .probe(let number): return probe(number, verdict, reason)
    case .all(let parts):
      return StatusReport.HealthCheck(kind: .all, verdict: verdict, reason: reason, checks: parts.map(check))
    case .any(let parts):
      return StatusReport.HealthCheck(kind: .any, verdict: verdict, reason: reason, checks: parts.map(check))
    }
  }

  private func probe(
    _ number: Int, _ verdict: StatusReport.Verdict, _ reason: String?
  ) -> StatusReport.HealthCheck {
    let probe = core.model.probes[number]
    let seen = snapshot.probes[number]
    let kind: StatusReport.HealthKind
    var target: String?
    if case .icmp(let address, _) = probe.kind {
      kind = .icmp
      target = "\(address)"
    } else {
      kind = .neighbour
    }
    return StatusReport.HealthCheck(
      kind: kind, target: target, verdict: verdict, reason: reason, roundTripTime: seen?.roundTripMicroseconds,
      lossPercent: seen?.lossPercent)
  }

  private func words(_ verdict: Verdict) -> (StatusReport.Verdict, String?) {
    switch verdict {
    case .up: (.up, nil)
    case .pending: (.pending, nil)
    case .suspended: (.pending, "our own side keeps the session down")
    case .down(let reason), .left(let reason): (.down, reason)
    }
  }

  // MARK: - Groups and uplinks

  /// - Parameter routeCounts: routes in the kernel by group name.
  func groups(routeCounts: [String: Int]) -> [StatusReport.Group] {
    core.model.groups.indices.map { number in
      let group = core.model.groups[number]
      let decision = core.decisions[number]
      let total = decision.members.reduce(0) { $0 + $1.weight }
      var buckets: Int?
      if case .resilient(let count, _, _) = group.configuration.type { buckets = count }
      return StatusReport.Group(
        name: group.name, id: snapshot.groupIDs[number], type: buckets == nil ? .plain : .resilient,
        buckets: buckets,
        members: decision.members.map { member in
          StatusReport.GroupMember(
            path: core.model.paths[member.path].name, nextHopId: snapshot.nextHopIDs[member.path],
            weight: member.weight, share: total == 0 ? 0 : Double(member.weight) / Double(total))
        },
        configuredMembers: group.members.map {
          StatusReport.ConfiguredMember(path: core.model.paths[$0.path].name, weight: $0.weight)
        },
        lastPathPolicy: .init(group.lastPath), state: state(decision, group),
        routeCount: routeCounts[group.name] ?? 0, failoverCount: snapshot.failoverCounts[group.name] ?? 0,
        lastFailover: snapshot.failovers[group.name].map { failover($0) })
    }
  }

  private func state(_ decision: GroupDecision, _ group: GatewayModel.Group) -> StatusReport.GroupState {
    switch decision {
    case .members: return .normal
    case .kept: return .lastPathKept
    case .blackhole: return .blackholed
    case .withdrawn:
      let isPending = group.members.allSatisfy { core.paths[$0.path].phase == .pending }
      return isPending ? .pending : .withdrawn
    }
  }

  private func failover(_ record: FailoverRecord) -> StatusReport.Failover {
    let gone = record.before.filter { !record.after.contains($0) }
    let come = record.after.filter { !record.before.contains($0) }
    return StatusReport.Failover(
      at: timestamp(record.cause), path: (gone.isEmpty ? come : gone).joined(separator: ", "),
      membersBefore: record.before, membersAfter: record.after, latency: UInt64(max(0, record.latency) / 1_000),
      lateness: UInt64(max(0, record.noticed - record.cause) / 1_000))
  }

  var uplinks: [StatusReport.Uplinks] {
    zip(core.model.uplinks, core.uplinkStandings).map { entry, standing in
      let isLost = standing == .lost
      return StatusReport.Uplinks(
        watched: entry.watched.map { uplink in
          switch uplink {
          case .interface(let number):
            StatusReport.WatchedUplink(
              kind: .interface, name: core.model.interfaces[number], good: core.links[number] == .up)
          case .path(let number):
            StatusReport.WatchedUplink(
              kind: .path, name: core.model.paths[number].name, good: core.isGood(path: number))
          }
        },
        lostWhen: "\(entry.configuration.lostWhen)", lost: isLost, tell: entry.configuration.tell.rawValue,
        telling: isLost ? entry.configuration.peers : [])
    }
  }

  var drain: StatusReport.Drain {
    let since = timestamp(core.drainedSince)
    let targets =
      core.drainedPaths.sorted().map { name in
        let peers = core.model.paths.first { $0.name == name }?.rule.peers.map { core.model.peers[$0] } ?? []
        return StatusReport.DrainTarget(name: name, kind: .path, state: drainState(of: peers), since: since)
      }
      + core.drainedPeers.sorted().map {
        StatusReport.DrainTarget(name: $0, kind: .peer, state: drainState(of: [$0]), since: since)
      }
    guard core.isDrained else { return StatusReport.Drain(targets: targets) }
    return StatusReport.Drain(state: drainState(of: core.model.peers), since: since, targets: targets)
  }

  /// Drained once no peer still believes in its session, and all have had the time to move their traffic away.
  private func drainState(of peers: [String]) -> StatusReport.DrainState {
    let isDone = snapshot.sessions.allSatisfy { entry in
      guard peers.contains(entry.name), entry.reason == .drained, let remote = entry.view.session.remote else {
        return true
      }
      return remote.state != .up && snapshot.at - core.drainedSince >= Drainage.margin(for: entry.view.session)
    }
    return isDone ? .drained : .draining
  }

  func speaker(_ scheduling: Scheduling, _ realtime: RealtimeState) -> StatusReport.Speaker {
    let notes = scheduling.refusals + (realtime.memoryRefusal.map { [$0] } ?? [])
    return speaker(scheduling, realtime, notes)
  }

  private func speaker(
    _ scheduling: Scheduling, _ realtime: RealtimeState, _ notes: [String]
  ) -> StatusReport.Speaker {
    StatusReport.Speaker(
      sourcePortIpv4: snapshot.sourcePortIPv4, sourcePortIpv6: snapshot.sourcePortIPv6,
      schedulingPolicy: scheduling.policy, schedulingPriority: scheduling.priority,
      schedulingNotes: notes.isEmpty ? nil : notes, memoryLocked: realtime.isMemoryLocked,
      runawayCount: realtime.count, timerLatenessMedian: snapshot.lateness.median,
      timerLatenessWorst: snapshot.lateness.median == nil ? nil : snapshot.lateness.worst, cpu: scheduling.cpu,
      engine: snapshot.engine.engine.rawValue, belowStackCount: snapshot.engine.belowStack,
      xdpCount: snapshot.engine.byXDP, filteredCount: snapshot.engine.filtered,
      engineNotes: snapshot.engine.notes.isEmpty ? nil : snapshot.engine.notes,
      receivePacketCount: snapshot.counters.received, sendPacketCount: snapshot.counters.transmitted,
      overflowedPacketCount: snapshot.counters.overflowed,
      discards: DiscardReason.allCases.compactMap { reason in
        let count = snapshot.counters[reason]
        return count == 0 ? nil : StatusReport.Discard(reason: "\(reason)", count: count)
      })
  }
}

extension StatusReport.SessionState {
  init(_ state: SessionState) {
    switch state {
    case .adminDown: self = .adminDown
    case .down: self = .down
    case .`init`: self = .`init`
    case .up: self = .up
    }
  }
}

extension StatusReport.TransitionCause {
  init(_ cause: Transition.Cause) {
    switch cause {
    case .handshake: self = .handshake
    case .detectionTimeExpired: self = .detectionTimeExpired
    case .echoFailed: self = .echoFailed
    case .neighborSignaledDown: self = .neighborSignaledDown
    case .neighborAdministrativelyDown: self = .neighborAdministrativelyDown
    case .administrative: self = .administrative
    }
  }
}

extension StatusReport.LastPathPolicy {
  fileprivate init(_ policy: GatewayConfiguration.LastPath) {
    switch policy {
    case .keep: self = .keep
    case .withdraw: self = .withdraw
    case .blackhole: self = .blackhole
    }
  }
}
