import Addresses
import BFD
import CLinux
import Netlink
import NetworkNamespaces
import PacketSockets

extension Speaker {
  /// Nanoseconds until the way of an echo is looked up again: when all is well, and when it is not.
  static let echoRefresh: (well: Int64, unwell: Int64) = (5_000_000_000, 100_000_000)

  /// Opens the sockets for echoes of a session's domain, if the session wants any and they are not there.
  /// - Returns: false when they cannot be had; the session's view says why.
  @discardableResult mutating func openEcho(for index: Int) -> Bool {
    guard let settings = slots[index]?.pointee.settings else { return false }
    let parameters = settings.parameters
    guard parameters.echo != nil || parameters.requiredMinEchoRx != .zero else { return false }
    while echoPaths.count <= index { echoPaths.append(nil) }
    if echoPaths[index] == nil { echoPaths[index] = EchoPath() }
    if echoPorts.contains(where: { $0.domain == settings.key.domain }) { return true }
    guard let home = homes.first(where: { $0.domain == settings.key.domain }) else { return false }
    do throws(SpeakerError) {
      echoPorts.append(try EchoPort(settings.key.domain, in: home.namespace))
      return true
    } catch {
      echoPaths[index]?.view.obstacle = .noSockets("\(error)")
      return false
    }
  }

  mutating func closeEcho(of index: Int) {
    guard echoPaths.indices.contains(index), let path = echoPaths[index] else { return }
    path.route?.deallocate()
    echoPaths[index] = nil
  }

  /// The way of a session's echoes; nil when it has none.
  func echoView(_ index: Int) -> EchoView? {
    echoPaths.indices.contains(index) ? echoPaths[index]?.view : nil
  }

  /// A Control packet of a session with echo came in.
  mutating func noteHeard(_ index: Int, _ source: PacketSource) {
    guard echoPaths.indices.contains(index), echoPaths[index] != nil else { return }
    echoPaths[index]?.heardOn = (source.interface, source.destination)
  }

  // MARK: - Sending

  /// Sends the echo that is due.
  mutating func serveEcho(_ index: Int, at now: Instant) {
    guard slots[index]?.pointee.session.nextEcho != nil, findWay(index, at: now) else { return }
    let slack = echoSlack(of: index)
    guard
      let transmission = slots[index]?.pointee.session.transmitEcho(at: now, random: random.next(), slack: slack)
        ?? nil
    else { return }
    guard let route = echoPaths[index]?.route ?? nil, let local = echoPaths[index]?.view.localAddress,
      let settings = slots[index]?.pointee.settings,
      let port = echoPorts.first(where: { $0.domain == settings.key.domain })
    else { return }
    let start = UDPFrame.headerLength(local.family)
    let control = transmission.control == nil ? 0 : ControlPacket.length
    let length = start + control + EchoPacket.length
    let padding = max(0, Int(settings.parameters.packetSize) - length)
    let header = UDPFrame.Header(
      source: local, destination: local, sourcePort: preferredPort, destinationPort: BFDPort.echo, timeToLive: 255)
    let seal = echoSeal
    if transmitBatch.isFull { send() }
    transmitBatch.add(
      by: Exit(route: route, descriptor: port.sender), length: length, padding: padding, owner: index
    ) { buffer in
      seal.write(transmission.echo, to: &buffer, at: start + control)
      if let packet = transmission.control {
        packet.write(to: &buffer, at: start)
      }
      UDPFrame.write(header, padding: padding, to: &buffer)
    }
  }

