import NetworkNamespaces
public import Processes

/// How everway is started on a gateway node of an `OVNCluster`: with a file that the lab writes, or by what the cluster
/// itself says.
public struct GatewayLaunch: Sendable {
  /// Whether the lab adds `ovnext0` to br-int; false where everway does.
  public var plugsPort: Bool
  /// The program and its arguments. It is started in the node's namespace (`OVNGatewayNode.host`).
  public var command: @Sendable (OVNGatewayNode) throws(LabError) -> Command

  public init(plugsPort: Bool, command: @escaping @Sendable (OVNGatewayNode) throws(LabError) -> Command) {
    self.plugsPort = plugsPort
    self.command = command
  }

  /// `everway run --config FILE`, the file made from the plan.
  /// - Parameters:
  ///   - executable: everway's path.
  ///   - tell: `uplinks: tell`, when another than the plan's.
  public static func configurationFile(_ executable: String, tell: String? = nil) -> GatewayLaunch {
    GatewayLaunch(plugsPort: true) { node throws(LabError) in
      let path = "\(node.directory)/everway.yaml"
      var plan = node.plan
      if let tell { plan.tell = tell }
      let text = plan.configuration(
        node.gateway, namespace: node.exit.name, socket: node.controlSocketPath)
      try systemCall { () throws(SystemCallError) in try Files.write(text, to: path) }
      return Command(executable, ["run", "--config", path, "--state-directory", node.stateDirectory])
    }
  }
}
