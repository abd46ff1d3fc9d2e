public import Addresses
public import BFD
import CLinux
import Glibc
public import NetworkNamespaces
import PacketSockets

/// Sees what passes between this system and one peer on an interface: its answers to ARP and echo requests, BFD both
/// ways, and ICMP errors about them. What comes in is seen before any firewall rule here, what leaves after all of them.
public struct PeerWatch: ~Copyable {
  public enum Sighting: Hashable, Sendable {
    /// Somebody answers for the next hop.
    case neighbour(MACAddress, at: Instant)
    /// An echo request of ours leaves.
    case echoRequest(sequence: UInt16, at: Instant)
    case echoReply(sequence: UInt16, timeToLive: UInt8, at: Instant)
    /// UDP's payload.
    case bfd(isOurs: Bool, payload: [UInt8], timeToLive: UInt8, sourcePort: UInt16, at: Instant)
    /// About BFD of ours, or an echo request of ours.
    case error(text: String, reporter: IPAddress, isAboutBFD: Bool, isPortUnreachable: Bool)
  }

  /// Wait for it to be readable, then `take`.
  public let descriptor: Int32
  private let interface: ProbeInterface
  private let peer: IPAddress
  private let via: IPAddress
  private let source: IPAddress
  private let port: UInt16
  private let identifier: UInt16
  private let echoSocket: OwnedDescriptor
  private let watchSocket: OwnedDescriptor
  private let linkAddress: MACAddress?
  private var batch = FrameBatch()
  private var buffer: [UInt8] = []

  /// Opens its sockets inside a namespace.
  /// - Parameters:
  ///   - interface: what packets leave by.
  ///   - via: the next hop, the peer itself when it is on the link.
  ///   - source: our address.
  ///   - port: of BFD, 3784 or 4784.
  ///   - isAnywhere: answers may come in by another interface (several hops).
  ///   - identifier: of our echo requests, random.
  /// - Throws: `ProbeError` that says what to do.
  public init(
    in namespace: borrowing NetworkNamespace, interface: ProbeInterface, peer: IPAddress, via: IPAddress,
    source: IPAddress, port: UInt16, isAnywhere: Bool, identifier: UInt16
  ) throws(ProbeError) {
    self.interface = interface
    self.peer = peer
    self.via = via
    self.source = source
    self.port = port
    self.identifier = identifier
    let sockets = try Sockets(in: namespace, interface.index, source, isAnywhere)
    watchSocket = sockets.watch
    echoSocket = sockets.echo
    linkAddress = sockets.linkAddress
    descriptor = sockets.watch.number
  }

  private struct Sockets {
    var watch: OwnedDescriptor
    var echo: OwnedDescriptor
    var linkAddress: MACAddress?

    init(
      in namespace: borrowing NetworkNamespace, _ index: UInt32, _ source: IPAddress, _ isAnywhere: Bool
    ) throws(ProbeError) {
      do throws(SystemCallError) {
        watch = try namespace.perform { () throws(SystemCallError) in
          let socket = cl_watch_socket(isAnywhere ? 0 : index)
          guard socket >= 0 else { throw SystemCallError("open a packet socket") }
          return OwnedDescriptor(socket)
        }
        echo = try namespace.perform { () throws(SystemCallError) in
          OwnedDescriptor(try PeerWatch.echoSocket(from: source))
        }
        // What a socket bound to the interface knows of it.
        linkAddress = try namespace.perform { () throws(SystemCallError) in
          let socket = cl_echo_sender()
          guard socket >= 0 else { throw SystemCallError("open a packet socket") }
          defer { close(socket) }
          var link = cl_probe_link()
          guard cl_probe_bind(socket, 0, index) == 0, cl_probe_link(socket, &link) == 0,
            link.hardware_type == UInt16(CL_ARPHRD_ETHER), link.address_length == 6
          else { return nil }
          return withUnsafeBytes(of: link.address) { $0.bytes.mac(0) }
        }
      } catch {
        throw ProbeError(error)
      }
    }
  }

  /// Whether the interface has link-layer addresses that can be asked for.
  public var canAskNeighbour: Bool { linkAddress?.isUsable ?? false }

  private static func echoSocket(from source: IPAddress) throws(SystemCallError) -> Int32 {
    let isV4 = source.family == .ipv4
    let type = Int32(SOCK_RAW.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let fd = socket(isV4 ? AF_INET : AF_INET6, type, Int32(isV4 ? IPProtocol.icmp : IPProtocol.icmpv6))
    guard fd >= 0 else { throw SystemCallError("open a socket for ICMP") }
    // Only sent by: its own queue need hold nothing.
    var least: Int32 = 0
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &least, 4)
    let code = Self.withAddress(source, 0) { bind(fd, $0, $1) }
    guard code == 0 else {
      let error = SystemCallError("bind to \(source)")
      close(fd)
      throw error
    }
    return fd
  }

