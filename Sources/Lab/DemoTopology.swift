import Addresses
import NetworkNamespaces
import Processes
import Synchronization

/// The demo's network, standing: see `DemoPlan` for what it looks like.
public final class DemoTopology: Sendable {
  public let lab: Lab
  public let plan: DemoPlan
  public let client: LabNamespace
  /// Plays the gateway's host; `everway run` is started here.
  public let node: LabNamespace
  /// Made by everway; `exists` tells whether it is there.
  public let gateway: LabNamespace
  public let server: LabNamespace
  public let routers: [DemoRouter]

  private init(lab: Lab, plan: DemoPlan) {
    self.lab = lab
    self.plan = plan
    client = LabNamespace(lab: lab.name, role: DemoPlan.client)
    node = LabNamespace(lab: lab.name, role: DemoPlan.node)
    gateway = LabNamespace(lab: lab.name, role: DemoPlan.gateway)
    server = LabNamespace(lab: lab.name, role: DemoPlan.server)
    routers = plan.routers.map { DemoRouter(lab: lab, plan: plan, router: $0) }
  }

  /// Builds the network and starts the routers' daemons; everway is not started. Nothing remains when it fails.
  /// - Parameters:
  ///   - name, kept: see `Lab.up`.
  ///   - onMade: called as soon as there is something to take down, for a handler of Ctrl-C.
  public static func up(
    _ name: String, plan: DemoPlan = DemoPlan(), kept: Bool = false, onMade: (Lab) -> Void = { _ in }
  ) throws(LabError) -> DemoTopology {
    let lab = try Lab.up(name, kept: kept)
    onMade(lab)
    do throws(LabError) {
      for role in plan.roles { try lab.makeNamespace(role).sysctl(plan.sysctls(role)) }
      _ = try lab.claimNamespace(DemoPlan.gateway)
      let topology = DemoTopology(lab: lab, plan: plan)
      try topology.client.ip(plan.wires { Lab.namespaceName(lab: name, role: $0) })
      for role in plan.roles { try LabNamespace(lab: name, role: role).ip(plan.commands(role)) }
      _ = try topology.writeConfiguration()
      for router in topology.routers { try router.daemon.start() }
      return topology
    } catch {
      lab.down()
      throw error
    }
  }

  /// The network that another process put up; nil when there is none of this name.
  /// - Parameter plan: as it was put up with.
  public static func existing(_ name: String, plan: DemoPlan = DemoPlan()) -> DemoTopology? {
    guard let lab = Lab.existing(name), lab.namespace(DemoPlan.node) != nil else { return nil }
    return DemoTopology(lab: lab, plan: plan)
  }

  /// The router of this number, from 1.
  public func router(_ number: Int) -> DemoRouter? { routers.first { $0.router.number == number } }

  // MARK: Everway

  public var configurationPath: String { "\(lab.directory)/everway.yaml" }
  public var controlSocketPath: String { "\(lab.directory)/control.sock" }

  /// Writes everway's configuration and returns its path.
  @discardableResult public func writeConfiguration() throws(LabError) -> String {
    let text = plan.configuration(namespace: gateway.name, socket: controlSocketPath)
    try systemCall { () throws(SystemCallError) in try Files.write(text, to: configurationPath) }
    return configurationPath
  }

  /// Starts `everway run --config …` on the gateway's node; its output goes to everway.log in the lab's directory.
  /// - Parameter executable: everway's path.
  public func startEverway(executable: String, arguments: [String] = []) throws(LabError) -> LabProcess {
    try lab.start(
      Command(executable, ["run", "--config", configurationPath] + arguments), in: node, label: "everway",
      outputName: "everway.log")
  }

  /// Whether every router sees its IPv4 and IPv6 sessions Up.
  public func allSessionsAreUp() -> Bool {
    routers.allSatisfy { router in
      guard let sessions = try? router.daemon.sessions() else { return false }
      return sessions.count == 2 && sessions.allSatisfy { $0.state == .up }
    }
  }

  public func down() { lab.down() }
}
