import Addresses

/// The options of one rule of iptables-save (iptables-extensions(8)) as our statements.
struct IptablesTranslation {
  private var words: ArraySlice<String>
  private let addressFamily: AddressFamily
  private var statements: [Statement] = []
  private var transport: UInt8?
  /// The names after `-m`, whose options are not all read.
  private var unread: Set<String> = []

  static func statements(_ words: [String], family: FirewallFamily) -> [Statement] {
    var translation = IptablesTranslation(words: words[...], family: family)
    translation.run()
    return translation.statements
  }

  private init(words: ArraySlice<String>, family: FirewallFamily) {
    self.words = words
    addressFamily = family == .ip6 ? .ipv6 : .ipv4
  }

  /// A line in words; one in double quotes may hold blanks, and a backslash keeps what follows it.
  static func words(_ text: Substring) -> [String] {
    var words: [String] = []
    var word = ""
    var isQuoted = false
    var isEscaped = false
    var isWord = false
    for character in text {
      if isEscaped {
        word.append(character)
        isEscaped = false
      } else if character == "\\" {
        isEscaped = true
      } else if character == "\"" {
        isQuoted.toggle()
        isWord = true
      } else if character == " ", !isQuoted {
        if isWord { words.append(word) }
        (word, isWord) = ("", false)
      } else {
        word.append(character)
        isWord = true
      }
    }
    return isWord ? words + [word] : words
  }

  /// Targets that neither end a packet's way nor change what another rule asks for.
  static let harmlessTargets: Set<String> = [
    "LOG", "NFLOG", "ULOG", "AUDIT", "CHECKSUM", "TCPMSS", "TCPOPTSTRIP", "CLASSIFY", "CONNMARK", "CONNSECMARK",
    "SECMARK", "TRACE", "RATEEST", "SET", "TEE", "IDLETIMER", "LED", "MASQUERADE", "SNAT", "NETMAP", "HMARK"
  ]

  private mutating func run() {
    while let word = words.popFirst() {
      let isNegated = word == "!"
      guard let option = isNegated ? words.popFirst() : word else { break }
      if option == "-j" || option == "--jump" || option == "-g" || option == "--goto" {
        target(words.popFirst() ?? "", isGoTo: option == "-g" || option == "--goto")
        return
      }
      condition(option, isNegated: isNegated)
    }
    leaveUnread()
  }

  /// Options of matches that nobody has read make the rule unknown; the words are shown.
  private mutating func leaveUnread() {
    for name in unread.sorted() { statements.append(.unknownCondition("-m \(name)")) }
    unread = []
  }

  // MARK: Conditions

  private mutating func condition(_ option: String, isNegated: Bool) {
    switch option {
    case "-m", "--match":
      let name = words.popFirst() ?? ""
      // Those whose every option is known below. `-m udp` and its like only name where options come from.
      let known: Set<String> = [
        "tcp", "udp", "icmp", "icmp6", "comment", "multiport", "conntrack", "state", "mark", "addrtype", "ttl",
        "hl",
        "length", "iprange", "pkttype", "udplite", "sctp"
      ]
      if !known.contains(name) { unread.insert(name) }
    case "-p", "--protocol": protocolNumber(words.popFirst() ?? "", isNegated)
    case "-s", "--source": addresses(.source, isNegated)
    case "-d", "--destination": addresses(.destination, isNegated)
    case "-i", "--in-interface": interface(.inInterface, isNegated)
    case "-o", "--out-interface": interface(.outInterface, isNegated)
    case "--sport", "--source-port", "--sports", "--source-ports": ports(.sourcePort, isNegated)
    case "--dport", "--destination-port", "--dports", "--destination-ports": ports(.destinationPort, isNegated)
    case "--ports": ports(.eitherPort, isNegated)
    case "--ctstate", "--state":
      let states = list().map { $0.lowercased() }
      // SNAT and DNAT stand among the states here.
      let field: Field = states.contains { $0 == "snat" || $0 == "dnat" } ? .stateOrNAT : .state
      add(Selector(field), isNegated, states.map { SetElement(spans: [Span(.text($0))]) })
    case "--ctdir": text(.direction, isNegated)
    case "--mark": mark(isNegated)
    case "--dst-type": text(.destinationType, isNegated)
    case "--src-type": text(.sourceType, isNegated)
    case "--pkt-type": text(.packetType, isNegated)
    case "--ttl-eq", "--hl-eq": compare(.ttl, isNegated ? .isNotIn : .isIn)
    case "--ttl-lt", "--hl-lt": compare(.ttl, isNegated ? .greaterOrEqual : .less)
    case "--ttl-gt", "--hl-gt": compare(.ttl, isNegated ? .lessOrEqual : .greater)
    case "--length": add(Selector(.length), isNegated, list().map { numbers($0).map { SetElement(spans: [$0]) } })
    case "--src-range": range(.source, isNegated)
    case "--dst-range": range(.destination, isNegated)
    case "--icmp-type", "--icmpv6-type": icmpType(isNegated)
    case "--comment": _ = words.popFirst()
    default:
      statements.append(.unknownCondition((isNegated ? "! " : "") + option))
      skipValues()
    }
  }

