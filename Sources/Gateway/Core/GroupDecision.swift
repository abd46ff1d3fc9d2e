import ConfigurationFile

/// What the kernel's next-hop group is to be.
enum GroupDecision: Hashable, Sendable {
  /// These paths, by number, with weights; never empty.
  case members([GroupMember])
  /// Every path has failed; these stay because the policy is `keep`.
  case kept([GroupMember])
  /// No group, and so no routes.
  case withdrawn
  /// A group that drops everything.
  case blackhole

  /// The paths that carry traffic.
  var members: [GroupMember] {
    switch self {
    case .members(let members), .kept(let members): members
    case .withdrawn, .blackhole: []
    }
  }
}

/// A path in a group.
struct GroupMember: Hashable, Sendable {
  /// The path's number.
  var path: Int
  /// 1 to 256.
  var weight: Int
}

extension GroupDecision {
  /// Decides a group's members.
  /// - Parameters:
  ///   - members: every path that may be in it.
  ///   - present: whether the kernel can have a next hop for a path now: its link is up.
  ///   - previous: what it was; `keep` keeps that.
  static func decide(
    _ members: [GroupMember], paths: [PathState], present: (Int) -> Bool, policy: GatewayConfiguration.LastPath,
    previous: GroupDecision
  ) -> GroupDecision {
    let usable = members.filter { paths[$0.path].isUsable && present($0.path) }
    if !usable.isEmpty { return .members(usable) }
    // A peer that asks to be left has not failed: better it than nothing (RFC 5882 section 4.2).
    let lastResort = members.filter { paths[$0.path].isLastResort && present($0.path) }
    if !lastResort.isEmpty { return .members(lastResort) }
    switch policy {
    case .keep:
      let kept = members.filter { member in
        previous.members.contains { $0.path == member.path } && present(member.path)
      }
      return kept.isEmpty ? .withdrawn : .kept(kept)
    case .withdraw: return .withdrawn
    case .blackhole: return .blackhole
    }
  }
}
