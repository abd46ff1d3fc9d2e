import Addresses
import NetworkNamespaces
import Processes

/// A Kube-OVN cluster's network, standing: see `OVNClusterPlan` for what it looks like. OVN's databases and northd, one
/// chassis a node with the userspace datapath, and everway on each gateway node.
public final class OVNCluster: Sendable {
  public let lab: Lab
  public let plan: OVNClusterPlan
  public let central: OVNCentral
  public let gateways: [OVNGatewayNode]
  /// The node with the pod.
  public let compute: OVNChassis
  public let pod: LabNamespace
  /// The physical gateway.
  public let router: LabNamespace
  /// The host outside.
  public let outside: LabNamespace

  private init(lab: Lab, plan: OVNClusterPlan, launch: GatewayLaunch) throws(LabError) {
    self.lab = lab
    self.plan = plan
    let central = OVNCentral(lab: lab)
    self.central = central
    var nodes: [OVNGatewayNode] = []
    for gateway in plan.gateways {
      nodes.append(try OVNGatewayNode(lab: lab, plan: plan, gateway: gateway, central: central, launch: launch))
    }
    gateways = nodes
    func namespace(_ role: String) -> LabNamespace { LabNamespace(lab: lab.name, role: role) }
    compute = OVNChassis(
      namespace: namespace(OVNClusterPlan.compute), central: central,
      options: .init(isGateway: false, tunnelAddress: OVNClusterPlan.computeTunnelAddress))
    pod = namespace(OVNClusterPlan.pod)
    router = namespace(OVNClusterPlan.physical)
    outside = namespace(OVNClusterPlan.outside)
  }

  /// Builds the network, starts OVN and everway on every gateway node; nothing is awaited. Nothing remains when it fails.
  /// - Parameters:
  ///   - name, kept: see `Lab.up`.
  ///   - launch: how everway is started.
  ///   - onMade: called as soon as there is something to take down, for a handler of Ctrl-C.
  public static func up(
    _ name: String, plan: OVNClusterPlan = OVNClusterPlan(), launch: GatewayLaunch, kept: Bool = false,
    onMade: (Lab) -> Void = { _ in }
  ) throws(LabError) -> OVNCluster {
    let lab = try Lab.up(name, kept: kept)
    onMade(lab)
    do throws(LabError) {
      let cluster = try OVNCluster(lab: lab, plan: plan, launch: launch)
      try cluster.makeWires()
      try cluster.central.start()
      try cluster.central.nbctl(plan.network())
      try cluster.addSessions()
      for node in cluster.gateways { try node.startChassis() }
      try cluster.compute.start()
      try cluster.compute.connectTunnels(by: "eth0")
      try cluster.compute.vsctl(
        "--may-exist", "add-port", "br-int", "to-pod1", "--", "set", "interface", "to-pod1",
        "external_ids:iface-id=\(OVNClusterPlan.pod)")
      for node in cluster.gateways { try node.startEverway() }
      return cluster
    } catch {
      lab.down()
      throw error
    }
  }

  public func down() { lab.down() }

  /// The gateway node of this number, from 1.
  public func gateway(_ number: Int) throws(LabError) -> OVNGatewayNode {
    guard let node = gateways.first(where: { $0.gateway.number == number }) else {
      throw LabError("this cluster has no gateway \(number)")
    }
    return node
  }

  private func makeWires() throws(LabError) {
    for role in plan.roles { try lab.makeNamespace(role).sysctl(plan.sysctls(role)) }
    try pod.ip(plan.wires { Lab.namespaceName(lab: lab.name, role: $0) })
    for role in plan.roles {
      let namespace = LabNamespace(lab: lab.name, role: role)
      try namespace.ip(plan.commands(role))
      for interface in plan.interfaces(role) { try OVNChassis.finishChecksums(interface, in: namespace) }
    }
    try router.run("nft", "-f", "-", input: plan.marking)
  }

  /// One session and route for each gateway, and the row for the physical gateway that no route refers to: Kube-OVN makes
  /// it, northd keeps it `admin_down`, and nothing is ever sent for it.
  private func addSessions() throws(LabError) {
    for session in plan.sessions { try addSession(session) }
    try central.nbctl(plan.session(OVNClusterPlan.physicalGateway))
  }

  private func addSession(_ session: OVNClusterPlan.Session) throws(LabError) {
    let row = try central.nbctl(plan.session(session.address, port: session.external.routerPort))
    try central.nbctl(plan.route(session, row: Files.lines(row).first ?? ""))
  }

  /// Makes the session with a gateway anew, as a repair of a stale `up` does: the route lets go of the row, the row goes,
  /// and the route gets another one. With its new row OVN begins at `down`.
  public func remakeSession(of node: OVNGatewayNode) throws(LabError) {
    func find(_ table: String, _ condition: String) throws(LabError) -> String {
      let text = try central.nbctl("--bare", "--columns=_uuid", "find", table, condition)
      guard let row = Files.lines(text).first else { throw LabError("there is no \(condition) in \(table)") }
      return row
    }
    let peer = node.gateway.address
    let route = try find("Logical_Router_Static_Route", "nexthop=\"\(peer)\"")
    let stale = try find("BFD", "dst_ip=\"\(peer)\"")
    try central.nbctl(
      "clear", "Logical_Router_Static_Route", route, "bfd", "--", "destroy", "BFD", stale)
    let row = Files.lines(try central.nbctl(plan.session(peer))).first ?? ""
    try central.nbctl("set", "Logical_Router_Static_Route", route, "bfd=\(row)")
  }

  // MARK: What OVN says

  /// The chassis that has the router's external port; nil while none has.
  public func activeChassis() throws(LabError) -> String? {
    let row = try central.sbctl(
      "--bare", "--columns=chassis", "find", "Port_Binding", "logical_port=cr-\(OVNClusterPlan.routerPort)")
    guard let chassis = Files.lines(row).first else { return nil }
    return Files.lines(try central.sbctl("--bare", "--columns=name", "list", "Chassis", chassis)).first
  }

  /// What the northbound database says of each session, in the order of `OVNClusterPlan.sessions`.
  public func northboundStates() throws(LabError) -> [String] {
    let rows = try central.nbctl(
      "--format=csv", "--data=bare", "--no-headings", "--columns=dst_ip,status", "list", "BFD")
    var states: [String: String] = [:]
    for line in Files.lines(rows) {
      let cells = line.split(separator: ",", omittingEmptySubsequences: false).map { $0.filter { $0 != "\"" } }
      if cells.count == 2 { states[cells[0]] = cells[1] }
    }
    return plan.sessions.map { states["\($0.address)"] ?? "no row" }
  }

  /// Waits until the routes over all gateways are in force.
  /// - Throws: `LabError` with what OVN said last when `timeout` is over.
  public func waitUntilUp(timeout: Duration = .seconds(40)) throws(LabError) {
    var last: [String] = []
    var failure: LabError?
    let isUp = waitUntil(timeout: timeout, every: .milliseconds(50)) {
      do throws(LabError) { last = try northboundStates() } catch { failure = error }
      return last.allSatisfy { $0 == "up" } && last.count == plan.sessions.count
    }
    guard !isUp else { return }
    if let failure, last.isEmpty { throw failure }
    let said = gateways.flatMap { ["\($0.name):"] + Files.lastLines($0.logPath, 6) }
    throw LabError("OVN's sessions are \(last.joined(separator: ", ")), not all up, after \(timeout)", output: said)
  }
}
