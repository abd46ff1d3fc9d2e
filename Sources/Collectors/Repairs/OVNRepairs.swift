import ClusterSources
import Doctor

/// Repairs in OVN's northbound database.
enum OVNRepairs {
  static func apply(_ action: RepairAction, _ options: ClusterOptions) throws(RepairError) {
    do throws(ClusterWriteError) {
      try LiveCluster.once(options) { (live) throws(ClusterWriteError) in
        let writer = try live.northboundWriter()
        switch action {
        case .superviseRoute(let route, let row): try writer.setBFD(row, ofRoute: route, untilUp: patience)
        case .superviseNexthop(let route, let port, let nexthop, let interval, let multiplier):
          try writer.supervise(
            route: route, port: port, nexthop: nexthop, interval: interval, multiplier: multiplier,
            untilUp: patience)
        case .renewBFD(let row): try writer.renew(bfd: row)
        case .addGatewayChassis(let port, let chassis, let priority):
          try writer.addGatewayChassis(chassis, toPort: port, priority: priority)
        default: throw ClusterWriteError("nothing of OVN: \(action)")
        }
      }
    } catch {
      throw RepairError(error.message)
    }
  }

  /// OVN writes an Up that a packet told it up to 5 s late (pinctrl.c, BFD_UPDATE_TIMEOUT), and a session with slow
  /// packets takes three of a second.
  private static let patience = Duration.seconds(15)
}
