import Addresses
import Synchronization

/// One upstream router of the demo, and what can go wrong with it.
public final class DemoRouter: Sendable {
  public let router: DemoPlan.Router
  public let namespace: LabNamespace
  public let daemon: any BFDPeerDaemon
  private let plan: DemoPlan
  private let silence = Mutex<PacketDrop?>(nil)

  init(lab: Lab, plan: DemoPlan, router: DemoPlan.Router) {
    self.plan = plan
    self.router = router
    namespace = LabNamespace(lab: lab.name, role: router.role)
    let pairs = [(router.gateway4, router.address4), (router.gateway6, router.address6)]
    let peers = pairs.compactMap { gateway, own in
      IPAddress(gateway).map {
        BFDPeer($0, local: IPAddress(own), interface: "gw", timers: plan.timers)
      }
    }
    daemon =
      switch router.kind {
      case .frr: FRRRouter(lab: lab, namespace: namespace, peers: peers)
      case .bird: BIRDRouter(lab: lab, namespace: namespace, peers: peers)
      }
  }

  public var name: String { router.role }

  /// As if its power failed: it forwards nothing more, and its daemon dies without a word. Its wire keeps its
  /// carrier, as behind a switch, so that only BFD can tell.
  /// - Returns: when it began, within some milliseconds before.
  @discardableResult public func crash() throws(LabError) -> MonotonicTime {
    let start = MonotonicTime.now()
    // In this order: the instant between the two counts against the gateway, never for it.
    let drop = try namespace.drop(.everything(from: "gw"))
    daemon.kill()
    silence.withLock { $0 = drop }
    return start
  }

  /// Back from `crash`.
  public func boot() throws(LabError) {
    if let drop = silence.withLock({ drop in
      defer { drop = nil }
      return drop
    }) {
      try drop.remove()
    }
    try daemon.start()
  }

  /// Its end of the wire goes down: the gateway loses its carrier.
  public func linkDown() throws(LabError) { try namespace.linkDown("gw") }

  /// Back from `linkDown`, with the routes that the kernel forgot.
  public func linkUp() throws(LabError) {
    try namespace.linkUp("gw")
    try namespace.ip(plan.routes(router))
  }
}
