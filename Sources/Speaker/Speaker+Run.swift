import Addresses
public import BFD
import CLinux
import Capture

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
    for receiver in receivers { drain(receiver, until: now) }
    if !echoPorts.isEmpty { drainEchoes(until: now) }
    if !memberPorts.isEmpty { drainMembers(until: now) }
    drainedAt = now
    while let index = wheel.popDue(at: now) { serve(index, at: now) }
  }

  private mutating func drain(_ receiver: Receiver, until now: Instant) {
    let descriptor = receiver.descriptor
    let origin = Origin(
      pathType: receiver.endpoint.pathType, domain: receiver.endpoint.domain, descriptor: descriptor)
    while receiveBatch.receive(from: descriptor) > 0 {
      let clock = ArrivalClock()
      var latest = now
      for position in 0..<receiveBatch.count {
        latest = take(position, clock, origin)
      }
      flush()
      // Under a flood: stop once the queue has been read up to `now`; detection needs no more than that.
      if !receiveBatch.isFull || latest > now { break }
    }
  }

  /// One datagram; its arrival.
  private mutating func take(_ position: Int, _ clock: ArrivalClock, _ origin: Origin) -> Instant {
    let datagram = receiveBatch.datagram(position)
    let arrival = clock.arrival(realtime: datagram.realtime_ns, earliest: drainedAt)
    counters.received &+= 1
    arrivalPort = datagram.source_port
    arrivalLength = Int(datagram.length)
    counters.overflowed = max(counters.overflowed, UInt64(datagram.dropped))
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
    slots[index]?.session.overhear(packet)
  }

  private mutating func receive(
    _ packet: ControlPacket, _ payload: RawSpan, _ index: Int, from source: PacketSource, at arrival: Instant
  ) {
    // The optional is unwrapped in place: a copy of the slot would cost more than the packet.
    let wasUp = slots[index]?.session.state == .up
    let before = slots[index]?.session.lastReceived
    let reception: Reception?
    if let number = slots[index]?.settings.keyChain {
      let keys = keys(number)
      reception = slots[index]?.session.receive(packet, payload, keys: keys, at: arrival)
    } else {
      reception = slots[index]?.session.receive(packet, at: arrival)
    }
    switch reception {
    case nil: return
    case .discarded(let reason):
      slots[index]?.counters.invalid &+= 1
      count(reason)
      keepReceived(payload, index, source, fate: PacketRecord.discarded(reason), at: arrival)
    case .accepted(let expired, let transition, let final):
      slots[index]?.counters.received &+= 1
      if wasUp, let before { slots[index]?.noteGap(arrival - before) }
      keepReceived(payload, index, source, fate: PacketRecord.taken, at: arrival)
      if slots[index]?.route == nil { learnRoute(index, from: source) }
      slots[index]?.lonelySince = nil
      if !echoPaths.isEmpty { noteHeard(index, source) }
      if let expired { record(expired, of: index) }
      if let transition { record(transition, of: index) }
      if let final { queue(final, of: index) }
      armEarlier(index)
    }
  }

  /// A point-to-point peer is answered where it spoke from.
  private mutating func learnRoute(_ index: Int, from source: PacketSource) {
    guard var settings = slots[index]?.settings else { return }
    settings.remoteAddress = source.source
    slots[index]?.settings = settings
    let descriptor = transmitter(for: settings)
    slots[index]?.transmitter = descriptor
    slots[index]?.route = .route(
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
    guard let due = slots[index]?.armed else { return }
    noteLateness(max(0, now - due), of: index)
    slots[index]?.armed = .distantFuture
    if let expired = slots[index]?.session.expire(at: now) { record(expired, of: index) }
    if slots[index]?.dampening != nil { endDampening(index, at: now) }
    // A rule that names one host has its session for good.
    if slots[index]?.rule != nil, slots[index]?.session.remote == nil, slots[index]?.isNamed == false {
      let since = slots[index]?.lonelySince ?? now
      slots[index]?.lonelySince = since
      if now - since >= Self.lonelyLimit {
        remove(index)
        events.append(.removed(session: index))
        return
      }
    }
    let slack = self.slack(of: index)
    if let packet = slots[index]?.session.transmit(at: now, random: random.next(), slack: slack) ?? nil {
      queue(packet, of: index)
    }
    if slots[index]?.session.echo != nil { serveEcho(index, at: now) }
    arm(index)
  }

  /// Puts a packet into the batch.
  private mutating func queue(_ packet: ControlPacket, of index: Int) {
    // Fields one by one: a copy of the slot would cost more than the packet.
    guard let route = slots[index]?.route ?? nil, let transmitter = slots[index]?.transmitter, transmitter >= 0
    else { return }
    if packet.authenticationPresent {
      queueAuthenticated(packet, of: index, route, transmitter)
      return
    }
    slots[index]?.counters.transmitted &+= 1
    counters.transmitted &+= 1
    if transmitBatch.isFull { flush() }
    let padding = padding(of: index, ControlPacket.length)
    if let header = slots[index]?.frame {
      let start = UDPFrame.headerLength(header.source.family)
      transmitBatch.add(
        to: route, by: transmitter, length: start + ControlPacket.length, padding: padding, owner: index
      ) { buffer in
        packet.write(to: &buffer, at: start)
        UDPFrame.write(header, padding: padding, to: &buffer)
      }
    } else {
      transmitBatch.add(to: route, by: transmitter, length: ControlPacket.length, padding: padding, owner: index) {
        packet.write(to: &$0)
      }
    }
    if isCapturing {
      keepSent(
        CapturedPacket.Octets(packet), length: ControlPacket.length + padding, authenticationType: 0, index)
    }
  }

  /// Octets of 0 behind a packet, so that IP carries as many as are configured (RFC 9764).
  private func padding(of index: Int, _ length: Int) -> Int {
    guard let size = slots[index]?.settings.parameters.packetSize, size > 0 else { return 0 }
    let headers = slots[index]?.settings.remoteAddress?.family == .ipv6 ? 48 : 28
    return max(0, Int(size) - headers - length)
  }

  /// The same for a packet with an authentication section; without a key to make it with, the packet stays here.
  private mutating func queueAuthenticated(
    _ packet: ControlPacket, of index: Int, _ route: UnsafeMutablePointer<cl_tx_route>, _ transmitter: Int32
  ) {
    let keys = slots[index]?.settings.keyChain.map { self.keys($0) } ?? .none
    var buffer = InlineArray<52, UInt8>(repeating: 0)
    var octets = buffer.mutableSpan
    var bytes = octets.mutableBytes
    guard
      let length = slots[index]?.session.write(packet, keys: keys, at: MonotonicClock.now(), to: &bytes) ?? nil
    else {
      slots[index]?.counters.withheld &+= 1
      return
    }
    slots[index]?.counters.transmitted &+= 1
    counters.transmitted &+= 1
    if transmitBatch.isFull { flush() }
    let packet = bytes.bytes
    let padding = padding(of: index, length)
    if isCapturing {
      let type = packet.unsafeLoad(fromByteOffset: ControlPacket.length, as: UInt8.self)
      keepSent(CapturedPacket.Octets(packet), length: length + padding, authenticationType: type, index)
    }
    let header = slots[index]?.frame
    let start = header.map { UDPFrame.headerLength($0.source.family) } ?? 0
    transmitBatch.add(to: route, by: transmitter, length: start + length, padding: padding, owner: index) {
      datagram in
      for position in 0..<length {
        datagram.storeBytes(
          of: packet.unsafeLoad(fromByteOffset: position, as: UInt8.self), toByteOffset: start + position,
          as: UInt8.self)
      }
      if let header { UDPFrame.write(header, padding: padding, to: &datagram) }
    }
  }

  /// Hands what is queued to the kernel. A packet it refuses counts against its session and is not tried again:
  /// the next one is due soon enough.
  public mutating func flush() {
    guard !transmitBatch.isEmpty else { return }
    transmitBatch.send()
    for (owner, code) in transmitBatch.failures { slots[owner]?.countFailure(code) }
  }
}