  private static func withAddress<T>(
    _ address: IPAddress, _ scope: UInt32, _ body: (UnsafePointer<sockaddr>, socklen_t) -> T
  ) -> T {
    switch address {
    case .v4(let v4):
      var name = sockaddr_in()
      name.sin_family = sa_family_t(AF_INET)
      name.sin_addr.s_addr = v4.bits.bigEndian
      return withUnsafePointer(to: &name) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
      }
    case .v6:
      var name = sockaddr_in6()
      name.sin6_family = sa_family_t(AF_INET6)
      name.sin6_scope_id = scope
      withUnsafeMutableBytes(of: &name.sin6_addr) { $0.copyBytes(from: address.octets) }
      return withUnsafePointer(to: &name) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          body($0, socklen_t(MemoryLayout<sockaddr_in6>.size))
        }
      }
    }
  }

  // MARK: Asking

  /// Asks for the next hop's link-layer address, to all on the link.
  public mutating func askNeighbour() {
    guard let linkAddress else { return }
    switch (via, source) {
    case (.v4(let target), .v4(let own)):
      ARPMessage(requestFor: target, from: own, linkAddress).write(to: &buffer)
      send(to: .broadcast, UInt16(ETH_P_ARP))
    case (.v6(let target), .v6(let own)):
      NeighbourDiscovery.writeSolicitation(for: target, from: own, linkAddress, unicast: false, to: &buffer)
      send(
        to: NeighbourDiscovery.multicastMAC(NeighbourDiscovery.solicitedNodeMulticast(target)), UInt16(ETH_P_IPV6))
    default: break
    }
  }

  private func send(to address: MACAddress, _ ethertype: UInt16) {
    _ = cl_probe_send(
      watchSocket.number, interface.index, ethertype, address.octets, buffer, UInt32(buffer.count))
  }

  /// Sends an echo request by way of the routes.
  /// - Returns: 0, or errno.
  public mutating func sendEcho(sequence: UInt16) -> Int32 {
    buffer.removeAll(keepingCapacity: true)
    buffer.append(peer.family == .ipv4 ? EchoMessage.requestV4 : EchoMessage.requestV6)
    buffer.append(0)
    buffer.append(bigEndian: UInt16(0))
    buffer.append(bigEndian: identifier)
    buffer.append(bigEndian: sequence)
    for _ in 0..<4 { buffer.append(bigEndian: UInt32(0x4576_7779)) }
    if peer.family == .ipv4 {
      // The kernel writes ICMPv6's checksum, not ICMP's.
      var checksum = InternetChecksum()
      checksum.add(buffer.span.bytes)
      buffer.set(checksum.value, at: 2)
    }
    let sent = Self.withAddress(peer, peer.isLinkLocal ? interface.index : 0) { address, length in
      sendto(echoSocket.number, buffer, buffer.count, Int32(MSG_DONTWAIT), address, length)
    }
    return sent < 0 ? errno : 0
  }

  // MARK: Seeing

  /// What has passed since the last call; of a flood a part, so that the caller keeps its time.
  public mutating func take() -> [Sighting] {
    var seen: [Sighting] = []
    for _ in 0..<64 where batch.receive(from: descriptor) > 0 {
      let clock = ArrivalClock()
      for index in 0..<batch.count {
        let frame = batch.frame(index)
        let at = clock.arrival(realtime: frame.realtime_ns, earliest: Instant(nanoseconds: 0))
        let isOurs = frame.packet_type == UInt8(PACKET_OUTGOING)
        let onInterface = frame.interface_index == interface.index
        if let sighting = batch.withPacket(index, { see($0, frame.ethertype, isOurs, onInterface, at) }) {
          seen.append(sighting)
        }
      }
      if !batch.isFull { break }
    }
    return seen
  }

  private func see(
    _ packet: RawSpan, _ ethertype: UInt16, _ isOurs: Bool, _ onInterface: Bool, _ at: Instant
  ) -> Sighting? {
    if ethertype == UInt16(ETH_P_ARP) {
      guard !isOurs, onInterface, let message = ARPMessage(packet), case .v4(let target) = via,
        message.operation == ARPMessage.reply, message.sender == target, message.senderHardware.isUsable
      else { return nil }
      return .neighbour(message.senderHardware, at: at)
    }
    if let message = ICMPMessage(packet) { return see(message, packet, isOurs, onInterface, at) }
    guard let datagram = UDPDatagram(packet), datagram.destinationPort == port,
      isOurs
        ? datagram.source == source && datagram.destination == peer
        : datagram.source == peer && datagram.destination == source
    else { return nil }
    return .bfd(
      isOurs: isOurs, payload: packet.extracting(datagram.payload).array, timeToLive: datagram.timeToLive,
      sourcePort: datagram.sourcePort, at: at)
  }

  private func see(
    _ message: ICMPMessage, _ packet: RawSpan, _ isOurs: Bool, _ onInterface: Bool, _ at: Instant
  ) -> Sighting? {
    let start = message.range.lowerBound
    let isEchoOfOurs = message.range.count >= 8 && packet.half(start + 4) == identifier
    switch (message.type, peer.family) {
    case (EchoMessage.requestV4, .ipv4), (EchoMessage.requestV6, .ipv6):
      guard isOurs, message.destination == peer, isEchoOfOurs else { return nil }
      return .echoRequest(sequence: packet.half(start + 6), at: at)
    case (EchoMessage.replyV4, .ipv4), (EchoMessage.replyV6, .ipv6):
      guard !isOurs, message.source == peer, isEchoOfOurs else { return nil }
      return .echoReply(sequence: packet.half(start + 6), timeToLive: message.timeToLive, at: at)
    case (NeighbourDiscovery.advertisement, .ipv6):
      guard !isOurs, onInterface, let advertisement = NeighbourAdvertisement(packet, message),
        via == .v6(advertisement.target), let hardware = advertisement.hardware, hardware.isUsable
      else { return nil }
      return .neighbour(hardware, at: at)
    default:
      guard !isOurs, let error = QuotedError(packet, message), error.source == source, error.destination == peer
      else { return nil }
      let isAboutBFD = error.transport == IPProtocol.udp && error.destinationPort == port
      let isAboutEcho = error.transport == IPProtocol.icmp || error.transport == IPProtocol.icmpv6
      guard isAboutBFD || isAboutEcho else { return nil }
      return .error(
        text: error.text, reporter: message.source, isAboutBFD: isAboutBFD,
        isPortUnreachable: error.isPortUnreachable)
    }
  }
}

