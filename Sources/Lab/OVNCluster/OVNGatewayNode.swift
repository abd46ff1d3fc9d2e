import Addresses
import NetworkNamespaces
import Processes
import Synchronization

/// A gateway node of an `OVNCluster`: a chassis, `ovnext0` in a namespace of its own, everway; and what can go wrong.
public final class OVNGatewayNode: Sendable {
  public let plan: OVNClusterPlan
  public let gateway: OVNClusterPlan.Gateway
  public let chassis: OVNChassis
  /// The node's own namespace: the chassis, and where everway is started.
  public let host: LabNamespace
  /// The namespace of `ovnext0`, which everway makes. Its name is this lab's, not `ovnext`.
  public let exit: LabNamespace
  let central: OVNCentral
  private let launch: GatewayLaunch
  private let router: LabNamespace
  private let wire: LabNamespace
  private let lostUplink = Mutex<PacketDrop?>(nil)

  private var lab: Lab { central.lab }
  public var name: String { gateway.name }
  /// What outlives everway and a crash of the node.
  public var directory: String { "\(lab.directory)/\(name)" }
  public var stateDirectory: String { "\(directory)/everway" }
  public var controlSocketPath: String { "\(directory)/everway.sock" }
  /// Where everway's output goes.
  public var logPath: String { "\(directory)/everway.log" }

  init(lab: Lab, plan: OVNClusterPlan, gateway: OVNClusterPlan.Gateway, central: OVNCentral, launch: GatewayLaunch)
    throws(LabError)
  {
    self.plan = plan
    self.gateway = gateway
    self.central = central
    self.launch = launch
    host = LabNamespace(lab: lab.name, role: gateway.name)
    exit = try lab.claimNamespace("\(gateway.name)ext")
    router = LabNamespace(lab: lab.name, role: OVNClusterPlan.physical)
    wire = LabNamespace(lab: lab.name, role: OVNClusterPlan.wire)
    chassis = OVNChassis(
      namespace: host, central: central,
      options: .init(
        bridgeMappings: Dictionary(plan.externals.map { ($0.name, "br-ex") }) { first, _ in first },
        tunnelAddress: gateway.tunnelAddress))
  }

  /// The chassis with its wires; again after `crash`.
  func startChassis() throws(LabError) {
    try chassis.start()
    try chassis.connectTunnels(by: "eth0")
    try chassis.vsctl("--may-exist", "add-port", "br-ex", "eth1")
    guard launch.plugsPort else { return }
    // What kube-ovn-cni does, but for moving it: that is everway's.
    try chassis.vsctl(
      "--may-exist", "add-port", "br-int", "ovnext0", "--", "set", "interface", "ovnext0", "type=internal",
      "external_ids:iface-id=\(name)", "external_ids:ip=\(gateway.address)", "external_ids:pod_netns=\(exit.path)")
  }

  // MARK: Everway

  /// The one that runs; nil when none does.
  public var everway: LabProcess? { lab.runningProcess("\(name)/everway") }

  /// Starts everway, unless it runs.
  /// - Parameter other: another way than the cluster's.
  @discardableResult public func startEverway(by other: GatewayLaunch? = nil) throws(LabError) -> LabProcess {
    if let everway { return everway }
    _ = try lab.makeDirectory(name)
    return try lab.start(
      try (other ?? launch).command(self), in: host, label: "\(name)/everway", outputName: "\(name)/everway.log")
  }

  /// SIGKILL: `ovnext0`, its namespace and its routes stay as they are, and go on forwarding.
  public func killEverway() { everway?.kill() }

  // MARK: The way out

  /// The physical gateway hears nothing from `ovnext0` any more, not even ARP; OVN still reaches it.
  public func loseUplink() throws(LabError) {
    let drop = try router.drop(
      DropRule(hook: .ingress(interface: "brext"), match: "ether saddr \(gateway.mac)"))
    lostUplink.withLock { $0 = drop }
  }

  public func restoreUplink() throws(LabError) {
    let drop = lostUplink.withLock { drop in
      defer { drop = nil }
      return drop
    }
    try drop?.remove()
  }

  /// How many packets of this node the lost uplink has cost so far.
  public func uplinkDrops() throws(LabError) -> Int {
    try lostUplink.withLock { $0 }?.droppedPackets() ?? 0
  }

  // MARK: The whole node

  /// As if its power failed: its links go, every process dies without a word, its namespaces are forgotten. What OVN
  /// knows of it stays.
  public func crash() throws(LabError) {
    try wire.linkDown(name)
    try router.linkDown(name)
    killEverway()
    chassis.kill()
    if exit.exists {
      try systemCall { () throws(SystemCallError) in try NetworkNamespace.remove(named: exit.name) }
    }
  }

  /// Back from `crash`, with what is on its disk.
  public func boot() throws(LabError) {
    try wire.linkUp(name)
    try router.linkUp(name)
    try startChassis()
    try startEverway()
  }
}
