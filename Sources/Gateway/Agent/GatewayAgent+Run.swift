import BFD
import ConfigurationFile
import Control
import Glibc
import Netlink
import Languages
import NamespaceDiagnosis
import NetworkNamespaces
import Runtime
import Speaker

extension GatewayAgent {
  static let firstBackoff: Int64 = 1_000_000_000
  private static let longestBackoff: Int64 = 30_000_000_000
  /// Between two looks at the machine when nothing has happened.
  private static let idleInterval: Int64 = 30_000_000_000
  /// From an event to the look at the machine: events come in bursts.
  private static let settleDelay: Int64 = 50_000_000
  /// Between two looks at the namespace's name when no event tells of it: there may be none on an odd file system.
  private static let namespaceInterval: Int64 = 10_000_000_000
  /// From the loss of the namespace's name to its repair: `ip netns del` unmounts first, and removes the file then.
  private static let namespaceDelay: Int64 = 100_000_000
  /// Between two attempts to start the engine: without it there is no BFD.
  private static let engineInterval: Int64 = 1_000_000_000
  /// Between two looks at the machine because others change routes.
  private static let routeInterval: Int64 = 1_000_000_000

  /// Runs until SIGTERM or SIGINT, and for as long as draining takes after that.
  public mutating func run() {
    log.write(
      .info, .program, to: "started",
      "everway \(options.version) started, pid \(getpid()), configuration \(options.source.name)")
    watch(signals.descriptor, control.descriptor, reports.descriptor, homeMonitor.descriptor)
    if case .live(let live) = options.source { watch(live.news.descriptor) }
    if let events = log.events { watch(events.descriptor) }
    watchNamespaces()
    turn(at: MonotonicClock.now())
    tellServiceManager("READY=1")
    expectSignOfLife()
    while !hasStopped {
      var isNamespaceNews = false
      poller.wait(until: nextDeadline, now: MonotonicClock.now()) { [namespaceWatch] descriptor in
        if descriptor == namespaceWatch.files || descriptor == namespaceWatch.mounts { isNamespaceNews = true }
      }
      if isNamespaceNews {
        namespaceWatch.drain()
        checkNamespaceAt = MonotonicClock.now()
      }
      turn(at: MonotonicClock.now())
    }
    engine?.join()
    if !configuration.drain.keepRoutes { removeEverything() }
    log.write(.info, .program, to: "stopped", "everway stopped")
    // The last word; who watches reads it although the connection ends with it.
    runObservation(at: MonotonicClock.now())
    endCompanions()
  }

  private var nextDeadline: Instant {
    let controlled = control.nextDeadline.map { Instant(nanoseconds: $0.wholeNanoseconds) } ?? .distantFuture
    let watched = min(min(nextStreamDeadline, nextObservation), nextCompanion)
    let server = min(min(min(controlled, watched), writeCapturesAt), min(watchdogAt, realtime.restoreAt))
    if isStopping || isAtRest { return server }
    return min(min(server, engine == nil ? startEngineAt : .distantFuture), min(reconcileAt, checkNamespaceAt))
  }

  private mutating func turn(at now: Instant) {
    for signal in signals.receive() { heed(signal) }
    let news = reports.receive()
    record(
      news.compactMap { if case .event(let event) = $0 { event } else { nil } },
      news.compactMap { if case .wentDown(let kept) = $0 { kept } else { nil } })
    for report in news { take(report, at: now) }
    if now >= writeCapturesAt { writeCaptures(at: now) }
    keepDiscriminators()
    takeEvents(at: now)
    takeLiveNews()
    if !isStopping, !isAtRest, now >= checkNamespaceAt {
      checkNamespace(at: now)
      checkNamespaceAt = now + Self.namespaceInterval
    }
    if !isStopping, !isAtRest, now >= reconcileAt { reconcile(at: now) }
    if !isStopping, !isAtRest, engine == nil, now >= startEngineAt { startEngine(at: now) }
    runRealtime(at: now)
    if now >= watchdogAt { giveSignOfLife() }
    let clock = Duration.nanoseconds(MonotonicClock.now().nanoseconds)
    runStreams(now: clock)
    for request in control.run(now: clock) {
      if case .capture(let wanted) = request.command {
        beginCapture(request, wanted, now: clock)
        continue
      }
      if case .observe(let cursor) = request.command {
        beginObservation(request, after: cursor, now: clock)
        continue
      }
      if case .repair(let finding) = request.command {
        beginRepair(request, finding, now: clock)
        continue
      }
      let response = answer(request)
      control.respond(request.token, response, now: clock) { pace.rest() }
    }
    runObservation(at: MonotonicClock.now())
    runCompanions(at: MonotonicClock.now())
  }