  /// The values of an option that is not known: up to the next option.
  private mutating func skipValues() {
    while let next = words.first, next != "!", !next.hasPrefix("-") { words.removeFirst() }
  }

  private mutating func list() -> [String] {
    (words.popFirst() ?? "").split(separator: ",").map(String.init)
  }

  private mutating func add(_ selector: Selector, _ isNegated: Bool, _ elements: [SetElement?]?) {
    guard let elements, case let known = elements.compactMap(\.self), known.count == elements.count, !known.isEmpty
    else {
      statements.append(.unknownCondition("\(selector.field)"))
      return
    }
    statements.append(
      .match(Match(selectors: [selector], relation: isNegated ? .isNotIn : .isIn, operand: .elements(known))))
  }

  private mutating func protocolNumber(_ name: String, _ isNegated: Bool) {
    if name == "all" || name == "0" { return }
    guard case .number(let number)? = NftablesValue.value(name, for: Selector(.transport)) else {
      statements.append(.unknownCondition("-p \(name)"))
      return
    }
    if !isNegated { transport = UInt8(exactly: number) }
    add(Selector(.transport), isNegated, [SetElement(spans: [Span(.number(number))])])
  }

  private mutating func addresses(_ field: Field, _ isNegated: Bool) {
    let elements = list().map { text -> SetElement? in
      if let prefix = IPPrefix(text) { return SetElement(spans: [Span(prefix)]) }
      if let address = IPAddress(text) { return SetElement(spans: [Span(.address(address))]) }
      return nil  // a mask that is no prefix
    }
    add(Selector(field, family: addressFamily), isNegated, elements)
  }

  private mutating func interface(_ field: Field, _ isNegated: Bool) {
    guard var name = words.popFirst() else { return }
    // iptables writes eth+ for all that begin with eth.
    if name.hasSuffix("+") { name = name.dropLast() + "*" }
    add(Selector(field), isNegated, [SetElement(spans: [Span(.text(name))])])
  }

  private mutating func ports(_ field: Field, _ isNegated: Bool) {
    add(
      Selector(field, transport: transport), isNegated, list().map { numbers($0).map { SetElement(spans: [$0]) } })
  }

  /// `22`, `80:90`, `:90`, `80:`
  private func numbers(_ text: String) -> Span? {
    let bounds = text.split(separator: ":", omittingEmptySubsequences: false)
    guard let low = UInt64(bounds[0].isEmpty ? "0" : bounds[0]) else { return nil }
    guard bounds.count > 1 else { return Span(.number(low)) }
    guard bounds.count == 2, let high = UInt64(bounds[1].isEmpty ? "65535" : bounds[1]) else { return nil }
    return Span(.number(low), .number(high))
  }

  private mutating func text(_ field: Field, _ isNegated: Bool) {
    add(Selector(field), isNegated, list().map { SetElement(spans: [Span(.text($0.lowercased()))]) })
  }

