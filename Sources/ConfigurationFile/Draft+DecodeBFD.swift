import Addresses
import YAML

/// RFC 5880 section 4.1: intervals are 32 bits of microseconds; zero would mean "send me nothing".
let bfdInterval: ClosedRange<Duration> = .microseconds(1) ... .microseconds(4_294_967_295)

extension Draft {
  mutating func decodeBFD(_ value: Value) {
    guard let table = Table(value, .bfd) else {
      hasBrokenPeers = true
      return
    }
    bfdTimers = Self.timers(table)
    if case .on(let dampening) = Self.dampening(table["dampening"]) { self.dampening = dampening }
    for value in table["profiles"]?.list("a list of profiles") ?? [] { decodeProfile(value) }
    listen = table["listen"]?.list("a list of addresses")?.compactMap { $0.address() }
    if let value = table["listen"], value.isEmptyList {
      value.error(
        "BFD would receive nothing", expected: "at least one address", help: "leave `listen` out for all addresses")
    }
    reflectors = table["reflectors"]?.list("a list of reflectors")?.compactMap(Self.reflector) ?? []
    openBFDDControl = table["openbfdd-control"]?.boolean() ?? openBFDDControl
    if let value = table["key-chains"] { decodeKeyChains(value) }
    if let value = table["peers"] {
      let items = value.list("a list of peers")
      peers = items?.compactMap(peer) ?? []
      hasBrokenPeers = peers.count != items?.count || peers.contains { $0.name == nil }
    }
    if let value = table["allow"] {
      let items = value.list("a list of prefixes to accept")
      allow = items?.compactMap(allowEntry) ?? []
      hasBrokenPeers = hasBrokenPeers || allow.count != items?.count
    }
  }

  /// A profile is read by itself once, so that its errors are told even when nobody uses it.
  private mutating func decodeProfile(_ value: Value) {
    guard let table = Table(value, .profile) else { return }
    var unused = PeerDraft(place: table.place)
    Self.sessionOptions(table, &unused)
    guard let name = table.required("name", "a name for peers to refer to")?.name() else { return }
    profileNames.append(name)
    if profiles[name.value] == nil { profiles[name.value] = table }
  }

  /// A mapping with the profile that it names behind it.
  private func withProfile(_ table: Table, _ section: Section) -> Table {
    guard let name = table["profile"]?.name() else { return table }
    if profiles[name.value] == nil { unknown("profile", name, among: profileNames.map(\.value)) }
    return table.falling(backTo: profiles[name.value], section)
  }

  private static func dampening(_ value: Value?) -> DampeningDraft {
    guard let value else { return .inherited }
    if value.node.scalar?.text == "false" { return .off }
    guard let table = Table(value, .dampening) else { return .inherited }
    var result = GatewayConfiguration.Dampening()
    let range: ClosedRange<Duration> = .milliseconds(100) ... .seconds(86400)
    result.threshold = table["threshold"]?.integer(1...1000, "failures") ?? result.threshold
    result.window = table["window"]?.duration(range, unit: "s") ?? result.window
    result.initialHold = table["initial-hold"]?.duration(range, unit: "s") ?? result.initialHold
    result.maximumHold =
      table["maximum-hold"]?.duration(range, unit: "s") ?? max(result.maximumHold, result.initialHold)
    result.forgetAfter = table["forget-after"]?.duration(range, unit: "s") ?? result.forgetAfter
    if result.maximumHold < result.initialHold {
      value.report.error(
        "maximum-hold \(DurationText.text(result.maximumHold)) is less than initial-hold",
        at: table.keyPlace("maximum-hold"),
        expected: "at least \(DurationText.text(result.initialHold))")
    }
    return .on(result)
  }

  static func reach(_ table: Table) -> ReachDraft {
    var draft = ReachDraft()
    draft.multihop = table["multihop"]?.boolean() ?? false
    draft.vrf = table["vrf"]?.interfaceName()
    draft.namespace = table["namespace"]?.name()
    return draft
  }

