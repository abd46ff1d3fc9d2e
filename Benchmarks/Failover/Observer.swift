import Addresses
import BFD
import Glibc
import Netlink
import NetworkNamespaces
import Speaker

/// What somebody who stands beside the gateway sees: the kernel's own announcements of what has changed.
///
/// Everyone is measured by it in the same way: from the last packet of the peer that fell silent plus the detection time
/// to the announcement after which no destination is sent to that peer's paths any more.
struct Observer: ~Copyable {
  /// What must have left, and from what.
  enum Watch {
    /// One next-hop group that must be announced without these next hops.
    case group(UInt32, without: Set<UInt32>)
    /// This many routes that must each be announced without this gateway.
    case routes(Int, without: IPAddress)
  }

  private var monitor: NetlinkMonitor
  private var watch: Watch?
  private var changed: Set<IPPrefix> = []
  /// When it was seen; nil so far.
  private(set) var seenAt: Instant?
  /// Announcements were lost: the attempt counts for nothing.
  private(set) var isSpoilt = false
  /// Announcements since `expect`.
  private(set) var announcements = 0

  /// - Parameter isRoutes: watches routes instead of next hops.
  init(in namespace: borrowing NetworkNamespace, isRoutes: Bool) throws {
    monitor = try NetlinkMonitor(in: namespace, isRoutes ? [.routes] : [.nextHops])
    var bytes: Int32 = 64 << 20
    setsockopt(monitor.descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, socklen_t(MemoryLayout<Int32>.size))
  }

  var descriptor: Int32 { monitor.descriptor }

  mutating func expect(_ watch: Watch) {
    self.watch = watch
    changed.removeAll(keepingCapacity: true)
    seenAt = nil
    isSpoilt = false
    announcements = 0
  }

  /// Reads what has come.
  mutating func run() throws {
    var events: [RouteEvent] = []
    while try monitor.receive({ events.append($0) }) {
      // After the system call that brought it, before it is understood: reading late must not count as failing late.
      let now = MonotonicClock.now()
      for event in events { take(event, at: now) }
      events.removeAll(keepingCapacity: true)
    }
  }

  private mutating func take(_ event: RouteEvent, at now: Instant) {
    announcements += 1
    switch (event, watch) {
    case (.lost, _): isSpoilt = true
    case (.nextHop(let hop), .group(let id, let gone)):
      guard seenAt == nil, hop.id == id, case .group(let members, _) = hop.kind else { return }
      if !members.contains(where: { gone.contains($0.id) }) { seenAt = now }
    case (.route(let route), .routes(let count, let gateway)):
      guard seenAt == nil, route.gateway != gateway, !route.paths.contains(where: { $0.gateway == gateway })
      else { return }
      changed.insert(route.destination)
      if changed.count == count { seenAt = now }
    default: break
    }
  }
}
