import Addresses
import BFD
import ConfigurationFile
import Control
import Netlink
import Speaker

extension Engine {
  /// Makes the speaker's sessions what the configuration says, as far as their interfaces are there. A session whose
  /// settings did not change is not touched.
  mutating func syncSessions(at now: Instant) {
    openMembers(at: now)
    syncKeys(at: now)
    speaker.reserve(configuration.bfd.peers.count)
    for (number, peer) in configuration.bfd.peers.enumerated() {
      defer { publishDiscriminator(of: number) }
      // Nil as long as the peer's interface is missing.
      let interface = interfaceIndex(peer.interface, peer.reach)
      if let installed = installedPeers[number] {
        if let interface {
          if installed.isCurrent, isSame(peer, on: installed.interface, peer, on: interface) { continue }
          if speaker.configure(installed.session, settings(of: peer, interface)) {
            installedPeers[number] = InstalledPeer(session: installed.session, interface: interface)
            continue
          }
        }
        endSession(of: number, at: now)
      }
      if let interface { startSession(of: number, peer, interface, at: now) }
    }
    // The first session with echo has opened sockets.
    if areSocketsOpen { watchDescriptors() }
    syncRules(at: now)
  }

  /// Holds a session, or lets it go, unless it is so already.
  private mutating func align(_ session: Int, _ hold: Session.Hold?, at now: Instant) {
    guard let view = speaker.view(session), view.hold != hold else { return }
    if let hold { speaker.hold(session, hold, at: now) } else { speaker.release(session, at: now) }
  }

  private mutating func startSession(
    of peer: Int, _ configured: GatewayConfiguration.BFDPeer, _ interface: UInt32, at now: Instant
  ) {
    let settings = settings(of: configured, interface)
    // An allow rule may have made a session with this peer before it was named: it goes on under its name.
    if let unnamed = speaker.index(of: settings.key) {
      looked.forgetStamps()
      if speaker.promote(unnamed, settings) {
        installedPeers[peer] = InstalledPeer(session: unnamed, interface: interface)
        peerOfSession[unnamed] = peer
        align(unnamed, core.hold(of: peer), at: now)
        if speaker.view(unnamed)?.session.state == .up { core.peerChanged(peer, .up, at: now) }
        solved("peer \(core.model.peers[peer])")
        return
      }
      peerOfSession[unnamed] = nil
      speaker.remove(unnamed)
    }
    looked.touchAll()
    guard let session = speaker.add(settings, at: now) else {
      problem(
        "peer \(core.model.peers[peer])", "another session with the same address and interface exists", at: now)
      return
    }
    solved("peer \(core.model.peers[peer])")
    installedPeers[peer] = InstalledPeer(session: session, interface: interface)
    peerOfSession[session] = peer
    suggestDiscriminator(to: session)
    if let hold = core.hold(of: peer) { speaker.hold(session, hold, at: now) }
  }

  /// Ends a session, telling the peer that it is no failure.
  private mutating func endSession(of peer: Int, at now: Instant) {
    guard let installed = installedPeers.remove(peer) else { return }
    endSession(installed.session, at: now)
    // What the old session said is not the next one's word.
    core.peerChanged(peer, .pending, at: now)
  }

  mutating func endSession(_ session: Int, at now: Instant) {
    looked.touchAll()
    peerOfSession[session] = nil
    let isOVN = speaker.view(session)?.settings.parameters.compatibility.contains(.ovn) == true
    // Who is to notice by the silence alone is not told anything at the end either.
    if speaker.view(session)?.session.isMute != true, configuration.drain.tell(isOVN ? .ovn : .none) == .adminDown {
      speaker.hold(session, .administrativelyDown, at: now)
      speaker.run(at: now)
    }
    speaker.remove(session)
  }

  /// Whether both ask for a session with the same settings.
  mutating func isSame(
    _ a: GatewayConfiguration.BFDPeer, on interfaceOfA: UInt32, _ b: GatewayConfiguration.BFDPeer,
    on interfaceOfB: UInt32
  ) -> Bool {
    interfaceOfA == interfaceOfB && a == b || settings(of: a, interfaceOfA) == settings(of: b, interfaceOfB)
  }