  private static func timers(_ table: Table) -> TimersDraft {
    var draft = TimersDraft()
    draft.transmitInterval = table["transmit-interval"]?.duration(bfdInterval, unit: "ms")
    draft.receiveInterval = table["receive-interval"]?.duration(bfdInterval, unit: "ms")
    draft.detectMultiplier = table["detect-multiplier"]?.integer(1...255)
    draft.multiplierPlace = table["detect-multiplier"]?.place
    decodeModes(table, &draft)
    // When one is broken, nothing is said about the sum of them.
    let written = ["receive-interval", "transmit-interval", "detect-multiplier"].compactMap { table[$0] }
    let good = [draft.transmitInterval != nil, draft.receiveInterval != nil, draft.detectMultiplier != nil].count {
      $0
    }
    draft.place = good == written.count ? written.first?.place : nil
    return draft
  }

  private func peer(_ value: Value) -> PeerDraft? {
    guard let written = Table(value, .peer) else { return nil }
    let table = withProfile(written, .peer)
    var draft = PeerDraft(place: table.place)
    draft.name = table.required("name", "a name to refer to this peer by")?.name()
    draft.address = table.required("address", "the peer's IP address")?.unicastAddress()
    draft.interface = table["interface"]?.interfaceName()
    draft.reach = Self.reach(table)
    Self.peerOptions(table, &draft)
    draft.remoteDiscriminator = remoteDiscriminator(table, draft)
    if draft.reach.multihop { checkMultihop(table, draft) }
    if let value = table["lag-member"], value.boolean() == true { Self.lagMember(value, table, &draft) }
    if let value = table["seamless"] { draft.seamless = Self.seamless(value, table) }
    if let address = draft.address, case .v6 = address.value, address.value.isLinkLocal, table["interface"] == nil {
      value.report.error(
        "the link-local address \(address.value) needs an interface", at: address.place,
        expected: "the key `interface` beside it")
    }
    return draft
  }

  /// A path's `bfd: {...}`: a peer at the path's next hop, under the path's name.
  func inlinePeer(_ value: Value, of path: PathDraft) -> PeerDraft? {
    guard let written = value.node.isNull ? Table(emptyAt: value) : Table(value, .inlinePeer) else { return nil }
    let table = withProfile(written, .inlinePeer)
    var draft = PeerDraft(place: value.place, isInline: true)
    draft.name = path.name.map { Located(value: $0.value, place: value.place) }
    draft.address = path.via
    draft.interface = path.interface
    Self.peerOptions(table, &draft)
    return draft
  }

  private static func peerOptions(_ table: Table, _ draft: inout PeerDraft) {
    draft.localAddress = table["local-address"]?.unicastAddress()
    draft.pointToPoint = table["point-to-point"]?.boolean() ?? false
    sessionOptions(table, &draft)
    if let local = draft.localAddress, let address = draft.address, local.value.family != address.value.family {
      table.value.report.error(
        "the local address \(local.value) and the peer \(address.value) are of different families", at: local.place,
        expected: "an \(address.value.family) address")
    }
  }

  /// What a profile may hold.
  private static func sessionOptions(_ table: Table, _ draft: inout PeerDraft) {
    draft.mode = table["mode"]?.choice(GatewayConfiguration.BFDMode.self) ?? .active
    draft.timers = timers(table)
    draft.minimumTTL = minimumTTL(table)
    draft.shutdown = table["shutdown"]?.boolean() ?? false
    draft.dampening = dampening(table["dampening"])
    draft.authentication = table["authentication"].map(authentication)
    draft.compatibility = compatibility(table)
  }

  private static func compatibility(_ table: Table) -> GatewayConfiguration.BFDCompatibility {
    table["compatibility"]?.choice(GatewayConfiguration.BFDCompatibility.self) ?? .none
  }

  /// What a peer's discriminator is, for a peer that takes no packet without it.
  private func remoteDiscriminator(_ table: Table, _ draft: PeerDraft) -> UInt32? {
    guard let value = table["remote-discriminator"] else { return nil }
    if draft.compatibility == .none {
      report.error(
        "a discriminator that is not from the peer itself is not told to a peer that keeps to RFC 5880 (section 6.8.1)",
        at: table.keyPlace("remote-discriminator"), expected: "`compatibility: ovn` beside it")
    }
    return value.discriminator()?.value
  }

