public import Addresses
public import BFD
public import Cluster
public import ConfigurationFile

/// Everything that `everway run --kube-ovn` decides about a node: what the cluster says and what the gateway does go in,
/// what is to be done comes out. Time is an argument.
public struct ClusterCore: Hashable, Sendable {
  /// What is known of the world at one moment.
  public struct Input: Hashable, Sendable {
    public var ovs: Gathered<OVSFacts>
    public var ovn: OVNFacts
    public var cluster: ClusterFacts
    /// Nil while the gateway does not answer.
    public var gateway: GatewayView?
    public var isLeader: Bool

    public init(
      ovs: Gathered<OVSFacts> = .notAsked, ovn: OVNFacts = OVNFacts(), cluster: ClusterFacts = ClusterFacts(),
      gateway: GatewayView? = nil, isLeader: Bool = false
    ) {
      self.ovs = ovs
      self.ovn = ovn
      self.cluster = cluster
      self.gateway = gateway
      self.isLeader = isLeader
    }
  }

  public enum Effect: Hashable, Sendable {
    /// Be this gateway.
    case publish(GatewayConfiguration)
    case publishNothing(reason: String)
    /// Show these, and no others any more.
    case tell([KubeOVNGateway.Problem])
    /// Have an internal port of Open vSwitch with these external_ids; `anew` when it is there and broken.
    case ensurePort(name: String, bridge: String, externalIDs: [String: String], anew: Bool)
    case removePort(name: String)
    case setNodeLabel(key: String, value: String)
    case setReady(ovnEip: String)
    /// OVN says `up` of what is down; told once.
    case foundStale(StaleSessions.Stale, isRepaired: Bool)
    /// Make a row of BFD anew, by its UUID in the northbound database.
    case renew(bfd: String, StaleSessions.Row)
    /// A stale row is so no longer.
    case staleIsOver(StaleSessions.Row)
  }

  /// Of the interfaces that this program has made, so that it takes no others away.
  static let mark = (key: "everway", value: "kube-ovn")
  /// Between two attempts at the same thing.
  static let retryInterval: Int64 = 5_000_000_000
  /// Before a port that vswitchd has not made is taken for broken.
  static let portPatience: Int64 = 10_000_000_000

  public let node: String
  public let options: KubeOVNOptions
  private var published: GatewayConfiguration?
  private var hasPublishedNothing = false
  private var told: [KubeOVNGateway.Problem] = []
  private var stale = StaleSessions()
  private var known: Set<StaleSessions.Row> = []
  /// What was asked for and when, so that it is not asked for with every look while it has no effect.
  private var attempts: [String: Instant] = [:]
  private var brokenSince: [String: Instant] = [:]
  /// What the node is, as last known.
  public private(set) var role = NodeRole.unknown(reason: "nothing has been read yet")

  public init(node: String, options: KubeOVNOptions) {
    self.node = node
    self.options = options
  }

  /// - Returns: what to do, in this order.
  public mutating func look(_ input: Input, now: Instant) -> [Effect] {
    attempts = attempts.filter { now - $0.value < Self.retryInterval }
    role = KubeOVN.desiredGateway(input.cluster, input.ovn, node: node, options: options)
    var effects: [Effect] = []
    switch role {
    case .unknown(let reason):
      tell([KubeOVNGateway.Problem(object: "cluster", what: reason)], &effects)
    case .notAGateway:
      leave(input, now, &effects)
    case .gateway(let gateway):
      // Ports first: an interface that is not there is a problem to the gateway.
      ensurePorts(gateway, input, now, &effects)
      if published != gateway.configuration {
        published = gateway.configuration
        hasPublishedNothing = false
        effects.append(.publish(gateway.configuration))
      }
      tell(gateway.problems + blindness(input), &effects)
      writeStatus(gateway, input, now, &effects)
      judgeSessions(gateway, input, now, &effects)
    }
    return effects
  }

  /// When to look again without news.
  public func nextLook(now: Instant) -> Instant {
    let idle = now + 1_000_000_000
    return min(idle, stale.nextLook(now: now) ?? idle)
  }