  /// Finds out where echoes go, anew from time to time: at once when something is missing or unwell.
  private mutating func findWay(_ index: Int, at now: Instant) -> Bool {
    guard echoPaths.indices.contains(index), let path = echoPaths[index] else { return openEcho(for: index) }
    if let again = path.lookAgainAt, now < again { return path.route != nil }
    guard let settings = slots[index]?.pointee.settings, let peer = settings.remoteAddress, openEcho(for: index),
      let port = echoPorts.first(where: { $0.domain == settings.key.domain })
    else {
      echoPaths[index]?.lookAgainAt = now + Self.echoRefresh.unwell * 10
      return false
    }
    let isWell =
      slots[index]?.pointee.session.state == .up && slots[index]?.pointee.session.echo?.isAnswered == true
    echoPaths[index]?.lookAgainAt = now + (isWell ? Self.echoRefresh.well : Self.echoRefresh.unwell)
    // An interface of the configuration, one that the peer was heard on, or the one whose prefix the peer is in.
    let link =
      port.link(to: peer, from: settings.localAddress, on: settings.key.interface)
      ?? path.heardOn.flatMap { $0.local.isForwarded ? ($0.interface, $0.local) : nil }
    guard let link else {
      echoPaths[index]?.view.obstacle = .noLocalAddress
      return path.route != nil
    }
    let mac = port.linkAddress(of: peer, on: link.interface, confirm: !isWell)
    guard let mac else {
      // A neighbour that was known and is being asked for again: the last answer holds until there is another.
      echoPaths[index]?.view.obstacle = path.route == nil ? .noNeighbour : nil
      return path.route != nil
    }
    echoPaths[index]?.view.obstacle = nil
    if path.view.linkAddress != mac || path.view.interface != link.interface || path.view.localAddress != link.local
    {
      send()  // nothing queued may refer to the route while it changes
      let route = path.route ?? .allocate(capacity: 1)
      if path.route == nil { route.initialize(to: cl_tx_route()) }
      cl_tx_route_set_link(route, peer.family == .ipv6, link.interface, mac.octets)
      echoPaths[index]?.route = route
      echoPaths[index]?.view.interface = link.interface
      echoPaths[index]?.view.localAddress = link.local
      echoPaths[index]?.view.linkAddress = mac
    }
    return true
  }

  private func echoSlack(of index: Int) -> Int64 {
    Self.slack(of: slots[index]?.pointee.session.echoInterval.nanoseconds ?? 0)
  }

  /// When a session's echoes want to be served.
  func echoWish(of index: Int) -> Instant {
    guard let session = slots[index]?.pointee.session, let due = session.nextEcho else { return .distantFuture }
    var wish = due
    if echoPaths.indices.contains(index), echoPaths[index]?.route != nil {
      let interval = session.echoInterval.nanoseconds
      wish = Self.shared(due, session.earliestEcho, interval)
    } else if echoPaths.indices.contains(index), let again = echoPaths[index]?.lookAgainAt {
      wish = max(due, again)
    }
    return min(wish, session.echoDeadline ?? .distantFuture)
  }

  // MARK: - Receiving

  /// Reads every echo that has arrived.
  mutating func drainEchoes(until now: Instant) {
    for number in echoPorts.indices {
      let port = echoPorts[number]
      for descriptor in port.hearers {
        while echoBatch.receive(from: descriptor) > 0 {
          let clock = ArrivalClock()
          var latest = now
          for position in 0..<echoBatch.count {
            let frame = echoBatch.frame(position)
            let arrival = clock.arrival(realtime: frame.realtime_ns, earliest: drainedAt)
            latest = arrival
            counters.received &+= 1
            take(position, frame, port, at: arrival)
          }
          if !echoBatch.isFull || latest > now { break }
        }
      }
    }
  }

  private enum Content {
    case echo(EchoPacket, isUnaffiliated: Bool)
    case notOurs(DiscardReason)
  }

  private mutating func take(_ position: Int, _ frame: cl_frame, _ port: EchoPort, at arrival: Instant) {
    let seal = echoSeal
    let read = echoBatch.withPacket(position) { packet -> (UDPFrame.Header, Content)? in
      guard let (header, payload) = UDPFrame.read(packet) else { return nil }
      return (header, Self.content(packet.extracting(payload), seal))
    }
    guard let (header, content) = read else { return count(.truncated) }
    guard header.source == header.destination else {
      return loop(position, header, frame, port, at: arrival)
    }
    switch content {
    case .notOurs(let reason):
      // With 255 it is a peer's own echo on its way through this system's forwarding.
      if header.timeToLive != 255 { count(reason) }
    case .echo(let echo, let isUnaffiliated):
      guard let index = demultiplexer.index(discriminator: echo.discriminator),
        slots[index]?.pointee.settings.key.domain == port.domain
      else { return count(.yourDiscriminatorUnknown) }
      // 254 to the letter for a session that only forwarding keeps up (RFC 9747 section 2).
      guard isUnaffiliated ? header.timeToLive == 254 : header.timeToLive >= 254 else { return count(.timeToLive) }
      guard echoPaths.indices.contains(index), echoPaths[index]?.view.interface == frame.interface_index else {
        return count(.wrongInterface)
      }
      guard slots[index]?.pointee.session.isUnaffiliated == isUnaffiliated else { return count(.echoUnexpected) }
      deliver(echo, index, at: arrival)
    }
  }