  private static func minimumTTL(_ table: Table) -> Located<Int>? {
    table["minimum-ttl"].flatMap { value in value.integer(1...255).map(value.located) }
  }

  /// RFC 7130: one session for each member, on port 6784.
  private static func lagMember(_ value: Value, _ table: Table, _ draft: inout PeerDraft) {
    draft.lagMember = true
    for key in ["interface", "local-address"] where table[key] == nil {
      value.report.error(
        "a session on a member of a link aggregation group needs `\(key)`", at: table.keyPlace("lag-member"),
        expected: key == "interface" ? "the member's name" : "this end's address, the group's own")
    }
    for key in ["multihop", "vrf", "seamless", "point-to-point", "echo"] where table[key] != nil {
      value.report.error(
        "a session on a member of a link aggregation group has no `\(key)` (RFC 7130)", at: table.keyPlace(key),
        expected: "no `\(key)` beside `lag-member: true`")
    }
  }

  private func checkMultihop(_ table: Table, _ draft: PeerDraft) {
    if table["local-address"] == nil {
      report.error(
        "a multihop session needs its own end's address: sessions are told apart by both (RFC 5883 section 4)",
        at: table.keyPlace("multihop"), expected: "the key `local-address` beside it")
    }
    for key in ["interface", "point-to-point"] where table[key] != nil {
      report.error(
        "a multihop session is bound to no interface (RFC 5883)", at: table.keyPlace(key),
        expected: "no `\(key)` beside `multihop: true`")
    }
    if draft.address?.value.isLinkLocal == true {
      report.error(
        "a link-local address is never several hops away", at: table.keyPlace("address"),
        expected: "an address that is routed")
    }
    if draft.minimumTTL == nil, draft.authentication == nil {
      report.warning(
        "without minimum-ttl or authentication, packets with any TTL are taken: whoever can send from the peer's address can end the session",
        at: table.keyPlace("multihop"), expected: "minimum-ttl: 255 less the number of routers in between")
    }
  }

  /// Who shall speak first must be known, and from which address over several hops.
  private func checkActive(_ table: Table, _ draft: AllowDraft) {
    guard draft.mode == .active, let prefix = draft.prefix?.value else { return }
    if !prefix.isHost {
      report.error(
        "nobody in particular can be spoken to first in \(prefix)", at: table.keyPlace("mode"),
        expected: "a prefix of one host, or `mode: passive`")
    } else if draft.reach.multihop {
      report.error(
        "over several hops the session needs an address of ours", at: table.keyPlace("mode"),
        expected: "an entry in bfd.peers with `local-address`")
    }
  }

  private func allowEntry(_ value: Value) -> AllowDraft? {
    guard let written = Table(value, .allow) else { return nil }
    let table = withProfile(written, .allow)
    var draft = AllowDraft(place: table.place)
    draft.name = table["name"]?.name()
    draft.prefix = table.required("prefix", "the prefix of the peers to accept, such as 10.9.0.0/24")?.network()
    draft.interface = table["interface"]?.interfaceName()
    draft.maxSessions = table["max-sessions"]?.integer(1...65535) ?? 64
    draft.reach = Self.reach(table)
    draft.timers = Self.timers(table)
    draft.minimumTTL = Self.minimumTTL(table)
    draft.dampening = Self.dampening(table["dampening"])
    draft.authentication = table["authentication"].map(Self.authentication)
    // Its own word only: a profile's `mode` is for peers.
    draft.mode = written["mode"]?.choice(GatewayConfiguration.BFDMode.self)
    if draft.mode == .unaffiliatedEcho {
      written["mode"]?.error(
        "unaffiliated echo waits for nobody, so there is nobody to allow", expected: "active or passive",
        help: "name the next hop under bfd.peers")
    }
    draft.compatibility = Self.compatibility(table)
    checkActive(written, draft)
    if draft.reach.multihop, draft.interface != nil {
      report.error(
        "a multihop session is bound to no interface (RFC 5883)", at: table.keyPlace("interface"),
        expected: "no `interface` beside `multihop: true`")
    }
    return draft
  }
}
