import BFD
import ConfigurationFile
import Glibc
import Netlink
import Speaker

extension Engine {
  /// Nanoseconds after a link or next hop has changed until the kernel's own view is read again: it removes next hops
  /// of a dead link without a word (docs/kernel-next-hops.md).
  private static let verifyDelay: Int64 = 100_000_000

  /// Reads what the kernel has to tell of links, addresses and next hops, and takes it in its order: a link that was
  /// down for a moment has lost its next hops, even if it is up by now.
  mutating func takeLinkEvents(at now: Instant) {
    var events: [RouteEvent] = []
    do throws(NetlinkError) {
      while try monitor.receive({ events.append($0) }) {}
    } catch {
      problem("link events", error, at: now)
      events.append(.lost)
    }
    guard !events.isEmpty else { return }
    var areLinksNews = false
    var isNews = false
    for event in events where !isOwnEcho(event) {
      isNews = true
      switch event {
      case .link(let link):
        links[link.index] = link
        takeLinkSignals(at: now)
        areLinksNews = true
      case .linkRemoved(let link):
        links[link.index] = nil
        takeLinkSignals(at: now)
        areLinksNews = true
      case .nextHopRemoved(let id): forgetNextHop(id, at: now)
      case .lost: verifyAt = now
      default: break
      }
    }
    if areLinksNews {
      syncSessions(at: now)
      syncProbes(at: now)
    }
    guard isNews else { return }
    addNextHops(at: now)
    verifyAt = min(verifyAt, now + Self.verifyDelay)
  }

  /// The kernel's announcement of a group as we have just written it: no reason to read the kernel's tables again.
  private func isOwnEcho(_ event: RouteEvent) -> Bool {
    guard case .nextHop(let hop) = event, case .group(let members, _) = hop.kind else { return false }
    return written[hop.id]?.members == members
  }

  /// Reads links, next hops and groups anew, and repairs what is not as it should be.
  mutating func verify(at now: Instant) {
    verifyAt = .distantFuture
    isVerifying = true
    defer { isVerifying = false }
    failedGroups.removeAll()
    readKernel(at: now)
    syncSessions(at: now)
    syncProbes(at: now)
    addNextHops(at: now)
    core.settle(at: now)
    applyEffects()
    repairGroups(at: now)
  }

  /// Reads links, next hops and groups anew.
  mutating func readKernel(at now: Instant) {
    do throws(NetlinkError) {
      let all = try tables.links()
      links = Dictionary(all.map { ($0.index, $0) }) { _, new in new }
      takeLinkSignals(at: now)
      takeNextHops(try tables.nextHops(), at: now)
      solved("kernel tables")
    } catch {
      problem("kernel tables", error, at: now)
    }
  }

  private mutating func takeLinkSignals(at now: Instant) {
    for (number, name) in core.model.interfaces.enumerated() {
      core.linkChanged(number, signal(of: name), at: now)
    }
    for (number, path) in core.model.paths.enumerated() where core.links[path.interface] != .up {
      forgetNextHop(nextHopIDs[number], at: now)
    }
  }

  /// The kernel has removed a next hop, and taken it out of its groups; or a group, and its routes with it.
  private mutating func forgetNextHop(_ id: UInt32, at now: Instant) {
    if let path = nextHopIDs.firstIndex(of: id) { core.nextHopChanged(path, isPresent: false, at: now) }
    for (number, group) in groupIDs.enumerated() {
      guard var known = written[group], group == id || known.members.contains(where: { $0.id == id }) else {
        continue
      }
      known.members.removeAll { group == id || $0.id == id }
      written[group] = known.members.isEmpty ? nil : known
      if known.members.isEmpty { report(.groupChanged(name: core.model.groups[number].name, exists: false)) }
    }
  }

  /// Next hops and groups as the kernel has them.
  private mutating func takeNextHops(_ found: [NextHop], at now: Instant) {
    let byID = Dictionary(found.map { ($0.id, $0) }) { first, _ in first }
    for (number, path) in core.model.paths.enumerated() {
      var isPresent = false
      if case .gateway(let gateway, let interface)? = byID[nextHopIDs[number]]?.kind {
        isPresent = gateway == path.configuration.via && links[interface]?.name == path.configuration.interface
      }
      core.nextHopChanged(number, isPresent: isPresent, at: now)
    }
    for (number, id) in groupIDs.enumerated() {
      let had = written[id] != nil
      if case .group(let members, let type)? = byID[id]?.kind {
        written[id] = WrittenGroup(members: members, type: type)
      } else {
        written[id] = nil
      }
      if had != (written[id] != nil) {
        report(.groupChanged(name: core.model.groups[number].name, exists: written[id] != nil))
      }
    }
  }

  private func signal(of name: String) -> GatewayCore.LinkSignal {
    guard let link = links.values.first(where: { $0.name == name }) else {
      return .down("interface \(name) is missing")
    }
    if link.isUsable { return .up }
    return .down(link.flags.contains(.up) ? "\(name) has no carrier" : "\(name) is down")
  }

  /// Gives the kernel the next hops that it does not have and could have.
  mutating func addNextHops(at now: Instant) {
    for (number, path) in core.model.paths.enumerated() {
      guard !core.nextHopsPresent[number] else { continue }
      let subject = "next hop of path \(path.name)"
      guard core.links[path.interface] == .up,
        let link = links.values.first(where: { $0.name == path.configuration.interface })
      else {
        // The link is the trouble now, and the path says so.
        problems[subject] = nil
        continue
      }
      do throws(NetlinkError) {
        try kernel.setNextHop(nextHopIDs[number], via: path.configuration.via, interface: link.index)
        core.nextHopChanged(number, isPresent: true, at: now)
        solved(subject)
      } catch {
        problem(subject, error, at: now)
      }
    }
  }
}
