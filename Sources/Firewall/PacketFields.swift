import Addresses

/// A packet on its way: what it is, and what rules have made of it.
struct PacketOnItsWay: Hashable {
  var packet: FirewallPacket
  var hook: FirewallHook
  /// Nil when it depends on what could not be judged.
  var mark: UInt32?
  /// The states that connection tracking may give it.
  var states: Set<ConnectionState>
  /// What a rule has, or may have, written with a value that is not known.
  var altered: Set<Field> = []
  /// Whether everything since the packet came to be has been looked at.
  var isSeenFromItsStart: Bool

  init(_ packet: FirewallPacket, from hook: FirewallHook) {
    self.packet = packet
    self.hook = hook
    mark = packet.mark
    states = [packet.state]
    isSeenFromItsStart = hook == .ingress || hook == .prerouting || hook == .output
  }

  /// What holds after two ways that it may have gone.
  mutating func merge(_ other: PacketOnItsWay) {
    if mark != other.mark { mark = nil }
    states.formUnion(other.states)
    altered.formUnion(other.altered)
  }

  /// What a field may hold.
  enum Content: Equatable {
    case one([FieldValue])
    /// Any of these.
    case several([FieldValue])
    /// No such thing in this packet: no comparison with it holds.
    case absent
    case unknown(String)
  }

  func content(of selector: Selector) -> Content {
    if let family = selector.family, family != packet.source.family { return .absent }
    if let transport = selector.transport, transport != packet.transport { return .absent }
    if altered.contains(selector.field) { return .unknown("\(selector.field), which another rule writes") }
    switch masked(content(of: selector.field), selector.mask) {
    case .some(let content): return content
    case nil: return .unknown("a mask on \(selector.field)")
    }
  }

  private func masked(_ content: Content, _ mask: UInt64?) -> Content? {
    guard let mask else { return content }
    switch content {
    case .one(let values):
      let numbers = values.compactMap { if case .number(let number) = $0 { number & mask } else { nil } }
      return numbers.count == values.count ? .one(numbers.map { .number($0) }) : nil
    case .several: return nil
    case .absent, .unknown: return content
    }
  }

  private func content(of field: Field) -> Content {
    let isV4 = packet.source.family == .ipv4
    switch field {
    case .inInterface: return interface(packet.inInterface, isExpected: hook.isReceiving)
    case .outInterface:
      return interface(packet.outInterface, isExpected: hook == .forward || !hook.isReceiving)
    case .source: return .one([.address(packet.source)])
    case .destination: return .one([.address(packet.destination)])
    case .sourcePort: return number(packet.sourcePort, "the source port")
    case .destinationPort: return number(packet.destinationPort, "the destination port")
    case .eitherPort:
      guard hasPorts else { return .absent }
      guard let source = packet.sourcePort, let destination = packet.destinationPort else {
        return .unknown("the ports")
      }
      return .one([.number(UInt64(source)), .number(UInt64(destination))])
    case .transport: return .one([.number(UInt64(packet.transport))])
    case .networkProtocol: return .one([.text(isV4 ? "ip" : "ip6")])
    case .icmpType:
      guard let type = packet.icmpType else { return .absent }
      return .one([.number(UInt64(type))])
    case .ttl: return number(packet.ttl, "the TTL")
    case .length: return number(packet.length, "the length")
    case .udpLength: return number(packet.length.map { Int($0) - (isV4 ? 20 : 40) }, "the length")
    case .dscp: return number(packet.dscp, "the DSCP")
    case .state:
      let values = states.map { FieldValue.text($0.rawValue) }
      return values.count == 1 ? .one(values) : .several(values)
    case .stateOrNAT:
      // One that was not seen from its start may have been translated before.
      let isPlain = isSeenFromItsStart || packet.state != .new
      let names = states.map(\.rawValue) + (isPlain ? [] : ["dnat"])
      return names.count == 1 ? .one([.text(names[0])]) : .several(names.map { .text($0) })
    case .direction: return .one([.text(packet.state == .established ? "reply" : "original")])
    case .natStatus:
      return packet.state == .new && isSeenFromItsStart ? .one([.text("none")]) : .unknown("its NAT")
    case .mark: return mark.map { .one([.number(UInt64($0))]) } ?? .unknown("its mark")
    case .packetType:
      return packet.destination.isMulticast ? .unknown("the packet type") : .one([.text("unicast")])
    case .destinationType:
      // What reaches the input hook with an address of one host is for this one.
      guard !packet.destination.isMulticast, hook == .input else { return .unknown("the destination's type") }
      return .one([.text("local")])
    case .sourceType:
      guard !packet.source.isMulticast, hook == .output else { return .unknown("the source's type") }
      return .one([.text("local")])
    case .routeBack:
      return packet.hasRouteBack.map { .one([.number($0 ? 1 : 0)]) } ?? .unknown("the route back to the source")
    case .unknown(let name): return .unknown(name)
    }
  }

  /// TCP, UDP, DCCP, SCTP and UDP-Lite.
  private var hasPorts: Bool { [6, 17, 33, 132, 136].contains(packet.transport) }

  private func number(_ value: (some BinaryInteger)?, _ name: String) -> Content {
    if name.hasSuffix("port"), !hasPorts { return .absent }
    guard let value, let number = UInt64(exactly: value) else { return .unknown(name) }
    return .one([.number(number)])
  }

  /// A packet of our own has no interface it came by: the kernel compares with an empty name.
  private func interface(_ name: String?, isExpected: Bool) -> Content {
    if let name { return .one([.text(name)]) }
    return isExpected ? .unknown("the interface") : .one([.text("")])
  }
}

extension Field: CustomStringConvertible {
  var description: String {
    switch self {
    case .inInterface: "the incoming interface"
    case .outInterface: "the outgoing interface"
    case .source: "the source"
    case .destination: "the destination"
    case .sourcePort: "the source port"
    case .destinationPort: "the destination port"
    case .eitherPort: "the ports"
    case .transport: "the transport protocol"
    case .networkProtocol: "the network protocol"
    case .icmpType: "the ICMP type"
    case .ttl: "the TTL"
    case .length: "the length"
    case .udpLength: "the UDP length"
    case .dscp: "the DSCP"
    case .state: "the connection's state"
    case .stateOrNAT: "the connection's state or NAT"
    case .direction: "the connection's direction"
    case .natStatus: "the connection's NAT"
    case .mark: "the mark"
    case .packetType: "the packet type"
    case .destinationType: "the destination's type"
    case .sourceType: "the source's type"
    case .routeBack: "the route back"
    case .unknown(let name): name
    }
  }
}
