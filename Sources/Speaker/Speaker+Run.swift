import Addresses
public import BFD
import CLinux
import Capture
import EBPF

extension Speaker {
  /// Nanoseconds after which a session that an allow rule made, and whose peer fell silent, is removed.
  static let lonelyLimit: Int64 = 60_000_000_000

  /// `process`, then `flush`.
  public mutating func run(at now: Instant) {
    process(at: now)
    flush()
  }

  /// Reads every packet that has arrived, ends the Detection Times that are over, queues what is due. The caller acts
  /// on `events`, which cannot wait, and then calls `flush`.
  ///
  /// Packets first: a peer is judged only when everything it sent before `now` has been read.
  /// - Parameter now: read from the clock just before the call.
  public mutating func process(at now: Instant) {
    turnAt = now
    checkKeys(at: now)
    countUnknown()
    if cpuAllowance > 0 { measureUse(at: now) }
    for number in receivers.indices {
      let receiver = receivers[number]
      let hasDevice = receiver.endpoint.device != nil
      // What can wait comes first: there is nothing in it that is newer than what cannot, and changes its meaning.
      if receiver.steady >= 0 {
        reading = Reading(attachment: filters[number].steady, hasDevice: hasDevice)
        drain(receiver.steady, receiver.endpoint, until: now)
      }
      reading = Reading(attachment: filters[number].main, hasDevice: hasDevice)
      drain(receiver.descriptor, receiver.endpoint, until: now)
    }
    reading = Reading()
    if !echoPorts.isEmpty { drainEchoes(until: now) }
    if !memberPorts.isEmpty { drainMembers(until: now) }
    drainedAt = now
    while let index = wheel.popDue(at: now) { serve(index, at: now) }
    openGate()
  }

  private mutating func drain(_ descriptor: Int32, _ endpoint: Endpoint, until now: Instant) {
    let origin = Origin(pathType: endpoint.pathType, domain: endpoint.domain, descriptor: descriptor)
    while receiveBatch.receive(from: descriptor) > 0 {
      let clock = ArrivalClock()
      var latest = now
      for position in 0..<receiveBatch.count {
        latest = take(position, clock, origin)
      }
      send()
      // Under a flood: stop once the queue has been read up to `now`; detection needs no more than that.
      if !receiveBatch.isFull || latest > now { break }
    }
  }

  /// One datagram; its arrival.
  private mutating func take(_ position: Int, _ clock: ArrivalClock, _ origin: Origin) -> Instant {
    let datagram = receiveBatch.datagram(position)
    let arrival = clock.arrival(realtime: datagram.realtime_ns, earliest: drainedAt)
    counters.received &+= 1
    reading.sourcePort = datagram.source_port
    reading.length = Int(datagram.length)
    if datagram.dropped != 0 { noteOverflow(datagram.dropped) }
    let source = PacketSource(
      source: datagram.sourceAddress, destination: datagram.destinationAddress,
      interface: datagram.interface_index, timeToLive: UInt8(clamping: datagram.time_to_live),
      pathType: origin.pathType, domain: origin.domain)
    if origin.pathType == .seamlessReflector {
      reflect(position, from: source, by: origin.descriptor, at: arrival)
      return arrival
    }
    let payload = receiveBatch.payload(position)  // stays as it is until the next receive, after this has returned
    deliver(payload.bytes, from: source, at: arrival)
    return arrival
  }

  /// A UDP payload to its session, or to the allow rules.
  mutating func deliver(_ payload: RawSpan, from source: PacketSource, at arrival: Instant) {
    let packet: ControlPacket
    do throws(PacketDiscarded) { packet = try ControlPacket(parsing: payload) } catch {
      return discard(error.reason, payload, from: source, at: arrival)
    }
    switch demultiplexer.match(packet, from: source) {
    case .session(let index): receive(packet, payload, index, from: source, at: arrival)
    case .discarded(.noSession):
      switch admit(packet, payload, from: source, at: arrival) {
      case .success(let index): receive(packet, payload, index, from: source, at: arrival)
      case .failure(let discarded): discard(discarded.reason, payload, from: source, at: arrival)
      }
    case .discarded(let reason):
      discard(reason, payload, from: source, at: arrival)
      if reason == .yourDiscriminatorUnknown, hasHintedSessions { overhear(packet, from: source) }
    }
  }

  /// A packet for a session that is gone tells what its sender wants to hear (`Compatibility.ovn`).
  private mutating func overhear(_ packet: ControlPacket, from source: PacketSource) {
    guard let index = demultiplexer.sender(of: source) else { return }
    slots[index]?.pointee.session.overhear(packet)
  }

