import Cluster
import Addresses
import Languages

/// What the checks of links and routes look at: the facts, put together with what is expected.
struct NetworkPicture {
  let facts: Facts
  let network: NetworkFacts
  let inside: NetworkView
  /// The node's, where that is another namespace than the gateway's, and could be seen.
  let node: NetworkView?
  let expected: Expectation?

  /// Nil, with a gap, when there is nothing to look at; nil, and not relevant, where there is no gateway.
  init?(_ facts: Facts, _ examination: inout Examination) {
    guard Self.isGateway(facts) else {
      examination.notRelevant()
      return nil
    }
    let what = Words("links and routes of the gateway", zh: "网关的链路与路由")
    guard let network = examination.require(facts.network, what),
      let inside = examination.require(network.inside, what)
    else { return nil }
    self.facts = facts
    self.network = network
    self.inside = inside
    node = network.node?.value
    expected = facts.expected
  }

  /// A machine that has no gateway's namespace, is told to be none and speaks no BFD need not forward.
  private static func isGateway(_ facts: Facts) -> Bool {
    facts.subject.namespace != nil || facts.subject.interface != nil || facts.expected != nil
      || facts.speaker.value?.listeners.isEmpty == false
  }

  /// Of the gateway; nil when it is the node's own.
  var namespace: String? { facts.subject.namespace }

  /// For the words: a name, or what stands for the namespace everway was started in.
  var place: String { namespace ?? "host" }

  // MARK: Which interfaces

  /// The interfaces that belong into the namespace.
  var expectedInterfaces: [Expectation.Interface] {
    if let interfaces = expected?.interfaces, !interfaces.isEmpty { return interfaces }
    return facts.subject.interface.map { [Expectation.Interface(name: $0)] } ?? []
  }

  /// Those that are there, under the name they have inside.
  var presentInterfaces: [(expected: Expectation.Interface, link: LinkFacts)] {
    expectedInterfaces.compactMap { interface in inside.link(interface.name).map { (interface, $0) } }
  }

  /// The links that a gateway's packets pass: of its own namespace all, of the node's those that are expected, else those
  /// of the default routes.
  var gatewayLinks: [LinkFacts] {
    if namespace != nil { return inside.links.filter { !$0.isLoopback && !Self.isFallback($0) } }
    let expected = presentInterfaces.map(\.link)
    if !expected.isEmpty { return expected }
    let names = Set(defaultRoutes.flatMap(\.nextHops).compactMap(\.link))
    return inside.links.filter { names.contains($0.name) }
  }

  /// Tunnel devices that the kernel puts into every namespace, whether wanted or not
  /// (net.core.fb_tunnels_only_for_init_net).
  private static func isFallback(_ link: LinkFacts) -> Bool {
    ["tunl0", "gre0", "gretap0", "erspan0", "sit0", "ip6tnl0", "ip6gre0", "ip_vti0", "ip6_vti0"].contains(link.name)
  }

  // MARK: Which gateways

  /// Of the tables that every packet is looked up in, the main one at least.
  var defaultRoutes: [RouteFacts] {
    inside.routes.filter { route in
      route.isDefault && route.kind == "unicast"
        && tablesForAll(route.destination.family).contains(route.table)
    }
  }

  /// Tables that every packet is looked up in, one after the other.
  func tablesForAll(_ family: AddressFamily) -> Set<UInt32> {
    let rules = inside.rules.filter { $0.isIPv6 == (family == .ipv6) }
    guard !rules.isEmpty else { return [RouteFacts.main] }
    return Set(rules.filter(\.isForAll).map(\.table))
  }

  /// The default routes of a family that count: of the lowest metric, in the table that is asked first.
  func effectiveDefault(_ family: AddressFamily) -> [RouteFacts] {
    let all = defaultRoutes.filter { $0.destination.family == family }
    let order = Dictionary(
      inside.rules.filter { $0.isIPv6 == (family == .ipv6) && $0.isForAll }.map { ($0.table, $0.priority) }
    ) { min($0, $1) }
    func rank(_ route: RouteFacts) -> (UInt32, UInt32) { (order[route.table] ?? 32766, route.metric) }
    guard let best = all.map(rank).min(by: <) else { return [] }
    return all.filter { rank($0) == best }
  }

  /// Next hops of the default routes as expected and as they are, each once.
  var gateways: [IPAddress] {
    var seen: Set<IPAddress> = []
    let present = defaultRoutes.flatMap(\.nextHops).compactMap(\.gateway)
    return ((expected?.gateways ?? []) + present).filter { seen.insert($0).inserted }
  }

  /// The interface a gateway is behind: the one whose subnet it is in, else that of its route.
  func link(towards gateway: IPAddress) -> String? {
    let near =
      expectedInterfaces.first { interface in
        interface.addresses.contains { !$0.isHost && $0.contains(gateway) }
          || inside.addresses(of: interface.name).contains { !$0.prefix.isHost && $0.prefix.contains(gateway) }
      }?.name ?? inside.addresses.first { !$0.prefix.isHost && $0.prefix.contains(gateway) }?.link
    if let near { return near }
    let hop = defaultRoutes.flatMap(\.nextHops).first { $0.gateway == gateway && $0.link != nil }
    return hop?.link ?? (expectedInterfaces.count == 1 ? expectedInterfaces.first?.name : nil)
  }

  /// Whether this gateway's routes are kept by a running everway or by hand: with several next hops it is no single
  /// default route that mends them.
  func singleGateway(_ family: AddressFamily) -> IPAddress? {
    let all = (expected?.gateways ?? []).filter { $0.family == family }
    return all.count == 1 ? all.first : nil
  }

  /// The row of the interface in the node's Open_vSwitch database.
  func row(_ interface: Expectation.Interface) -> OVSFacts.Interface? {
    facts.ovs.value.flatMap { $0.interface(interface.outsideName) ?? $0.interface(interface.name) }
  }

  // MARK: Words

  /// Where something was read.
  func source(_ what: String) -> String { namespace.map { "\(what), namespace \($0)" } ?? what }
}
