/// Breaks one thing of an `OVNCluster` under traffic, puts it back, and measures both.
public struct OVNDrill: Sendable {
  public let cluster: OVNCluster
  /// Everway's session with OVN, as everway itself has it: OVN's databases may say `up` long after it was true.
  public struct Session: Hashable, Sendable {
    public var isUp: Bool
    /// How often it went down since everway was started.
    public var timesDown: Int

    public init(isUp: Bool, timesDown: Int) {
      self.isUp = isUp
      self.timesDown = timesDown
    }
  }

  /// The session of a node's everway; nil when it does not answer.
  let session: @Sendable (OVNGatewayNode) -> Session?
  let flows: Int

  /// - Parameters:
  ///   - flows: how many the pod sends, one datagram each per 10 ms.
  ///   - session: asks a node's everway, by its control socket.
  public init(_ cluster: OVNCluster, flows: Int = 32, session: @escaping @Sendable (OVNGatewayNode) -> Session?) {
    self.cluster = cluster
    self.flows = flows
    self.session = session
  }

  /// What one drill does, besides breaking and mending.
  struct Shape {
    /// The gateway whose route OVN must let go of; nil when none has to.
    var victim: OVNGatewayNode?
    /// Whether the router's port must move to another chassis before the fault counts as taken in.
    var movesPort = false
    /// How long it stays broken after that.
    var lasts: Duration = .seconds(2)
    /// What is done then, while it is still broken; as long again passes until the mending.
    var repair: (() throws(LabError) -> Void)?
    /// Whether the mending follows at once, so that loss before and after it is the same loss.
    var isOneBlow = false
    /// Whether OVN's databases answer throughout, so that they can be watched.
    var canWatch = true
  }

  /// Waits until the router's port is where it is wanted most, and every session is Up at both ends.
  public func waitUntilUp(timeout: Duration = .seconds(60)) throws(LabError) {
    let wanted = cluster.plan.gateways.first?.name
    guard waitUntil(timeout: timeout, every: .milliseconds(50), { (try? cluster.activeChassis()) == wanted }) else {
      throw LabError("the router's port is not on \(wanted ?? "a gateway") after \(timeout)")
    }
    try cluster.waitUntilUp(timeout: timeout)
    let gateways = cluster.gateways
    guard
      waitUntil(timeout: timeout, every: .milliseconds(20), { gateways.allSatisfy { session($0)?.isUp ?? false } })
    else {
      let said = gateways.flatMap { ["\($0.name):"] + Files.lastLines($0.logPath, 10) }
      throw LabError("everway's sessions are not all Up after \(timeout)", output: said)
    }
  }

  func measure(
    _ kind: OVNFault, _ name: String, _ shape: Shape, fault: () throws(LabError) -> Void,
    back: () throws(LabError) -> Void
  ) throws(LabError) -> OVNOutcome {
    try waitUntilUp()
    let watch = shape.canWatch ? try OVNWatch(cluster) : nil
    defer { watch?.stop() }
    let traffic = try Traffic(cluster.plan.traffic(flows: flows), from: cluster.pod, to: cluster.outside)
    // New flows ask ovs-vswitchd first; and OVN takes a state at once that it learns from a packet only when it has
    // written none for five seconds, which would make one drill's figures depend on the one before.
    pause(.seconds(4))

    var outcome = OVNOutcome(fault: kind, name: name, flowCount: flows)
    let start = MonotonicTime.now()
    try fault()
    if let watch {
      let isIn = waitUntil(timeout: .seconds(20), every: .milliseconds(10)) {
        outcome.take(watch, since: start, victim: shape.victim?.gateway.address)
        return shape.movesPort
          ? outcome.portMoved != nil : shape.victim == nil || outcome.rules != nil && outcome.northbound != nil
      }
      if !isIn { outcome.notes.append("OVN did not take it in within 20 s") }
    }
    pause(shape.lasts)
    if shape.canWatch { outcome.states = try cluster.northboundStates() }
    if let repair = shape.repair {
      outcome.repaired = .now() - start
      try repair()
      pause(shape.lasts)
    }

    let mending = MonotonicTime.now()
    try back()
    try waitUntilUp()
    try cluster.central.sync()
    outcome.returned = .now() - mending
    // Rules follow the databases by some milliseconds; what is on its way shall arrive.
    pause(.seconds(1))
    if let watch, let victim = shape.victim {
      let peer = victim.gateway.address
      outcome.history = watch.northboundHistory(of: peer, since: start).map { ($0.time - start, $0.status) }
      outcome.returnedSouthbound = watch.first(since: mending) { $0 == .southbound(peer: peer, status: "up") }
        .map { $0 - mending }
    }
    let begun = traffic.begun
    let path = shape.victim.flatMap { victim in cluster.gateways.firstIndex { $0 === victim } }
    let report = traffic.stop()
    let end = shape.isOneBlow ? report.duration : mending - begun
    outcome.lost = OVNOutcome.Loss(report, from: start - begun, to: end)
    if !shape.isOneBlow { outcome.lostReturning = OVNOutcome.Loss(report, from: end, to: report.duration) }
    outcome.carriesAgain = report.moves.first { $0.time >= mending - begun && $0.to == path && path != nil }
      .map { $0.time - (mending - begun) }
    outcome.spread = [start - begun, mending - begun, report.duration].map { report.spread(at: $0) }
    outcome.senderPause = report.worstSendGap
    outcome.machineDrops = report.health.socketDrops + report.health.backlogDrops
    return outcome
  }

  private func pause(_ time: Duration) { (MonotonicTime.now() + time).sleep() }
}
