import YAML

extension Draft {
  /// `echo`, `demand` and `packet-size`: each may be `false`, which switches off what `bfd` has switched on for all.
  static func decodeModes(_ table: Table, _ draft: inout TimersDraft) {
    draft.echo = table["echo"].flatMap { value in
      value.isFalse ? value.located(nil) : echo(value).map { value.located($0) }
    }
    draft.demand = table["demand"].flatMap { value in
      value.isFalse ? value.located(nil) : demand(value).map { value.located($0) }
    }
    draft.packetSize = table["packet-size"].flatMap { value in
      // The longest packet without padding: IPv6, UDP, 24 octets and the longest authentication.
      value.isFalse ? value.located(nil) : value.integer(100...65_535, "octets").map { value.located($0) }
    }
  }

  private static func echo(_ value: Value) -> GatewayConfiguration.BFDEcho? {
    guard let table = Table(value, .echo) else { return nil }
    let intervals = [table["transmit-interval"], table["receive-interval"]]
    if intervals.allSatisfy({ $0 == nil }) {
      value.error(
        "echo needs an interval", expected: "transmit-interval, receive-interval or both",
        help: "transmit-interval sends echoes, receive-interval lets the peer send some; `echo: false` has none")
      return nil
    }
    let transmit = table["transmit-interval"].map { $0.duration(bfdInterval, unit: "ms") }
    let receive = table["receive-interval"].map { $0.duration(bfdInterval, unit: "ms") }
    let control = table["control-interval"].map { $0.duration(bfdInterval, unit: "s") }
    if transmit == .some(nil) || receive == .some(nil) || control == .some(nil) { return nil }
    return GatewayConfiguration.BFDEcho(
      transmitInterval: transmit ?? nil, receiveInterval: receive ?? nil,
      controlInterval: (control ?? nil) ?? .seconds(1))
  }

  private static func demand(_ value: Value) -> GatewayConfiguration.BFDDemand? {
    guard let table = Table(value, .demand) else { return nil }
    guard let written = table["poll-interval"] else { return GatewayConfiguration.BFDDemand() }
    return written.duration(bfdInterval, unit: "s").map { GatewayConfiguration.BFDDemand(pollInterval: $0) }
  }
}

extension Value {
  /// Written to switch off what is on by itself.
  var isFalse: Bool { node.scalar?.text == "false" }
}
