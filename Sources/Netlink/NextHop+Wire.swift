import Addresses
import CLinux
import Glibc

extension NextHop {
  init?(_ message: NetlinkMessage) {
    guard let (header, attributes) = message.header(nhmsg.self) else { return nil }
    var id: UInt32?
    var gateway: IPAddress?
    var interface: Int32?
    var blackhole = false
    var members: [Member]?
    var resilience: Resilience?
    for attribute in attributes {
      switch attribute.type {
      case NHA_ID: id = attribute.u32
      case NHA_GATEWAY: gateway = IPAddress(octets: attribute.value)
      case NHA_OIF: interface = attribute.s32
      case NHA_BLACKHOLE: blackhole = true
      case NHA_GROUP: members = Self.members(attribute.value)
      case NHA_GROUP_TYPE where attribute.u16 == UInt16(NEXTHOP_GRP_TYPE_RES):
        resilience = resilience ?? Resilience(buckets: 0)
      case NHA_RES_GROUP: resilience = Resilience(attribute.nested)
      default: break
      }
    }
    guard let id, id != 0 else { return nil }
    let kind: Kind
    if let members {
      kind = .group(members, resilience.map { .resilient($0) } ?? .multipath)
    } else if blackhole {
      guard let family = AddressFamily(number: header.nh_family) else { return nil }
      kind = .blackhole(family)
    } else if let gateway, let interface {
      kind = .gateway(gateway, interface: interface)
    } else if let interface, let family = AddressFamily(number: header.nh_family) {
      kind = .interface(interface, family)
    } else {
      return nil  // a bridge's FDB next hop, or one of another family
    }
    self.init(
      id, kind, protocol: RouteProtocol(rawValue: header.nh_protocol),
      flags: NextHopFlags(rawValue: header.nh_flags & 0xff))
  }

  /// An array of struct nexthop_grp. Since Linux 6.12 the octet after the weight is its high half.
  private static func members(_ octets: Octets) -> [Member] {
    var rest = octets
    var members: [Member] = []
    while let entry = rest.load(nexthop_grp.self) {
      members.append(Member(entry.id, weight: (Int(entry.resvd1) << 8 | Int(entry.weight)) + 1))
      rest = rest.dropFirst(MemoryLayout<nexthop_grp>.size)
    }
    return members
  }

  func encode(_ type: some KernelConstant, flags: Int32, into writer: inout MessageWriter, sequence: UInt32) {
    var header = nhmsg()
    header.nh_protocol = self.protocol.rawValue
    switch kind {
    case .gateway(let address, _): header.nh_family = address.family.number
    case .interface(_, let family), .blackhole(let family): header.nh_family = family.number
    case .group: header.nh_family = UInt8(AF_UNSPEC)
    }
    if case .gateway = kind { header.nh_flags = self.flags.intersection(.settable).rawValue }
    writer.begin(type, flags: flags, sequence: sequence, header)
    writer.put(NHA_ID, id)
    switch kind {
    case .gateway(let address, let interface):
      writer.put(NHA_GATEWAY, bytes: address.octets)
      writer.put(NHA_OIF, interface)
    case .interface(let interface, _): writer.put(NHA_OIF, interface)
    case .blackhole: writer.put(flag: NHA_BLACKHOLE)
    case .group(let members, let groupType): groupType.encode(members.span, into: &writer)
    }
    writer.end()
  }

  static func encodeRemoval(of id: UInt32, into writer: inout MessageWriter, sequence: UInt32) {
    writer.begin(RTM_DELNEXTHOP, flags: 0, sequence: sequence, nhmsg())
    writer.put(NHA_ID, id)
    writer.end()
  }
}

extension NextHop.GroupType {
  /// Members, type and parameters. Allocates nothing beyond the writer's buffer.
  func encode(_ members: Span<NextHop.Member>, into writer: inout MessageWriter) {
    let place = writer.open(NHA_GROUP)
    for index in members.indices {
      let weight = UInt8(clamping: max(1, members[index].weight) - 1)
      writer.append(nexthop_grp(id: members[index].id, weight: weight, resvd1: 0, resvd2: 0))
    }
    writer.close(place)
    guard case .resilient(let resilience) = self else {
      writer.put(NHA_GROUP_TYPE, UInt16(NEXTHOP_GRP_TYPE_MPATH))
      return
    }
    writer.put(NHA_GROUP_TYPE, UInt16(NEXTHOP_GRP_TYPE_RES))
    let nest = writer.open(NHA_RES_GROUP, flags: UInt16(NLA_F_NESTED))
    writer.put(NHA_RES_GROUP_BUCKETS, resilience.buckets)
    writer.put(NHA_RES_GROUP_IDLE_TIMER, resilience.idleTimer.kernelTicks)
    writer.put(NHA_RES_GROUP_UNBALANCED_TIMER, resilience.unbalancedTimer.kernelTicks)
    writer.close(nest)
  }
}

extension NextHop.Resilience {
  fileprivate init(_ attributes: Attributes) {
    self.init(buckets: 0)
    for attribute in attributes {
      switch attribute.type {
      case NHA_RES_GROUP_BUCKETS: buckets = attribute.u16 ?? 0
      case NHA_RES_GROUP_IDLE_TIMER: idleTimer = Duration(kernelTicks: UInt64(attribute.u32 ?? 0))
      case NHA_RES_GROUP_UNBALANCED_TIMER: unbalancedTimer = Duration(kernelTicks: UInt64(attribute.u32 ?? 0))
      case NHA_RES_GROUP_UNBALANCED_TIME: unbalancedFor = Duration(kernelTicks: attribute.u64 ?? 0)
      default: break
      }
    }
  }
}

extension NextHopBucket {
  init?(_ message: NetlinkMessage) {
    guard let (_, attributes) = message.header(nhmsg.self) else { return nil }
    var index: UInt16?
    var nextHop: UInt32?
    var idle: UInt64 = 0
    for attribute in attributes where NHA_RES_BUCKET ~= attribute.type {
      for inner in attribute.nested {
        switch inner.type {
        case NHA_RES_BUCKET_INDEX: index = inner.u16
        case NHA_RES_BUCKET_NH_ID: nextHop = inner.u32
        case NHA_RES_BUCKET_IDLE_TIME: idle = inner.u64 ?? 0
        default: break
        }
      }
    }
    guard let index, let nextHop else { return nil }
    self.init(index: index, nextHop: nextHop, idleFor: Duration(kernelTicks: idle))
  }
}

extension Duration {
  /// From clock_t: USER_HZ is 100 on every architecture Linux runs Swift on.
  init(kernelTicks: UInt64) {
    // More than 2^62 ticks is no time but garbage.
    self = .milliseconds(10) * Int64(clamping: min(kernelTicks, 1 << 53))
  }

  /// As clock_t, rounded up so that a short time does not become none.
  var kernelTicks: UInt32 {
    let (seconds, attoseconds) = components
    guard seconds >= 0, attoseconds >= 0 else { return 0 }
    let part = (attoseconds + 9_999_999_999_999_999) / 10_000_000_000_000_000
    return UInt32(clamping: UInt64(min(seconds, 1 << 32)) * 100 + UInt64(part))
  }
}
