public import Addresses
import CLinux

/// A rule of policy routing: which packets are looked up in which table (RTM_NEWRULE).
public struct Rule: Hashable, Sendable {
  public var family: AddressFamily
  /// The lowest is asked first.
  public var priority: UInt32
  /// What happens (FR_ACT_... of <linux/fib_rules.h>): 1 looks up `table`.
  public var action: UInt8
  public var table: UInt32
  /// Nil for any.
  public var source: IPPrefix?
  /// Nil for any.
  public var destination: IPPrefix?
  public var inputInterface: String?
  public var outputInterface: String?
  public var mark: UInt32?
  /// Who put it there (FRA_PROTOCOL, Linux 4.17); unspecified on kernels before.
  public var `protocol` = RouteProtocol.unspecified
  /// It asks for something else beside the above: a user, a port, a type of service; or it is negated.
  public var hasMore: Bool

  /// A rule that looks up `table`.
  public init(
    _ family: AddressFamily, priority: UInt32, table: UInt32, source: IPPrefix? = nil, destination: IPPrefix? = nil,
    inputInterface: String? = nil, protocol: RouteProtocol = .unspecified
  ) {
    self.family = family
    self.priority = priority
    self.table = table
    self.source = source
    self.destination = destination
    self.inputInterface = inputInterface
    self.protocol = `protocol`
    action = UInt8(FR_ACT_TO_TBL)
    hasMore = false
  }

  /// Whether every packet is looked up there.
  public var isForAll: Bool {
    action == UInt8(FR_ACT_TO_TBL) && source == nil && destination == nil && inputInterface == nil
      && outputInterface == nil && mark == nil && !hasMore
  }
}

extension Rule {
  init?(_ message: NetlinkMessage) {
    guard let (header, attributes) = message.header(fib_rule_hdr.self),
      let family = AddressFamily(number: header.family)
    else { return nil }
    self.init(family, priority: 0, table: UInt32(header.table))
    action = header.action
    hasMore = header.tos != 0 || header.flags & UInt32(FIB_RULE_INVERT) != 0
    func prefix(_ octets: Octets, _ length: UInt8) -> IPPrefix? {
      IPAddress(octets: octets).flatMap { IPPrefix($0, length: Int(length)) }
    }
    for attribute in attributes {
      switch attribute.type {
      case FRA_PRIORITY: priority = attribute.u32 ?? 0
      case FRA_TABLE: table = attribute.u32 ?? table
      case FRA_SRC: source = prefix(attribute.value, header.src_len)
      case FRA_DST: destination = prefix(attribute.value, header.dst_len)
      case FRA_IIFNAME: inputInterface = attribute.text
      case FRA_OIFNAME: outputInterface = attribute.text
      case FRA_PROTOCOL: `protocol` = RouteProtocol(rawValue: attribute.u8 ?? 0)
      case FRA_FWMARK: mark = attribute.u32.flatMap { $0 == 0 ? nil : $0 }
      case FRA_UID_RANGE, FRA_IP_PROTO, FRA_SPORT_RANGE, FRA_DPORT_RANGE: hasMore = true
      case FRA_L3MDEV: hasMore = hasMore || attribute.u8 == 1
      default: break
      }
    }
  }
}

extension Rule {
  /// Without what `init` cannot set.
  func encode(_ type: some KernelConstant, flags: Int32, into writer: inout MessageWriter, sequence: UInt32) {
    var header = fib_rule_hdr()
    header.family = family.number
    header.src_len = UInt8(clamping: source?.length ?? 0)
    header.dst_len = UInt8(clamping: destination?.length ?? 0)
    header.action = action
    header.table = table < 256 ? UInt8(table) : UInt8(RT_TABLE_UNSPEC.rawValue)
    writer.begin(type, flags: flags, sequence: sequence, header)
    writer.put(FRA_PRIORITY, priority)
    writer.put(FRA_TABLE, table)
    if let source, source.length > 0 { writer.put(FRA_SRC, bytes: source.address.octets) }
    if let destination, destination.length > 0 { writer.put(FRA_DST, bytes: destination.address.octets) }
    if let inputInterface { writer.put(FRA_IIFNAME, text: inputInterface) }
    if `protocol` != .unspecified { writer.put(FRA_PROTOCOL, bytes: [`protocol`.rawValue]) }
    writer.end()
  }
}

extension Rule: CustomStringConvertible {
  /// As `ip rule` words it: `1000: from 10.204.0.0/24 iif net1 lookup 100`.
  public var description: String {
    var text = "\(priority): from \(source.map { "\($0)" } ?? "all")"
    if let destination { text += " to \(destination)" }
    if let inputInterface { text += " iif \(inputInterface)" }
    if let outputInterface { text += " oif \(outputInterface)" }
    if let mark { text += " fwmark \(mark)" }
    return text + (action == UInt8(FR_ACT_TO_TBL) ? " lookup \(table)" : " action \(action)")
      + (family == .ipv6 ? " (IPv6)" : "")
  }
}

extension NetlinkSocket {
  /// The rules of policy routing of both families, in no particular order.
  public mutating func rules() throws(NetlinkError) -> [Rule] {
    var all: [Rule] = []
    for family in AddressFamily.allCases {
      all += try dump("list \(family) rules") { writer, sequence in
        var header = fib_rule_hdr()
        header.family = family.number
        writer.begin(RTM_GETRULE, flags: NLM_F_DUMP, sequence: sequence, header)
        writer.end()
      } decode: { message in
        RTM_NEWRULE ~= message.type ? Rule(message) : nil
      }
    }
    return all
  }
}
