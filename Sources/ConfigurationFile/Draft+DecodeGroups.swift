import Addresses
import YAML

/// The kernel counts these timers in 32 bits of hundredths of a second (linux/nexthop.h: NHA_RES_GROUP_*, clock_t).
private let bucketTimerRange: ClosedRange<Duration> = .zero ... .milliseconds(42_949_672_950)

extension Draft {
  static func group(_ value: Value) -> GroupDraft? {
    guard let table = Table(value, .group) else { return nil }
    var draft = GroupDraft(place: table.place)
    draft.name = table.required("name", "a name for this group")?.name()
    if let value = table.required("paths", "a list of paths' names") {
      let items = value.list("a list of paths, such as [a, b] or [{path: a, weight: 3}]")
      draft.members = items?.compactMap(member) ?? []
      if items?.isEmpty == true {
        value.error("a group without paths leads nowhere", expected: "at least one path")
      }
    }
    decodeType(table, &draft)
    draft.lastPath = table.required(
      "last-path", "one of keep, withdraw, blackhole",
      help: "say what happens when the last path fails: keep it, withdraw the routes, or blackhole the traffic")?
      .choice(GatewayConfiguration.LastPath.self)
    let metric = table["metric"].flatMap { $0.integer(0...Int(UInt32.max)) }.map(UInt32.init) ?? 0
    let number = table["table"].flatMap { $0.integer(1...Int(UInt32.max)) }.map(UInt32.init) ?? 254
    draft.routes =
      table["routes"]?.list("a list of prefixes, such as [0.0.0.0/0] or [{prefix: 0.0.0.0/0, metric: 10}]")?
      .compactMap { groupRoute($0, metric, number) } ?? []
    if draft.routes.isEmpty, table["routes"].map({ $0.isEmptyList }) ?? true {
      value.report.warning(
        "the group has no routes, so nothing uses it", at: table.place, expected: "routes: a list of prefixes")
    }
    return draft
  }

  private static func member(_ value: Value) -> MemberDraft? {
    if case .scalar = value.node.content { return value.name().map { MemberDraft(path: $0, weight: nil) } }
    guard let table = Table(value, .member) else { return nil }
    let weight = table["weight"]?.integer(1...256)
    guard let path = table.required("path", "a path's name")?.name() else { return nil }
    return MemberDraft(path: path, weight: weight)
  }

  private static func decodeType(_ table: Table, _ draft: inout GroupDraft) {
    let kind = table["type"].map { $0.word(["plain", "resilient"]) } ?? "plain"
    let buckets = table["buckets"]?.integer(1...65535)
    let idle = bucketTimer(table, "idle-timer")
    let unbalanced = bucketTimer(table, "unbalanced-timer")
    draft.bucketsPlace = table["buckets"]?.place
    if kind == "resilient" {
      draft.type = .resilient(
        buckets: buckets ?? 128, idleTimer: idle ?? .zero, unbalancedTimer: unbalanced ?? .zero)
    } else if kind == "plain" {
      draft.type = .plain
      for key in ["buckets", "idle-timer", "unbalanced-timer"] where table[key] != nil {
        table.value.report.error(
          "\(SourceText.quoted(key)) has no meaning in a plain group", at: table.keyPlace(key),
          expected: "type: resilient beside it", help: "add `type: resilient`, or remove \(SourceText.quoted(key))")
      }
    }
  }

  private static func bucketTimer(_ table: Table, _ key: String) -> Duration? {
    guard let value = table[key], let timer = value.duration(bucketTimerRange, unit: "s") else { return nil }
    // 10^16 attoseconds are 10 ms, the kernel's step.
    if timer.components.attoseconds % 10_000_000_000_000_000 != 0 {
      value.error("\(value.shown) is finer than the kernel's step", expected: "a multiple of 10ms")
    }
    return timer
  }

  private static func groupRoute(_ value: Value, _ metric: UInt32, _ table: UInt32) -> RouteDraft? {
    if case .scalar = value.node.content {
      let prefix = value.network()
      return RouteDraft(place: value.place, prefix: prefix, metric: metric, table: table)
    }
    guard let keys = Table(value, .groupRoute) else { return nil }
    return route(keys, metric, table)
  }

