import Addresses

extension Draft {
  /// The configuration, with defaults and references filled in; nil when something could not be decoded.
  func build() -> GatewayConfiguration? {
    let timers = bfdTimers.timers()
    let weights = Dictionary(
      paths.compactMap { path in path.name.map { ($0.value, path.weight) } }, uniquingKeysWith: { a, _ in a })
    guard let interfaces = all(interfaces, Self.build), let peers = buildPeers(timers),
      let allow = all(allow, { build($0, timers) }), let keyChains = buildKeyChains(),
      let reflectors = buildReflectors(),
      let paths = all(paths, Self.build),
      let groups = all(groups, { Self.build($0, weights) }), let routes = all(routes, Self.staticRoute)
    else { return nil }
    var bfd = GatewayConfiguration.BFDSettings(
      timers: timers, listen: listen?.map(\.value) ?? [.v4(.any), .v6(.any)], peers: peers, allow: allow,
      keyChains: keyChains)
    bfd.reflectors = reflectors
    bfd.openBFDDControl = openBFDDControl
    let rules = self.rules.compactMap(\.value)
    guard rules.count == self.rules.count else { return nil }
    var configuration = GatewayConfiguration(
      namespace: namespace, interfaces: interfaces, egressSysctls: egressSysctls, sysctls: sysctls.map(\.value),
      bfd: bfd, paths: paths, groups: groups, routes: routes, uplinks: uplinks.map { build($0, peers, allow) },
      drain: drain,
      control: control, realtime: realtime, capture: capture, startupGrace: startupGrace)
    configuration.rules = rules
    configuration.observe = observe
    return configuration
  }

  private func all<T, U>(_ drafts: [T], _ build: (T) -> U?) -> [U]? {
    let built = drafts.compactMap(build)
    return built.count == drafts.count ? built : nil
  }

  /// There may be thousands, and they are kept: no room more than they take, and in common what they have in common.
  private func buildPeers(_ timers: GatewayConfiguration.BFDTimers) -> [GatewayConfiguration.BFDPeer]? {
    var built: [GatewayConfiguration.BFDPeer] = []
    built.reserveCapacity(peers.count)
    for draft in peers {
      guard var peer = build(draft, timers) else { return nil }
      if let last = built.last { peer.share(with: last) }
      built.append(peer)
    }
    return built
  }

  private static func build(_ draft: InterfaceDraft) -> GatewayConfiguration.Interface? {
    guard let name = draft.name?.value else { return nil }
    return GatewayConfiguration.Interface(
      name: name, from: draft.from?.value, addresses: draft.addresses.map(\.value), mtu: draft.mtu?.value,
      mac: draft.mac, up: draft.up)
  }

  private func build(
    _ draft: PeerDraft, _ timers: GatewayConfiguration.BFDTimers
  ) -> GatewayConfiguration.BFDPeer? {
    guard let name = draft.name?.value, let address = draft.address?.value else { return nil }
    var peer = GatewayConfiguration.BFDPeer(
      name: name, address: address, interface: draft.interface?.value, localAddress: draft.localAddress?.value,
      reach: draft.reach.value, mode: draft.mode, timers: draft.timers.timers(timers),
      minimumTTL: Self.build(draft.minimumTTL, isFar: draft.reach.multihop || draft.seamless != nil),
      pointToPoint: draft.pointToPoint, shutdown: draft.shutdown,
      keyChain: draft.authentication?.chainName(of: "peer", name), dampening: build(draft.dampening))
    peer.seamlessDiscriminator = draft.seamless
    peer.compatibility = draft.compatibility
    peer.remoteDiscriminator = draft.remoteDiscriminator
    peer.isLAGMember = draft.lagMember
    return peer
  }

  /// RFC 5881 section 5 asks for 255 over one hop; RFC 5883 for nothing.
  private static func build(_ minimumTTL: Located<Int>?, isFar: Bool) -> UInt8 {
    UInt8(clamping: minimumTTL?.value ?? (isFar ? 1 : 255))
  }

  private func build(_ draft: DampeningDraft) -> GatewayConfiguration.Dampening? {
    switch draft {
    case .inherited: dampening
    case .off: nil
    case .on(let own): own
    }
  }

  private func build(
    _ draft: AllowDraft, _ timers: GatewayConfiguration.BFDTimers
  ) -> GatewayConfiguration.BFDAllow? {
    guard let prefix = draft.prefix?.value else { return nil }
    var allow = GatewayConfiguration.BFDAllow(
      name: draft.name?.value, prefix: prefix, interface: draft.interface?.value, maxSessions: draft.maxSessions,
      reach: draft.reach.value, timers: draft.timers.timers(timers),
      minimumTTL: Self.build(draft.minimumTTL, isFar: draft.reach.multihop), dampening: build(draft.dampening))
    allow.keyChain = draft.authentication?.chainName(of: "allow", allow.name)
    allow.mode = draft.mode ?? (prefix.isHost && !draft.reach.multihop ? .active : .passive)
    allow.compatibility = draft.compatibility
    return allow
  }

  private static func build(_ draft: PathDraft) -> GatewayConfiguration.Path? {
    guard let name = draft.name?.value, let via = draft.via?.value, let interface = draft.interface?.value,
      let health = draft.health
    else { return nil }
    return GatewayConfiguration.Path(
      name: name, via: via, interface: interface, weight: draft.weight, holdDown: draft.holdDown,
      health: build(health, via))
  }

  private static func build(_ health: HealthDraft, _ via: IPAddress) -> GatewayConfiguration.Health {
    switch health {
    case .link: .link
    case .bfd(let peer): .bfd(peer: peer.value)
    case .icmp(let address, let probe): .icmp(address: address?.value ?? via, probe)
    case .neighbour(let probe): .neighbour(probe)
    case .all(let parts): .all(parts.map { build($0, via) })
    case .any(let parts): .any(parts.map { build($0, via) })
    }
  }

  private static func build(_ draft: GroupDraft, _ weights: [String: Int]) -> GatewayConfiguration.Group? {
    guard let name = draft.name?.value, let type = draft.type, let lastPath = draft.lastPath else { return nil }
    let members = draft.members.map {
      GatewayConfiguration.Member(path: $0.path.value, weight: $0.weight ?? weights[$0.path.value] ?? 1)
    }
    let routes = draft.routes.compactMap { route in
      route.prefix.map {
        GatewayConfiguration.GroupRoute(prefix: $0.value, metric: route.metric, table: route.table)
      }
    }
    guard routes.count == draft.routes.count else { return nil }
    return GatewayConfiguration.Group(name: name, members: members, type: type, lastPath: lastPath, routes: routes)
  }

  private static func staticRoute(_ draft: RouteDraft) -> GatewayConfiguration.StaticRoute? {
    guard let prefix = draft.prefix?.value else { return nil }
    return GatewayConfiguration.StaticRoute(
      prefix: prefix, via: draft.via?.value, interface: draft.interface?.value, metric: draft.metric,
      table: draft.table, source: draft.source?.value)
  }

  private func build(
    _ draft: UplinksDraft, _ peers: [GatewayConfiguration.BFDPeer], _ allow: [GatewayConfiguration.BFDAllow]
  ) -> GatewayConfiguration.Uplinks {
    let own = peersOfUplinks(draft)
    let told =
      draft.peers?.map(\.value) ?? (peers.map(\.name).filter { !own.contains($0) } + allow.map(\.name))
    return GatewayConfiguration.Uplinks(
      watch: draft.watch.map(\.value), lostWhen: draft.lostWhen, tell: draft.tell, peers: told)
  }
}