/// What a packet's socket says of it.
private struct Origin {
  var pathType: PathType
  var domain: RoutingDomain
  var descriptor: Int32
}

extension Speaker {
  /// Nanoseconds by which a packet may leave before it is due, to share a wake-up with others: about 1/64 of the
  /// interval, 1/4 to 4 ms, doubled in steps so that different intervals share too; whole ticks of the wheel.
  private func slack(of index: Int) -> Int64 {
    Self.grain(of: slots[index]?.session.transmitInterval.nanoseconds ?? 0)
  }

  static func grain(of interval: Int64) -> Int64 {
    var grain: Int64 = 250_000
    while grain < 4_000_000, grain * 128 <= interval { grain *= 2 }
    return grain
  }

  /// When a session wants to be served: transmissions are drawn together onto common instants, the end of a
  /// Detection Time is exact.
  private func wish(of index: Int) -> Instant {
    guard let slot = slots[index] else { return .distantFuture }
    var wish = slot.session.detectionDeadline ?? .distantFuture
    if let due = slot.session.nextTransmission, slot.route != nil {
      let grain = slack(of: index)
      let shared = Instant(nanoseconds: due.nanoseconds / grain * grain)
      wish = min(wish, shared >= slot.session.earliestTransmission ? shared : due)
    }
    if let until = slot.dampening?.heldUntil { wish = min(wish, until) }
    if slot.session.echo != nil { wish = min(wish, echoWish(slot.session, index)) }
    if slot.rule != nil, !slot.isNamed, let since = slot.lonelySince { wish = min(wish, since + Self.lonelyLimit) }
    return wish
  }

  /// Sets a session's timer.
  mutating func arm(_ index: Int) {
    let wish = wish(of: index)
    slots[index]?.armed = wish
    wheel.set(index, to: wish)
  }

  /// Sets a session's timer if it must fire sooner; a later wish waits until it fires.
  mutating func armEarlier(_ index: Int) {
    let wish = wish(of: index)
    guard let armed = slots[index]?.armed, wish < armed else { return }
    slots[index]?.armed = wish
    wheel.set(index, to: wish)
  }
}

extension Speaker.Slot {
  mutating func countFailure(_ code: Int32) {
    counters.sendFailures &+= 1
    counters.lastSendError = code
  }
}
