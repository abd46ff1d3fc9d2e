import Addresses

/// Seamless BFD (RFC 7880).
extension Draft {
  /// A peer's `seamless: {discriminator: ...}`.
  static func seamless(_ value: Value, _ peer: Table) -> UInt32? {
    guard let table = Table(value, .seamless) else { return nil }
    for key in ["multihop", "point-to-point", "mode", "authentication", "demand", "echo"] where peer[key] != nil {
      value.report.error(
        "a seamless session has no `\(key)`: its reflector keeps no state (RFC 7880)", at: peer.keyPlace(key),
        expected: "no `\(key)` beside `seamless`")
    }
    return table.required("discriminator", "the reflector's discriminator")?.discriminator()?.value
  }

  static func reflector(_ value: Value) -> ReflectorDraft? {
    guard let table = Table(value, .reflector) else { return nil }
    var draft = ReflectorDraft()
    draft.discriminator = table.required("discriminator", "what initiators know it by")?.discriminator()
    let allow = table.required(
      "allow", "the prefixes it answers",
      help: "an open reflector would send to whomever a forged packet claims to be from")
    draft.allow = allow?.list("a list of prefixes")?.compactMap { $0.network() } ?? []
    if let allow, allow.isEmptyList { allow.error("it would answer nobody", expected: "at least one prefix") }
    draft.receiveInterval =
      table["receive-interval"]?.duration(.microseconds(1) ... .seconds(4294), unit: "ms") ?? draft.receiveInterval
    draft.maximumRate = table["maximum-rate"]?.integer(1...1_000_000, "answers a second") ?? draft.maximumRate
    draft.shutdown = table["shutdown"]?.boolean() ?? false
    draft.reach = reach(table)
    return draft
  }

  func checkReflectors() {
    struct Name: Hashable {
      var discriminator: UInt32
      var reach: GatewayConfiguration.BFDReach
    }
    let names = reflectors.compactMap { reflector in
      reflector.discriminator.map {
        Located(value: Name(discriminator: $0.value, reach: reflector.reach.value), place: $0.place)
      }
    }
    unique(names) { "the reflector \($0.discriminator)" }
  }

  func buildReflectors() -> [GatewayConfiguration.BFDReflector]? {
    let built = reflectors.compactMap { draft in
      draft.discriminator.map {
        GatewayConfiguration.BFDReflector(
          discriminator: $0.value, allow: draft.allow.map(\.value), receiveInterval: draft.receiveInterval,
          maximumRate: draft.maximumRate, shutdown: draft.shutdown, reach: draft.reach.value)
      }
    }
    return built.count == reflectors.count ? built : nil
  }
}

extension Value {
  /// 32 bits, not zero: in decimal, in hexadecimal, or as an IPv4 address, which routers have as their identifier.
  func discriminator() -> Located<UInt32>? {
    let expected = "a number from 1 to 4294967295, 0x and hexadecimal digits, or an IPv4 address"
    guard let text = text(expected) else { return nil }
    var number: UInt32?
    if case .v4(let address)? = IPAddress(text) {
      number = address.bits
    } else if text.hasPrefix("0x") {
      number = UInt32(text.dropFirst(2), radix: 16)
    } else if text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) {
      number = UInt32(text)
    }
    guard let number, number != 0 else {
      error("\(shown) is not a discriminator", expected: expected)
      return nil
    }
    return located(number)
  }
}
