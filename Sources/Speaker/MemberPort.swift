import Addresses
import BFD
import CLinux
import Glibc
import NetworkNamespaces
import PacketSockets

/// The sockets of one member of a link aggregation group, for one family (RFC 7130).
///
/// Packet sockets: what a bond's member receives, the IP stack takes for the bond's, and what goes by the bond's address
/// leaves by any member. Sent to the dedicated multicast address in every state, which section 2.3 allows throughout.
final class MemberPort: Sendable {
  let endpoint: Endpoint
  let sender: Int32
  let hearer: Int32
  /// -1 when another program has the port: then the kernel does not answer either.
  private let sink: Int32

  deinit { for descriptor in [sender, hearer, sink] where descriptor >= 0 { close(descriptor) } }

  init(_ endpoint: Endpoint, in namespace: borrowing NetworkNamespace) throws(SpeakerError) {
    self.endpoint = endpoint
    let isIPv6 = endpoint.address.family == .ipv6
    let interface = endpoint.interface
    do throws(SystemCallError) {
      (hearer, sender, sink) = try namespace.perform { () throws(SystemCallError) in
        let hearer = cl_member_socket(UInt16(isIPv6 ? ETH_P_IPV6 : ETH_P_IP), interface)
        guard hearer >= 0 else { throw SystemCallError("open a packet socket on interface \(interface)") }
        let sender = cl_echo_sender()
        guard sender >= 0 else {
          let error = SystemCallError("open a packet socket")
          close(hearer)
          throw error
        }
        return (hearer, sender, cl_member_sink(isIPv6))
      }
    } catch {
      let isForbidden = error.code == EPERM || error.code == EACCES
      throw SpeakerError(
        message: "\(error)" + (isForbidden ? ": not permitted; run as root or with CAP_NET_RAW" : ""),
        code: error.code)
    }
  }

  /// RFC 7130 section 2.3.
  static let multicast: [UInt8] = [0x01, 0x00, 0x5e, 0x90, 0x00, 0x01]
}

extension Speaker {
  /// Opens a member's sockets, unless they are.
  mutating func openMember(_ endpoint: Endpoint, in namespace: borrowing NetworkNamespace) throws(SpeakerError) {
    guard !memberPorts.contains(where: { $0.endpoint == endpoint }) else { return }
    memberPorts.append(try MemberPort(endpoint, in: namespace))
    findTransmitters()
  }

  /// Closes the members' sockets of those that are not among these.
  public mutating func closeMembers(except wanted: Set<Endpoint>) {
    guard memberPorts.contains(where: { !wanted.contains($0.endpoint) }) else { return }
    send()
    memberPorts.removeAll { !wanted.contains($0.endpoint) }
    findTransmitters()
  }

  /// The socket that a member's session sends by; -1 as long as there is none.
  func memberSender(for settings: SessionSettings) -> Int32 {
    memberPorts.first {
      $0.endpoint.domain == settings.key.domain && $0.endpoint.interface == settings.key.interface
        && $0.endpoint.address.family == settings.remoteAddress?.family
    }?.sender ?? -1
  }

  /// What stands before a member's packet: the stack does not write it; nil for all other sessions.
  func frameHeader(of settings: SessionSettings) -> UDPFrame.Header? {
    guard settings.key.pathType == .linkAggregationMember, let source = settings.localAddress,
      let destination = settings.remoteAddress
    else { return nil }
    return UDPFrame.Header(
      source: source, destination: destination, sourcePort: preferredPort,
      destinationPort: BFDPort.linkAggregationMember, timeToLive: 255)
  }

  /// Reads every packet that members have heard.
  mutating func drainMembers(until now: Instant) {
    for port in memberPorts {
      while echoBatch.receive(from: port.hearer) > 0 {
        let clock = ArrivalClock()
        var latest = now
        for position in 0..<echoBatch.count {
          let frame = echoBatch.frame(position)
          latest = clock.arrival(realtime: frame.realtime_ns, earliest: drainedAt)
          counters.received &+= 1
          let packet = echoBatch.packet(position).bytes  // stays as it is until the next receive
          guard let (header, payload) = UDPFrame.read(packet) else {
            count(.truncated)
            continue
          }
          let source = PacketSource(
            source: header.source, destination: header.destination, interface: frame.interface_index,
            timeToLive: header.timeToLive, pathType: .linkAggregationMember, domain: port.endpoint.domain)
          reading = Reading(sourcePort: header.sourcePort, length: payload.count)
          deliver(packet.extracting(payload), from: source, at: latest)
        }
        send()
        if !echoBatch.isFull || latest > now { break }
      }
    }
  }
}
