import Addresses
import BFD
import ConfigurationFile
import Control
import Glibc
import Netlink
import Speaker

extension Engine {
  /// Carries out what the core has decided: groups first, everything else after them in order.
  mutating func applyEffects() {
    let effects = core.takeEffects()
    for case .group(let number, let decision, let cause) in effects { applyGroup(number, decision, cause: cause) }
    for effect in effects {
      switch effect {
      case .group: break
      case .hold(let peer, let hold): applyHold(peer, hold)
      case .event(var event):
        if event.kind == .group { event.group = event.name.flatMap { groupWrites.removeValue(forKey: $0) } }
        report(.event(event))
      }
    }
  }

  /// Writes a group as decided: one message.
  private mutating func applyGroup(_ number: Int, _ decision: GroupDecision, cause: Instant) {
    let group = core.model.groups[number]
    let id = groupIDs[number]
    let before = written[id]?.members ?? []
    let wanted = kernelGroup(number, decision)
    let members = wanted.members
    do throws(NetlinkError) {
      if decision == .blackhole { try kernel.setBlackhole(family(of: number)) }
      if members.isEmpty {
        try kernel.removeGroup(id)
      } else {
        try kernel.setGroup(id, wanted.type, members)
      }
    } catch {
      // What the kernel has is what it had. It is tried again with the next look at its tables.
      let now = MonotonicClock.now()
      failedGroups.insert(id)
      problem("group \(group.name)", error, at: now)
      if !isVerifying, error.code == ENOENT || error.code == EINVAL {
        // A next hop that we believed in is gone, and nobody has told us yet: look at once. What is left of the group
        // goes on meanwhile.
        verifyAt = now
      }
      return
    }
    let now = MonotonicClock.now()
    failedGroups.remove(id)
    written[id] = members.isEmpty ? nil : wanted
    solved("group \(group.name)")
    groupWrites[group.name] = GatewayEvent.GroupPart(
      latency: now - cause, before: membersShown[group.name] ?? [], after: names(of: members))
    recordFailover(group.name, after: names(of: members), cause: cause, acknowledged: now)
    if before.isEmpty != members.isEmpty {
      report(.groupChanged(name: group.name, exists: !members.isEmpty))
    }
  }

  /// A failover is when a member leaves, also when the kernel has taken it out of the group before us.
  private mutating func recordFailover(_ group: String, after: [String], cause: Instant, acknowledged: Instant) {
    let before = membersShown.updateValue(after, forKey: group) ?? []
    guard before.contains(where: { !after.contains($0) }) else { return }
    failovers[group] = FailoverRecord(
      group: group, cause: cause, noticed: turnBegan, acknowledged: acknowledged, before: before, after: after)
    failoverCounts[group, default: 0] += 1
  }

  /// A decision in the kernel's terms; without members for no group.
  private func kernelGroup(_ number: Int, _ decision: GroupDecision) -> WrittenGroup {
    let members =
      switch decision {
      case .members(let members), .kept(let members):
        members.map { NextHop.Member(nextHopIDs[$0.path], weight: $0.weight) }
      case .withdrawn: [NextHop.Member]()
      case .blackhole: [NextHop.Member(NextHopIDs.blackhole(family(of: number)))]
      }
    return WrittenGroup(members: members, type: core.model.groups[number].configuration.type.kernelType)
  }

  private func family(of group: Int) -> AddressFamily {
    core.model.groups[group].members.first.map { core.model.paths[$0.path].configuration.family } ?? .ipv4
  }

  private func names(of members: [NextHop.Member]) -> [String] {
    members.compactMap { member in pathOfNextHop[member.id].map { core.model.paths[$0].name } }
  }

  /// Writes every group again that is not known to be in the kernel as decided. One that the kernel has just refused
  /// waits for the next look at its tables.
  mutating func repairGroups(at now: Instant) {
    mayNeedRepair = false
    for (number, decision) in core.decisions.enumerated() where !failedGroups.contains(groupIDs[number]) {
      let wanted = kernelGroup(number, decision)
      let isThere = written[groupIDs[number]].map { $0.satisfies(wanted) } ?? wanted.members.isEmpty
      if !isThere { applyGroup(number, decision, cause: now) }
    }
  }

  private mutating func applyHold(_ peer: Int, _ hold: Session.Hold?) {
    looked.forgetStamps()
    let now = MonotonicClock.now()
    // An allow entry: the sessions that it has made, and those that it will make.
    guard peer < core.model.namedPeers else { return syncRules(at: now) }
    for (session, owner) in peerOfSession.entries where owner == peer {
      if let hold { speaker.hold(session, hold, at: now) } else { speaker.release(session, at: now) }
    }
  }

  /// Takes over the groups that a run before has left in the kernel: their members go on carrying traffic.
  mutating func adopt(at now: Instant) {
    for (number, group) in core.model.groups.enumerated() {
      guard let members = written[groupIDs[number]]?.members else { continue }
      let paths = members.compactMap { member in nextHopIDs.firstIndex(of: member.id) }
      guard !paths.isEmpty else { continue }
      core.adopt(group: number, members: paths, at: now)
      membersShown[group.name] = names(of: members)
      log(
        .info, .group, of: group.name,
        "group \(group.name) adopted with \(names(of: members).joined(separator: ", "))")
    }
  }
}

/// A group as the kernel is known to have it.
struct WrittenGroup: Hashable, Sendable {
  var members: [NextHop.Member]
  var type: NextHop.GroupType

  /// Whether nothing has to be written for `wanted`.
  func satisfies(_ wanted: WrittenGroup) -> Bool {
    members == wanted.members && type.canBecome(wanted.type) && type.hasTimers(of: wanted.type)
  }
}
