import Addresses

extension Draft {
  func checkGroups() {
    unique(groups.compactMap(\.name)) { "the group \(SourceText.quoted($0))" }
    for group in groups {
      unique(group.members.map(\.path)) { "the path \(SourceText.quoted($0))" }
      var family: (value: AddressFamily, path: String)?
      for member in group.members {
        guard let path = index.paths[member.path.value] else {
          unknown("path", member.path, among: index.pathNames)
          continue
        }
        guard let own = path.via?.value.family else { continue }
        if let family, family.value != own {
          report.error(
            "the path \(SourceText.quoted(member.path.value)) is \(own), but \(SourceText.quoted(family.path)) before it is "
              + "\(family.value)",
            at: member.path.place, expected: "paths of one family",
            help: "make one group for IPv4 and one for IPv6")
        } else {
          family = family ?? (own, member.path.value)
        }
      }
      if case .resilient(let buckets, _, _)? = group.type, buckets < group.members.count {
        report.error(
          "\(buckets) buckets are fewer than the group's \(group.members.count) paths",
          at: group.bucketsPlace ?? group.place,
          expected: "at least \(group.members.count), better many times as many")
      }
      guard let family else { continue }
      for route in group.routes {
        guard let prefix = route.prefix, prefix.value.family != family.value else { continue }
        report.error(
          "\(prefix.value) is \(prefix.value.family), but the group's paths are \(family.value)", at: prefix.place,
          expected: "an \(family.value) prefix")
      }
    }
  }

  /// What makes two routes one in the kernel.
  private struct RouteKey: Hashable {
    var prefix: IPPrefix
    var metric: UInt32
    var table: UInt32
  }

  func checkRoutes() {
    let all = (groups.flatMap(\.routes) + routes).compactMap { route in
      route.prefix.map { prefix in
        Located(
          value: RouteKey(
            prefix: prefix.value, metric: GatewayConfiguration.kernelMetric(route.metric, prefix.value.family),
            table: route.table),
          place: prefix.place)
      }
    }
    unique(
      all, { "the route \($0.prefix) (metric \($0.metric), table \($0.table))" },
      help: "give one of them another metric or table")
    for route in routes {
      checkInterface(route.interface)
      checkNeighbour(route.via, on: route.interface)
      for (what, address) in [("next hop", route.via), ("source address", route.source)] {
        guard let address, let prefix = route.prefix?.value, address.value.family != prefix.family else { continue }
        report.error(
          "the \(what) \(address.value) is \(address.value.family), but \(prefix) is \(prefix.family)",
          at: address.place,
          expected: "an \(prefix.family) address")
      }
    }
  }
}
