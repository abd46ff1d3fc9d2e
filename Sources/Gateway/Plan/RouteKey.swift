import Addresses
import Netlink

/// What makes two routes compete in the kernel: destination, table and metric.
///
/// The protocol is not part of it: a replacement takes over a route of whoever put it there (seen on Linux 6.18).
struct RouteKey: Hashable, Sendable {
  /// Host bits are zero.
  var prefix: IPPrefix
  var table: UInt32 = 254
  /// As the kernel stores it: never 0 for IPv6.
  var metric: UInt32
}

/// A route the configuration asks for.
struct PlannedRoute: Hashable, Sendable {
  var key: RouteKey
  var target: Target
  /// Where in the configuration it stands.
  var origin: Origin

  enum Target: Hashable, Sendable {
    case group(id: UInt32, name: String)
    /// At least one of `via` and `interface` is there.
    case direct(via: IPAddress?, interface: String?, source: IPAddress?)
  }

  enum Origin: Hashable, Sendable {
    case route(Int)
    case groupRoute(group: Int, Int)

    /// `routes[3]`, `groups[0].routes[7]`.
    var field: String {
      switch self {
      case .route(let index): "routes[\(index)]"
      case .groupRoute(let group, let index): "groups[\(group)].routes[\(index)]"
      }
    }
  }

  var groupID: UInt32? {
    if case .group(let id, _) = target { id } else { nil }
  }
}

/// A route of the kernel, as far as the plan looks at it.
struct ObservedRoute: Hashable, Sendable {
  var key: RouteKey
  var `protocol`: RouteProtocol = .everway
  var kind: RouteKind = .unicast
  /// Id of a next hop or group; then the other fields are nil.
  var nextHop: UInt32?
  var via: IPAddress?
  var interface: String?
  var source: IPAddress?
  /// A multipath route of the old kind: never one of ours.
  var isMultipath = false

  /// Whether it does what is asked. An interface that was not asked for is the kernel's choice.
  func satisfies(_ route: PlannedRoute) -> Bool {
    switch route.target {
    case .group(let id, _): return nextHop == id && kind == .unicast
    case .direct(let via, let interface, let source):
      return kind == .unicast && !isMultipath && nextHop == nil && self.via == via
        && (interface == nil || self.interface == interface)
        && self.source == source
    }
  }
}
