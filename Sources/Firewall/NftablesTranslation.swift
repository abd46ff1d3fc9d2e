import Addresses

/// nftables' statements and expressions (libnftables-json(5)) as ours.
enum NftablesTranslation {
  static func statements(_ json: JSONValue) -> [Statement] {
    guard let (kind, body) = json.only else { return [.unknownAction(json.compact)] }
    switch kind {
    case "match": return [match(body)]
    case "accept", "drop", "continue", "return", "jump", "goto", "reject":
      return [action(json).map { .verdict($0) } ?? .unknownAction(kind)]
    case "vmap":
      guard let key = body["key"], let data = body["data"] else { return [.unknownAction("vmap")] }
      let selectors = selectors(key)
      return [.lookUp(selectors, operand(data, for: selectors))]
    case "mangle": return [mangle(body)]
    case "notrack": return [.untrack]
    case "dnat", "redirect", "tproxy": return [.redirect(json.compact)]
    case "fwd": return [.verdict(.drop)]  // out by another interface: it does not come here
    case "xt": return [xtables(body)]
    case "limit", "quota", "ct count", "meter", "connlimit": return [.unknownCondition(kind)]
    case "counter", "log", "masquerade", "snat", "dup", "flow", "set", "map", "last", "ct helper", "ct timeout",
      "ct expectation", "secmark":
      return [.nothing]
    default: return [.unknownAction(kind)]  // queue, synproxy, and what is newer than this
    }
  }

  static func namedSet(_ body: JSONValue) -> NamedSet {
    let types = (body["type"].map { $0.array ?? [$0] } ?? []).map { selector(type: $0.string ?? "") }
    let elements = (body["elem"]?.array ?? []).map { element($0, for: types) }
    let flags = body["flags"]?.array?.compactMap(\.string) ?? []
    let known = elements.compactMap(\.self)
    if known.count < elements.count { return NamedSet(elements: known, doubt: "an element of a set") }
    // Packets themselves fill it; what was listed may have changed.
    let isDynamic = flags.contains("dynamic") || flags.contains("timeout")
    return NamedSet(elements: known, doubt: isDynamic ? "a set that changes by itself" : nil)
  }

  // MARK: Matches

  private static func match(_ body: JSONValue) -> Statement {
    guard let left = body["left"], let right = body["right"] else { return .unknownCondition(body.compact) }
    var selectors = selectors(left)
    if selectors == [Selector(.routeBack)] { return routeBack(body) }
    let relation: Match.Relation
    switch body["op"]?.string {
    case "==", "in", nil: relation = .isIn
    case "!=": relation = .isNotIn
    case "<": relation = .less
    case "<=": relation = .lessOrEqual
    case ">": relation = .greater
    case ">=": relation = .greaterOrEqual
    default: return .unknownCondition(body.compact)
    }
    // `ct state ! established` of newer versions, or a mask of flags: bits, of which only those of states are known.
    if body["op"]?.string == "in", let field = selectors.first?.field, field != .state, field != .natStatus {
      selectors = [Selector(.unknown(left.compact), transport: selectors.first?.transport)]
    }
    return .match(Match(selectors: selectors, relation: relation, operand: operand(right, for: selectors)))
  }

  /// `fib saddr . iif oif missing`, `... oif exists`, `... oif 0`: is there a way back to the source?
  private static func routeBack(_ body: JSONValue) -> Statement {
    let isMissing: Bool
    switch body["right"] {
    case .bool(let exists)?: isMissing = !exists
    case .number(0)?: isMissing = true
    default: return .unknownCondition("the route back to the source")
    }
    let isNegated = body["op"]?.string == "!="
    let value: UInt64 = isMissing == isNegated ? 1 : 0
    return .match(
      Match(
        selectors: [Selector(.routeBack)], relation: .isIn,
        operand: .elements([SetElement(spans: [Span(.number(value))])])))
  }

