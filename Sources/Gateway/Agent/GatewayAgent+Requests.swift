import BFD
import ConfigurationFile
import Control
import Glibc
import Netlink
import NamespaceDiagnosis
import NetworkNamespaces
import Runtime
import Speaker

extension GatewayAgent {
  /// How long the engine may take to answer: it is never busy for longer than one turn.
  private static let patience: Int32 = 2_000
  /// Routes shown at most; a full table is not for reading.
  private static let shownRoutes = 200

  mutating func answer(_ request: ControlRequest) -> ControlResponse {
    switch request.command {
    case .status: return .status(statusReport())
    case .drain(let target): return setDrained(target, true, by: request.from)
    case .undrain(let target): return setDrained(target, false, by: request.from)
    case .reload:
      switch reload() {
      case .success(let outcome): return .reload(outcome)
      case .failure(let failure): return .failure(failure)
      }
    case .capture, .observe, .repair:  // answered elsewhere, with a stream or later
      return .failure(ControlFailure(.failed, "the stream could not begin"))
    case .version: return .version(VersionReport(version: options.version, pid: getpid()))
    case .ping: return .pong
    }
  }

  // MARK: - Drain

  private mutating func setDrained(_ name: String?, _ drained: Bool, by who: PeerCredentials) -> ControlResponse {
    guard !isStopping else {
      return .failure(ControlFailure(.refused, "everway is stopping, and drains everything already"))
    }
    guard engine != nil else {
      return .failure(ControlFailure(.failed, "BFD is not running yet", help: "everway status problems says why"))
    }
    let target: GatewayCore.Target
    if let name {
      guard let known = GatewayCore.Target(named: name, in: configuration) else {
        let names = configuration.paths.map(\.name) + configuration.bfd.peers.map(\.name)
        return .failure(
          ControlFailure(
            .unknownTarget, "there is no path and no peer named \(name)",
            details: Set(names).sorted()))
      }
      target = known
    } else {
      target = .node
    }
    guard let reply = try? Reply<Bool>() else {
      return .failure(ControlFailure(.failed, "out of file descriptors"))
    }
    commands.send(.setDrained(target, drained, reply))
    guard let changed = reply.wait(milliseconds: Self.patience) else {
      return .failure(ControlFailure(.failed, "the engine did not answer within \(Self.patience / 1_000) s"))
    }
    let subject = name ?? "this node"
    let text = drained ? "\(subject) is drained" : "\(subject) is in service again"
    log.write(
      .info, .drain, of: name, to: drained ? "draining" : "none",
      "\(text), asked by pid \(who.pid) (uid \(who.uid))")
    return .drain(
      DrainOutcome(
        changed: changed, state: drained ? .draining : .none, message: changed ? text : "\(text) already",
        notes: notes(target, drained)))
  }

  private func notes(_ target: GatewayCore.Target, _ drained: Bool) -> [String] {
    guard drained else { return ["a path returns once its health checks say that it works"] }
    switch target {
    case .node:
      let compatibilities =
        configuration.bfd.peers.map(\.compatibility) + configuration.bfd.allow.map(\.compatibility)
      let tells = Set(compatibilities.map(configuration.drain.tell))
      let how =
        switch (tells.contains(.adminDown), tells.contains(.silence)) {
        case (_, false): "every BFD peer is told AdminDown"
        case (false, true): "BFD peers hear nothing more"
        case (true, true): "every BFD peer is told AdminDown, OVN hears nothing more"
        }
      return ["\(how); traffic that still comes is forwarded"]
    case .path, .peer: return ["its next hop carries nothing any more as soon as another path can take over"]
    }
  }

  // MARK: - Reload

  /// Takes the configuration file again. A file with errors, or one that asks for what needs a restart, changes nothing.
  mutating func reload() -> Result<ReloadOutcome, ControlFailure> {
    let result = tryReload()
    switch result {
    case .success(let outcome):
      let text = outcome.changes.isEmpty ? "nothing has changed" : outcome.changes.joined(separator: "; ")
      lastReload = StatusReport.Reload(at: .now(), accepted: true, message: text)
      log.write(.info, .configuration, "configuration reloaded: \(text)")
    case .failure(let failure):
      lastReload = StatusReport.Reload(at: .now(), accepted: false, message: failure.message)
    }
    return result
  }