  private mutating func settings(of peer: GatewayConfiguration.BFDPeer, _ interface: UInt32) -> SessionSettings {
    SessionSettings(
      key: SessionKey(
        peer: key(of: peer, interface: interface), pathType: peer.pathType, domain: peer.reach.domain),
      remoteAddress: peer.address, localAddress: peer.localAddress, minimumTimeToLive: peer.minimumTTL,
      parameters: SessionConfiguration(peer),
      keyChain: peer.keyChain.map { number(ofKeyChain: $0) },
      dampening: peer.dampening.map { Dampening.Settings($0) })
  }

  private func key(of peer: GatewayConfiguration.BFDPeer, interface: UInt32) -> SessionKey.Peer {
    if peer.pointToPoint { return .pointToPoint(interface: interface) }
    if peer.reach.multihop, let local = peer.localAddress { return .pair(local: local, remote: peer.address) }
    return .address(peer.address, interface: interface)
  }

  mutating func syncRules(at now: Instant) {
    let rules = configuration.bfd.allow.enumerated().map { number, allow in
      AllowRule(
        prefix: allow.prefix,
        // An interface that is missing lets nobody in: no interface has the largest number.
        interface: interfaceIndex(allow.interface, allow.reach) ?? .max,
        pathType: allow.reach.pathType, domain: allow.reach.domain, maximumSessions: allow.maxSessions,
        minimumTimeToLive: allow.minimumTTL,
        parameters: SessionConfiguration(allow),
        keyChain: allow.keyChain.flatMap { keyChainNumbers[$0] },
        dampening: allow.dampening.map { Dampening.Settings($0) },
        hold: core.hold(of: core.model.namedPeers + number))
    }
    if rules != speaker.rules { speaker.setRules(rules) }
    // An entry that has another name or number now keeps the sessions that it made.
    for session in speaker.indices {
      guard let rule = speaker.view(session)?.rule else { continue }
      peerOfSession[session] = core.model.namedPeers + rule
      looked.touchAll()
      align(session, rules[rule].hold, at: now)
    }
  }

  /// Takes what the speaker has to tell to the core.
  mutating func takeSpeakerEvents() {
    guard !speaker.events.isEmpty else { return }
    let events = speaker.events
    speaker.events.removeAll(keepingCapacity: true)
    for event in events {
      switch event {
      case .transition(let session, let transition): take(transition, of: session)
      case .created(let session, let rule, let settings):
        looked.touchAll()
        let peer = core.model.namedPeers + rule
        peerOfSession[session] = peer
        suggestDiscriminator(to: session)
        let from = settings.remoteAddress.map { "\($0)" } ?? "?"
        log(
          .info, .session, of: name(of: session),
          "BFD session with \(from) made by allow entry \(core.model.peers[peer])")
      case .removed(let session):
        looked.touchAll()
        if let peer = peerOfSession.remove(session) {
          log(
            .info, .session, of: core.model.peers[peer],
            "BFD session \(session) of allow entry \(core.model.peers[peer]) removed: silent")
        }
      case .keysChanged(let chain, let keys):
        keysChanged(chain, keys, at: turnBegan)
        looked.forgetStamps()
      case .dampened(let session, let until):
        looked.touch(session)
        tellDampened(session, until: until)
      case .undampened(let session):
        looked.touch(session)
        guard let peer = peerOfSession[session] else { continue }
        log(
          .info, .session, of: core.model.peers[peer],
          "BFD \(core.model.peers[peer]): held for flapping long enough, may come up again")
      }
    }
  }

  private mutating func tellDampened(_ session: Int, until: Instant) {
    guard let peer = peerOfSession[session], let dampening = speaker.view(session)?.dampening else { return }
    let failed = speaker.view(session)?.lastTransition?.at ?? until
    log(
      .warning, .session, of: core.model.peers[peer],
      "BFD \(core.model.peers[peer]) flaps: held Down for \(until.duration(since: failed)) "
        + "(hold \(dampening.holds) so far)")
  }

  private mutating func take(_ transition: Transition, of session: Int) {
    noteForBeacon(transition, of: session)
    looked.touch(session)
    guard let peer = peerOfSession[session] else { return }
    if transition.to == .up { rememberDiscriminator(of: session) }
    if transition.from == .up { noteFallen(transition, of: session) }
    let name = core.model.peers[peer]
    var text = "BFD \(name): \(transition.from) -> \(transition.to)"
    if transition.diagnostic != .none { text += ", \(transition.diagnostic)" }
    if let remote = transition.remoteDiagnostic, remote != .none { text += " (peer: \(remote))" }
    report(.event(event(of: transition, session, text)))
    guard peer < core.model.namedPeers, let verdict = verdict(of: transition, name) else { return }
    core.peerChanged(peer, verdict, at: transition.at)
  }