  static func selectors(_ json: JSONValue) -> [Selector] {
    if let parts = json["concat"]?.array { return parts.flatMap { selectors($0) } }
    if let parts = json["&"]?.array, parts.count == 2, let mask = parts[1].integer {
      return selectors(parts[0]).map { selector in
        var masked = selector
        masked.mask = UInt64(exactly: mask)
        return masked
      }
    }
    if let parts = json["&"]?.array, let inner = parts.first {
      // A mask in words (`tcp flags & (fin | syn)`): not judged, but only packets of that protocol have the field.
      return selectors(inner).map { Selector(.unknown(json.compact), family: $0.family, transport: $0.transport) }
    }
    return [selector(json)]
  }

  private static func selector(_ json: JSONValue) -> Selector {
    if let payload = json["payload"] { return payloadSelector(payload) }
    switch json["meta"]?["key"]?.string {
    case "iif", "iifname": return Selector(.inInterface)
    case "oif", "oifname": return Selector(.outInterface)
    case "l4proto": return Selector(.transport)
    case "nfproto", "protocol": return Selector(.networkProtocol)
    case "mark": return Selector(.mark)
    case "length": return Selector(.length)
    case "pkttype": return Selector(.packetType)
    default: break
    }
    switch json["ct"]?["key"]?.string {
    case "state": return Selector(.state)
    case "direction": return Selector(.direction)
    case "status": return Selector(.natStatus)
    default: break
    }
    if let fib = json["fib"] {
      let flags = fib["flags"].map { $0.array ?? [$0] }?.compactMap(\.string) ?? []
      switch fib["result"]?.string {
      case "type" where flags == ["daddr"]: return Selector(.destinationType)
      case "type" where flags == ["saddr"]: return Selector(.sourceType)
      case "oif" where flags.contains("saddr") && flags.contains("iif"): return Selector(.routeBack)
      default: break
      }
    }
    return Selector(.unknown(json.compact))
  }

  private static func payloadSelector(_ payload: JSONValue) -> Selector {
    let field = payload["field"]?.string ?? ""
    guard let name = payload["protocol"]?.string else {
      // A raw load that nft could not name.
      guard payload["base"]?.string == "th", payload["len"] == .number(16) else {
        return Selector(.unknown("octets of the packet"))
      }
      switch payload["offset"] {
      case .number(0)?: return Selector(.sourcePort)
      case .number(16)?: return Selector(.destinationPort)
      default: return Selector(.unknown("octets of the packet"))
      }
    }
    let transports: [String: UInt8] = [
      "tcp": 6, "udp": 17, "icmp": 1, "icmpv6": 58, "sctp": 132, "dccp": 33, "udplite": 136, "ah": 51, "esp": 50,
      "comp": 108, "igmp": 2
    ]
    switch (name, field) {
    case ("ip", "saddr"): return Selector(.source, family: .ipv4)
    case ("ip6", "saddr"): return Selector(.source, family: .ipv6)
    case ("ip", "daddr"): return Selector(.destination, family: .ipv4)
    case ("ip6", "daddr"): return Selector(.destination, family: .ipv6)
    case ("ip", "protocol"): return Selector(.transport, family: .ipv4)
    case ("ip6", "nexthdr"): return Selector(.transport, family: .ipv6)
    case ("ip", "ttl"): return Selector(.ttl, family: .ipv4)
    case ("ip6", "hoplimit"): return Selector(.ttl, family: .ipv6)
    case ("ip", "dscp"): return Selector(.dscp, family: .ipv4)
    case ("ip6", "dscp"): return Selector(.dscp, family: .ipv6)
    case ("ip", "length"): return Selector(.length, family: .ipv4)
    case ("ip", _): return Selector(.unknown("ip \(field)"), family: .ipv4)
    case ("ip6", _): return Selector(.unknown("ip6 \(field)"), family: .ipv6)
    case ("th", "sport"): return Selector(.sourcePort)
    case ("th", "dport"): return Selector(.destinationPort)
    case ("udp", "length"): return Selector(.udpLength, transport: 17)
    case ("ether", "type"): return Selector(.networkProtocol)
    case ("icmp", "type"), ("icmpv6", "type"): return Selector(.icmpType, transport: transports[name])
    default: break
    }
    let transport = transports[name]
    if transport != nil, field == "sport" { return Selector(.sourcePort, transport: transport) }
    if transport != nil, field == "dport" { return Selector(.destinationPort, transport: transport) }
    // An ARP packet's, or a VLAN tag's: no packet of ours is one, or none is known.
    if name == "arp" { return Selector(.icmpType, transport: 0) }
    return Selector(.unknown("\(name) \(field)"), transport: transport)
  }