  private mutating func receive(
    _ packet: ControlPacket, _ payload: RawSpan, _ index: Int, from source: PacketSource, at arrival: Instant
  ) {
    guard let slot = slots[index] else { return }  // no session is made or ended in here
    catchUp(index)
    if cpuAllowance > 0, mustWait(packet, slot, at: arrival) {
      // Peers that insist are as a flood.
      gauge.discarded &+= 1
      return
    }
    let wasUp = slot.pointee.session.state == .up
    let before = slot.pointee.session.lastReceived
    let reception =
      if let number = slot.pointee.settings.keyChain {
        slot.pointee.session.receive(packet, payload, keys: keys(number), at: arrival)
      } else {
        slot.pointee.session.receive(packet, at: arrival)
      }
    switch reception {
    case .discarded(let reason):
      slot.pointee.counters.invalid &+= 1
      count(reason)
      keepReceived(payload, index, source, fate: PacketRecord.discarded(reason), at: arrival)
    case .accepted(let expired, let transition, let final):
      slot.pointee.counters.received &+= 1
      if wasUp { slot.pointee.noteGap(arrival - before) }
      keepReceived(payload, index, source, fate: PacketRecord.taken, at: arrival)
      if slot.pointee.route == nil { learnRoute(index, from: source) }
      slot.pointee.lonelySince = nil
      if !echoPaths.isEmpty { noteHeard(index, source) }
      if let expired { record(expired, of: index) }
      if let transition { record(transition, of: index) }
      if let final { queue(final, of: index) }
      armEarlier(index)
      expectRepetition(of: packet, payload, index, from: source)
    }
  }

  /// A point-to-point peer is answered where it spoke from.
  private mutating func learnRoute(_ index: Int, from source: PacketSource) {
    guard var settings = slots[index]?.pointee.settings else { return }
    settings.remoteAddress = source.source
    slots[index]?.pointee.settings = settings
    let descriptor = transmitter(for: settings)
    slots[index]?.pointee.transmitter = descriptor
    slots[index]?.pointee.route = .route(
      to: source.source, port: BFDPort.destination(source.pathType), from: settings.localAddress,
      interface: source.interface)
  }

  /// Makes a session for a peer that an allow rule accepts (RFC 9468).
  private mutating func admit(
    _ packet: ControlPacket, _ payload: RawSpan, from source: PacketSource, at now: Instant
  ) -> Result<Int, PacketDiscarded> {
    var refusal = DiscardReason.noSession
    for (number, rule) in rules.enumerated() where rule.prefix.contains(source.source) {
      guard rule.domain == source.domain, rule.pathType == source.pathType else { continue }
      guard rule.interface == 0 || rule.interface == source.interface else { continue }
      guard source.timeToLive >= rule.minimumTimeToLive else {
        refusal = .timeToLive
        continue
      }
      guard sessionsByRule[number] < rule.maximumSessions else {
        refusal = .sessionLimit
        continue
      }
      if let number = rule.keyChain {
        if let reason = keys(number).objection(to: packet, payload) {
          refusal = reason
          continue
        }
      }
      let settings = SessionSettings(
        key: rule.key(for: source), remoteAddress: source.source, localAddress: source.destination,
        minimumTimeToLive: rule.minimumTimeToLive, parameters: rule.parameters, keyChain: rule.keyChain,
        dampening: rule.dampening)
      guard let index = add(settings, rule: number, at: now) else { continue }
      sessionsByRule[number] += 1
      events.append(.created(session: index, rule: number, settings))
      if let hold = rule.hold { self.hold(index, hold, at: now) }
      return .success(index)
    }
    return .failure(PacketDiscarded(refusal))
  }

  mutating func count(_ reason: DiscardReason) {
    counters.discarded[Int(reason.rawValue)] &+= 1
    gauge.discarded &+= 1
  }

  /// A session's timer fired: detection, transmission, and the end of sessions nobody speaks on.
  private mutating func serve(_ index: Int, at now: Instant) {
    guard let slot = slots[index] else { return }  // gone only where this returns
    catchUp(index)
    noteLateness(max(0, now - slot.pointee.armed), of: index)
    slot.pointee.armed = .distantFuture
    if let expired = slot.pointee.session.expire(at: now) { record(expired, of: index) }
    if slot.pointee.isDampened { endDampening(index, at: now) }
    // A rule that names one host has its session for good.
    if slot.pointee.rule != nil, slot.pointee.session.remote == nil, !slot.pointee.isNamed {
      let since = slot.pointee.lonelySince ?? now
      slot.pointee.lonelySince = since
      if now - since >= Self.lonelyLimit {
        remove(index)
        events.append(.removed(session: index))
        return
      }
    }
    if let packet = slot.pointee.session.transmit(at: now, random: random.next(), slack: slot.pointee.slack) {
      queue(packet, of: index)
    }
    if slot.pointee.hasEcho { serveEcho(index, at: now) }
    // Not in this turn again, whatever it wishes: a turn ends.
    arm(index, notBefore: now + wheel.tick)
  }

