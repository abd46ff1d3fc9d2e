import Addresses
import BFD
import Configuration
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
      case .event(let event): report(.event(event))
      }
    }
  }

  /// Writes a group as decided: one message.
  private mutating func applyGroup(_ number: Int, _ decision: GroupDecision, cause: Instant) {
    let group = core.model.groups[number]
    let id = groupIDs[number]
    let before = written[id] ?? []
    let members = kernelMembers(number, decision)
    do throws(NetlinkError) {
      if decision == .blackhole { try kernel.setBlackhole(family(of: number)) }
      if members.isEmpty {
        try kernel.removeGroup(id)
      } else {
        try kernel.setGroup(id, group.configuration.type.kernelType, members)
      }
    } catch {
      written[id] = nil
      let now = MonotonicClock.now()
      if error.code == ENOENT || error.code == EINVAL {
        // A next hop that we believed in is gone: give the kernel all of them again before the next attempt.
        for member in group.members { core.nextHopChanged(member.path, isPresent: false, at: now) }
      }
      problem("group \(group.name)", error, at: now)
      return
    }
    let now = MonotonicClock.now()
    written[id] = members.isEmpty ? nil : members
    solved("group \(group.name)")
    failovers[group.name] = FailoverRecord(
      group: group.name, cause: cause, noticed: turnBegan, acknowledged: now,
      before: names(of: before), after: names(of: members))
    failoverCounts[group.name, default: 0] += 1
    if before.isEmpty != members.isEmpty {
      report(.groupChanged(name: group.name, exists: !members.isEmpty))
    }
  }

  /// A decision in the kernel's ids; empty for no group.
  private func kernelMembers(_ number: Int, _ decision: GroupDecision) -> [NextHop.Member] {
    switch decision {
    case .members(let members), .kept(let members):
      members.map { NextHop.Member(nextHopIDs[$0.path], weight: $0.weight) }
    case .withdrawn: []
    case .blackhole: [NextHop.Member(NextHopIDs.blackhole(family(of: number)))]
    }
  }

  private func family(of group: Int) -> AddressFamily {
    core.model.groups[group].members.first.map { core.model.paths[$0.path].configuration.family } ?? .ipv4
  }

  private func names(of members: [NextHop.Member]) -> [String] {
    members.compactMap { member in pathOfNextHop[member.id].map { core.model.paths[$0].name } }
  }

  /// Writes every group again that is not known to be in the kernel as decided.
  mutating func repairGroups(at now: Instant) {
    // Before the attempt: one that fails sets it again, and is made again.
    mayNeedRepair = false
    for (number, decision) in core.decisions.enumerated()
    where (written[groupIDs[number]] ?? []) != kernelMembers(number, decision) {
      applyGroup(number, decision, cause: now)
    }
  }

  private mutating func applyHold(_ peer: Int, _ hold: Session.Hold?) {
    let now = MonotonicClock.now()
    for (session, owner) in peerOfSession where owner == peer {
      if let hold { speaker.hold(session, hold, at: now) } else { speaker.release(session, at: now) }
    }
  }

  /// Takes over the groups that a run before has left in the kernel: their members go on carrying traffic.
  mutating func adopt(at now: Instant) {
    for (number, group) in core.model.groups.enumerated() {
      guard let members = written[groupIDs[number]] else { continue }
      let paths = members.compactMap { member in nextHopIDs.firstIndex(of: member.id) }
      guard !paths.isEmpty else { continue }
      core.adopt(group: number, members: paths, at: now)
      log(.info, "group \(group.name) adopted with \(names(of: members).joined(separator: ", "))")
    }
  }
}