/// A UDP datagram in its IP packet, whole and without IPv6 extension headers.
struct UDPDatagram {
  var source: IPAddress
  var destination: IPAddress
  var timeToLive: UInt8
  var sourcePort: UInt16
  var destinationPort: UInt16
  var payload: Range<Int>

  init?(_ packet: RawSpan) {
    guard packet.byteCount >= 28 else { return nil }
    let header: Int
    switch packet.octet(0) >> 4 {
    case 4:
      header = Int(packet.octet(0) & 0xf) * 4
      guard header >= 20, packet.octet(9) == IPProtocol.udp, packet.half(6) & 0x1fff == 0 else { return nil }
      (source, destination) = (.v4(packet.ipv4(12)), .v4(packet.ipv4(16)))
      timeToLive = packet.octet(8)
    case 6:
      header = 40
      guard packet.byteCount >= 48, packet.octet(6) == IPProtocol.udp else { return nil }
      (source, destination) = (.v6(packet.ipv6(8)), .v6(packet.ipv6(24)))
      timeToLive = packet.octet(7)
    default: return nil
    }
    guard packet.byteCount >= header + 8, case let length = Int(packet.half(header + 4)), length >= 8,
      header + length <= packet.byteCount
    else { return nil }
    sourcePort = packet.half(header)
    destinationPort = packet.half(header + 2)
    payload = header + 8..<header + length
  }
}

/// An ICMP error, and the beginning of what it is about.
struct QuotedError {
  var text: String
  var isPortUnreachable: Bool
  var source: IPAddress
  var destination: IPAddress
  var transport: UInt8
  /// 0 for what has none.
  var destinationPort: UInt16

  /// Nil when it is no error, or quotes too little.
  init?(_ packet: RawSpan, _ message: ICMPMessage) {
    let quote = message.range.lowerBound + 8
    let left = message.range.upperBound - quote
    let inner: Int
    switch message.source.family {
    case .ipv4:
      guard let text = ICMPError.textV4(message.type, message.code), left >= 28, packet.octet(quote) >> 4 == 4
      else { return nil }
      self.text = text
      isPortUnreachable = message.type == 3 && message.code == 3
      let header = Int(packet.octet(quote) & 0xf) * 4
      guard header >= 20, left >= header + 8 else { return nil }
      inner = quote + header
      transport = packet.octet(quote + 9)
      (source, destination) = (.v4(packet.ipv4(quote + 12)), .v4(packet.ipv4(quote + 16)))
    case .ipv6:
      guard let text = ICMPError.textV6(message.type, message.code), left >= 48, packet.octet(quote) >> 4 == 6
      else { return nil }
      self.text = text
      isPortUnreachable = message.type == 1 && message.code == 4
      inner = quote + 40
      transport = packet.octet(quote + 6)
      (source, destination) = (.v6(packet.ipv6(quote + 8)), .v6(packet.ipv6(quote + 24)))
    }
    destinationPort = transport == IPProtocol.udp ? packet.half(inner + 2) : 0
  }
}

extension RawSpan {
  fileprivate var array: [UInt8] { (0..<byteCount).map { octet($0) } }
}
