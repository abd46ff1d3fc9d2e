import Addresses
import Netlink

/// Which sessions a notification concerns.
extension WayTable {
  /// - Parameter now: nanoseconds, on the owner's clock.
  package mutating func take(_ news: WayNews, at now: Int64) {
    switch news {
    case .neighbour(let hop, let fact):
      guard let number = neighbourNumbers[hop], neighbours[Int(number)].fact != fact else { return }
      learn(fact, Int(number), at: now)
    case .neighbourRemoved(let hop):
      guard let number = neighbourNumbers[hop] else { return }
      learn(nil, Int(number), at: now)
    case .route(let change): takeRoute(change)
    case .link(let interface, let link): takeLink(interface, link)
    case .linkRemoved(let interface):
      links[interface] = nil
      askedLinks.remove(interface)
      for session in slots.indices where slots[session].isPresent {
        if slots[session].hop?.interface == interface || slots[session].demand.interface == interface {
          withdraw(session)
        }
      }
    case .address(let address, let interface):
      for session in slots.indices where slots[session].isPresent {
        let slot = slots[session]
        guard slot.demand.destination.family == address.family else { continue }
        if slot.obstacle == .noSource || (slot.demand.source == nil && slot.hop?.interface == interface) {
          doubt(session)
        }
      }
    case .addressRemoved(let address, let interface):
      for session in slots.indices where slots[session].isPresent {
        let slot = slots[session]
        if slot.source == address || slot.demand.source == address {
          withdraw(session)
        } else if slot.demand.source == nil, slot.hop?.interface == interface,
          slot.demand.destination.family == address.family
        {
          doubt(session)
        }
      }
    case .rules(let family):
      for session in slots.indices
      where slots[session].isPresent && slots[session].demand.destination.family == family {
        withdraw(session)
      }
    case .nextHops:
      for session in slots.indices where slots[session].isPresent {
        let slot = slots[session]
        // On the link, a route by a next hop is rare: asked again, but not taken back.
        if slot.hop?.address == slot.demand.destination { doubt(session) } else { withdraw(session) }
      }
    }
  }

  /// IPsec policies came or went.
  package mutating func setPolicies(_ isInForce: Bool) {
    guard isInForce != hasPolicies else { return }
    hasPolicies = isInForce
    for session in slots.indices where slots[session].hop != nil { decide(session) }
  }

  private mutating func takeRoute(_ change: WayRouteChange) {
    switch change.prefix.family {
    case .ipv4:
      for place in destinations4.places(in: change.prefix) { takeRoute(change, destinations4[place]) }
    case .ipv6:
      for place in destinations6.places(in: change.prefix) { takeRoute(change, destinations6[place]) }
    }
  }

  private mutating func takeRoute(_ change: WayRouteChange, _ session: Int) {
    let wanted = slots[session].demand.interface
    // A look-up with an interface passes over routes by others.
    if wanted != 0, change.interface != 0, change.interface != wanted { return }
    withdraw(session)
  }

  private mutating func takeLink(_ interface: UInt32, _ link: WayLink) {
    let old = links[interface]
    guard old != link else { return }
    links[interface] = link
    askedLinks.remove(interface)
    let came = link.isUp && old?.isUp != true
    for session in slots.indices where slots[session].isPresent {
      if slots[session].hop?.interface == interface {
        if old == nil || old?.isUp == link.isUp { decide(session) } else { withdraw(session) }
      } else if came, slots[session].demand.interface == 0 || slots[session].demand.interface == interface {
        // Routes by several links come to life without a word when one of them does (fib_sync_up).
        doubt(session)
      }
    }
  }
}
