import Addresses
import CLinux
import Netlink

/// What answers to questions mean.
extension WayTable {
  /// RTN_UNICAST of <linux/rtnetlink.h>.
  private static var unicast: UInt8 { 1 }
  /// ARPHRD_ETHER of <linux/if_arp.h>.
  private static var ethernet: UInt16 { 1 }

  /// The kernel's decision on a session's packets; nil with errno when there is none.
  package mutating func answer(route: WayRoute?, code: Int32 = 0, for session: Int) {
    guard isPresent(session) else { return }
    let demand = slots[session].demand
    if let obstacle = obstacle(route, code, demand) {
      slots[session].hop = nil
      detach(session)
      set(session, nil, obstacle)
      return
    }
    guard let route else { return }
    let hop = WayHop(interface: route.interface, address: route.gateway ?? demand.destination)
    slots[session].hop = hop
    slots[session].source = demand.source ?? route.source
    attach(session, to: hop)
    decide(session)
  }

  private func obstacle(_ route: WayRoute?, _ code: Int32, _ demand: WayDemand) -> WayObstacle? {
    // An IPv4 source that is not this system's: EINVAL, or ENETUNREACH on newer kernels, as if there were no route.
    guard let route else { return demand.source != nil && code == 22 ? .noSource : .noRoute(code) }
    if route.kind != Self.unicast { return .notUnicast(route.kind) }
    if route.isEncapsulated { return .encapsulated }
    if demand.interface != 0, route.interface != demand.interface { return .otherInterface(route.interface) }
    if route.gateway != nil, !demand.isMultihop { return .router }
    return demand.source == nil && route.source?.isUnspecified != false ? .noSource : nil
  }

  /// Whether a session's IPv6 source may be used.
  package mutating func answer(isSourceOurs: Bool, for session: Int) {
    guard isPresent(session) else { return }
    if isSourceOurs {
      ask(.route(session: session))
    } else {
      slots[session].hop = nil
      set(session, nil, .noSource)
    }
  }

  /// What the kernel has of a neighbour; nil when it has none.
  package mutating func answer(neighbour fact: WayNeighbour?, for number: Int, at now: Int64) {
    neighbours[number].isQueued = false
    learn(fact, number, at: now)
  }

  /// A link; nil when it is gone.
  package mutating func answer(link fact: WayLink?, for interface: UInt32) {
    askedLinks.remove(interface)
    links[interface] = fact
    for session in slots.indices where slots[session].hop?.interface == interface {
      if fact == nil { set(session, nil, .noLink) } else { decide(session) }
    }
  }

  /// Decides by what is known, and asks for what is not.
  mutating func decide(_ session: Int) {
    guard slots[session].isPresent, let hop = slots[session].hop, let source = slots[session].source else { return }
    if hasPolicies { return set(session, nil, .policies) }
    guard let link = links[hop.interface] else {
      if askedLinks.insert(hop.interface).inserted { ask(.link(hop.interface)) }
      return set(session, nil, .unresolved)
    }
    guard link.kind == Self.ethernet, let own = link.linkAddress else {
      return set(session, nil, .linkKind(link.kind))
    }
    guard link.isUp else { return set(session, nil, .linkDown) }
    guard slots[session].demand.length <= Int(link.mtu) else { return set(session, nil, .tooLong(mtu: link.mtu)) }
    let number = Int(slots[session].neighbour)
    guard number >= 0, neighbours[number].isKnown else {
      if number >= 0, !neighbours[number].isQueued {
        neighbours[number].isQueued = true
        ask(.neighbour(number))
      }
      return set(session, nil, .unresolved)
    }
    guard let address = neighbours[number].fact?.usable else { return set(session, nil, .noNeighbour) }
    if slots[session].way == nil { socketDue[session] = .min }
    set(session, Way(interface: hop.interface, linkAddress: address, ownLinkAddress: own, source: source), nil)
  }

  /// Takes what is said of a neighbour. One that has become stale is used by the UDP socket soon, so that the kernel
  /// asks whether it is still there, as it does when packets pass by it.
  mutating func learn(_ fact: WayNeighbour?, _ number: Int, at now: Int64) {
    let old = neighbours[number]
    neighbours[number].fact = fact
    neighbours[number].isKnown = true
    var session = old.first
    if !old.isKnown || old.fact?.usable != fact?.usable {
      while session >= 0 {
        decide(Int(session))
        session = slots[Int(session)].next
      }
    } else if let fact, fact.state.contains(.stale), old.fact?.state.contains(.stale) != true {
      // Several, since one may be slow or silent.
      for _ in 0..<4 where session >= 0 {
        socketDue[Int(session)] = min(socketDue[Int(session)], now)
        session = slots[Int(session)].next
      }
    }
  }
}