  private func event(of transition: Transition, _ session: Int, _ text: String) -> GatewayEvent {
    var event = GatewayEvent(
      at: transition.at, level: transition.isFailure ? .warning : .info, .session, of: name(of: session),
      from: StatusReport.SessionState(transition.from).rawValue,
      to: StatusReport.SessionState(transition.to).rawValue,
      text)
    guard let view = speaker.view(session) else { return event }
    event.session = GatewayEvent.SessionPart(
      discriminator: view.session.localDiscriminator, peerAddress: view.settings.remoteAddress.map { "\($0)" },
      transition: transition)
    return event
  }

  /// What a transition says of the paths that go by this peer; nil when it says nothing new.
  private func verdict(of transition: Transition, _ name: String) -> Verdict? {
    if transition.to == .up { return .up }
    switch transition.cause {
    case .administrative:
      let isReleased = transition.to == .down && transition.diagnostic == .none
      return isReleased ? .pending : .suspended
    case .neighborAdministrativelyDown: return .left("BFD peer \(name) is AdminDown")
    case .detectionTimeExpired where transition.isFailure, .echoFailed where transition.isFailure:
      return .down("BFD \(name): \(transition.diagnostic)")
    case .neighborSignaledDown where transition.isFailure:
      let said = transition.remoteDiagnostic.map { $0 == .none ? "" : ": \($0)" } ?? ""
      return .down("BFD peer \(name) signaled Down\(said)")
    case .handshake, .detectionTimeExpired, .echoFailed, .neighborSignaledDown: return nil
    }
  }
}

extension SessionConfiguration {
  init(_ allow: GatewayConfiguration.BFDAllow) {
    self.init(allow.timers, role: allow.mode == .active ? .active : .passive)
    compatibility = Compatibility(allow.compatibility)
  }

  init(_ peer: GatewayConfiguration.BFDPeer) {
    self.init(
      peer.timers, role: peer.mode == .passive ? .passive : .active, isUnaffiliated: peer.mode == .unaffiliatedEcho)
    seamlessDiscriminator = peer.seamlessDiscriminator
    compatibility = Compatibility(peer.compatibility)
    // A reflector keeps no state, so it cannot be asked to be silent.
    if seamlessDiscriminator != nil { demand = nil }
  }

  init(_ timers: GatewayConfiguration.BFDTimers, role: Role, isUnaffiliated: Bool = false) {
    self.init(
      desiredMinTx: Interval(timers.transmitInterval) ?? .milliseconds(300),
      requiredMinRx: Interval(timers.receiveInterval) ?? .milliseconds(300),
      detectMultiplier: UInt8(clamping: max(1, timers.detectMultiplier)), role: role)
    if isUnaffiliated {
      let interval = timers.echo?.transmitInterval.flatMap { Interval($0) } ?? desiredMinTx
      echo = EchoParameters(transmitInterval: interval, kind: .unaffiliated)
    } else {
      if let interval = timers.echo?.transmitInterval.flatMap({ Interval($0) }) {
        let control = timers.echo.flatMap { Interval($0.controlInterval) } ?? .slow
        echo = EchoParameters(transmitInterval: interval, kind: .affiliated(requiredMinRx: control))
      }
      requiredMinEchoRx = timers.echo?.receiveInterval.flatMap { Interval($0) } ?? .zero
      demand = timers.demand.map { DemandMode(verificationInterval: Interval($0.pollInterval)) }
    }
    packetSize = UInt16(clamping: timers.packetSize ?? 0)
  }
}

extension Dampening.Settings {
  init(_ settings: GatewayConfiguration.Dampening) {
    self.init(
      threshold: settings.threshold, window: settings.window.wholeNanoseconds,
      initialHold: settings.initialHold.wholeNanoseconds, maximumHold: settings.maximumHold.wholeNanoseconds,
      forgetAfter: settings.forgetAfter.wholeNanoseconds)
  }
}