  /// A sealed echo, alone or behind a Control packet.
  private static func content(_ payload: RawSpan, _ seal: EchoSeal) -> Content {
    do throws(PacketDiscarded) {
      guard payload.byteCount >= ControlPacket.length, payload.octet(0) >> 5 == 1 else {
        return .echo(try seal.read(payload), isUnaffiliated: false)
      }
      let control = try ControlPacket(parsing: payload)
      let echo = try seal.read(payload, at: ControlPacket.length)
      guard control.myDiscriminator == echo.discriminator,
        control.yourDiscriminator == 0 || control.yourDiscriminator == echo.discriminator
      else { return .notOurs(.echoForged) }
      return .echo(echo, isUnaffiliated: true)
    } catch {
      return .notOurs(error.reason)
    }
  }

  private mutating func deliver(_ echo: EchoPacket, _ index: Int, at arrival: Instant) {
    guard let reception = slots[index]?.pointee.session.receive(echo, at: arrival) else { return }
    switch reception {
    case .discarded(let reason): count(reason)
    case .accepted(let expired, let transition):
      if let expired { record(expired, of: index) }
      if let transition { record(transition, of: index) }
      armEarlier(index)
    }
  }

  /// Sends a peer's echo back that the kernel does not: one to our address, as FRR sends them over IPv6. Only for a
  /// session that is Up, and no faster than this system announced, so that nobody is flooded by way of us.
  private mutating func loop(
    _ position: Int, _ header: UDPFrame.Header, _ frame: cl_frame, _ port: EchoPort, at arrival: Instant
  ) {
    guard header.timeToLive == 255 else { return count(.timeToLive) }
    let index =
      demultiplexer.index(
        of: SessionKey(peer: .address(header.source, interface: frame.interface_index), domain: port.domain))
      ?? demultiplexer.index(of: SessionKey(peer: .address(header.source, interface: 0), domain: port.domain))
    guard let index, echoPaths.indices.contains(index), echoPaths[index] != nil,
      let session = slots[index]?.pointee.session, session.state == .up, !session.isMute,
      session.configuration.requiredMinEchoRx != .zero,
      frame.source_length == 6
    else { return count(.echoUnexpected) }
    // The peer's jitter may take a quarter off the interval (RFC 5880 section 6.8.9).
    let least = session.configuration.requiredMinEchoRx.nanoseconds / 4 * 3
    if let last = echoPaths[index]?.loopedAt ?? nil, arrival - last < least { return count(.echoRate) }
    var payload = InlineArray<80, UInt8>(repeating: 0)
    let length = echoBatch.withPacket(position) { packet -> Int in
      guard let (_, range) = UDPFrame.read(packet), range.count <= 80 else { return 0 }
      for (offset, place) in range.enumerated() { payload[offset] = packet.octet(place) }
      return range.count
    }
    guard length > 0 else { return count(.truncated) }
    echoPaths[index]?.loopedAt = arrival
    echoPaths[index]?.view.looped &+= 1
    let route = UnsafeMutablePointer<cl_tx_route>.allocate(capacity: 1)
    route.initialize(to: cl_tx_route())
    withUnsafeBytes(of: frame.source) { source in
      // Eight octets, of which the kernel filled six.
      cl_tx_route_set_link(
        route, header.source.family == .ipv6, frame.interface_index,
        source.bindMemory(to: UInt8.self).baseAddress)
    }
    let start = UDPFrame.headerLength(header.source.family)
    let back = UDPFrame.Header(
      source: header.destination, destination: header.source, sourcePort: BFDPort.echo,
      destinationPort: header.sourcePort, timeToLive: 254)
    if transmitBatch.isFull { send() }
    transmitBatch.add(
      by: Exit(route: route, descriptor: port.sender), length: start + length, padding: 0, owner: index
    ) { buffer in
      for offset in 0..<length { buffer.store(payload[offset], at: start + offset) }
      UDPFrame.write(back, padding: 0, to: &buffer)
    }
    send()
    route.deallocate()
  }
}

/// Where a routing domain lives.
final class Home: Sendable {
  let domain: RoutingDomain
  let namespace: NetworkNamespace

  init(_ domain: RoutingDomain, _ namespace: consuming NetworkNamespace) {
    self.domain = domain
    self.namespace = namespace
  }
}