  private mutating func mark(_ isNegated: Bool) {
    let parts = (words.popFirst() ?? "").split(separator: "/").map { Self.word($0) }
    guard let value = parts.first ?? nil else { return add(Selector(.mark), isNegated, nil) }
    let mask = parts.count > 1 ? parts[1].map { UInt64($0) } : nil
    guard parts.count == 1 || mask != nil else { return add(Selector(.mark), isNegated, nil) }
    add(Selector(.mark, mask: mask), isNegated, [SetElement(spans: [Span(.number(UInt64(value)))])])
  }

  private mutating func compare(_ field: Field, _ relation: Match.Relation) {
    guard let value = words.popFirst().flatMap({ UInt64($0) }) else { return add(Selector(field), false, nil) }
    statements.append(
      .match(
        Match(
          selectors: [Selector(field)], relation: relation,
          operand: .elements([SetElement(spans: [Span(.number(value))])]))))
  }

  private mutating func range(_ field: Field, _ isNegated: Bool) {
    let bounds = (words.popFirst() ?? "").split(separator: "-").compactMap { IPAddress($0) }
    guard bounds.count == 2 else { return add(Selector(field), isNegated, nil) }
    add(Selector(field), isNegated, [SetElement(spans: [Span(.address(bounds[0]), .address(bounds[1]))])])
  }

  private mutating func icmpType(_ isNegated: Bool) {
    let name = words.popFirst() ?? ""
    if name == "any" || name == "255" { return }
    let number: UInt8 = addressFamily == .ipv4 ? 1 : 58
    let selector = Selector(.icmpType, transport: number)
    // `3/4` names a code too.
    guard let value = NftablesValue.value(name, for: selector) else { return add(selector, isNegated, nil) }
    add(selector, isNegated, [SetElement(spans: [Span(value)])])
  }

  static func word(_ text: Substring) -> UInt32? {
    text.hasPrefix("0x") ? UInt32(text.dropFirst(2), radix: 16) : UInt32(text)
  }

  // MARK: Targets

  private mutating func target(_ name: String, isGoTo: Bool) {
    leaveUnread()
    switch name {
    case "ACCEPT": statements.append(.verdict(.accept))
    case "DROP": statements.append(.verdict(.drop))
    case "REJECT": statements.append(.verdict(.reject))
    case "RETURN": statements.append(.verdict(.backToCaller))
    case "NOTRACK": statements.append(.untrack)
    case "CT": statements.append(words.contains("--notrack") ? .untrack : .nothing)
    case "MARK": statements.append(markTarget())
    case "DNAT", "REDIRECT", "TPROXY": statements.append(.redirect(([name] + words).joined(separator: " ")))
    case "TTL", "HL": statements.append(.alters(.ttl))
    case "TOS", "DSCP": statements.append(.alters(.dscp))
    case "NFQUEUE", "QUEUE", "SYNPROXY", "CLUSTERIP", "DNPT", "SNPT", "ECN", "RAWSNAT", "RAWDNAT":
      statements.append(.unknownAction("-j \(name)"))
    default:
      // Connection marks are read back by --restore-mark.
      if name == "CONNMARK", words.contains("--restore-mark") { statements.append(.alters(.mark)) }
      if Self.harmlessTargets.contains(name) { return statements.append(.nothing) }
      // What is no target is a chain; a chain that is not there is found when it is entered.
      statements.append(.verdict(isGoTo ? .goTo(name) : .jump(name)))
    }
    words = []
  }

  private mutating func markTarget() -> Statement {
    guard words.count >= 2, let option = words.popFirst(), let text = words.popFirst() else {
      return .alters(.mark)
    }
    let parts = text.split(separator: "/").map { Self.word($0) }
    guard let value = parts.first ?? nil else { return .alters(.mark) }
    let mask = parts.count > 1 ? parts[1] : .max
    guard let mask else { return .alters(.mark) }
    switch option {
    case "--set-xmark": return .mark(value: value, mask: mask)
    case "--set-mark": return .mark(value: value, mask: mask | value)
    case "--or-mark": return .mark(value: value, mask: value)
    case "--and-mark": return .mark(value: 0, mask: ~value)
    case "--xor-mark": return .mark(value: value, mask: 0)
    default: return .alters(.mark)
    }
  }
}