  /// A renewal was made, or failed; either way it is not made again at once.
  public mutating func didRenew(_ row: StaleSessions.Row, at now: Instant) { stale.didRenew(row, at: now) }

  // MARK: Parts

  private mutating func leave(_ input: Input, _ now: Instant, _ effects: inout [Effect]) {
    if !hasPublishedNothing {
      hasPublishedNothing = true
      published = nil
      effects.append(.publishNothing(reason: "no OvnEip of type lsp is called \(node)"))
    }
    tell([], &effects)
    for interface in input.ovs.value?.interfaces ?? [] where interface.externalIDs[Self.mark.key] == Self.mark.value
    {
      attempt("port \(interface.name)", now, &effects, .removePort(name: interface.name))
    }
    if options.ownsStatus, label(input) == "true" {
      attempt("label", now, &effects, .setNodeLabel(key: KubeOVNNames.speakerLabel, value: "false"))
    }
  }

  private mutating func ensurePorts(
    _ gateway: KubeOVNGateway, _ input: Input, _ now: Instant, _ effects: inout [Effect]
  ) {
    guard let ovs = input.ovs.value else { return }
    for port in gateway.ports {
      let present = ovs.interface(port.name)
      let isComplete =
        present?.bridge == ovs.integrationBridge && present?.type == "internal"
        && port.externalIDs.allSatisfy { present?.externalIDs[$0.key] == $0.value }
      let isBroken = present.map { $0.ofport == -1 || $0.error != nil } ?? false
      let since = isBroken ? brokenSince[port.name] ?? now : nil
      brokenSince[port.name] = since
      let isLongBroken = since.map { now - $0 >= Self.portPatience } ?? false
      guard !isComplete || isLongBroken else { continue }
      if isLongBroken { brokenSince[port.name] = now }
      let externalIDs = port.externalIDs.merging([Self.mark.key: Self.mark.value]) { own, _ in own }
      attempt(
        "port \(port.name)", now, &effects,
        .ensurePort(
          name: port.name, bridge: ovs.integrationBridge,
          externalIDs: present == nil || !isComplete ? externalIDs : port.externalIDs, anew: isLongBroken))
    }
    // What an OvnEip that is gone has left.
    for interface in ovs.interfaces
    where interface.externalIDs[Self.mark.key] == Self.mark.value
      && !gateway.ports.contains(where: { $0.name == interface.name })
    {
      attempt("port \(interface.name)", now, &effects, .removePort(name: interface.name))
    }
  }

  /// What could not be read, and what the gateway does without.
  private func blindness(_ input: Input) -> [KubeOVNGateway.Problem] {
    var result: [KubeOVNGateway.Problem] = []
    if let reason = input.ovs.reason {
      result.append(
        .init(
          object: "Open_vSwitch", what: reason, help: "mount /var/run/openvswitch of the host into this container"))
    }
    if let reason = input.ovn.northbound.reason {
      result.append(
        .init(
          object: "OVN_Northbound", what: "\(reason); sessions have Kube-OVN's default timers",
          help: "--ovn-nb says where it is"))
    }
    if let reason = input.ovn.southbound.reason {
      result.append(
        .init(
          object: "OVN_Southbound", what: "\(reason); OVN's discriminators and stale sessions are not seen",
          help: "--ovn-sb says where it is"))
    }
    return result
  }

  private mutating func tell(_ problems: [KubeOVNGateway.Problem], _ effects: inout [Effect]) {
    guard problems != told else { return }
    told = problems
    effects.append(.tell(problems))
  }

