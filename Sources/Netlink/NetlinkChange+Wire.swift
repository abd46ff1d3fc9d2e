import Addresses
import CLinux
import Glibc

extension NetlinkChange {
  private static let create = NLM_F_CREATE | NLM_F_EXCL
  private static let replace = NLM_F_CREATE | NLM_F_REPLACE

  /// Writes this change as one message.
  func encode(into writer: inout MessageWriter, sequence: UInt32) {
    switch self {
    case .addAddress(let address):
      address.encode(RTM_NEWADDR, flags: Self.create, into: &writer, sequence: sequence)
    case .replaceAddress(let address):
      address.encode(RTM_NEWADDR, flags: Self.replace, into: &writer, sequence: sequence)
    case .removeAddress(let address):
      address.encode(RTM_DELADDR, flags: 0, into: &writer, sequence: sequence)
    case .addRoute(let route):
      route.encode(RTM_NEWROUTE, flags: Self.create, into: &writer, sequence: sequence)
    case .replaceRoute(let route):
      route.encode(RTM_NEWROUTE, flags: Self.replace, into: &writer, sequence: sequence)
    case .removeRoute(let route):
      route.encode(RTM_DELROUTE, flags: 0, into: &writer, sequence: sequence)
    case .addRule(let rule): rule.encode(RTM_NEWRULE, flags: Self.create, into: &writer, sequence: sequence)
    case .removeRule(let rule): rule.encode(RTM_DELRULE, flags: 0, into: &writer, sequence: sequence)
    case .addNextHop(let nextHop):
      nextHop.encode(RTM_NEWNEXTHOP, flags: Self.create, into: &writer, sequence: sequence)
    case .replaceNextHop(let nextHop):
      nextHop.encode(RTM_NEWNEXTHOP, flags: Self.replace, into: &writer, sequence: sequence)
    case .removeNextHop(let id): NextHop.encodeRemoval(of: id, into: &writer, sequence: sequence)
    case .setNeighbour(let neighbour):
      neighbour.encode(RTM_NEWNEIGH, flags: Self.replace, into: &writer, sequence: sequence)
    case .removeNeighbour(let address, let interface):
      Neighbour(interface: interface, address: address, linkAddress: nil, state: [])
        .encode(RTM_DELNEIGH, flags: 0, into: &writer, sequence: sequence)
    case .probeNeighbour(let address, let interface):
      Neighbour(interface: interface, address: address, linkAddress: nil, state: .probe)
        .encode(RTM_NEWNEIGH, flags: NLM_F_REPLACE, into: &writer, sequence: sequence)
    case .resolveNeighbour(let address, let interface):
      Neighbour(interface: interface, address: address, linkAddress: nil, state: [])
        .encode(RTM_NEWNEIGH, flags: Self.replace, use: true, into: &writer, sequence: sequence)
    case .setLink(let index, let settings): settings.encode(index, into: &writer, sequence: sequence)
    case .moveLink(let index, let descriptor, let name):
      writer.begin(RTM_NEWLINK, flags: 0, sequence: sequence, Self.link(index))
      writer.put(IFLA_NET_NS_FD, descriptor)
      if let name { writer.put(IFLA_IFNAME, text: name) }
      writer.end()
    case .createVeth(let one, let peer):
      writer.begin(RTM_NEWLINK, flags: Self.create, sequence: sequence, ifinfomsg())
      one.encode(into: &writer)
      writer.nest(IFLA_LINKINFO) { writer in
        writer.put(IFLA_INFO_KIND, text: "veth")
        writer.nest(IFLA_INFO_DATA) { writer in
          writer.nest(VETH_INFO_PEER) { writer in
            writer.append(ifinfomsg())
            peer.encode(into: &writer)
          }
        }
      }
      writer.end()
    case .createBridge(let name):
      writer.begin(RTM_NEWLINK, flags: Self.create, sequence: sequence, ifinfomsg())
      writer.put(IFLA_IFNAME, text: name)
      writer.nest(IFLA_LINKINFO) { $0.put(IFLA_INFO_KIND, text: "bridge") }
      writer.end()
    case .removeLink(let index):
      writer.begin(RTM_DELLINK, flags: 0, sequence: sequence, Self.link(index))
      writer.end()
    }
  }

  private static func link(_ index: Int32) -> ifinfomsg {
    var header = ifinfomsg()
    header.ifi_index = index
    return header
  }
}

extension LinkSettings {
  fileprivate func encode(_ index: Int32, into writer: inout MessageWriter, sequence: UInt32) {
    var header = ifinfomsg()
    header.ifi_index = index
    if let isUp {
      header.ifi_change = UInt32(IFF_UP)
      header.ifi_flags = isUp ? UInt32(IFF_UP) : 0
    }
    writer.begin(RTM_NEWLINK, flags: 0, sequence: sequence, header)
    if let mtu { writer.put(IFLA_MTU, mtu) }
    if let mac { writer.put(IFLA_ADDRESS, bytes: mac.octets) }
    if let name { writer.put(IFLA_IFNAME, text: name) }
    if let master { writer.put(IFLA_MASTER, master) }
    writer.end()
  }
}

extension VethEnd {
  fileprivate func encode(into writer: inout MessageWriter) {
    writer.put(IFLA_IFNAME, text: name)
    if let mac { writer.put(IFLA_ADDRESS, bytes: mac.octets) }
    if let mtu { writer.put(IFLA_MTU, mtu) }
    if let namespaceDescriptor { writer.put(IFLA_NET_NS_FD, namespaceDescriptor) }
  }
}