  /// What an element of a set of this type is: only its values' kind counts here.
  private static func selector(type: String) -> Selector {
    switch type {
    case "ipv4_addr", "ipv6_addr": Selector(.source)
    case "inet_service": Selector(.destinationPort)
    case "inet_proto": Selector(.transport)
    case "ifname", "iface_index": Selector(.inInterface)
    case "mark": Selector(.mark)
    case "ct_state": Selector(.state)
    case "ether_type", "nf_proto": Selector(.networkProtocol)
    case "icmp_type": Selector(.icmpType, transport: 1)
    case "icmpv6_type": Selector(.icmpType, transport: 58)
    case "dscp": Selector(.dscp)
    default: Selector(.unknown(type))
    }
  }

  // MARK: Operands

  static func operand(_ json: JSONValue, for selectors: [Selector]) -> Operand {
    if let name = json.string, name.hasPrefix("@") { return .named(String(name.dropFirst())) }
    let values = json["set"].map { $0.array ?? [$0] } ?? (selectors.count == 1 ? json.array ?? [json] : [json])
    let elements = values.map { element($0, for: selectors) }
    let known = elements.compactMap(\.self)
    return known.count == elements.count ? .elements(known) : .unknown("a value in \(json.compact)")
  }

  /// A value, a range, a prefix, several of them, or one of a map with what it leads to. Nil when not understood.
  private static func element(_ json: JSONValue, for selectors: [Selector]) -> SetElement? {
    if let elem = json["elem"] {
      guard let value = elem["val"] else { return nil }
      return element(value, for: selectors)
    }
    // Of a map: [key, verdict]; the key may be an elem object.
    if let pair = json.array, pair.count == 2, let action = action(pair[1]) {
      guard var element = element(pair[0], for: selectors) else { return nil }
      element.action = action
      return element
    }
    let parts = json["concat"]?.array ?? [json]
    guard parts.count == selectors.count else { return nil }
    var spans: [Span] = []
    for (part, selector) in zip(parts, selectors) {
      guard let span = NftablesValue.span(part, for: selector) else { return nil }
      spans.append(span)
    }
    return SetElement(spans: spans)
  }

  static func action(_ json: JSONValue) -> Action? {
    guard let (kind, body) = json.only else { return nil }
    switch kind {
    case "accept": return .accept
    case "drop": return .drop
    case "reject": return .reject
    case "return": return .backToCaller
    case "continue": return .goOn
    case "jump": return body["target"]?.string.map { .jump($0) }
    case "goto": return body["target"]?.string.map { .goTo($0) }
    default: return nil
    }
  }

  private static func mangle(_ body: JSONValue) -> Statement {
    guard let key = body["key"] else { return .nothing }
    let selector = selector(key)
    if selector.field == .mark {
      guard let value = body["value"]?.integer, let mark = UInt32(exactly: value) else { return .alters(.mark) }
      return .mark(value: mark, mask: .max)
    }
    if case .unknown = selector.field { return .nothing }
    return .alters(selector.field)
  }

  /// What iptables-nft leaves in nftables' words: no more than a name.
  private static func xtables(_ body: JSONValue) -> Statement {
    let name = body["name"]?.string ?? "?"
    if body["type"]?.string == "match" {
      return name == "comment" ? .nothing : .unknownCondition("xt match \(name)")
    }
    return IptablesTranslation.harmlessTargets.contains(name) ? .nothing : .unknownAction("xt target \(name)")
  }
}