  private mutating func tryReload() -> Result<ReloadOutcome, ControlFailure> {
    guard case .file(let path) = options.source else {
      return .failure(
        ControlFailure(.refused, "the configuration comes from \(options.source.name), and is always up to date"))
    }
    let parsed: ParsedConfiguration
    do {
      parsed = try GatewayConfiguration.load(path: path)
    } catch {
      return .failure(
        ControlFailure(
          .refused, "\(path) has errors; the configuration in force stays",
          help: "everway check \(path)", details: error.diagnostics.map(\.rendered)))
    }
    return adopt(parsed.configuration).map { changes in
      ReloadOutcome(changes: changes, warnings: parsed.warnings.map(\.rendered))
    }
  }

  /// Runs by another configuration from now on; one that asks for what needs a restart changes nothing.
  /// - Returns: what differs, in words.
  mutating func adopt(_ new: GatewayConfiguration) -> Result<[String], ControlFailure> {
    let fixed = ConfigurationDifference.needsRestart(from: configuration, to: new)
    guard fixed.isEmpty else {
      return .failure(
        ControlFailure(
          .refused,
          "\(fixed.joined(separator: ", ")) cannot change while everway runs; the configuration in force stays",
          help: "restart everway, or undo that change"))
    }
    let newKeys = new.bfd.loadKeys()
    guard newKeys.problems.isEmpty else {
      return .failure(
        ControlFailure(
          .refused, "BFD keys cannot be used; the configuration and the keys in force stay",
          help: newKeys.problems.first?.help, details: newKeys.problems.map { "\($0)" }))
    }
    var changes = ConfigurationDifference.describe(from: configuration, to: new)
    for (name, chain) in newKeys.chains.sorted(by: { $0.key < $1.key }) {
      if let old = keys.chains[name], old != chain { changes.append("keys of key chain \(name) changed") }
    }
    for problem in keys.problems { clearProblem("key \(problem.file)") }
    keys = newKeys
    if engine != nil { commands.send(.setKeys(newKeys.chains)) }
    let isOtherObserve = new.observe != configuration.observe
    defer { if isOtherObserve { observeChanged() } }
    if new != configuration {
      if previous == nil { previous = desired }
      configuration = new
      desired = DesiredState(new)
      if engine != nil { commands.send(.reconfigure(new)) }
      backoff = Self.firstBackoff
      reconcileAt = MonotonicClock.now()
    }
    loadedAt = .now()
    return .success(changes)
  }

  // MARK: - Status

  mutating func statusReport() -> StatusReport {
    var report = ownStatus()
    guard engine != nil else {
      _ = addRoutes(to: &report)
      return report
    }
    if let reply = try? Reply<EngineSnapshot>(), let snapshot = ask(.snapshot(reply), reply) {
      add(snapshot, to: &report)
    } else {
      _ = addRoutes(to: &report)
      addSilence(of: Self.patience, to: &report)
    }
    report.problems.sort { ($0.since, $0.what) < ($1.since, $1.what) }
    return report
  }

  /// The status of everything but the engine.
  private func ownStatus() -> StatusReport {
    let wall = Timestamp.now()
    var report = StatusReport(
      version: options.version, pid: getpid(), hostName: hostName(), startedAt: startedAt,
      uptimeSeconds: wall.seconds(since: startedAt), generatedAt: wall,
      configuration: StatusReport.Configuration(
        file: options.source.name, loadedAt: loadedAt, lastReload: lastReload, atRest: idleReason),
      namespace: namespaceStatus(),
      speaker: StatusReport.Speaker(
        schedulingPolicy: "not running", schedulingPriority: 0, receivePacketCount: 0, sendPacketCount: 0))
    report.problems = problems.values.map {
      StatusReport.Problem(
        what: $0.what, since: $0.since, help: $0.help,
        retryingInSeconds: Double(max(0, reconcileAt - MonotonicClock.now())) / 1e9)
    }
    report.findings = companions.findings
    return report
  }

