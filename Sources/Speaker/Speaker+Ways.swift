import Addresses
import BFD
import CLinux
import Glibc
import NetworkNamespaces
import PacketSockets
import Ways

/// Where the sessions of one domain leave below the UDP stack: what follows the kernel's tables for them, and the socket.
final class WayPort {
  let domain: RoutingDomain
  /// In memory of its own, so that each session can point to it: asked for at every packet, without counting
  /// references. It lives as long as the port, and sessions give their ways back before.
  let finder: UnsafeMutablePointer<WayFinder>
  /// A packet socket that hears nothing.
  let sender: Int32

  init(
    _ domain: RoutingDomain, in namespace: borrowing NetworkNamespace, timing: WayTable.Timing
  ) throws(SystemCallError) {
    self.domain = domain
    let finder = try WayFinder(in: namespace, timing: timing)
    sender = try namespace.perform { () throws(SystemCallError) in
      let sender = cl_way_sender()
      guard sender >= 0 else { throw SystemCallError("open a packet socket to send by") }
      return sender
    }
    self.finder = .allocate(capacity: 1)
    self.finder.initialize(to: finder)
  }

  deinit {
    finder.deinitialize(count: 1)
    finder.deallocate()
    close(sender)
  }
}

/// How one session's packets leave below the UDP stack.
struct SessionWay {
  /// In memory of its own that stays in place, because batches refer to it. Given back by `free`.
  let route: UnsafeMutablePointer<cl_tx_route>
  var header: UDPFrame.Header
  /// -1 as long as no way is known.
  var sender: Int32 = -1
  /// The link that frames of its packets leave by, as long as there is a way; nil where that is not wanted.
  var link: UnsafeMutablePointer<XDPLink>?
  /// Of a frame's header.
  var linkAddress = MACAddress(bits: 0)
  var ownLinkAddress = MACAddress(bits: 0)
  let finder: UnsafeMutablePointer<WayFinder>

  init(_ header: UDPFrame.Header, _ finder: UnsafeMutablePointer<WayFinder>) {
    route = .allocate(capacity: 1)
    route.initialize(to: cl_tx_route())
    self.header = header
    self.finder = finder
  }

  func free() { route.deallocate() }

  /// Whether a packet goes by it now: every so often one goes by the UDP socket, so that the kernel looks after the
  /// neighbour.
  @inline(__always) func isTaken(by index: Int, at now: Instant) -> Bool {
    sender >= 0 && !finder.pointee.usesSocket(index, at: now.nanoseconds)
  }
}

/// The socket a packet leaves by, and what is put before it where the stack does not.
struct Exit {
  var route: UnsafeMutablePointer<cl_tx_route>
  var descriptor: Int32
  var header: UDPFrame.Header?
  /// Whose link takes it as a frame, if it has room.
  var way: UnsafeMutablePointer<SessionWay>?
}

extension Speaker.Slot {
  /// Nil while its packets stay here. Marked as mutating so that it is given no copy of the slot.
  @inline(__always) mutating func exit(of index: Int, at now: Instant) -> Exit? {
    guard let route, transmitter >= 0 else { return nil }
    if let way, session.state == .up, way.pointee.isTaken(by: index, at: now) {
      return Exit(route: way.pointee.route, descriptor: way.pointee.sender, header: way.pointee.header, way: way)
    }
    return Exit(route: route, descriptor: transmitter, header: hasFrame ? frame : nil)
  }

  mutating func freeWay() {
    guard let way else { return }
    way.pointee.use(nil)
    way.pointee.free()
    way.deallocate()
    self.way = nil
  }
}

extension Speaker {
  /// Opens what ways of a domain need, where they are wanted.
  mutating func openWays(_ domain: RoutingDomain, in namespace: borrowing NetworkNamespace) {
    guard choice.wantsPacket, !wayPorts.contains(where: { $0.domain == domain }) else { return }
    do throws(SystemCallError) { wayPorts.append(try WayPort(domain, in: namespace, timing: wayTiming)) } catch {
      wayProblem = "packets leave by UDP sockets: \(error)"
    }
  }

