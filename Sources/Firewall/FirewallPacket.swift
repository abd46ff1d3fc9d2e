public import Addresses

/// Where in the kernel's way of a packet rules are asked (`enum nf_inet_hooks`, <linux/netfilter.h>).
public enum FirewallHook: String, Hashable, Sendable, Codable, CaseIterable {
  case ingress, prerouting, input, forward, output, postrouting, egress

  /// The hooks that a packet for this host passes, in their order.
  public static let arriving: [FirewallHook] = [.ingress, .prerouting, .input]
  /// The hooks that a packet of this host passes, in their order.
  public static let leaving: [FirewallHook] = [.output, .postrouting, .egress]

  /// Whether the packet came in by an interface.
  var isReceiving: Bool { self == .ingress || self == .prerouting || self == .input || self == .forward }
}

/// What connection tracking thinks of a packet.
public enum ConnectionState: String, Hashable, Sendable, Codable {
  case new, established, related, invalid, untracked
}

/// A packet whose fate is asked. What is nil is not known, and a rule that asks for it cannot be judged.
public struct FirewallPacket: Hashable, Sendable {
  /// The interface it comes in by; nil for one of our own.
  public var inInterface: String?
  /// The interface it leaves by; nil for one that arrives.
  public var outInterface: String?
  public var source: IPAddress
  public var destination: IPAddress
  /// The IP protocol's number (IANA): 1 ICMP, 6 TCP, 17 UDP, 58 ICMPv6.
  public var transport: UInt8
  public var sourcePort: UInt16?
  public var destinationPort: UInt16?
  /// Type of an ICMP or ICMPv6 message.
  public var icmpType: UInt8?
  /// Time to live, or hop limit.
  public var ttl: UInt8?
  /// Of the IP packet, in octets, its header included.
  public var length: UInt16?
  /// Differentiated services code point, 0 to 63.
  public var dscp: UInt8?
  /// What connection tracking says of it. BFD's two directions are two connections, so `.new` is right for it.
  public var state: ConnectionState
  /// Its mark (SO_MARK for one of our own).
  public var mark: UInt32
  /// Whether the route back to its source leads out of the interface it came by; nil when nobody has looked.
  public var hasRouteBack: Bool?

  public init(
    inInterface: String? = nil, outInterface: String? = nil, source: IPAddress, destination: IPAddress,
    transport: UInt8, sourcePort: UInt16? = nil, destinationPort: UInt16? = nil, icmpType: UInt8? = nil,
    ttl: UInt8? = nil, length: UInt16? = nil, dscp: UInt8? = nil, state: ConnectionState = .new, mark: UInt32 = 0,
    hasRouteBack: Bool? = nil
  ) {
    self.inInterface = inInterface
    self.outInterface = outInterface
    self.source = source
    self.destination = destination
    self.transport = transport
    self.sourcePort = sourcePort
    self.destinationPort = destinationPort
    self.icmpType = icmpType
    self.ttl = ttl
    self.length = length
    self.dscp = dscp
    self.state = state
    self.mark = mark
    self.hasRouteBack = hasRouteBack
  }

  /// A BFD control packet without authentication (RFC 5881, RFC 5883).
  /// - Parameters:
  ///   - port: 3784 for one hop, 4784 for several.
  ///   - sourcePort: 49152 to 65535; the first of them stands for all.
  public static func bfd(
    from source: IPAddress, to destination: IPAddress, inInterface: String? = nil, outInterface: String? = nil,
    port: UInt16 = 3784, sourcePort: UInt16 = 49_152, ttl: UInt8 = 255, hasRouteBack: Bool? = nil
  ) -> FirewallPacket {
    FirewallPacket(
      inInterface: inInterface, outInterface: outInterface, source: source, destination: destination,
      transport: 17, sourcePort: sourcePort, destinationPort: port, ttl: ttl,
      length: source.family == .ipv4 ? 52 : 72, hasRouteBack: hasRouteBack)
  }

  /// An echo request or its answer.
  public static func echo(
    reply: Bool, from source: IPAddress, to destination: IPAddress, inInterface: String? = nil,
    outInterface: String? = nil
  ) -> FirewallPacket {
    let isV4 = source.family == .ipv4
    return FirewallPacket(
      inInterface: inInterface, outInterface: outInterface, source: source, destination: destination,
      transport: isV4 ? 1 : 58, icmpType: reply ? (isV4 ? 0 : 129) : (isV4 ? 8 : 128),
      state: reply ? .established : .new)
  }
}