  /// What is measured and the status of everything, of the sessions only those that are not as they were in the look before.
  /// - Returns: nil when the engine does not answer, or does not run.
  mutating func look(takesPace: Bool) -> (EngineLook, StatusReport)? {
    guard engine != nil, !hasStopped, let reply = try? Reply<EngineLook>(),
      let look = ask(.look(takesPace: takesPace, reply), reply)
    else {
      return nil
    }
    var report = ownStatus()
    add(look.snapshot, to: &report)
    report.problems.sort { ($0.since, $0.what) < ($1.since, $1.what) }
    return (look, report)
  }

  private func addSilence(of milliseconds: Int32, to report: inout StatusReport) {
    report.problems.append(
      StatusReport.Problem(
        what: "the engine did not answer within \(milliseconds / 1_000) s", since: report.generatedAt,
        help: "it is starved of CPU, or stopped in a debugger"))
  }

  private func ask<Value: Sendable>(_ command: EngineCommand, _ reply: Reply<Value>) -> Value? {
    commands.send(command)
    return reply.wait(milliseconds: Self.patience)
  }

  private mutating func add(_ snapshot: EngineSnapshot, to report: inout StatusReport) {
    let routeCounts = addRoutes(to: &report)
    wallClock.follow()
    let builder = StatusBuilder(snapshot: snapshot, configuration: configuration, clock: wallClock)
    if let engine { report.speaker = builder.speaker(engine.scheduling, realtime) }
    report.sessions = builder.sessions
    report.paths = builder.paths
    report.groups = builder.groups(routeCounts: routeCounts)
    report.uplinks = builder.uplinks
    report.drain = builder.drain
    if isStopping { report.drain.state = .draining }
    report.interfaces = interfaces(snapshot)
    report.problems += snapshot.problems.map {
      StatusReport.Problem(what: $0.what, since: builder.timestamp($0.since), help: $0.help, retryingInSeconds: 1)
    }
  }

  private func interfaces(_ snapshot: EngineSnapshot) -> [StatusReport.Interface] {
    let names = Set(configuration.interfaces.map(\.name) + configuration.paths.map(\.interface))
    return names.sorted().map { name in
      let link = snapshot.links.values.first { $0.name == name }
      return StatusReport.Interface(
        name: name, index: link.map { Int($0.index) }, up: link?.flags.contains(.up) ?? false,
        carrier: link?.isUsable ?? false, mtu: link.map { Int($0.mtu) },
        addresses: outcome?.observed.inside[name]?.addresses.map { "\($0.prefix)" } ?? [])
    }
  }

  /// Adds the routes of the last look at the kernel; how many each group has in all.
  private func addRoutes(to report: inout StatusReport) -> [String: Int] {
    var counts: [String: Int] = [:]
    let own = outcome?.observed.routes.own ?? [:]
    for route in desired.routes {
      let isInstalled = own[route.key]?.satisfies(route) ?? false
      var group: String?
      if case .group(_, let name) = route.target {
        group = name
        if isInstalled { counts[name, default: 0] += 1 }
      }
      guard report.routes.count < Self.shownRoutes else {
        report.routesOmitted += 1
        continue
      }
      report.routes.append(
        StatusReport.Route(
          prefix: "\(route.key.prefix)", table: route.key.table, metric: route.key.metric, group: group,
          installed: isInstalled))
    }
    return counts
  }

  private func namespaceStatus() -> StatusReport.Namespace {
    let identity = namespaceIdentity.map { "\($0)" }
    guard case .named(let name) = configuration.namespace else {
      return StatusReport.Namespace(state: .healthy, identity: identity)
    }
    let problem = isNamespaceNamed ? nil : problems.first { $0.key.contains("namespace") }?.value
    return StatusReport.Namespace(
      name: name, path: NetworkNamespace.path(named: name),
      state: identity == nil ? .absent : isNamespaceNamed ? .healthy : .broken, identity: identity,
      detail: problem?.what)
  }

  private func hostName() -> String? {
    var buffer = [UInt8](repeating: 0, count: 256)
    guard gethostname(&buffer, buffer.count - 1) == 0 else { return nil }
    return String(decoding: buffer.prefix { $0 != 0 }, as: UTF8.self)
  }
}