  static func staticRoute(_ value: Value) -> RouteDraft? {
    guard let table = Table(value, .route) else { return nil }
    var draft = route(table, 0, 254)
    draft.via = table["via"]?.unicastAddress()
    draft.interface = table["interface"]?.interfaceName()
    draft.source = table["source"]?.unicastAddress()
    if table["via"] == nil, table["interface"] == nil {
      value.error("the route leads nowhere", expected: "`via`, `interface`, or both")
    }
    if let via = draft.via?.value, case .v6 = via, via.isLinkLocal, table["interface"] == nil {
      value.report.error(
        "the link-local address \(via) needs an interface", at: draft.via?.place ?? value.place,
        expected: "the key `interface` beside it")
    }
    return draft
  }

  private static func route(_ keys: Table, _ metric: UInt32, _ table: UInt32) -> RouteDraft {
    var draft = RouteDraft(place: keys.place)
    draft.prefix = keys.required("prefix", "the destination, such as 0.0.0.0/0")?.network()
    draft.metric = keys["metric"].flatMap { $0.integer(0...Int(UInt32.max)) }.map(UInt32.init) ?? metric
    draft.table = keys["table"].flatMap { $0.integer(1...Int(UInt32.max)) }.map(UInt32.init) ?? table
    return draft
  }

  /// One mapping, or a list of them.
  static func allUplinks(_ value: Value) -> [UplinksDraft] {
    guard case .sequence = value.node.content else { return uplinks(value).map { [$0] } ?? [] }
    let items = value.list("a list of uplinks") ?? []
    if items.isEmpty { value.error("there is nothing to watch", expected: "at least one entry, or no `uplinks`") }
    return items.compactMap(uplinks)
  }

  private static func uplinks(_ value: Value) -> UplinksDraft? {
    guard let table = Table(value, .uplinks) else { return nil }
    var draft = UplinksDraft(place: table.place)
    if let value = table.required("watch", "a list of uplinks, such as [{interface: net1}, {path: a}]") {
      let items = value.list("a list of uplinks, such as [{interface: net1}, {path: a}]")
      draft.watch = items?.compactMap(uplink) ?? []
      draft.hasBrokenWatch = draft.watch.count != items?.count
      if items?.isEmpty == true { value.error("there is nothing to watch", expected: "at least one uplink") }
    } else {
      draft.hasBrokenWatch = true
    }
    if let value = table["lost-when"] {
      draft.lostWhenPlace = value.place
      draft.lostWhen = lostWhen(value) ?? .all
    }
    draft.tell = table["tell"]?.choice(GatewayConfiguration.Tell.self) ?? draft.tell
    draft.tellPlace = table["tell"]?.place
    if let value = table["peers"] {
      let items = value.list("a list of peers' names")
      draft.peers = items?.compactMap { $0.name() } ?? []
      if items?.isEmpty == true {
        value.error(
          "nobody would be told", expected: "at least one peer",
          help: "leave `peers` out for every peer that no watched path uses")
      }
    }
    return draft
  }

  private static func uplink(_ value: Value) -> Located<GatewayConfiguration.Uplink>? {
    guard let table = Table(value, .watch) else { return nil }
    switch (table["interface"], table["path"]) {
    case (let interface?, nil):
      return interface.interfaceName().map { Located(value: .interface($0.value), place: $0.place) }
    case (nil, let path?): return path.name().map { Located(value: .path($0.value), place: $0.place) }
    default:
      value.error("is no uplink", expected: "exactly one of `interface` and `path`")
      return nil
    }
  }

  private static func lostWhen(_ value: Value) -> GatewayConfiguration.LostWhen? {
    if case .mapping = value.node.content {
      guard let table = Table(value, .lostWhen) else { return nil }
      return table.required("fewer-than", "a number of uplinks")?.integer(1...1024).map { .fewerThan($0) }
    }
    let expected = "any, all, or {fewer-than: NUMBER}"
    guard let text = value.text(expected) else { return nil }
    switch text {
    case "any": return .any
    case "all": return .all
    default:
      value.error(
        "\(value.shown) is not known here", expected: expected,
        help: Suggestion.help(for: text, among: ["any", "all"]))
      return nil
    }
  }
}
