import Addresses
public import BFD
import CLinux
import Glibc
import PacketSockets

extension Prober {
  /// Reads every answer that has arrived, ends the questions whose time is over, asks what is due.
  ///
  /// Answers first: a peer is judged only when everything it sent before `now` has been read.
  /// - Parameter now: read from CLOCK_MONOTONIC just before the call.
  public mutating func run(at now: Instant) {
    receive(until: now)
    drainedAt = now
    if now >= nextDeadline {
      for index in deadlines.indices where deadlines[index] <= now { serve(index, at: now) }
    }
    updateDeadline()
  }

  private mutating func serve(_ index: Int, at now: Instant) {
    let open = slots[index]?.state.openSequence
    if let verdict = slots[index]?.state.expire(at: now) ?? nil { record(verdict, of: index) }
    if open != nil, slots[index]?.state.openSequence == nil { slots[index]?.isHeld = false }
    // Read anew: others were served before, and the answer's way is measured from here.
    if let question = slots[index]?.state.due(at: max(now, monotonicNow())) ?? nil { ask(question, of: index) }
    noteDeadline(of: index)
  }

  /// Sends a question, or says what is in the way.
  private mutating func ask(_ question: Probe, of index: Int) {
    guard var slot = slots[index] else { return }
    let now = monotonicNow()
    let silent = slot.state.unansweredInARow
    if links[slot.link]?.wantsRefresh(doubtful: silent > 0 || slot.obstacle != nil, at: now) == true {
      links[slot.link]?.refresh(with: &netlink, at: now)
    }
    slot.obstacle = nil
    slot.isHeld = false
    slot.token = .random(in: .min ... .max)
    let patience = slot.state.settings.timeout.inNanoseconds
    guard let link = links[slot.link], link.isPresent else {
      slots[index]?.obstacle = .noInterface
      return
    }
    switch slot.target {
    case .neighbour:
      slot.source = SourceSelection.resolving(slot.target.via, from: link.addresses)
      slot.obstacle = solicit(slot.hop, fallback: nil, patience: patience)
      slots[index] = slot
    case .echo(let address, let via, _, let source):
      slot.source = source ?? SourceSelection.echo(to: address, via: via, from: link.addresses)
      if slot.source == nil {
        slot.obstacle = .noSource(address.family)
        slots[index] = slot
        return
      }
      if link.linkAddress != nil {
        // A question that may decide is accompanied, so that the reason can tell a dead gateway from a deaf one.
        let doubtful = silent > 0 || silent + 1 >= slot.state.settings.downAfter
        if hops[slot.hop]?.wantsQuestion(doubtful: doubtful, patience: patience, at: now) == true {
          slot.obstacle = solicit(slot.hop, fallback: source, patience: patience)
        }
        if hops[slot.hop]?.linkAddress == nil {
          slot.isHeld = true
          slots[index] = slot
          return
        }
      }
      slots[index] = slot
      sendEcho(question.sequence, of: index)
    }
  }

  /// The echo request of a slot's open question.
  mutating func sendEcho(_ sequence: UInt16, of index: Int) {
    guard let slot = slots[index], case .echo(let address, _, let interface, _) = slot.target,
      let source = slot.source, let link = links[slot.link]
    else { return }
    let key = EchoKey(
      identifier: slot.identifier, sequence: sequence, cookie: cookie, slot: UInt32(index), token: slot.token)
    EchoMessage(source: source, destination: address, key: key).writeRequest(to: &buffer)
    let destination = link.linkAddress == nil ? nil : hops[slot.hop]?.linkAddress
    slots[index]?.state.left(at: monotonicNow())
    let code = send(.carrying(address.family), on: link, interface.index, to: destination)
    if code != 0 { slots[index]?.obstacle = .notSent(code) }
  }

  /// An ARP request or Neighbor Solicitation for a next hop.
  /// - Parameter fallback: to ask from when the interface has no address, as the kernel takes another interface's.
  private mutating func solicit(_ number: Int, fallback: IPAddress?, patience: Int64) -> Obstacle? {
    guard let hop = hops[number], let link = links[hop.link] else { return nil }
    guard let hardware = link.linkAddress else { return .noNeighbours }
    guard let source = SourceSelection.resolving(hop.address, from: link.addresses) ?? fallback else {
      return .noSource(hop.address.family)
    }
    let now = monotonicNow()
    if hop.wasJustAsked(at: now) { return nil }
    let unicast = hop.asksUnicast(patience: patience, at: now)
    let known = unicast ? hop.linkAddress : nil
    let destination: MACAddress
    switch (hop.address, source) {
    case (.v4(let target), .v4(let from)):
      ARPMessage(requestFor: target, from: from, hardware).write(to: &buffer)
      destination = known ?? .broadcast
    case (.v6(let target), .v6(let from)):
      NeighbourDiscovery.writeSolicitation(for: target, from: from, hardware, unicast: unicast, to: &buffer)
      destination =
        known ?? NeighbourDiscovery.multicastMAC(NeighbourDiscovery.solicitedNodeMulticast(target))
    case (.v4, .v6), (.v6, .v4): return .noSource(hop.address.family)
    }
    hops[number]?.asked(from: source, unicast: unicast, at: now)
    let code = send(.resolving(hop.address.family), on: link, link.interface.index, to: destination)
    return code == 0 ? nil : .notSent(code)
  }

  /// Sends what is in `buffer`; errno, or 0.
  private mutating func send(
    _ type: Ethertype, on link: ProbeLink, _ interface: UInt32, to destination: MACAddress?
  ) -> Int32 {
    guard let descriptor = link.descriptor(type) else { return EBADF }
    let length = UInt32(buffer.count)
    let result: Int32
    if let destination {
      // The six octets in network order; sendto reads them during the call.
      let octets = (destination.bits << 16).bigEndian
      result = withUnsafeBytes(of: octets) {
        cl_probe_send(
          descriptor, interface, type.number, $0.baseAddress?.assumingMemoryBound(to: UInt8.self), buffer, length)
      }
    } else {
      result = cl_probe_send(descriptor, interface, type.number, nil, buffer, length)
    }
    let code = result == 0 ? 0 : errno
    counters.transmitted &+= 1
    if code != 0 { counters.sendFailures &+= 1 }
    return code
  }
}
