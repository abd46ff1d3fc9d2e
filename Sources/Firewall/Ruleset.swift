import Addresses

/// The rules of one network namespace, from nftables and iptables alike.
public struct Ruleset: Hashable, Sendable {
  public var tables: [FirewallTable] = []

  public init(tables: [FirewallTable] = []) { self.tables = tables }

  public var isEmpty: Bool {
    tables.allSatisfy { $0.chains.allSatisfy { $0.rules.isEmpty && $0.base?.policy != .drop } }
  }

  public var ruleCount: Int { tables.reduce(0) { $0 + $1.chains.reduce(0) { $0 + $1.rules.count } } }
}

/// Which packets a table is for, by nftables' names.
public enum FirewallFamily: String, Hashable, Sendable, Codable {
  case ip, ip6, inet, arp, bridge, netdev
}

/// Which program's words describe a table.
public enum FirewallSource: String, Hashable, Sendable, Codable {
  case nftables, iptables
}

public struct FirewallTable: Hashable, Sendable {
  public var source: FirewallSource
  public var family: FirewallFamily
  public var name: String
  public var chains: [FirewallChain] = []
  /// Named sets and maps.
  var sets: [String: NamedSet] = [:]
  /// A dormant table is asked nothing.
  var isDormant = false
}

public struct FirewallChain: Hashable, Sendable {
  public var name: String
  /// Nil when only jumps lead here.
  public var base: Base?
  public var rules: [FirewallRule] = []

  public struct Base: Hashable, Sendable {
    public enum Policy: String, Hashable, Sendable, Codable { case accept, drop }

    /// Nil for a hook that we do not know.
    public var hook: FirewallHook?
    /// Lower is asked earlier.
    public var priority: Int
    public var policy: Policy
    /// Of an ingress or egress chain; nil when nothing says which (nft 1.0.6 leaves them out of its JSON).
    public var devices: [String]?
    /// Packets that the policy has met, where that is counted (iptables).
    public var policyPackets: UInt64?
  }
}

public struct FirewallRule: Hashable, Sendable {
  /// nftables' handle, or the line of iptables-save's text, from 1.
  public var position: Int
  public var text: String
  /// How many packets it has met so far; nil when it counts nothing.
  public var packets: UInt64?
  var statements: [Statement]
}

/// One step of a rule; the steps are taken in their order.
enum Statement: Hashable, Sendable {
  case match(Match)
  case verdict(Action)
  /// A verdict looked up by the packet.
  case lookUp([Selector], Operand)
  /// mark = mark & ~mask ^ value
  case mark(value: UInt32, mask: UInt32)
  case untrack
  /// Writes something that nobody can tell from here.
  case alters(Field)
  /// Sends it to another destination.
  case redirect(String)
  /// Counts, logs, changes what no rule of ours asks for.
  case nothing
  /// Whether the rest of the rule is reached cannot be judged.
  case unknownCondition(String)
  /// May end the packet's way.
  case unknownAction(String)
}

enum Action: Hashable, Sendable {
  case accept
  case drop
  case reject
  case jump(String)
  case goTo(String)
  case backToCaller
  case goOn
}

/// A part of the packet, or what the kernel knows of it.
enum Field: Hashable, Sendable {
  case inInterface, outInterface, source, destination, sourcePort, destinationPort, eitherPort, transport
  case networkProtocol, icmpType, ttl, length, udpLength, dscp, state, stateOrNAT, direction, natStatus, mark,
    packetType
  case destinationType, sourceType, routeBack
  case unknown(String)
}

/// A field, and what a packet must be to have it: `udp dport` is of UDP packets only.
struct Selector: Hashable, Sendable {
  var field: Field
  var family: AddressFamily?
  var transport: UInt8?
  /// Bits that count; nil for all.
  var mask: UInt64?

  init(_ field: Field, family: AddressFamily? = nil, transport: UInt8? = nil, mask: UInt64? = nil) {
    self.field = field
    self.family = family
    self.transport = transport
    self.mask = mask
  }
}

struct Match: Hashable, Sendable {
  enum Relation: Hashable, Sendable { case isIn, isNotIn, less, lessOrEqual, greater, greaterOrEqual }

  var selectors: [Selector]
  var relation: Relation
  var operand: Operand
}

/// What fields are compared with.
enum Operand: Hashable, Sendable {
  case elements([SetElement])
  case named(String)
  case unknown(String)
}

/// A set's or map's content.
struct NamedSet: Hashable, Sendable {
  var elements: [SetElement]
  /// Why the elements are not all there is; nil when they are.
  var doubt: String?
}

struct SetElement: Hashable, Sendable {
  /// One for each selector.
  var spans: [Span]
  /// Of a map.
  var action: Action?
}

/// From one value to another, both included.
struct Span: Hashable, Sendable {
  var low: FieldValue
  var high: FieldValue

  init(_ low: FieldValue, _ high: FieldValue) {
    self.low = low
    self.high = high
  }

  init(_ value: FieldValue) { self.init(value, value) }

  /// Every address of a prefix.
  init(_ prefix: IPPrefix) {
    let first = prefix.network.address
    let octets = first.octets
    let last = octets.indices.map { index in
      let bits = min(8, max(0, prefix.length - 8 * index))
      return octets[index] | (bits == 8 ? 0 : UInt8(0xff) >> UInt8(bits))
    }
    self.init(.address(first), .address(IPAddress(octets: last) ?? first))
  }

  func contains(_ value: FieldValue) -> Bool {
    switch (low, high, value) {
    case (.number(let low), .number(let high), .number(let value)): low <= value && value <= high
    case (.address(let low), .address(let high), .address(let value)):
      low.family == value.family && high.family == value.family && low <= value && value <= high
    case (.text(let pattern), _, .text(let value)):
      // Names of interfaces may end in an asterisk.
      pattern == value || (pattern.hasSuffix("*") && value.hasPrefix(pattern.dropLast()))
    default: false
    }
  }
}

enum FieldValue: Hashable, Sendable {
  case number(UInt64)
  case address(IPAddress)
  case text(String)
}
