import Cluster
import Addresses
import BFD
import CLinux
import Doctor
import Glibc
import Netlink
import NetworkNamespaces
import PacketSockets

/// Looks on as BFD packets pass the interfaces of a namespace. Sends nothing.
struct WireListener: ~Copyable {
  private let descriptor: Int32
  /// Interfaces by index, and our own addresses: what is only forwarded here is none of our BFD.
  private let names: [UInt32: String]
  private let own: Set<IPAddress>
  private var counts: [Key: Tally] = [:]
  private var packets = 0

  /// More is a flood, and is not needed to judge.
  private static let packetLimit = 100_000
  private static let flowLimit = 1_024

  deinit { close(descriptor) }

  /// - Throws: why nothing can be heard.
  init(in namespace: borrowing NetworkNamespace) throws(SystemCallError) {
    let tables: (links: [Link], addresses: [InterfaceAddress])
    do throws(NetlinkError) {
      var netlink = try NetlinkSocket(in: namespace)
      tables = (try netlink.links(), try netlink.addresses())
    } catch {
      throw SystemCallError("\(error)", code: error.code)
    }
    let tap = try namespace.perform { () throws(SystemCallError) in
      let fd = cl_watch_socket(0)
      guard fd >= 0 else { throw SystemCallError("open a packet socket") }
      return fd
    }
    descriptor = tap
    names = Dictionary(tables.links.map { (UInt32($0.index), $0.name) }) { first, _ in first }
    own = Set(tables.addresses.map(\.prefix.address))
  }

  var addresses: [IPAddress] { own.filter { !isLoopback($0) }.sorted() }

  private func isLoopback(_ address: IPAddress) -> Bool {
    switch address {
    case .v4(let v4): v4.bits >> 24 == 127
    case .v6(let v6): v6 == .loopback
    }
  }

  /// Listens for this long.
  mutating func listen(for window: Duration) -> SpeakerFacts.Wire {
    var batch = FrameBatch()
    let start = ContinuousClock.now
    while case let left = window - (ContinuousClock.now - start), left > .zero, packets < Self.packetLimit {
      var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      guard poll(&watched, 1, Int32(clamping: Int64(left / .milliseconds(1)) + 1)) > 0 else { continue }
      for index in 0..<batch.receive(from: descriptor) { take(batch, index) }
    }
    let heard = (ContinuousClock.now - start) / .milliseconds(1)
    return SpeakerFacts.Wire(window: UInt64(heard), flows: flows)
  }

  private mutating func take(_ batch: borrowing FrameBatch, _ index: Int) {
    let frame = batch.frame(index)
    guard let name = names[frame.interface_index], name != "lo", packets < Self.packetLimit else { return }
    let ethertype = Int32(frame.ethertype)
    guard ethertype == ETH_P_IP || ethertype == ETH_P_IPV6,
      let datagram = batch.withPacket(index, { Datagram($0, isIPv6: ethertype == ETH_P_IPV6) })
    else { return }
    let isOutgoing = frame.packet_type == UInt8(PACKET_OUTGOING)
    guard own.contains(isOutgoing ? datagram.source : datagram.destination) else { return }
    packets += 1
    let key = Key(
      source: datagram.source, destination: datagram.destination, port: datagram.port, interface: name,
      isOutgoing: isOutgoing)
    guard counts[key] != nil || counts.count < Self.flowLimit else { return }
    counts[key, default: Tally()].take(datagram, at: frame.realtime_ns)
  }

  private var flows: [SpeakerFacts.Flow] {
    counts.map { key, tally in
      var flow = SpeakerFacts.Flow(
        source: key.source, destination: key.destination, port: key.port, sourcePort: tally.sourcePort,
        interface: key.interface, isOutgoing: key.isOutgoing, count: tally.count, timeToLive: tally.timeToLive)
      flow.packet = tally.packet
      flow.fault = tally.fault
      if tally.count > 1 {
        flow.meanGap = UInt64(max(0, tally.last - tally.first)) / (tally.count - 1) / 1_000
        flow.longestGap = UInt64(max(0, tally.longest)) / 1_000
      }
      return flow
    }
    .sorted {
      ($0.source, $0.destination, $0.port, $0.interface) < ($1.source, $1.destination, $1.port, $1.interface)
    }
  }

  private struct Key: Hashable {
    var source: IPAddress
    var destination: IPAddress
    var port: UInt16
    var interface: String
    var isOutgoing: Bool
  }

  private struct Tally {
    var count: UInt64 = 0
    var timeToLive: UInt8 = 255
    var sourcePort: UInt16 = 0
    var first: Int64 = 0
    var last: Int64 = 0
    var longest: Int64 = 0
    var packet: SpeakerFacts.Packet?
    var fault: String?

    mutating func take(_ datagram: Datagram, at time: Int64) {
      if count == 0 { first = time } else { longest = max(longest, time - last) }
      last = time
      count += 1
      timeToLive = min(timeToLive, datagram.timeToLive)
      sourcePort = datagram.sourcePort
      switch datagram.content {
      case .success(let packet): (self.packet, fault) = (SpeakerFacts.Packet(packet), nil)
      case .failure(let discarded): (packet, fault) = (nil, discarded.reason.description)
      }
    }
  }
}

/// BFD in UDP, from the packet's network header on.
private struct Datagram {
  var source: IPAddress
  var destination: IPAddress
  var timeToLive: UInt8
  var sourcePort: UInt16
  var port: UInt16
  var content: Result<ControlPacket, PacketDiscarded>

  init?(_ bytes: RawSpan, isIPv6: Bool) {
    let header: Int
    if isIPv6 {
      guard bytes.byteCount >= 48 else { return nil }
      header = 40
      source = .v6(bytes.ipv6(8))
      destination = .v6(bytes.ipv6(24))
      timeToLive = bytes.octet(7)
    } else {
      guard bytes.byteCount >= 28 else { return nil }
      header = Int(bytes.octet(0) & 0x0f) * 4
      source = .v4(bytes.ipv4(12))
      destination = .v4(bytes.ipv4(16))
      timeToLive = bytes.octet(8)
    }
    // The socket's filter lets ICMP pass, too.
    guard header >= 20, bytes.byteCount >= header + 8, bytes.octet(isIPv6 ? 6 : 9) == IPProtocol.udp else {
      return nil
    }
    sourcePort = bytes.half(header)
    port = bytes.half(header + 2)
    // Ethernet pads: UDP's own length counts.
    let length = min(Int(bytes.half(header + 4)), bytes.byteCount - header)
    guard length >= 8 else { return nil }
    do throws(PacketDiscarded) {
      content = .success(try ControlPacket(parsing: bytes.extracting(header + 8..<header + length)))
    } catch {
      content = .failure(error)
    }
  }
}

extension SpeakerFacts.Packet {
  fileprivate init(_ packet: ControlPacket) {
    self.init(
      state: SpeakerFacts.State(packet.state), diagnostic: packet.diagnostic.code,
      multiplier: packet.detectMultiplier, myDiscriminator: packet.myDiscriminator,
      yourDiscriminator: packet.yourDiscriminator, desiredMinTx: UInt64(packet.desiredMinTx.microseconds),
      requiredMinRx: UInt64(packet.requiredMinRx.microseconds))
    isAuthenticated = packet.authenticationPresent
    isDemand = packet.demand
  }
}

extension SpeakerFacts.State {
  init(_ state: SessionState) {
    switch state {
    case .adminDown: self = .adminDown
    case .down: self = .down
    case .`init`: self = .`init`
    case .up: self = .up
    }
  }
}
