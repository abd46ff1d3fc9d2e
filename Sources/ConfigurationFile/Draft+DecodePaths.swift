import Addresses
import YAML

extension Draft {
  mutating func decodePath(_ value: Value) {
    guard let table = Table(value, .path) else { return }
    var draft = PathDraft(place: table.place)
    draft.name = table.required("name", "a name for groups to refer to")?.name()
    draft.via = table.required("via", "the next hop's IP address")?.unicastAddress()
    draft.interface = table.required("interface", "the interface that the next hop is on")?.interfaceName()
    draft.weight = table["weight"]?.integer(1...256) ?? 1
    draft.holdDown = table["hold-down"]?.duration(.zero ... .seconds(86400), unit: "s") ?? draft.holdDown
    if let value = table["health"] { draft.health = health(value, of: draft) }
    paths.append(draft)
  }

  /// Nil after an error.
  private mutating func health(_ value: Value, of path: PathDraft) -> HealthDraft? {
    if case .scalar = value.node.content, !value.node.isNull {
      guard let text = value.text("") else { return nil }
      if text == "link" { return .link }
      let help =
        Section.health.keys.contains(text)
        ? "write it as a mapping: {\(text): …}"
        : Suggestion.help(for: text, among: Section.health.keys)
      value.error(
        "\(value.shown) is no way to judge a path",
        expected: "link, or a mapping with one of bfd, icmp, neighbour, all, any",
        help: help)
      return nil
    }
    guard let table = Table(value, .health) else { return nil }
    let keys = table.keys.filter(Section.health.keys.contains)
    guard keys.count == 1, let key = keys.first, let inner = table[key] else {
      if keys.count > 1 {
        value.report.error(
          "a path is judged in one way, here are \(keys.count): \(keys.joined(separator: ", "))",
          at: table.keyPlace(keys[1]), expected: "exactly one of bfd, icmp, neighbour, all, any",
          help: "combine them: all: [{\(keys[0]): …}, {\(keys[1]): …}], or any: [...]")
      } else if table.keys.isEmpty {
        value.error("is empty", expected: "exactly one of bfd, icmp, neighbour, all, any")
      }
      return nil
    }
    switch key {
    case "bfd": return bfd(inner, of: path)
    case "icmp": return Self.icmp(inner, of: path)
    case "neighbour":
      guard let table = inner.node.isNull ? Table(emptyAt: inner) : Table(inner, .neighbour) else { return nil }
      return Self.probe(table).map(HealthDraft.neighbour)
    case "link":
      inner.error("`link` has no settings", expected: "health: link")
      return nil
    default:
      guard let items = inner.list("a list of health checks, such as [{bfd: tor-a}, {icmp: {}}]") else {
        return nil
      }
      if items.isEmpty {
        inner.error("`\(key)` of nothing judges nothing", expected: "at least one health check")
        return nil
      }
      var parts: [HealthDraft] = []
      for item in items {
        if let part = health(item, of: path) { parts.append(part) }
      }
      guard parts.count == items.count else { return nil }
      return key == "all" ? .all(parts) : .any(parts)
    }
  }

  private mutating func bfd(_ value: Value, of path: PathDraft) -> HealthDraft? {
    if case .scalar = value.node.content, !value.node.isNull { return value.name().map(HealthDraft.bfd) }
    guard let peer = inlinePeer(value, of: path) else { return nil }
    peers.append(peer)
    return peer.name.map(HealthDraft.bfd)
  }

  private static func icmp(_ value: Value, of path: PathDraft) -> HealthDraft? {
    guard let table = value.node.isNull ? Table(emptyAt: value) : Table(value, .icmp) else { return nil }
    let address = table["address"]?.unicastAddress()
    if let address, let via = path.via, address.value.family != via.value.family {
      value.report.error(
        "the echo address \(address.value) and the next hop \(via.value) are of different families",
        at: address.place,
        expected: "an \(via.value.family) address")
    }
    guard let probe = probe(table), table["address"] == nil || address != nil else { return nil }
    return .icmp(address, probe)
  }

  private static func probe(_ table: Table) -> GatewayConfiguration.Probe? {
    let usual = GatewayConfiguration.Probe()
    let interval = table["interval"]?.duration(.milliseconds(10) ... .seconds(3600), unit: "s")
    let timeout = table["timeout"]?.duration(.milliseconds(1) ... .seconds(3600), unit: "ms")
    let downAfter = table["down-after"]?.integer(1...100)
    let upAfter = table["up-after"]?.integer(1...100)
    let all = [interval != nil, timeout != nil, downAfter != nil, upAfter != nil]
    let written = ["interval", "timeout", "down-after", "up-after"].count { table[$0] != nil }
    guard all.count(where: { $0 }) == written else { return nil }
    let period = interval ?? usual.interval
    if let timeout, timeout > period {
      table.value.report.error(
        "the timeout \(DurationText.text(timeout)) is longer than the interval \(DurationText.text(period))",
        at: table["timeout"]?.place ?? table.place, expected: "at most \(DurationText.text(period))")
    }
    return GatewayConfiguration.Probe(
      interval: period, timeout: timeout ?? min(usual.timeout, period), downAfter: downAfter ?? usual.downAfter,
      upAfter: upAfter ?? usual.upAfter)
  }
}
