public import ConfigurationFile
public import Netlink

/// `everway plan`: what `run` would change.
public enum GatewayPlanner {
  /// Looks at this machine and compares. Changes nothing, also when the gateway's namespace is not there yet.
  ///
  /// To be called on a thread that has not left the namespace the process was started in.
  /// - Throws: when the kernel cannot be asked: EPERM without CAP_SYS_ADMIN, which entering another namespace needs.
  public static func plan(configuration: GatewayConfiguration) throws(NetlinkError) -> PlanReport {
    var sockets = try GatewaySockets(configuration.namespace)
    return try plan(configuration: configuration, &sockets)
  }

  static func plan(
    configuration: GatewayConfiguration, _ sockets: inout GatewaySockets
  ) throws(NetlinkError) -> PlanReport {
    let desired = DesiredState(configuration)
    let observed = try Observer.observe(desired, &sockets)
    return PlanReport(Plan(desired, observed), namespace: configuration.namespace)
  }
}
