import Addresses
import BFD
import CLinux
import ConfigurationFile
import Control
import Glibc
import Netlink
import Probing
import Runtime
import Speaker

extension Engine {
  /// Nanoseconds until what failed is tried again.
  private static let retryInterval: Int64 = 1_000_000_000

  /// Runs until told to stop.
  mutating func run() {
    let start = MonotonicClock.now()
    syncCapture()
    openSockets(at: start)
    syncBeaconPort(at: start)
    readKernel(at: start)
    adopt(at: start)
    core.prepareHolds(at: start)
    verify(at: start)
    watchDescriptors()
    sendReports()
    var now = start
    var news = News()
    while now < stopAt {
      turn(at: now, news)
      let deadline = min(
        min(min(min(speaker.nextDeadline, prober.nextDeadline), core.nextDeadline), beaconRoster.deadline),
        min(min(retryAt, verifyAt), stopAt))
      rest()
      news = News(ofLinks: false, ofCommands: false, ofAnything: false)
      let (links, commands) = (monitor.descriptor, commands.descriptor)
      poller.wait(until: deadline, now: MonotonicClock.now()) { descriptor in
        news.ofAnything = true
        if descriptor == links { news.ofLinks = true }
        if descriptor == commands { news.ofCommands = true }
      }
      now = MonotonicClock.now()
    }
    report(.stopped)
    sendReports()
  }

  /// Under a flood of packets that are discarded, many are read at once.
  private mutating func rest() {
    let pause = speaker.rest(at: MonotonicClock.now())
    guard pause > 0 else { return }
    var time = timespec(tv_sec: 0, tv_nsec: Int(pause))
    nanosleep(&time, nil)
  }

  /// What is worth a system call in this turn. The poller tells at most 16 descriptors at a time, and the others next
  /// time.
  private struct News {
    var ofLinks = true
    var ofCommands = true
    var ofAnything = true
  }

  /// One turn: what came in, what follows from it, and only then what can wait.
  private mutating func turn(at now: Instant, _ news: News) {
    turnBegan = now
    speaker.hasInput = news.ofAnything
    speaker.process(at: now)
    if news.ofLinks { takeLinkEvents(at: now) }
    takeSpeakerEvents()
    prober.run(at: now)
    takeProbeEvents(at: now)
    core.settle(at: now)
    applyEffects()
    if mayNeedRepair { repairGroups(at: now) }
    speaker.flush()
    passPackets()
    if now >= latenessMinute.dueAt {
      latenessMinute.mark(speaker.counters.lateness, worst: speaker.takeWorstLateness(), at: now)
    }
    if news.ofCommands { for command in commands.receive() { obey(command, at: now) } }
    if beaconRoster.isOpen { serveBeaconPort(at: now) }
    if now >= min(retryAt, verifyAt) {
      retryAt = .distantFuture
      if !areSocketsOpen || !foreign.isEmpty { openSockets(at: now) }
      syncBeaconPort(at: now)
      verify(at: now)
    }
    sendReports()
  }

  mutating func watchDescriptors() {
    do {
      for descriptor in speaker.descriptors + prober.descriptors + [monitor.descriptor, commands.descriptor] {
        try poller.watch(descriptor)
      }
    } catch {
      problem("engine", "\(error)", at: MonotonicClock.now())
    }
  }

  private mutating func obey(_ command: EngineCommand, at now: Instant) {
    switch command {
    case .reconfigure(let new):
      askedConfiguration = new
      reconfigure(beaconPort.applied(to: new), at: now)
    case .setKeys(let keys):
      keyChains = keys
      syncKeys(at: now)
      looked.forgetStamps()
    case .setDrained(let target, let drained, let reply):
      let isNews = core.setDrained(target, drained, at: now)
      looked.forgetStamps()
      core.settle(at: now)
      applyEffects()
      reply.fulfil(isNews)
    case .snapshot(let reply): reply.fulfil(snapshot(at: now))
    case .look(let takesPace, let reply): reply.fulfil(look(at: now, takesPace: takesPace))
    case .ping(let reply): reply.fulfil(())
    case .limitCPU(let share): limitCPU(to: share, at: now)
    case .watch(let feed, let includingDiscarded): watch(feed, includingDiscarded: includingDiscarded)
    case .lastPackets(let name, let reply): reply.fulfil(keptPackets(of: name))
    case .refresh: verify(at: now)
    case .stop(let drain): stop(drain: drain, at: now)
    }
  }

