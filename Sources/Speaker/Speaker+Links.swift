import Addresses
import BFD
import Glibc
import Ways
import XDPSockets

/// Frames by AF_XDP: which link each session's leave by, and how they get there.
extension Speaker {
  /// Puts a packet where it leaves from: into the ring of its link, or else into the batch, which is sent before if it is full.
  @inline(__always) mutating func put(
    by exit: Exit, length: Int, padding: Int, owner: Int, _ write: (inout MutableRawSpan) -> Void
  ) {
    if let way = exit.way, let link = way.pointee.link, length + padding <= XDPLink.longestPacket,
      let frame = link.pointee.nextFrame()
    {
      EthernetHeader.write(
        to: way.pointee.linkAddress, from: way.pointee.ownLinkAddress, family: way.pointee.header.source.family,
        at: frame)
      let packet = frame + EthernetHeader.length
      // The frame's own room, ours until `commit`; the length is in bounds as asked above.
      var span = UnsafeMutableRawBufferPointer(start: packet, count: length).mutableBytes
      write(&span)
      if padding > 0 { memset(packet + length, 0, padding) }
      link.pointee.commit(length: EthernetHeader.length + length + padding, owner: owner)
      if link.pointee.isFull { flush(link) }
      return
    }
    if transmitBatch.isFull { send() }
    transmitBatch.add(by: exit, length: length, padding: padding, owner: owner, write)
  }

  /// Hands what stands in the rings to the kernel.
  mutating func flushLinks() {
    for number in links.indices where links[number].pointee.pending > 0 { flush(links[number]) }
  }

  private mutating func flush(_ link: UnsafeMutablePointer<XDPLink>) {
    link.pointee.flush(at: turnAt)
    guard !link.pointee.failures.isEmpty else { return }
    for (owner, code) in link.pointee.failures {
      slots[owner]?.pointee.countFailure(code)
      seekWayAgain(of: owner)
    }
    link.pointee.failures.removeAll(keepingCapacity: true)
  }

  /// A session has a way: its frames leave by the way's link, where that is wanted and they fit.
  mutating func useLink(
    _ held: UnsafeMutablePointer<SessionWay>, _ way: Way, of index: Int, in domain: RoutingDomain
  ) {
    guard choice.wantsXDP else { return }
    held.pointee.linkAddress = way.linkAddress
    held.pointee.ownLinkAddress = way.ownLinkAddress
    let size = Int(slots[index]?.pointee.settings.parameters.packetSize ?? 0)
    held.pointee.use(size <= XDPLink.longestPacket ? link(way.interface, in: domain) : nil)
  }

  private mutating func link(_ interface: UInt32, in domain: RoutingDomain) -> UnsafeMutablePointer<XDPLink> {
    for link in links where link.pointee.interface == interface && link.pointee.domain == domain { return link }
    let link = UnsafeMutablePointer<XDPLink>.allocate(capacity: 1)
    link.initialize(to: XDPLink(domain, interface, linkTiming, at: turnAt))
    links.append(link)
    return link
  }

  /// Opens what is to be opened and ends what nobody uses.
  mutating func followLinks(at now: Instant) {
    var isOneIdle = false
    for link in links {
      let isDue = link.pointee.isDue(at: now)
      link.pointee.follow(from: isDue ? homes.first { $0.domain == link.pointee.domain } : nil, at: now)
      isOneIdle = isOneIdle || link.pointee.isIdle(at: now)
    }
    if isOneIdle { closeLinks { $0.pointee.isIdle(at: now) } }
  }

  /// A domain's links are given back. No session points to them.
  mutating func closeLinks(_ domain: RoutingDomain) { closeLinks { $0.pointee.domain == domain } }

  private mutating func closeLinks(where isGone: (UnsafeMutablePointer<XDPLink>) -> Bool) {
    let gone = links.filter(isGone)
    links.removeAll(where: isGone)
    for link in gone {
      link.pointee.end()
      Self.free(link)
    }
  }

  static func free(_ link: UnsafeMutablePointer<XDPLink>) {
    link.deinitialize(count: 1)
    link.deallocate()
  }

  /// A session has left Up: if its peer says that it heard nothing, frames may have been lost without a word.
  mutating func noteUnheard(_ index: Int, at now: Instant) {
    guard let slot = slots[index], let way = slot.pointee.way, way.pointee.isByXDP, let link = way.pointee.link,
      slot.pointee.lastTransition?.remoteDiagnostic == .controlDetectionTimeExpired
    else { return }
    // What others have put in this turn still leaves.
    flush(link)
    link.pointee.distrust(at: now)
  }

  // MARK: As seen from outside

  /// Whether it is the engine as far as is known.
  var isByXDP: Bool {
    choice.wantsXDP && !wayPorts.isEmpty
      && (links.isEmpty || links.contains { $0.pointee.problem == nil })
  }

  var linkNotes: [String] {
    guard choice.wantsXDP else { return [] }
    var notes = links.compactMap { link in link.pointee.problem.map { "packets leave by a packet socket: \($0)" } }
    let long = slots.indices.count {
      slots[$0]?.pointee.way.map { $0.pointee.sender >= 0 && $0.pointee.link == nil } ?? false
    }
    if long > 0 {
      notes.append(
        "packets longer than \(XDPLink.longestPacket) octets leave by a packet socket (\(long) sessions)")
    }
    let crowded = links.reduce(0) { $0 + $1.pointee.crowded }
    if crowded > 0 {
      notes.append("\(crowded) packets left by a packet socket because all frames were on their way")
    }
    return notes
  }
}

extension SessionWay {
  /// Leaves by another link from now on, or by none.
  mutating func use(_ new: UnsafeMutablePointer<XDPLink>?) {
    guard new != link else { return }
    link?.pointee.users -= 1
    new?.pointee.users += 1
    link = new
  }

  /// Whether packets leave as frames now.
  var isByXDP: Bool { sender >= 0 && link?.pointee.isOpen == true }
}