  private mutating func heed(_ signal: Int32) {
    switch signal {
    case SIGHUP:
      if case .failure(let failure) = reload() {
        log.write(.warning, .configuration, ([failure.message] + failure.details).joined(separator: "\n"))
      }
    default:
      if isStopping || engine == nil {
        commands.send(.stop(drain: false))
        if engine == nil { hasStopped = true }
        return
      }
      isStopping = true
      tellServiceManager("STOPPING=1")
      log.write(.info, .program, to: "stopping", signal == SIGTERM ? "SIGTERM: stopping" : "interrupted: stopping")
      commands.send(.stop(drain: configuration.drain.onStop))
    }
  }

  private mutating func take(_ report: EngineReport, at now: Instant) {
    switch report {
    case .event: break  // recorded before
    case .groupChanged: reconcileAt = min(reconcileAt, max(now, reconciledAt + Self.settleDelay))
    case .remoteDiscriminator(let session, let discriminator): discriminators.note(session, discriminator)
    case .wentDown(let kept): keep(kept, at: now)
    case .stopped: hasStopped = true
    }
  }

  /// Once a turn, however many peers came up in it.
  private mutating func keepDiscriminators() {
    guard discriminators.isUnsaved else { return }
    if let problem = discriminators.save() {
      setProblem("discriminators", problem, help: NodeSecret.help(options.stateDirectory))
    } else {
      clearProblem("discriminators")
    }
  }

  /// Reads what links, addresses and routes have to tell, and has the machine looked at soon if it matters.
  private mutating func takeEvents(at now: Instant) {
    var areLinksNews = false
    var areRoutesNews = false
    func take(_ event: RouteEvent) {
      switch event {
      // Others may change theirs as often as they like; that one of ours went is news.
      case .routeRemoved(let route): if route.protocol == .everway { areRoutesNews = true }
      case .route: break
      case .lost: areRoutesNews = true
      default: areLinksNews = true
      }
    }
    do throws(NetlinkError) {
      while try homeMonitor.receive(take) {}
      while try gatewayMonitor?.receive(take) ?? false {}
      clearProblem("events")
    } catch {
      setProblem("events", "\(error)", help: error.hint)
    }
    if areLinksNews { reconcileAt = min(reconcileAt, now + Self.settleDelay) }
    if areRoutesNews {
      reconcileAt = min(reconcileAt, max(now + Self.settleDelay, reconciledAt + Self.routeInterval))
    }
  }

  /// Makes the machine what the configuration asks for, as far as it goes, and starts the engine once it can.
  private mutating func reconcile(at now: Instant) {
    let wasWatching = gatewayMonitor != nil
    do throws(NetlinkError) {
      try sockets.open()
      let outcome = try Reconciler.reconcile(desired, previous: previous, &sockets)
      if outcome.applied > 0 {
        log.write(
          .info, .repair, "\(outcome.applied) \(outcome.applied == 1 ? "change" : "changes") made to the machine")
      }
      previous = nil
      takeProblems(outcome.problems)
      self.outcome = outcome
      clearProblem("machine")
    } catch {
      setProblem("machine", "\(error)", help: error.hint)
    }
    if engine == nil { startEngine(at: now) }
    if namespaceIdentity == nil || !isNamespaceNamed { checkNamespace(at: now) }
    keepSecret()
    if !keys.problems.isEmpty {
      readKeys()
      commands.send(.setKeys(keys.chains))
    }
    // Once its addresses are there, the engine can make next hops that it could not make before.
    if engine != nil, outcome?.applied ?? 0 > 0 { commands.send(.refresh) }
    let isGood = !problems.values.contains { $0.isWorthRetrying }
    backoff = isGood ? Self.firstBackoff : min(backoff * 2, Self.longestBackoff)
    reconciledAt = MonotonicClock.now()
    reconcileAt = reconciledAt + (isGood ? Self.idleInterval : backoff)
    // What happened between the look and the subscription was told to nobody.
    if !wasWatching, gatewayMonitor != nil { reconcileAt = reconciledAt + Self.settleDelay }
  }

  private mutating func startEngine(at now: Instant) {
    startEngineAt = now + Self.engineInterval
    do {
      guard let namespace = try sockets.gatewayNamespace() else { return }
      if gatewayMonitor == nil {
        let monitor = try NetlinkMonitor(in: namespace, [.links, .addresses, .routes])
        watch(monitor.descriptor)
        gatewayMonitor = consume monitor
      }
      let opened = try Engine.open(
        configuration, keys: keys.chains, in: namespace, secret: secret,
        packets: options.engine ?? configuration.realtime.engine, remembered: discriminators.known,
        product: "everway \(options.version)",
        commands: commands, reports: reports)
      // Before memory is locked: what reading the configuration and starting needed stays out of it.
      MemoryUse.release()
      prepareRealtime()
      let thread = try EngineThread(opened, realtime: configuration.realtime)
      for refusal in thread.scheduling.refusals { log.write(.warning, .program, refusal) }
      engine = thread
      tellCPULimit()
      clearProblem("engine")
    } catch {
      setProblem("engine", "\(error)", help: nil)
    }
  }

