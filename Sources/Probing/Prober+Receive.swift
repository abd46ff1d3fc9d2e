import Addresses
import BFD
import CLinux
import Glibc
import PacketSockets

/// What a packet turned out to be.
enum Answer {
  case arp(ARPMessage)
  case advertisement(NeighbourAdvertisement)
  case echo(EchoMessage)
  case error(ICMPError)

  /// Nil for anything malformed, or of no concern to us.
  init?(_ packet: RawSpan, _ type: Ethertype) {
    guard type != .arp else {
      guard let message = ARPMessage(packet) else { return nil }
      self = .arp(message)
      return
    }
    guard let message = ICMPMessage(packet), Ethertype.carrying(message.source.family) == type else { return nil }
    if let reply = EchoMessage(reply: packet, message) {
      self = .echo(reply)
    } else if let advertisement = NeighbourAdvertisement(packet, message) {
      self = .advertisement(advertisement)
    } else if let error = ICMPError(packet, message) {
      self = .error(error)
    } else {
      return nil
    }
  }
}

extension Prober {
  /// Reads the sockets that have something.
  mutating func receive(until now: Instant) {
    guard !links.isEmpty else { return }
    // Each socket is read empty, or up to `now`, in its turn; the limit is for one that never gets there.
    for _ in 0...links.count {
      let ready = withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: 16) { events in
        let count = epoll_wait(poll.number, events.baseAddress, Int32(events.count), 0)
        // The kernel has filled in `count` elements; a packed struct is read by value.
        return events.prefix(max(0, Int(count))).map { $0.data.u64 }
      }
      for tag in ready {
        guard let type = Ethertype(rawValue: Int(tag & 3)) else { continue }
        drain(link: Int(tag >> 2), type, until: now)
      }
      if ready.count < 16 { return }
    }
  }

  private mutating func drain(link: Int, _ type: Ethertype, until now: Instant) {
    guard links.indices.contains(link), let descriptor = links[link]?.descriptor(type) else { return }
    var any = false
    while batch.receive(from: descriptor) > 0 {
      any = true
      let clock = ArrivalClock()
      var latest = now
      for position in 0..<batch.count {
        latest = clock.arrival(realtime: batch.frame(position).realtime_ns, earliest: drainedAt)
        counters.received &+= 1
        let answer = batch.withPacket(position) { Answer($0, type) }
        if let answer, take(answer, link: link, at: latest) { continue }
        counters.ignored &+= 1
      }
      // Under a flood: stop once the queue has been read up to `now`; a verdict needs no more than that.
      if !batch.isFull || latest > now { return }
    }
    // Readable without a packet: an error, which reading has taken away. The interface went down, or is gone.
    if !any { links[link]?.invalidate() }
  }

  /// Gives an answer to whom it belongs; false when that is nobody.
  mutating func take(_ answer: Answer, link: Int, at arrival: Instant) -> Bool {
    switch answer {
    case .arp(let message):
      guard let hop = hopIndex[HopKey(link: link, address: .v4(message.sender))],
        case .v4(let asker)? = hops[hop]?.askedFrom, let hardware = links[link]?.linkAddress,
        message.answers(asker, hardware)
      else { return false }
      resolved(hop, message.senderHardware, at: arrival)
      return true
    case .advertisement(let message):
      guard message.solicited, let hop = hopIndex[HopKey(link: link, address: .v6(message.target))],
        hops[hop]?.askedFrom == .v6(message.destination), message.hardware?.isUsable != false
      else { return false }
      resolved(hop, message.hardware, at: arrival)
      return true
    case .echo(let message): return takeEcho(message, link: link, at: arrival)
    case .error(let error): return takeError(error, link: link)
    }
  }

  /// A next hop has said where it is.
  private mutating func resolved(_ number: Int, _ hardware: MACAddress?, at arrival: Instant) {
    hops[number]?.answered(hardware, at: arrival)
    for index in hops[number]?.probes ?? [] {
      guard let slot = slots[index], let sequence = slot.state.openSequence else { continue }
      if !slot.target.isEcho {
        answered(index, sequence, at: arrival)
      } else if slot.isHeld, hops[number]?.linkAddress != nil {
        slots[index]?.isHeld = false
        sendEcho(sequence, of: index)
      }
    }
  }

  private mutating func takeEcho(_ message: EchoMessage, link: Int, at arrival: Instant) -> Bool {
    let index = Int(message.key.slot)
    guard message.key.cookie == cookie, slots.indices.contains(index), let slot = slots[index],
      slot.link == link, slot.identifier == message.key.identifier, slot.source == message.destination,
      case .echo(message.source, _, _, _) = slot.target
    else { return false }
    // The token is the newest question's. An answer to an older one is late or a duplicate whatever its token is.
    if slot.state.openSequence == message.key.sequence, slot.token != message.key.token || slot.isHeld {
      return false
    }
    answered(index, message.key.sequence, at: arrival)
    return true
  }

  private mutating func answered(_ index: Int, _ sequence: UInt16, at arrival: Instant) {
    let answer = slots[index]?.state.answered(sequence: sequence, at: arrival)
    guard case .counted(let verdict)? = answer else { return }
    noteDeadline(of: index)
    slots[index]?.complaint = nil
    slots[index]?.obstacle = nil
    if let verdict { record(verdict, of: index) }
  }

  /// An ICMP error is a reason, never a verdict: whoever forges one can put a word into our mouth, no more.
  private mutating func takeError(_ error: ICMPError, link: Int) -> Bool {
    for index in slots.indices {
      guard let slot = slots[index], slot.link == link, slot.identifier == error.identifier,
        slot.source == error.source, slot.state.isSilent(error.sequence),
        case .echo(error.destination, _, _, _) = slot.target
      else { continue }
      if let key = error.key, key.cookie != cookie || key.slot != UInt32(index) { continue }
      slots[index]?.complaint = Complaint(reporter: error.reporter, text: error.text)
      return true
    }
    return false
  }
}