  /// Puts a packet into the batch.
  private mutating func queue(_ packet: ControlPacket, of index: Int) {
    guard let slot = slots[index], let exit = slot.pointee.exit(of: index, at: turnAt) else { return }
    if packet.authenticationPresent { return queueAuthenticated(packet, of: index, slot, by: exit) }
    slot.pointee.counters.transmitted &+= 1
    counters.transmitted &+= 1
    let padding = slot.pointee.padding(behind: ControlPacket.length)
    let start = exit.start
    put(by: exit, length: start + ControlPacket.length, padding: padding, owner: index) { buffer in
      packet.write(to: &buffer, at: start)
      if let header = exit.header { UDPFrame.write(header, padding: padding, to: &buffer) }
    }
    if isCapturing {
      keepSent(
        CapturedPacket.Octets(packet), length: ControlPacket.length + padding, authenticationType: 0, index)
    }
  }

  /// The same for a packet with an authentication section; without a key to make it with, the packet stays here.
  private mutating func queueAuthenticated(
    _ packet: ControlPacket, of index: Int, _ slot: UnsafeMutablePointer<Slot>, by exit: Exit
  ) {
    let keys = slot.pointee.settings.keyChain.map { self.keys($0) } ?? .none
    var buffer = InlineArray<52, UInt8>(repeating: 0)
    var octets = buffer.mutableSpan
    var bytes = octets.mutableBytes
    guard let length = slot.pointee.session.write(packet, keys: keys, at: MonotonicClock.now(), to: &bytes) else {
      slot.pointee.counters.withheld &+= 1
      return
    }
    slot.pointee.counters.transmitted &+= 1
    counters.transmitted &+= 1
    let packet = bytes.bytes
    let padding = slot.pointee.padding(behind: length)
    if isCapturing {
      let type = packet.unsafeLoad(fromByteOffset: ControlPacket.length, as: UInt8.self)
      keepSent(CapturedPacket.Octets(packet), length: length + padding, authenticationType: type, index)
    }
    let start = exit.start
    put(by: exit, length: start + length, padding: padding, owner: index) { datagram in
      for position in 0..<length {
        datagram.storeBytes(
          of: packet.unsafeLoad(fromByteOffset: position, as: UInt8.self), toByteOffset: start + position,
          as: UInt8.self)
      }
      if let header = exit.header { UDPFrame.write(header, padding: padding, to: &datagram) }
    }
  }

  /// Hands what is queued to the kernel. A packet it refuses counts against its session and is not tried again:
  /// the next one is due soon enough.
  ///
  /// Then what the kernel says of routes and neighbours is read: nothing that leaves waits for that.
  public mutating func flush() {
    send()
    followWays(at: turnAt)
  }

  mutating func send() {
    if !links.isEmpty { flushLinks() }
    guard !transmitBatch.isEmpty else { return }
    transmitBatch.send()
    for (owner, code) in transmitBatch.failures {
      slots[owner]?.pointee.countFailure(code)
      seekWayAgain(of: owner)
    }
  }
}

extension Exit {
  /// Octets before the payload that the stack does not write.
  @inline(__always) fileprivate var start: Int { header.map { UDPFrame.headerLength($0.source.family) } ?? 0 }
}

/// What is known of the datagram that is being read, beside addresses and payload.
struct Reading {
  var sourcePort: UInt16 = 0
  /// Of the UDP payload as it was sent.
  var length = 0
  /// Of its socket.
  var attachment: RepetitionFilter.Attachment?
  /// Whether its socket is bound to a device.
  var hasDevice = false
}

/// What a packet's socket says of it.
private struct Origin {
  var pathType: PathType
  var domain: RoutingDomain
  var descriptor: Int32
}

extension Speaker {
  /// Nanoseconds between the instants at which packets of one interval leave, to share wake-ups with others: 1/16 to 1/8
  /// of it, 1/4 to 32 ms, doubled in steps so that different intervals share too; whole ticks of the wheel. A wake-up costs
  /// as much as many packets, and the quarter of the interval that jitter has still holds two to four such instants.
  /// - Parameter parts: how many of them the interval has at least, where it is long enough.
  static func grain(of interval: Int64, parts: Int64 = 8) -> Int64 {
    var grain: Int64 = 250_000
    while grain < 32_000_000, grain * parts * 2 <= interval { grain *= 2 }
    return grain
  }

