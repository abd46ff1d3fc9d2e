import BFD
import Configuration
import Glibc
import Netlink
import Speaker

extension Engine {
  /// Reads what the kernel has to tell of links, addresses and next hops.
  mutating func takeLinkEvents(at now: Instant) {
    var touched: Set<Int32> = []
    var isLost = false
    var isAddressNews = false
    do throws(NetlinkError) {
      var changed: [Link] = []
      var removed: [Link] = []
      while try monitor.receive({ event in
        switch event {
        case .link(let link): changed.append(link)
        case .linkRemoved(let link): removed.append(link)
        case .address: isAddressNews = true
        case .nextHopRemoved: isAddressNews = true
        case .lost: isLost = true
        default: break
        }
      }) {}
      for link in changed {
        links[link.index] = link
        touched.insert(link.index)
      }
      for link in removed {
        links[link.index] = nil
        touched.insert(link.index)
      }
    } catch {
      problem("link events", "\(error)", at: now)
      isLost = true
    }
    if isLost {
      readLinks(at: now)
    } else if !touched.isEmpty {
      linksChanged(at: now)
    }
    if isAddressNews { addNextHops(at: now) }
  }

  /// Reads all links anew.
  mutating func readLinks(at now: Instant) {
    do throws(NetlinkError) {
      let all = try tables.links()
      links = Dictionary(all.map { ($0.index, $0) }) { _, new in new }
      solved("links")
    } catch {
      problem("links", "\(error)", at: now)
    }
    linksChanged(at: now)
  }

  private mutating func linksChanged(at now: Instant) {
    for (number, name) in core.model.interfaces.enumerated() {
      core.linkChanged(number, signal(of: name), at: now)
    }
    // The kernel removes the next hops of a link that goes down, without a word of its own.
    for (number, path) in core.model.paths.enumerated() where core.links[path.interface] != .up {
      core.nextHopChanged(number, isPresent: false, at: now)
    }
    syncSessions(at: now)
    addNextHops(at: now)
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
      guard !core.nextHopsPresent[number], core.links[path.interface] == .up,
        let link = links.values.first(where: { $0.name == path.configuration.interface })
      else { continue }
      let subject = "next hop of path \(path.name)"
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