  mutating func reconfigure(_ new: GatewayConfiguration, at now: Instant) {
    let oldPeers = configuration.bfd.peers
    let oldNames = core.model.peers
    let oldModel = core.model.probes
    configuration = new
    looked.forgetStamps()
    syncCapture()
    core.reconfigure(new, at: now)
    core.prepareHolds(at: now)
    assignIDs()
    // Peers are known by name: one that kept its name keeps its session, under its new number.
    let places = Dictionary(new.bfd.peers.enumerated().map { ($1.name, $0) }) { first, _ in first }
    var kept = NumberedTable<InstalledPeer>(count: new.bfd.peers.count)
    var keptSessions: Set<Int> = []
    for (number, installed) in installedPeers.entries {
      guard let place = places[oldPeers[number].name] else {
        endSession(installed.session, at: now)
        continue
      }
      var installed = installed
      let (old, new) = (oldPeers[number], new.bfd.peers[place])
      installed.isCurrent =
        installed.isCurrent && isSame(old, on: installed.interface, new, on: installed.interface)
      kept[place] = installed
      keptSessions.insert(installed.session)
      peerOfSession[installed.session] = place
    }
    installedPeers = kept
    // Probes are numbered anew: those that go on are found again by what they ask.
    let oldProbes = runningProbes
    runningProbes = [:]
    for (number, running) in oldProbes {
      let place = core.model.probes.indices.first {
        runningProbes[$0] == nil && core.model.probes[$0] == oldModel[number]
      }
      if let place { runningProbes[place] = running } else { prober.remove(running.index) }
    }
    for (session, peer) in peerOfSession.entries where !keptSessions.contains(session) {
      peerOfSession[session] = core.model.peers.firstIndex(of: oldNames[peer])
    }
    // Each is told again if it is still there; what the sockets lack is known already.
    problems = problems.filter { $0.key.hasPrefix("BFD sockets") }
    openSockets(at: now)
    syncBeaconPort(at: now)
    verify(at: now)
  }

  private mutating func stop(drain: Bool, at now: Instant) {
    guard drain else {
      stopAt = now
      return
    }
    core.setDrained(.node, true, at: now)
    core.settle(at: now)
    applyEffects()
    speaker.run(at: now)
    let sessions = speaker.indices.compactMap { speaker.view($0)?.session }
    let longest = sessions.reduce(Int64(0)) { max($0, Drainage.time(for: $1)) }
    // A peer with minutes of detection time is not waited for longer than a service manager would wait.
    stopAt = now + min(longest, 30_000_000_000)
    let isSilent = sessions.contains { $0.isMute }
    let isTold = sessions.contains { !$0.isMute } || sessions.isEmpty
    let how = [isTold ? "every peer is told AdminDown" : "", isSilent ? "OVN hears nothing more" : ""]
    log(
      .info, .drain,
      "draining for \(stopAt.duration(since: now)): \(how.filter { !$0.isEmpty }.joined(separator: ", ")), "
        + "traffic is still forwarded")
  }

  // MARK: - Telling

  /// Goes out at the end of the turn.
  mutating func report(_ report: EngineReport) { unsentReports.append(report) }

  private mutating func sendReports() {
    guard !unsentReports.isEmpty else { return }
    reports.send(contentsOf: unsentReports)
    unsentReports.removeAll(keepingCapacity: true)
  }

  mutating func log(_ level: GatewayEvent.Level, _ kind: Event.Kind, of name: String? = nil, _ text: String) {
    report(.event(GatewayEvent(at: MonotonicClock.now(), level: level, kind, of: name, text)))
  }

  mutating func problem(_ subject: String, _ error: NetlinkError, at now: Instant) {
    problem(subject, "\(error)", help: error.hint, at: now)
  }

  /// Something failed: it is told once, and tried again until it works.
  mutating func problem(_ subject: String, _ text: String, help: String? = nil, at now: Instant) {
    retryAt = min(retryAt, now + Self.retryInterval)
    mention(subject, text, help: help, at: now)
  }

  /// The same for what trying again does not mend.
  mutating func mention(_ subject: String, _ text: String, help: String? = nil, at now: Instant) {
    let what = "\(subject): \(text)"
    guard problems[subject]?.what != what else { return }
    problems[subject] = EngineProblem(what: what, help: help, since: problems[subject]?.since ?? now)
    log(.warning, .problem, of: subject, what)
  }

  mutating func solved(_ subject: String) {
    if problems.removeValue(forKey: subject) != nil { log(.info, .problem, of: subject, "\(subject): works again") }
  }

  /// - Parameter sessions: the numbers of those to tell of; nil: all.
  mutating func snapshot(at now: Instant, of sessions: [Int]? = nil) -> EngineSnapshot {
    let sessions = (sessions ?? speaker.indices).compactMap { index -> EngineSnapshot.SessionEntry? in
      guard let view = speaker.view(index), let peer = peerOfSession[index] else { return nil }
      return EngineSnapshot.SessionEntry(
        name: core.model.peers[peer], isRule: peer >= core.model.namedPeers, hold: core.hold(of: peer),
        reason: core.holdReason(of: peer), view: view)
    }
    return EngineSnapshot(
      at: now, core: core, sessions: sessions, links: links, nextHopIDs: nextHopIDs, groupIDs: groupIDs,
      failovers: failovers, failoverCounts: failoverCounts,
      probes: probeStatus(), counters: speaker.counters,
      lateness: latenessMinute.view(speaker.counters.lateness, worst: speaker.takeWorstLateness()),
      engine: speaker.engineView,
      sourcePortIPv4: speaker.sourcePort(.ipv4), sourcePortIPv6: speaker.sourcePort(.ipv6),
      keyChains: Dictionary(keyChainNumbers.map { ($1, $0) }, uniquingKeysWith: { first, _ in first }),
      problems: (Array(problems.values) + Array(keyProblems.values)).sorted { $0.what < $1.what })
  }
}
