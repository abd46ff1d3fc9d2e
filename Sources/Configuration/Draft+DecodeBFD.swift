import Addresses
import YAML

/// RFC 5880 section 4.1: intervals are 32 bits of microseconds; zero would mean "send me nothing".
private let bfdInterval: ClosedRange<Duration> = .microseconds(1) ... .microseconds(4_294_967_295)

extension Draft {
  mutating func decodeBFD(_ value: Value) {
    guard let table = Table(value, .bfd) else {
      hasBrokenPeers = true
      return
    }
    bfdTimers = Self.timers(table)
    listen = table["listen"]?.list("a list of addresses")?.compactMap { $0.address() }
    if let value = table["listen"], value.isEmptyList {
      value.error(
        "BFD would receive nothing", expected: "at least one address", help: "leave `listen` out for all addresses")
    }
    if let value = table["key-chains"] { decodeKeyChains(value) }
    if let value = table["peers"] {
      let items = value.list("a list of peers")
      peers = items?.compactMap(Self.peer) ?? []
      hasBrokenPeers = peers.count != items?.count || peers.contains { $0.name == nil }
    }
    if let value = table["allow"] {
      let items = value.list("a list of prefixes to accept")
      allow = items?.compactMap(Self.allowEntry) ?? []
      hasBrokenPeers = hasBrokenPeers || allow.count != items?.count
    }
  }

  private static func timers(_ table: Table) -> TimersDraft {
    var draft = TimersDraft()
    draft.transmitInterval = table["transmit-interval"]?.duration(bfdInterval, unit: "ms")
    draft.receiveInterval = table["receive-interval"]?.duration(bfdInterval, unit: "ms")
    draft.detectMultiplier = table["detect-multiplier"]?.integer(1...255)
    draft.multiplierPlace = table["detect-multiplier"]?.place
    // When one is broken, nothing is said about the sum of them.
    let written = ["receive-interval", "transmit-interval", "detect-multiplier"].compactMap { table[$0] }
    let good = [draft.transmitInterval != nil, draft.receiveInterval != nil, draft.detectMultiplier != nil].count {
      $0
    }
    draft.place = good == written.count ? written.first?.place : nil
    return draft
  }

  private static func peer(_ value: Value) -> PeerDraft? {
    guard let table = Table(value, .peer) else { return nil }
    var draft = PeerDraft(place: table.place)
    draft.name = table.required("name", "a name to refer to this peer by")?.name()
    draft.address = table.required("address", "the peer's IP address")?.unicastAddress()
    draft.interface = table["interface"]?.interfaceName()
    peerOptions(table, &draft)
    if let address = draft.address, case .v6 = address.value, address.value.isLinkLocal, table["interface"] == nil {
      value.report.error(
        "the link-local address \(address.value) needs an interface", at: address.place,
        expected: "the key `interface` beside it")
    }
    return draft
  }

  /// A path's `bfd: {...}`: a peer at the path's next hop, under the path's name.
  static func inlinePeer(_ value: Value, of path: PathDraft) -> PeerDraft? {
    guard let table = value.node.isNull ? Table(emptyAt: value) : Table(value, .inlinePeer) else { return nil }
    var draft = PeerDraft(place: value.place, isInline: true)
    draft.name = path.name.map { Located(value: $0.value, place: value.place) }
    draft.address = path.via
    draft.interface = path.interface
    peerOptions(table, &draft)
    return draft
  }

  private static func peerOptions(_ table: Table, _ draft: inout PeerDraft) {
    draft.localAddress = table["local-address"]?.unicastAddress()
    draft.mode = table["mode"]?.choice(GatewayConfiguration.BFDMode.self) ?? .active
    draft.timers = timers(table)
    draft.minimumTTL = table["minimum-ttl"]?.integer(1...255) ?? 255
    draft.pointToPoint = table["point-to-point"]?.boolean() ?? false
    draft.shutdown = table["shutdown"]?.boolean() ?? false
    draft.authentication = table["authentication"].map(authentication)
    if let local = draft.localAddress, let address = draft.address, local.value.family != address.value.family {
      table.value.report.error(
        "the local address \(local.value) and the peer \(address.value) are of different families", at: local.place,
        expected: "an \(address.value.family) address")
    }
  }

  private static func allowEntry(_ value: Value) -> AllowDraft? {
    guard let table = Table(value, .allow) else { return nil }
    var draft = AllowDraft(place: table.place)
    draft.name = table["name"]?.name()
    draft.prefix = table.required("prefix", "the prefix of the peers to accept, such as 10.9.0.0/24")?.network()
    draft.interface = table["interface"]?.interfaceName()
    draft.maxSessions = table["max-sessions"]?.integer(1...65535) ?? 64
    draft.timers = timers(table)
    draft.minimumTTL = table["minimum-ttl"]?.integer(1...255) ?? 255
    draft.authentication = table["authentication"].map(authentication)
    return draft
  }
}
