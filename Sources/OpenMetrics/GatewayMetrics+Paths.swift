import Control
import Observation

extension GatewayMetrics {
  mutating func addPaths(_ report: StatusReport) {
    let entries = report.paths.map { path in
      (MetricsText.Labels([("path", path.name), ("via", path.via), ("interface", path.interface)]), path)
    }
    text.family("everway_path_up", .gauge, "Whether a path carries traffic")
    for (labels, path) in entries { text.sample(labels, path.state == .up) }
    states(
      "everway_path_state", "State of a path", StatusReport.PathState.allCases,
      entries.map { (MetricsText.Labels([("path", $0.1.name)]), $0.1.state) })
    text.family("everway_path_state_time_seconds", .gauge, "When a path's state last changed, since 1970")
    for (labels, path) in entries {
      if let since = path.since { text.sample(labels, microseconds: since.sinceEpoch) }
    }
    let probes = entries.flatMap { labels, path in path.health.flatMap(\.leaves).map { (labels, $0) } }
    text.family("everway_path_round_trip_seconds", .gauge, "Of the last answer to a probe of a path")
    for (labels, check) in probes {
      guard let time = check.roundTripTime else { continue }
      text.sample(labels.with("target", check.target ?? ""), microseconds: time)
    }
    text.family("everway_path_loss_ratio", .gauge, "Probes of a path that were not answered, of the last ones")
    for (labels, check) in probes {
      guard let percent = check.lossPercent else { continue }
      text.sample(labels.with("target", check.target ?? ""), percent / 100)
    }
  }

  mutating func addGroups(_ report: StatusReport) {
    let entries = report.groups.map { (MetricsText.Labels([("group", $0.name)]), $0) }
    states(
      "everway_group_state", "State of a group", StatusReport.GroupState.allCases,
      entries.map { ($0.0, $0.1.state) })
    text.family("everway_group_members", .gauge, "Paths that a group uses")
    for (labels, group) in entries { text.sample(labels, UInt64(group.members.count)) }
    text.family("everway_group_configured_members", .gauge, "Paths that a group could use")
    for (labels, group) in entries { text.sample(labels, UInt64(group.configuredMembers.count)) }
    text.family("everway_group_member_share_ratio", .gauge, "Part of a group's flows that a path carries")
    for (labels, group) in entries {
      for member in group.configuredMembers {
        let share = group.members.first { $0.path == member.path }?.share ?? 0
        text.sample(labels.with("path", member.path), share)
      }
    }
    text.family("everway_group_routes", .gauge, "Routes in the kernel that use a group")
    for (labels, group) in entries { text.sample(labels, UInt64(max(0, group.routeCount))) }
    text.family("everway_group_failovers", .counter, "Times a path was taken out of a group")
    for (labels, group) in entries { text.sample(labels, group.failoverCount) }
    text.family(
      "everway_failover_latency_seconds", .histogram,
      "From the cause of a change of a group to the kernel's acknowledgement")
    text.histogram(
      bounds: LatencyHistogram.bounds, counts: gateway.latencies.counts, sum: gateway.latencies.sum)
  }
}

extension StatusReport.HealthCheck {
  /// The checks that ask something themselves.
  fileprivate var leaves: [StatusReport.HealthCheck] { checks.isEmpty ? [self] : checks.flatMap(\.leaves) }
}