  private func watch(_ descriptors: Int32...) {
    for descriptor in descriptors {
      // Only memory can run out here; the loop then goes by its deadlines.
      try? poller.watch(descriptor)
    }
  }

  private func watchNamespaces() {
    guard case .named = configuration.namespace else { return }
    // As above; without, it is looked at now and then.
    if namespaceWatch.files >= 0 { try? poller.watch(namespaceWatch.files) }
    if namespaceWatch.mounts >= 0 { try? poller.watch(urgent: namespaceWatch.mounts) }
  }

  /// Whether the name of the gateway's namespace still leads to the namespace that this process holds. When it does not,
  /// the plan says what to do about it.
  private mutating func checkNamespace(at now: Instant) {
    do {
      guard let held = try sockets.gatewayNamespace() else { return }
      let identity = try held.identity()
      namespaceIdentity = identity
      guard case .named(let name) = configuration.namespace else { return }
      let state = try NetworkNamespace.state(named: name)
      let isAsItWas = state == .healthy(identity)
      if isAsItWas != isNamespaceNamed {
        reconcileAt = min(reconcileAt, now + Self.namespaceDelay)
        if isAsItWas {
          log.write(.info, .namespace, of: name, to: "healthy", "namespace \(name) has its name back: \(identity)")
        } else {
          log.write(
            .warning, .namespace, of: name, to: "broken",
            "namespace \(name), \(identity), has lost its name: \(state.sentence.en)")
        }
      }
      isNamespaceNamed = isAsItWas
    } catch {
      setProblem("namespace", "\(error)", help: nil)
    }
  }

  /// Takes back what this process has put into the kernel, for `drain.keep-routes: false`.
  private mutating func removeEverything() {
    var empty = configuration
    empty.paths = []
    empty.groups = []
    empty.routes = []
    empty.rules = []
    do throws(NetlinkError) {
      let outcome = try Reconciler.reconcile(DesiredState(empty), previous: nil, &sockets)
      log.write(.info, .repair, "\(outcome.applied) routes, groups and next hops removed")
    } catch {
      log.write(.warning, .repair, "routes were left in place: \(error)")
    }
  }

  // MARK: - Problems

  /// Reads the key files. A session without a key neither speaks nor hears; files that cannot be used are looked at
  /// again until they can.
  mutating func readKeys() {
    let before = keys.problems
    keys = configuration.bfd.loadKeys()
    for old in before where !keys.problems.contains(where: { $0.file == old.file }) {
      clearProblem("key \(old.file)")
    }
    for problem in keys.problems { setProblem("key \(problem.file)", "BFD key \(problem)", help: problem.help) }
  }

  /// Writes the secret down, if that failed before.
  private mutating func keepSecret() {
    guard problems["secret"] != nil else { return }
    if let problem = NodeSecret.keep(secret, directory: options.stateDirectory) {
      setProblem("secret", problem, help: NodeSecret.help(options.stateDirectory))
    } else {
      clearProblem("secret")
    }
  }

  mutating func setProblem(_ subject: String, _ what: String, help: String?, isWorthRetrying: Bool = true) {
    guard problems[subject]?.what != what else { return }
    problems[subject] = AgentProblem(
      what: what, help: help, since: problems[subject]?.since ?? .now(), isWorthRetrying: isWorthRetrying)
    log.write(.warning, .problem, of: subject, to: "present", what)
  }

  mutating func clearProblem(_ subject: String) {
    if let gone = problems.removeValue(forKey: subject) {
      log.write(.info, .problem, of: subject, to: "gone", "no longer a problem: \(gone.what)")
    }
  }

  private mutating func takeProblems(_ found: [Problem]) {
    let subjects = Set(found.map { "plan: \($0.field) \($0.what)" })
    for subject in problems.keys where subject.hasPrefix("plan: ") && !subjects.contains(subject) {
      clearProblem(subject)
    }
    for problem in found {
      let place = problem.field.isEmpty ? "" : "\(problem.field): "
      setProblem(
        "plan: \(problem.field) \(problem.what)", place + problem.what, help: problem.remedy,
        isWorthRetrying: problem.severity == .error)
    }
  }
}
