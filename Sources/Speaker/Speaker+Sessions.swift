import Addresses
public import BFD
import CLinux
import Capture
import EBPF

extension Speaker {
  /// Makes room for so many sessions, so that tables are not copied time and again as they grow.
  public mutating func reserve(_ sessions: Int) {
    slots.reserve(sessions)
    wheel.reserve(sessions)
    rings.reserve(sessions)
  }

  /// Starts a session; its number, or nil when one with the same key exists (RFC 5882 section 4.4: clients of one
  /// peer share one session).
  public mutating func add(_ settings: SessionSettings, at now: Instant) -> Int? {
    add(settings, rule: nil, at: now)
  }

  mutating func add(_ wanted: SessionSettings, rule: Int?, at now: Instant) -> Int? {
    var settings = wanted
    settings.parameters = wanted.parameters.applicable(to: wanted.key.pathType)
    guard demultiplexer.index(of: settings.key) == nil else { return nil }
    var attempt: UInt32 = 0
    var discriminator = discriminators.discriminator(for: settings.key, attempt: attempt)
    while demultiplexer.contains(discriminator: discriminator) {
      attempt += 1
      discriminator = discriminators.discriminator(for: settings.key, attempt: attempt)
    }
    if settings.parameters.compatibility.contains(.ovn) { hasHintedSessions = true }
    let index = free.popLast() ?? slots.count
    let entry = Demultiplexer.Entry(
      key: settings.key, localDiscriminator: discriminator, localAddress: settings.localAddress,
      minimumTimeToLive: settings.minimumTimeToLive)
    guard demultiplexer.insert(entry, index: index) else {
      free.append(index)
      return nil
    }
    let slot = Slot(
      session: Session(
        localDiscriminator: discriminator, configuration: settings.parameters, at: now, random: random.next()),
      settings: settings, route: Self.route(for: settings), transmitter: transmitter(for: settings),
      frame: frameHeader(of: settings), rule: rule,
      dampening: settings.dampening.map { Dampening($0) }, lonelySince: rule == nil ? nil : now)
    let isNew = index == slots.count
    slots.put(slot, at: index)
    if isNew {
      wheel.reserve(slots.count)
      rings.reserve(slots.count)
    } else {
      rings.clear(index)
    }
    filterSession(index, discriminator)
    updateUnknownDropping()
    startAuthentication(index, at: now)
    openEcho(for: index)
    arm(index)
    return index
  }

  private static func route(for settings: SessionSettings) -> UnsafeMutablePointer<cl_tx_route>? {
    if settings.key.pathType == .linkAggregationMember {
      let route = UnsafeMutablePointer<cl_tx_route>.allocate(capacity: 1)
      route.initialize(to: cl_tx_route())
      cl_tx_route_set_link(
        route, settings.remoteAddress?.family == .ipv6, settings.key.interface, MemberPort.multicast)
      return route
    }
    return settings.remoteAddress.map {
      .route(
        to: $0, port: BFDPort.destination(settings.key.pathType), from: settings.localAddress,
        interface: settings.key.interface)
    }
  }

  /// Ends a session without a word to the peer; `hold` first to tell it.
  public mutating func remove(_ index: Int) {
    guard let slot = slots[index]?.pointee else { return }
    send()  // nothing queued may refer to the route any more
    wheel.cancel(index)
    demultiplexer.remove(index: index)
    slot.route?.deallocate()
    forgetWay(of: index)
    if slot.isImpatient { impatient -= 1 }
    filter?.remove(index)
    closeEcho(of: index)
    if let rule = slot.rule, sessionsByRule.indices.contains(rule) { sessionsByRule[rule] -= 1 }
    slots.remove(index)
    free.append(index)
  }

  /// Asks a peer whether it is alive (RFC 5880 section 6.6): a Poll Sequence, whose failure ends a session in Demand
  /// mode.
  public mutating func verify(_ index: Int) {
    guard slots.indices.contains(index) else { return }
    slots[index]?.pointee.session.verify()
    arm(index)
  }

  /// Takes new settings without disturbing the session (RFC 5880 section 6.8.3): those of the same key and addresses.
  /// - Returns: false when they are another session's; then nothing is changed.
  @discardableResult
  public mutating func configure(_ index: Int, _ settings: SessionSettings) -> Bool {
    guard slots.indices.contains(index), let old = slots[index]?.pointee.settings, old.isSameSession(as: settings)
    else {
      return false
    }
    catchUp(index)
    if settings.parameters.compatibility.contains(.ovn) { hasHintedSessions = true }
    updateUnknownDropping()
    let parameters = settings.parameters.applicable(to: settings.key.pathType)
    slots[index]?.pointee.settings = settings
    slots[index]?.pointee.settings.parameters = parameters
    slots[index]?.pointee.settings.remoteAddress = old.remoteAddress
    slots[index]?.pointee.session.configure(parameters)
    openEcho(for: index)
    if old.keyChain != settings.keyChain { startAuthentication(index, at: MonotonicClock.now()) }
    if old.dampening != settings.dampening { setDampening(index, settings.dampening) }
    if old.parameters.packetSize != parameters.packetSize { seekWayAgain(of: index) }
    arm(index)
    return true
  }

  /// Makes a session say nothing and go on listening, as a path that fails in one direction would; or ends that.
  public mutating func setSuspended(_ index: Int, _ isSuspended: Bool) {
    guard let settings = slots[index]?.pointee.settings else { return }
    send()
    slots[index]?.pointee.isSuspended = isSuspended
    let descriptor = isSuspended ? -1 : transmitter(for: settings)
    slots[index]?.pointee.transmitter = descriptor
  }