  /// Nanoseconds by which a shared instant may be earlier than what was drawn.
  static func slack(of interval: Int64) -> Int64 { grain(of: interval) + interval / 16 }

  /// By how much all shared instants are moved for half a second, 0 to 16 ms: of an interval that has room for one of them
  /// in its last quarter, every packet would leave after the same time otherwise, and jitter is there so that systems do not
  /// fall in step with each other (RFC 5880 section 6.8.7).
  @inline(__always) static func shift(at nanoseconds: Int64) -> Int64 {
    var mixed = UInt64(bitPattern: nanoseconds >> 29) &* 0x9e37_79b9_7f4a_7c15
    mixed = (mixed ^ (mixed >> 32)) &* 0xbf58_476d_1ce4_e5b9
    return Int64(mixed >> 58) * 250_000
  }

  /// The shared instant nearest to when something is due: none that is too early, and none in the last sixteenth of the
  /// interval (with a multiplier of 1: of what it allows), so that it may be some late and still in time.
  @inline(__always) static func shared(_ due: Instant, _ earliest: Instant, _ interval: Int64) -> Instant {
    // An urgent packet is due at its earliest instant.
    guard due > earliest else { return due }
    let grain = grain(of: interval)
    let capped = min(due.nanoseconds, earliest.nanoseconds + interval * 3 / 16)
    let limit = max(capped, earliest.nanoseconds + interval / 8)
    let shift = shift(at: capped)
    let before = (capped - shift) / grain * grain + shift
    let after = before + grain
    if before >= earliest.nanoseconds, after > limit || due.nanoseconds - before <= grain / 2 {
      return Instant(nanoseconds: before)
    }
    return Instant(nanoseconds: min(after, limit))
  }

  /// The kernel has dropped datagrams, of which those that the filter did not want are not lost.
  private mutating func noteOverflow(_ dropped: UInt32) {
    var lost = dropped
    if let attachment = reading.attachment { lost = filter?.lost(of: dropped, on: attachment) ?? dropped }
    counters.overflowed = max(counters.overflowed, UInt64(lost))
  }

  /// Sets a session's timer.
  mutating func arm(_ index: Int, notBefore: Instant = Instant(nanoseconds: .min)) {
    guard let slot = slots[index] else { return }
    let wish = max(wish(of: index, slot), notBefore)
    slot.pointee.armed = wish
    wheel.set(index, to: wish)
  }

  /// Sets a session's timer if it must fire sooner; a later wish waits until it fires.
  mutating func armEarlier(_ index: Int) {
    guard let slot = slots[index] else { return }
    let wish = wish(of: index, slot)
    guard wish < slot.pointee.armed else { return }
    slot.pointee.armed = wish
    wheel.set(index, to: wish)
  }

  /// When a session wants to be served: transmissions are drawn together onto common instants, the end of a
  /// Detection Time is exact. Notes what follows from its state on the way.
  private mutating func wish(of index: Int, _ slot: UnsafeMutablePointer<Slot>) -> Instant {
    let timing = slot.pointee.session.timing()
    noteImpatience(slot)
    if slot.pointee.isFiltered, !timing.isSteady { expectNothing(index) }
    slot.pointee.hasEcho = timing.hasEcho
    slot.pointee.slack = Self.slack(of: timing.interval)
    let wish = slot.pointee.wish(timing, stretch)
    return timing.hasEcho ? min(wish, echoWish(of: index)) : wish
  }
}

// Methods that only read are marked as mutating: others would be given a copy of the slot.
extension Speaker.Slot {
  /// When it wants to be served, echoes aside.
  fileprivate mutating func wish(_ timing: SessionTiming, _ stretch: Stretch) -> Instant {
    var wish = timing.detection
    if route != nil, timing.due != .distantFuture {
      let isStretched = session.state == .up && stretch.factor > 1_000
      let later = isStretched ? stretch.next(timing, multiplier: session.configuration.detectMultiplier) : nil
      wish = min(wish, later ?? Speaker.shared(timing.due, timing.earliest, timing.interval))
    }
    if isDampened, let until = dampening?.heldUntil { wish = min(wish, until) }
    if rule != nil, !isNamed, let since = lonelySince { wish = min(wish, since + Speaker.lonelyLimit) }
    return wish
  }

  /// Octets of 0 behind a packet, so that IP carries as many as are configured (RFC 9764).
  @inline(__always) fileprivate mutating func padding(behind length: Int) -> Int {
    let size = settings.parameters.packetSize
    guard size > 0 else { return 0 }
    return max(0, Int(size) - UDPFrame.headerLength(settings.remoteAddress?.family ?? .ipv4) - length)
  }

  mutating func countFailure(_ code: Int32) {
    counters.sendFailures &+= 1
    counters.lastSendError = code
  }
}
