import Addresses
import CLinux
import Glibc

/// Questions to rtnetlink, many in one buffer that is kept.
struct WayRequests {
  private(set) var bytes: [UInt8] = []
  private var start = 0

  init() { bytes.reserveCapacity(8192) }

  mutating func reset() { bytes.removeAll(keepingCapacity: true) }

  /// Asks for the kernel's decision on the packets of a session: the same look-up that its UDP socket makes, with the
  /// traffic class, protocol and ports that rules may look at.
  mutating func route(_ demand: WayDemand, sequence: UInt32) {
    let width = UInt8(demand.destination.family.bitWidth)
    begin(RTM_GETROUTE, sequence)
    // struct rtmsg: CS6, as EndpointSockets sets it.
    append([demand.family, width, demand.source == nil ? 0 : width, 0xc0] as InlineArray<4, UInt8>)
    append(UInt32(0))
    append(UInt32(0))
    put(RTA_DST.rawValue, demand.destination)
    if let source = demand.source { put(RTA_SRC.rawValue, source) }
    if demand.interface != 0 { put(RTA_OIF.rawValue, demand.interface) }
    put(RTA_IP_PROTO.rawValue, UInt8(IPPROTO_UDP))
    if demand.sourcePort != 0 { put(RTA_SPORT.rawValue, demand.sourcePort.bigEndian) }
    if demand.destinationPort != 0 { put(RTA_DPORT.rawValue, demand.destinationPort.bigEndian) }
    end()
  }

  mutating func neighbour(_ hop: WayHop, sequence: UInt32) {
    begin(RTM_GETNEIGH, sequence)
    append([hop.address.familyNumber, 0, 0, 0] as InlineArray<4, UInt8>)
    append(hop.interface)
    append(UInt32(0))
    put(UInt32(NDA_DST), hop.address)
    end()
  }

  mutating func link(_ interface: UInt32, sequence: UInt32) {
    begin(RTM_GETLINK, sequence)
    append(UInt32(0))
    append(interface)
    append(UInt64(0))
    put(UInt32(IFLA_EXT_MASK), UInt32(RTEXT_FILTER_SKIP_STATS))
    end()
  }

  /// - Parameter interface: 0 for any.
  mutating func address(_ address: IPAddress, interface: UInt32, sequence: UInt32) {
    begin(RTM_GETADDR, sequence)
    append([address.familyNumber, 0, 0, 0] as InlineArray<4, UInt8>)
    append(interface)
    put(UInt32(IFA_ADDRESS), address)
    end()
  }

  // MARK: - Octets

  private mutating func begin(_ type: Int, _ sequence: UInt32) {
    start = bytes.count
    append(UInt32(0))
    append(UInt32(UInt16(type)) | UInt32(UInt16(NLM_F_REQUEST)) << 16)
    append(sequence)
    append(UInt32(0))
  }

  private mutating func end() {
    let length = UInt32(bytes.count - start)
    for octet in 0..<4 { bytes[start + octet] = UInt8(truncatingIfNeeded: length >> UInt32(8 * octet)) }
  }

  private mutating func put(_ type: UInt32, _ address: IPAddress) {
    switch address {
    case .v4(let v4): put(type, v4.bits.bigEndian)
    case .v6(let v6): put(type, (UInt128(v6.high) << 64 | UInt128(v6.low)).bigEndian)
    }
  }

  private mutating func put<T: BitwiseCopyable>(_ type: UInt32, _ value: T) {
    append(UInt32(4 + MemoryLayout<T>.size) | type << 16)
    append(value)
    while bytes.count & 3 != 0 { bytes.append(0) }
  }

  /// As it lies in memory: netlink is in the host's order, little-endian on all that Swift runs on.
  private mutating func append<T: BitwiseCopyable>(_ value: T) {
    // The pointer lives for the call only; a BitwiseCopyable value is its bytes.
    withUnsafeBytes(of: value) { bytes.append(contentsOf: $0) }
  }
}

extension WayDemand {
  fileprivate var family: UInt8 { destination.familyNumber }
}

extension IPAddress {
  fileprivate var familyNumber: UInt8 { UInt8(family == .ipv4 ? AF_INET : AF_INET6) }
}