  /// What kube-ovn-cni would write once its own checks pass. Nothing is ever set to not ready: one OvnEip that is not
  /// blocks the whole Vpc, and BFD takes a gateway that does not work out of service anyway.
  private mutating func writeStatus(
    _ gateway: KubeOVNGateway, _ input: Input, _ now: Instant, _ effects: inout [Effect]
  ) {
    guard options.ownsStatus, let view = input.gateway, view.isRunning else { return }
    var isAnyReady = false
    for port in gateway.ports {
      let plugged = input.ovs.value?.interface(port.name)?.ofport ?? -1
      let paths = gateway.configuration.paths.filter { path in
        path.interface == port.name && port.gateways.contains(path.via)
      }
      guard plugged > 0, paths.allSatisfy({ view.goodPaths.contains($0.name) }) else { continue }
      isAnyReady = true
      let eip = input.cluster.ovnEips.value?.first { $0.name == port.eip }
      if let eip, !eip.isReady {
        attempt("ready \(eip.name)", now, &effects, .setReady(ovnEip: eip.name))
      }
    }
    if isAnyReady, input.cluster.nodes.value != nil, label(input) != "true" {
      attempt("label", now, &effects, .setNodeLabel(key: KubeOVNNames.speakerLabel, value: "true"))
    }
  }

  private func label(_ input: Input) -> String? {
    input.cluster.nodes.value?.first { $0.name == node }?.metadata.labels[KubeOVNNames.speakerLabel]
  }

  private mutating func judgeSessions(
    _ gateway: KubeOVNGateway, _ input: Input, _ now: Instant, _ effects: inout [Effect]
  ) {
    guard let view = input.gateway else { return }
    let found = stale.look(at: input.ovn, view.sessions(of: gateway), now: now)
    let renewals = options.repairsStaleSessions ? stale.toRenew(found, isLeader: input.isLeader, now: now) : []
    for one in found where known.insert(one.row).inserted {
      effects.append(.foundStale(one, isRepaired: renewals.contains(one)))
    }
    for row in known where !found.contains(where: { $0.row == row }) {
      known.remove(row)
      effects.append(.staleIsOver(row))
    }
    for one in renewals {
      let row = input.ovn.northbound.value?.bfd.first {
        $0.logicalPort == one.row.logicalPort && IPAddress($0.dstIp) == one.row.address
      }
      if let row { effects.append(.renew(bfd: row.uuid, one.row)) }
    }
  }

  private mutating func attempt(_ subject: String, _ now: Instant, _ effects: inout [Effect], _ effect: Effect) {
    guard attempts[subject] == nil else { return }
    attempts[subject] = now
    effects.append(effect)
  }
}

/// What the running gateway says of itself.
public struct GatewayView: Hashable, Sendable {
  public struct Session: Hashable, Sendable {
    public var peer: IPAddress
    /// `up`, `down`, `init`, `admin-down`.
    public var state: String

    public init(peer: IPAddress, state: String) {
      self.peer = peer
      self.state = state
    }
  }

  /// BFD is being spoken, the namespace and its interfaces are as they should be.
  public var isRunning: Bool
  public var goodPaths: Set<String>
  /// Paths that are known not to work.
  public var deadPaths: Set<String>
  public var sessions: [Session]

  public init(
    isRunning: Bool = false, goodPaths: Set<String> = [], deadPaths: Set<String> = [], sessions: [Session] = []
  ) {
    self.isRunning = isRunning
    self.goodPaths = goodPaths
    self.deadPaths = deadPaths
    self.sessions = sessions
  }

  func sessions(of gateway: KubeOVNGateway) -> StaleSessions.View {
    var view = StaleSessions.View()
    view.addresses = Set(gateway.ports.flatMap(\.addresses).map(\.address))
    for session in sessions {
      if session.state == "up" { view.up.insert(session.peer) } else { view.notUp[session.peer] = session.state }
    }
    view.silent = Set(
      gateway.configuration.paths.filter {
        $0.name.hasPrefix(KubeOVN.nodePathPrefix) && deadPaths.contains($0.name)
          && hearsSomebody(beside: $0, gateway)
      }.map(\.via))
    return view
  }

  /// Who hears nobody at all is the one who is cut off, and says nothing of others: their rows may be right.
  private func hearsSomebody(
    beside path: GatewayConfiguration.Path, _ gateway: KubeOVNGateway
  ) -> Bool {
    gateway.configuration.paths.contains {
      $0.interface == path.interface && $0.family == path.family && goodPaths.contains($0.name)
    }
  }

  /// Whether this node can see others, so that it may judge for all.
  public func hearsSomebody(of gateway: KubeOVNGateway) -> Bool {
    gateway.configuration.paths.contains { goodPaths.contains($0.name) }
  }
}
