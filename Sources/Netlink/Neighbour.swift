public import Addresses
import CLinux
import Glibc

/// What the kernel knows of a neighbour's link-layer address: ARP, neighbour discovery (RTM_NEWNEIGH).
public struct Neighbour: Hashable, Sendable {
  /// ifindex.
  public var interface: Int32
  public var address: IPAddress
  public var linkAddress: MACAddress?
  public var state: State
  /// It said that it is a router (IPv6).
  public var isRouter: Bool

  public init(
    interface: Int32, address: IPAddress, linkAddress: MACAddress?, state: State = .permanent,
    isRouter: Bool = false
  ) {
    self.interface = interface
    self.address = address
    self.linkAddress = linkAddress
    self.state = state
    self.isRouter = isRouter
  }

  /// NUD_… of <linux/neighbour.h>; RFC 4861 section 7.3.2.
  public struct State: OptionSet, Hashable, Sendable {
    public let rawValue: UInt16
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// Asked for, not answered yet.
    public static let incomplete = State(rawValue: UInt16(NUD_INCOMPLETE))
    /// Answered within the last 15 to 45 s.
    public static let reachable = State(rawValue: UInt16(NUD_REACHABLE))
    /// Answered once; not confirmed since.
    public static let stale = State(rawValue: UInt16(NUD_STALE))
    /// Used while stale; will be probed.
    public static let delay = State(rawValue: UInt16(NUD_DELAY))
    /// Being asked again.
    public static let probe = State(rawValue: UInt16(NUD_PROBE))
    /// Asked, and never answered.
    public static let failed = State(rawValue: UInt16(NUD_FAILED))
    /// Needs no resolution.
    public static let noARP = State(rawValue: UInt16(NUD_NOARP))
    /// Set by hand; never expires, never asked.
    public static let permanent = State(rawValue: UInt16(NUD_PERMANENT))
  }
}

extension Neighbour {
  init?(_ message: NetlinkMessage) {
    guard let (header, attributes) = message.header(ndmsg.self), header.ndm_ifindex > 0,
      let family = AddressFamily(number: header.ndm_family)
    else { return nil }
    var address: IPAddress?
    var linkAddress: MACAddress?
    for attribute in attributes {
      switch attribute.type {
      case NDA_DST: address = IPAddress(octets: attribute.value)
      case NDA_LLADDR: linkAddress = MACAddress(octets: attribute.value)
      default: break
      }
    }
    guard let address, address.family == family else { return nil }
    self.init(
      interface: header.ndm_ifindex, address: address, linkAddress: linkAddress,
      state: State(rawValue: header.ndm_state), isRouter: Int32(header.ndm_flags) & NTF_ROUTER != 0)
  }

  func encode(
    _ type: some KernelConstant, flags: Int32, use: Bool = false, into writer: inout MessageWriter, sequence: UInt32
  ) {
    var header = ndmsg()
    header.ndm_family = address.family.number
    header.ndm_ifindex = interface
    header.ndm_state = state.rawValue
    header.ndm_flags = UInt8(truncatingIfNeeded: (isRouter ? NTF_ROUTER : 0) | (use ? NTF_USE : 0))
    writer.begin(type, flags: flags, sequence: sequence, header)
    writer.put(NDA_DST, bytes: address.octets)
    if let linkAddress { writer.put(NDA_LLADDR, bytes: linkAddress.octets) }
    writer.end()
  }
}

extension NetlinkSocket {
  /// Every IPv4 and IPv6 neighbour of the namespace, or those of one interface.
  public mutating func neighbours(interface: Int32? = nil) throws(NetlinkError) -> [Neighbour] {
    try dump("list neighbours") { writer, sequence in
      writer.begin(RTM_GETNEIGH, flags: NLM_F_DUMP, sequence: sequence, ndmsg())
      if let interface { writer.put(NDA_IFINDEX, interface) }
      writer.end()
    } decode: { message in
      RTM_NEWNEIGH ~= message.type ? Neighbour(message) : nil
    }
  }

  /// Has the kernel ask a neighbour now (ARP, neighbour solicitation), whether or not it is known yet; the answer shows
  /// in `neighbours` and as an event.
  public mutating func probeNeighbour(_ address: IPAddress, interface: Int32) throws(NetlinkError) {
    do throws(NetlinkError) {
      try perform(.probeNeighbour(address, interface: interface))
    } catch {
      // Never resolved: there is no link-layer address to confirm, so resolve it.
      guard error.code == EINVAL || error.code == ENOENT else { throw error }
      try perform(.resolveNeighbour(address, interface: interface))
    }
  }
}