  /// A domain's ways are no longer to be used.
  mutating func closeWays(_ domain: RoutingDomain) {
    for index in slots.indices where slots[index]?.pointee.settings.key.domain == domain { forgetWay(of: index) }
    wayPorts.removeAll { $0.domain == domain }
    closeLinks(domain)
  }

  /// A session has come up: from now on its way is followed, until the session ends.
  mutating func seekWay(of index: Int) {
    guard !wayPorts.isEmpty, let slot = slots[index], slot.pointee.way == nil,
      let demand = wayDemand(of: slot.pointee.settings),
      let port = wayPorts.first(where: { $0.domain == slot.pointee.settings.key.domain })
    else { return }
    let header = UDPFrame.Header(
      source: .any(demand.destination.family), destination: demand.destination, sourcePort: demand.sourcePort,
      destinationPort: demand.destinationPort, timeToLive: 255)
    let way = UnsafeMutablePointer<SessionWay>.allocate(capacity: 1)
    way.initialize(to: SessionWay(header, port.finder))
    slot.pointee.way = way
    port.finder.pointee.add(index, demand)
  }

  /// What a session's packets depend on has changed, or one was refused: the way is asked for again, and packets leave by
  /// the UDP socket until then, and the first one after.
  mutating func seekWayAgain(of index: Int) {
    guard let slot = slots[index], let way = slot.pointee.way else { return }
    way.pointee.sender = -1
    guard let demand = wayDemand(of: slot.pointee.settings) else { return forgetWay(of: index) }
    way.pointee.finder.pointee.add(index, demand)
  }

  mutating func forgetWay(of index: Int) {
    guard let slot = slots[index], let way = slot.pointee.way else { return }
    way.pointee.finder.pointee.remove(index)
    way.pointee.link?.pointee.forget(index)
    slot.pointee.freeWay()
  }

  /// Nil for sessions that stay with their socket.
  private func wayDemand(of settings: SessionSettings) -> WayDemand? {
    let key = settings.key
    guard key.pathType == .singleHop || key.pathType == .multihop, let destination = settings.remoteAddress,
      let transmitter = transmitter(destination.family, in: key.domain)
    else { return nil }
    // Bound to a VRF and to none of its interfaces, packets pass the VRF's device and what is set up there.
    guard key.interface != 0 || !transmitter.hasDevice else { return nil }
    let headers = UDPFrame.headerLength(destination.family)
    return WayDemand(
      to: destination, from: settings.localAddress, interface: key.interface,
      length: max(headers + ControlPacket.maximumLength, Int(settings.parameters.packetSize)),
      isMultihop: key.pathType == .multihop, sourcePort: transmitter.sourcePort,
      destinationPort: BFDPort.destination(key.pathType))
  }

  /// Reads what the kernel has changed of routes, neighbours and links, and asks what is to be asked: a slice of it.
  /// Nothing may be queued.
  mutating func followWays(at now: Instant) {
    for port in wayPorts {
      port.finder.pointee.process(at: now.nanoseconds, hasInput: hasInput) { index, way in
        guard let held = slots[index]?.pointee.way else { return }
        guard let way else {
          held.pointee.sender = -1
          held.pointee.use(nil)
          return
        }
        held.pointee.header.source = way.source
        cl_tx_route_set_link(
          held.pointee.route, way.source.family == .ipv6, way.interface, way.linkAddress.octets)
        held.pointee.sender = port.sender
        useLink(held, way, of: index, in: port.domain)
      }
    }
    if !links.isEmpty { followLinks(at: now) }
  }

  /// When the tables are to be looked at though nothing came in.
  var waysDeadline: Instant {
    var earliest = Instant.distantFuture
    for port in wayPorts {
      let deadline = port.finder.pointee.nextDeadline
      // Its smallest number stands for "at once".
      earliest = min(earliest, deadline == .min ? turnAt : Instant(nanoseconds: deadline))
    }
    for link in links { earliest = min(earliest, link.pointee.deadline(after: turnAt)) }
    return earliest
  }
}
