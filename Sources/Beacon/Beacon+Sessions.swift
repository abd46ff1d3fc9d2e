import Addresses
import BFD
import OpenBFDD
import OpenBFDDServer
import Speaker

extension Beacon {
  // MARK: What the speaker tells

  /// Takes note of what happened.
  mutating func takeEvents(at now: Instant) {
    guard !speaker.events.isEmpty else { return }
    let events = speaker.events
    speaker.events.removeAll(keepingCapacity: true)
    for event in events {
      switch event {
      case .created(let number, _, let settings): adopt(number, settings, at: now)
      case .transition(let number, let transition): note(transition, of: number, at: now)
      case .removed(let number): forget(number)
      default: break
      }
    }
  }

  /// A peer spoke to an address of ours that we did not speak to it from: a session of its own, ours from now on.
  private mutating func adopt(_ number: Int, _ settings: SessionSettings, at now: Instant) {
    guard let remote = settings.remoteAddress, let local = settings.localAddress else { return }
    var own = settings
    own.parameters.role = .active
    _ = speaker.promote(number, own)
    enter(number, AddressPair(local: local, remote: remote), at: now)
    show(number, at: now, .down)
  }

  private mutating func note(_ transition: Transition, of number: Int, at now: Instant) {
    guard entries[number] != nil else { return }
    if isHeard(number) { show(number, at: transition.at, transition.from) }
    entries[number]?.note(transition.to, at: transition.at)
    guard let id = entries[number]?.id else { return }
    if transition.cause == .detectionTimeExpired {
      log.write(.session, "Session (id=\(id)) detection timeout.")
    }
    log.write(.session, "(id=\(id)) Session transition from \(transition.from) to \(transition.to)")
  }

  // MARK: The list

  private mutating func enter(_ number: Int, _ pair: AddressPair, at now: Instant) {
    var entry = RosterEntry(pair, at: now)
    entry.adminUpPoll = adminUpPollDefault
    entries[number] = entry
    numbers[pair] = number
  }

  /// Forgets a session that the speaker no longer has.
  private mutating func forget(_ number: Int) {
    guard let entry = entries.removeValue(forKey: number) else { return }
    numbers[entry.pair] = nil
    guard let id = entry.id else { return }
    numbersByID[id] = nil
    log.write(.session, "Removed session \(entry.pair.local) to \(entry.pair.remote) id=\(id).")
  }

  /// Gives a session a number, so that it is shown; its history begins with a state.
  mutating func show(_ number: Int, at now: Instant, _ state: SessionState) {
    guard let entry = entries[number], entry.id == nil else { return }
    // 0 is no number; after four billion they begin again.
    while nextID == 0 || numbersByID[nextID] != nil { nextID &+= 1 }
    let id = nextID
    nextID &+= 1
    numbersByID[id] = number
    entries[number]?.id = id
    entries[number]?.startHistory(at: now, state)
    log.write(
      .session,
      entry.isActive
        ? "Manually added new session for \(entry.pair.local) to \(entry.pair.remote) id=\(id)."
        : "Added new session for local \(entry.pair.local) to remote  \(entry.pair.remote) id=\(id).")
  }

  private func isHeard(_ number: Int) -> Bool { (speaker.view(number)?.counters.received ?? 0) > 0 }

  /// Adds a session to the speaker and to the list; nil when it has one with these addresses.
  mutating func start(_ pair: AddressPair, at now: Instant) -> Int? {
    let settings = SessionSettings(
      key: SessionKey(peer: .pair(local: pair.local, remote: pair.remote)), remoteAddress: pair.remote,
      localAddress: pair.local, minimumTimeToLive: options.minimumTimeToLive, parameters: defaults)
    guard let number = speaker.add(settings, at: now) else { return nil }
    enter(number, pair, at: now)
    return number
  }

  mutating func remove(_ number: Int) {
    speaker.remove(number)
    forget(number)
  }

  // MARK: Who may speak

  mutating func allow(_ address: IPAddress, at now: Instant) {
    guard allowed[address] == nil else { return }
    allowed[address] = .some(nil)
    setRules()
    greet(address, at: now)
  }

  /// Who is heard goes on being heard; who is not is spoken to no more.
  mutating func block(_ address: IPAddress) {
    guard allowed.removeValue(forKey: address) != nil else { return }
    setRules()
    for (number, entry) in entries where entry.pair.remote == address && entry.id == nil { remove(number) }
  }