  /// Tells a session what discriminator its peer may have; see `Compatibility.ovn`.
  public mutating func suggest(remoteDiscriminator: UInt32, to index: Int) {
    guard slots.indices.contains(index) else { return }
    slots[index]?.pointee.session.suggest(remoteDiscriminator: remoteDiscriminator)
  }

  /// Tells a session what discriminator its peer publishes now; see `Session.publish`.
  /// - Returns: whether that is news.
  @discardableResult
  public mutating func publish(remoteDiscriminator: UInt32, to index: Int) -> Bool {
    guard slots.indices.contains(index),
      slots[index]?.pointee.session.publish(remoteDiscriminator: remoteDiscriminator) == true
    else { return false }
    armEarlier(index)
    return true
  }

  /// Makes a session that an allow rule made one of its owner's, without disturbing it: same discriminators, same state.
  /// - Returns: false when it cannot go on with these settings, or no rule made it; it is as it was then.
  public mutating func promote(_ index: Int, _ settings: SessionSettings) -> Bool {
    guard let slot = slots[index]?.pointee, let rule = slot.rule,
      slot.settings.key == settings.key, slot.settings.remoteAddress == settings.remoteAddress,
      settings.minimumTimeToLive == slot.settings.minimumTimeToLive,
      settings.localAddress == nil || settings.localAddress == slot.settings.localAddress
    else { return false }
    if sessionsByRule.indices.contains(rule) { sessionsByRule[rule] -= 1 }
    slots[index]?.pointee.rule = nil
    slots[index]?.pointee.isNamed = false
    slots[index]?.pointee.lonelySince = nil
    var going = slot.settings
    going.takeOptions(of: settings)
    configure(index, going)
    return true
  }

  /// Replaces the allow rules; sessions that came by a rule which is gone are removed, those of active rules that name
  /// one host are made.
  public mutating func setRules(_ new: [AllowRule], at now: Instant = MonotonicClock.now()) {
    let old = rules
    rules = new
    for index in slots.indices {
      guard let rule = slots[index]?.pointee.rule ?? nil else { continue }
      let kept = new.firstIndex { $0.isSame(as: old[rule]) }
      if let kept {
        slots[index]?.pointee.rule = kept
        guard var settings = slots[index]?.pointee.settings else { continue }
        settings.takeOptions(of: new[kept])
        if settings != slots[index]?.pointee.settings { configure(index, settings) }
      } else {
        remove(index)
        events.append(.removed(session: index))
      }
    }
    sessionsByRule = new.indices.map { rule in slots.indices.count { slots[$0]?.pointee.rule == rule } }
    for rule in new.indices { startNamed(rule, at: now) }
  }

  /// Makes the session of an active rule that names one host, unless that host has one: some peers say nothing, or
  /// nothing more, until they are spoken to (OVN 23.03, OpenBFDD).
  private mutating func startNamed(_ number: Int, at now: Instant) {
    let rule = rules[number]
    let isActiveHost = rule.prefix.isHost && rule.parameters.role == .active
    for index in slots.indices
    where slots[index]?.pointee.rule == number && slots[index]?.pointee.isNamed != isActiveHost {
      slots[index]?.pointee.isNamed = isActiveHost
      let isLonely = slots[index]?.pointee.session.remote == nil
      slots[index]?.pointee.lonelySince = isLonely ? now : nil
      arm(index)
    }
    // Over several hops, or one for each local address, a session needs an address of ours; the rule has none.
    guard isActiveHost, sessionsByRule[number] == 0, rule.pathType == .singleHop, !rule.byLocalAddress else {
      return
    }
    // An interface that is missing has the largest number, and lets nobody in; a link-local host has no place without one.
    guard rule.interface != .max, rule.interface != 0 || !rule.prefix.address.isLinkLocal else { return }
    let settings = SessionSettings(
      key: SessionKey(
        peer: .address(rule.prefix.address, interface: rule.interface), pathType: rule.pathType, domain: rule.domain
      ),
      remoteAddress: rule.prefix.address, minimumTimeToLive: rule.minimumTimeToLive, parameters: rule.parameters,
      keyChain: rule.keyChain)
    guard let index = add(settings, rule: number, at: now) else { return }
    slots[index]?.pointee.isNamed = true
    sessionsByRule[number] += 1
    events.append(.created(session: index, rule: number, settings))
    if let hold = rule.hold { self.hold(index, hold, at: now) }
  }

  /// The session with a key.
  public func index(of key: SessionKey) -> Int? { demultiplexer.index(of: key) }

  /// A session as it is now; nil when there is none of that number.
  public func view(_ index: Int) -> SessionView? {
    guard let slot = caughtUp(index) else { return nil }
    return SessionView(
      settings: slot.settings, localAddress: slot.settings.localAddress ?? slot.heardAt, session: slot.session,
      counters: slot.counters, rule: slot.rule,
      lastTransition: slot.lastTransition, keys: slot.settings.keyChain.map { KeyChainView(keys($0)) },
      hold: slot.hold, dampening: slot.dampening, echo: echoView(index))
  }

  /// The numbers of all sessions.
  public var indices: [Int] { slots.indices.filter { slots[$0] != nil } }

  mutating func record(_ transition: Transition?, of index: Int) {
    guard let transition else { return }
    slots[index]?.pointee.lastTransition = transition
    if transition.from == .up {
      slots[index]?.pointee.counters.downs += 1
      slots[index]?.pointee.counters.lastDown = transition.at
      if !links.isEmpty { noteUnheard(index, at: transition.at) }
    }
    if transition.to == .up {
      slots[index]?.pointee.counters.lastUp = transition.at
      seekWay(of: index)
    }
    if transition.to == .adminDown { slots[index]?.pointee.counters.adminDowns += 1 }
    events.append(.transition(session: index, transition))
    if transition.isFailure { dampen(index, failedAt: transition.at) }
  }
}
