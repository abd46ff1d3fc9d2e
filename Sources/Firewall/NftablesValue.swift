import Addresses

/// The right-hand sides of nftables' expressions.
enum NftablesValue {
  /// Nil when it is not understood.
  static func span(_ json: JSONValue, for selector: Selector) -> Span? {
    if let bounds = json["range"]?.array, bounds.count == 2 {
      guard let low = value(bounds[0], for: selector), let high = value(bounds[1], for: selector) else {
        return nil
      }
      return Span(low, high)
    }
    if let prefix = json["prefix"] {
      guard let address = prefix["addr"]?.string.flatMap({ IPAddress($0) }), let length = prefix["len"]?.integer,
        let prefix = IPPrefix(address, length: Int(truncatingIfNeeded: length))
      else { return nil }
      return Span(prefix)
    }
    return value(json, for: selector).map { Span($0) }
  }

  private static func value(_ json: JSONValue, for selector: Selector) -> FieldValue? {
    switch json {
    case .number(let number): return UInt64(exactly: number).map { .number($0) }
    case .text(let text): return value(text, for: selector)
    default: return nil
    }
  }

  static func value(_ text: String, for selector: Selector) -> FieldValue? {
    switch selector.field {
    case .source, .destination: IPAddress(text).map { .address($0) }
    case .inInterface, .outInterface, .state, .direction, .natStatus, .destinationType, .sourceType: .text(text)
    case .packetType: .text(text == "host" ? "unicast" : text)
    case .networkProtocol: .text(["ipv4": "ip", "ipv6": "ip6"][text] ?? text)
    case .transport: number(text, protocols)
    case .icmpType: number(text, selector.transport == 58 ? icmpv6Types : icmpTypes)
    case .dscp: number(text, codePoints)
    case .unknown: .text(text)
    default: number(text, [:])
    }
  }

  private static func number(_ text: String, _ names: [String: UInt64]) -> FieldValue? {
    if let number = names[text] { return .number(number) }
    if text.hasPrefix("0x") { return UInt64(text.dropFirst(2), radix: 16).map { .number($0) } }
    return UInt64(text).map { .number($0) }
  }

  /// IANA's protocol numbers, by the names of /etc/protocols.
  static let protocols: [String: UInt64] = [
    "ip": 0, "icmp": 1, "igmp": 2, "ipencap": 4, "ipv4": 4, "tcp": 6, "egp": 8, "udp": 17, "dccp": 33, "ipv6": 41,
    "gre": 47, "esp": 50, "ah": 51, "ipv6-icmp": 58, "icmpv6": 58, "icmp6": 58, "eigrp": 88, "ospf": 89,
    "ospfigp": 89, "pim": 103, "ipcomp": 108, "comp": 108, "vrrp": 112, "l2tp": 115, "sctp": 132, "udplite": 136
  ]

  static let icmpTypes: [String: UInt64] = [
    "echo-reply": 0, "destination-unreachable": 3, "source-quench": 4, "redirect": 5, "echo-request": 8,
    "router-advertisement": 9, "router-solicitation": 10, "time-exceeded": 11, "parameter-problem": 12,
    "timestamp-request": 13, "timestamp-reply": 14, "info-request": 15, "info-reply": 16,
    "address-mask-request": 17, "address-mask-reply": 18
  ]

  static let icmpv6Types: [String: UInt64] = [
    "destination-unreachable": 1, "packet-too-big": 2, "time-exceeded": 3, "parameter-problem": 4,
    "echo-request": 128, "echo-reply": 129, "mld-listener-query": 130, "mld-listener-report": 131,
    "mld-listener-done": 132, "mld-listener-reduction": 132, "nd-router-solicit": 133, "nd-router-advert": 134,
    "nd-neighbor-solicit": 135, "nd-neighbor-advert": 136, "nd-redirect": 137, "router-renumbering": 138,
    "ind-neighbor-solicit": 141, "ind-neighbor-advert": 142, "mld2-listener-report": 143
  ]

  private static let codePoints: [String: UInt64] = [
    "cs0": 0, "cs1": 8, "cs2": 16, "cs3": 24, "cs4": 32, "cs5": 40, "cs6": 48, "cs7": 56, "df": 0, "be": 0,
    "lephb": 1, "af11": 10, "af12": 12, "af13": 14, "af21": 18, "af22": 20, "af23": 22, "af31": 26, "af32": 28,
    "af33": 30, "af41": 34, "af42": 36, "af43": 38, "va": 44, "ef": 46
  ]
}