  /// The rules admit a peer at addresses of ours other than the one that we speak to it from.
  mutating func setRules() {
    speaker.setRules(
      allowed.keys.sorted().map { address in
        // A link-local peer is one on its link only.
        AllowRule(
          prefix: IPPrefix(host: address), byLocalAddress: !address.isLinkLocal,
          minimumTimeToLive: options.minimumTimeToLive, parameters: defaults)
      })
  }

  /// Starts to speak to an allowed peer, or goes on from another address when ours has changed.
  mutating func greet(_ address: IPAddress, at now: Instant) {
    // Without its interface a link-local peer cannot be reached; it is heard when it speaks.
    guard let known = allowed[address], !address.isLinkLocal, !address.isUnspecified, !address.isMulticast else {
      return
    }
    let local = LocalAddress.toward(address, listen: options.arguments.listen)
    if let known, known != local, let number = numbers[AddressPair(local: known, remote: address)],
      entries[number]?.id == nil
    {
      remove(number)
    }
    allowed[address] = .some(local)
    guard let local else { return }
    let pair = AddressPair(local: local, remote: address)
    if numbers[pair] == nil { _ = start(pair, at: now) }
  }

  // MARK: What time brings

  /// Of how many silent peers the route is looked up in one second.
  static let greetingsAtATime = 64

  /// Once a second: peers that have been heard without a change of state, peers long silent, addresses that changed.
  mutating func tick(at now: Instant) {
    for number in entries.keys.sorted() {
      if entries[number]?.id == nil, isHeard(number) {
        show(number, at: now, speaker.view(number)?.session.state ?? .down)
      }
      bury(number, at: now)
    }
    let shown = Set(entries.values.compactMap { $0.id == nil ? nil : $0.pair.remote })
    let silent = allowed.keys.filter { !shown.contains($0) }.sorted()
    // A look at the routes is a few calls of the kernel, and BFD waits for them.
    for step in 0..<min(silent.count, Self.greetingsAtATime) {
      greet(silent[(greetingTurn + step) % silent.count], at: now)
    }
    greetingTurn = silent.isEmpty ? 0 : (greetingTurn + Self.greetingsAtATime) % silent.count
    logDiscards()
  }

  /// A passive session is kept for as long as OpenBFDD keeps it: two more Detection Times, and as long as the peer may
  /// still believe in it. If the peer may come again, it is as if it had never been there.
  private mutating func bury(_ number: Int, at now: Instant) {
    guard let entry = entries[number], entry.id != nil, !entry.isActive, let view = speaker.view(number) else {
      return
    }
    guard view.session.remote == nil else {
      entries[number]?.silentSince = nil
      return
    }
    let since = entry.silentSince ?? now
    entries[number]?.silentSince = since
    let parameters = view.session.configuration
    let detection = Int64(parameters.detectMultiplier) * max(parameters.requiredMinRx, .slow).nanoseconds
    guard now - since >= 2 * detection + 3 * view.session.peerDetectionTime else { return }
    log.write(.sessionDetail, "Killing session (id=\(entry.id ?? 0)) after kill period elapsed.")
    end(number, at: now)
  }

  /// Removes a session; an allowed peer is greeted anew, with the discriminator that it had.
  mutating func end(_ number: Int, at now: Instant) {
    guard let pair = entries[number]?.pair else { return }
    let discriminator = remoteDiscriminator(of: number)
    remove(number)
    greet(pair.remote, at: now)
    suggest(discriminator, to: pair)
  }

  /// The peer's discriminator, now or when it was last heard; 0 for none.
  func remoteDiscriminator(of number: Int) -> UInt32 {
    guard let session = speaker.view(number)?.session else { return 0 }
    return session.remote?.discriminator ?? session.suggestedDiscriminator
  }

  mutating func suggest(_ discriminator: UInt32, to pair: AddressPair) {
    guard let number = numbers[pair] else { return }
    speaker.suggest(remoteDiscriminator: discriminator, to: number)
  }

  private mutating func logDiscards() {
    let current = speaker.counters.discarded
    defer { discards = current }
    guard log.settings.types.contains(.discard), discards.count == current.count else { return }
    for (reason, count) in zip(DiscardReason.allCases, current) {
      let more = count - discards[Int(reason.rawValue)]
      if more > 0 { log.write(.discard, "Discard packet: \(reason), \(more) of them") }
    }
  }
}
