import Addresses
import CLinux

extension Route {
  /// Nil for families other than IPv4 and IPv6, routes the kernel cloned, and what cannot be read.
  init?(_ message: NetlinkMessage) {
    guard let (header, attributes) = message.header(rtmsg.self),
      let family = AddressFamily(number: header.rtm_family),
      let any = IPPrefix(.any(family), length: Int(header.rtm_dst_len))
    else { return nil }
    self.init(
      any, kind: RouteKind(rawValue: header.rtm_type), table: UInt32(header.rtm_table),
      protocol: RouteProtocol(rawValue: header.rtm_protocol), scope: RouteScope(rawValue: header.rtm_scope),
      flags: NextHopFlags(rawValue: header.rtm_flags & 0xff))
    for attribute in attributes {
      switch attribute.type {
      case RTA_DST:
        guard let address = IPAddress(octets: attribute.value), address.family == family else { return nil }
        destination.address = address
      case RTA_TABLE: table = attribute.u32 ?? table
      case RTA_PRIORITY: priority = attribute.u32 ?? 0
      case RTA_GATEWAY: gateway = IPAddress(octets: attribute.value)
      case RTA_VIA: gateway = Self.via(attribute)
      case RTA_OIF: interface = attribute.s32
      case RTA_PREFSRC: preferredSource = IPAddress(octets: attribute.value)
      case RTA_NH_ID: nextHop = attribute.u32
      case RTA_MULTIPATH: paths = Self.paths(attribute.value)
      case RTA_METRICS:
        for metric in attribute.nested where RTAX_MTU ~= metric.type { mtu = metric.u32 }
      default: break
      }
    }
  }

  /// struct rtvia: an address with its family in front.
  private static func via(_ attribute: Attributes.Attribute) -> IPAddress? {
    guard let number = attribute.u16, let family = AddressFamily(number: UInt8(truncatingIfNeeded: number)),
      let address = IPAddress(octets: attribute.value.dropFirst(2)), address.family == family
    else { return nil }
    return address
  }

  /// A run of struct rtnexthop, each with attributes; ends at the first whose length is impossible.
  private static func paths(_ octets: Octets) -> [Path] {
    var rest = octets
    var paths: [Path] = []
    while let header = rest.load(rtnexthop.self), header.rtnh_len >= 8, header.rtnh_len <= rest.count {
      let length = Int(header.rtnh_len)
      var path = Path(
        gateway: nil, interface: header.rtnh_ifindex, weight: Int(header.rtnh_hops) + 1,
        flags: NextHopFlags(rawValue: UInt32(header.rtnh_flags)))
      for attribute in Attributes(rest.prefix(length).dropFirst(8)) {
        switch attribute.type {
        case RTA_GATEWAY: path.gateway = IPAddress(octets: attribute.value)
        case RTA_VIA: path.gateway = via(attribute)
        default: break
        }
      }
      paths.append(path)
      rest = rest.dropFirst((length + 3) & ~3)
    }
    return paths
  }

  func encode(_ type: some KernelConstant, flags: Int32, into writer: inout MessageWriter, sequence: UInt32) {
    let removing = RTM_DELROUTE ~= type.number
    var header = rtmsg()
    header.rtm_family = destination.family.number
    header.rtm_dst_len = UInt8(truncatingIfNeeded: destination.length)
    header.rtm_protocol = self.protocol.rawValue
    // A removal need not know the scope the kernel keeps.
    header.rtm_scope = removing ? RouteScope.nowhere.rawValue : scope.rawValue
    // Nor the kind, which is listed as blackhole while the group is one.
    header.rtm_type = removing && nextHop != nil ? UInt8(RTN_UNSPEC) : kind.rawValue
    header.rtm_table = table < 256 ? UInt8(table) : UInt8(RT_TABLE_UNSPEC.rawValue)
    if nextHop == nil { header.rtm_flags = self.flags.intersection(.settable).rawValue }
    writer.begin(type, flags: flags, sequence: sequence, header)
    if destination.length > 0 { writer.put(RTA_DST, bytes: destination.address.octets) }
    if table >= 256 { writer.put(RTA_TABLE, table) }
    if priority != 0 { writer.put(RTA_PRIORITY, priority) }
    if let preferredSource { writer.put(RTA_PREFSRC, bytes: preferredSource.octets) }
    if let mtu { writer.nest(RTA_METRICS) { $0.put(RTAX_MTU, mtu) } }
    if let nextHop {
      // The kernel refuses a next hop's id together with what it stands for.
      writer.put(RTA_NH_ID, nextHop)
    } else if !paths.isEmpty {
      let place = writer.open(RTA_MULTIPATH)
      for path in paths { encode(path, into: &writer) }
      writer.close(place)
    } else {
      put(gateway, into: &writer)
      if let interface { writer.put(RTA_OIF, interface) }
    }
    writer.end()
  }

  private func encode(_ path: Path, into writer: inout MessageWriter) {
    var inner = MessageWriter(capacity: 32)
    put(path.gateway, into: &inner)
    writer.append(
      rtnexthop(
        rtnh_len: UInt16(truncatingIfNeeded: 8 + inner.bytes.count),
        rtnh_flags: UInt8(truncatingIfNeeded: path.flags.intersection(.settable).rawValue),
        rtnh_hops: UInt8(clamping: max(1, path.weight) - 1), rtnh_ifindex: path.interface))
    writer.append(octets: inner.bytes)
  }

  private func put(_ gateway: IPAddress?, into writer: inout MessageWriter) {
    guard let gateway else { return }
    if gateway.family == destination.family {
      writer.put(RTA_GATEWAY, bytes: gateway.octets)
    } else {
      let family = withUnsafeBytes(of: UInt16(gateway.family.number)) { Array($0) }
      writer.put(RTA_VIA, bytes: family + gateway.octets)
    }
  }
}
