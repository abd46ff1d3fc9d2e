public import Cluster
import Kubernetes
import KubernetesProtocol
import OVSDBProtocol
import Synchronization

/// A cluster's facts, kept up to date: the node's Open_vSwitch, OVN's databases, Kubernetes.
///
/// Made and asked on plain threads that have never called setns(2): its own threads are born in their namespace. It
/// reconnects by itself, and follows `ovn-remote` when that changes.
public final class LiveCluster: Sendable {
  public let options: ClusterOptions
  private let onChange: @Sendable () -> Void
  private let rounds: Int?
  private let wiring: Mutex<Wiring>
  /// nil where there is no way to an API server.
  let kubernetes: LiveKubernetes?
  private let kubernetesProblem: String

  /// What is connected, and what was read of it. Held by callers only, never by the threads of the connections.
  private struct Wiring {
    var finder: DatabaseFinder
    var openVSwitch: LiveDatabase?
    var openVSwitchProblem: String?
    var northbound = Source<OVNFacts.Northbound>()
    var southbound = Source<OVNFacts.Southbound>()
    var ovs: OVSFacts?
    var staleness: [Staleness] = []
    /// Of ports that are read whatever their type.
    var ports: Set<String>
    var isClosed = false
  }

  /// One of OVN's databases.
  private struct Source<Facts> {
    var database: LiveDatabase?
    var place: DatabasePlace?
    var facts: Facts?
    /// Why there is nothing.
    var reason = "not looked at"
    /// Whether anything says that it ought to be there.
    var isExpected = false
    /// Waiting longer may bring something.
    var isOpen = false
  }

  /// A part that is known from before, since its source does not answer.
  public struct Staleness: Hashable, Sendable {
    /// `OVN_Northbound`.
    public var part: String
    /// Seconds since 1970-01-01T00:00:00Z.
    public var since: Int64
    public var reason: String
  }

  /// - Parameter onChange: called from threads of its own whenever anything changed: return at once, ask for the
  ///   facts elsewhere.
  public convenience init(_ options: ClusterOptions, onChange: @escaping @Sendable () -> Void) {
    self.init(options, rounds: nil, onChange: onChange)
  }

  /// - Parameter rounds: how often to try servers; nil for ever.
  init(_ options: ClusterOptions, rounds: Int?, onChange: @escaping @Sendable () -> Void) {
    self.options = options
    self.onChange = onChange
    self.rounds = rounds
    var problem = "not looked at"
    kubernetes = options.kinds.contains(.kubernetes) ? Self.kubernetes(options, &problem, onChange) : nil
    kubernetesProblem = problem
    wiring = Mutex(Wiring(finder: options.finder(), ports: [options.nodeName]))
    wiring.withLock { wiring in
      if options.kinds.contains(.openVSwitch) { connectOpenVSwitch(&wiring) }
      connect(&wiring)
    }
  }

  private static func kubernetes(
    _ options: ClusterOptions, _ problem: inout String, _ onChange: @escaping @Sendable () -> Void
  ) -> LiveKubernetes? {
    do throws(KubernetesError) {
      return LiveKubernetes(
        try .load(
          kubeconfig: options.kubeconfig, context: options.context, environment: options.environment,
          serviceAccount: options.serviceAccount), onChange: onChange)
    } catch {
      problem = error.description
      return nil
    }
  }

  deinit { close() }

  /// What is known now: copies that belong together as far as their sources do.
  ///
  /// Takes a few milliseconds, more after a change in a large database; two seconds when a thread hangs.
  public func facts() -> (ovs: Gathered<OVSFacts>, ovn: OVNFacts, cluster: ClusterFacts) {
    wiring.withLock { wiring in
      wiring.staleness = kubernetes?.staleness ?? []
      let cluster = cluster()
      wiring.finder.northboundService = kubernetes?.northboundService ?? wiring.finder.northboundService
      let ovs = look(&wiring)
      connect(&wiring)
      watchPorts(of: cluster, &wiring)
      var ovn = OVNFacts()
      ovn.northbound = Self.read(&wiring.northbound, "OVN_Northbound", &wiring.staleness) {
        (snapshot) throws(RowDecodingError) in try OVNFacts.Northbound(snapshot)
      }
      ovn.southbound = Self.read(&wiring.southbound, "OVN_Southbound", &wiring.staleness) {
        (snapshot) throws(RowDecodingError) in try OVNFacts.Southbound(snapshot)
      }
      return (ovs, ovn, cluster)
    }
  }

  private func cluster() -> ClusterFacts {
    if let kubernetes { return kubernetes.facts() }
    var facts = ClusterFacts()
    facts.nodes = .unavailable(kubernetesProblem)
    facts.ovnEips = .unavailable(kubernetesProblem)
    facts.vpcs = .unavailable(kubernetesProblem)
    facts.subnets = .unavailable(kubernetesProblem)
    facts.vlans = .unavailable(kubernetesProblem)
    facts.providerNetworks = .unavailable(kubernetesProblem)
    facts.vpcEgressGateways = .unavailable(kubernetesProblem)
    facts.externalGatewayConfig = .unavailable(kubernetesProblem)
    facts.controller = .unavailable(kubernetesProblem)
    facts.cni = .unavailable(kubernetesProblem)
    facts.pods = .unavailable(kubernetesProblem)
    return facts
  }

  /// Ports are named after gateway nodes.
  private func watchPorts(of cluster: ClusterFacts, _ wiring: inout Wiring) {
    guard cluster.ovnEips.value != nil else { return }
    let wanted = Set(cluster.lspEips.map(\.name) + [options.nodeName])
    guard wanted != wiring.ports else { return }
    wiring.ports = wanted
    wiring.northbound.database?.setConditions(
      table: OVNFacts.LogicalSwitchPort.table, anyOf: OVNFacts.Northbound.portConditions(wanted))
    wiring.southbound.database?.setConditions(
      table: OVNFacts.PortBinding.table, anyOf: OVNFacts.Southbound.portConditions(wanted))
  }

  /// What of the last `facts()` is old.
  public var staleness: [Staleness] { wiring.withLock { $0.staleness } }

  /// Ends all connections; what was read stays.
  public func close() {
    let databases = wiring.withLock { wiring in
      wiring.isClosed = true
      return [wiring.openVSwitch, wiring.northbound.database, wiring.southbound.database].compactMap { $0 }
    }
    for database in databases { database.close() }
    kubernetes?.close()
  }

  // MARK: For one look

  /// Whether waiting longer may bring something that is not there yet.
  var isComplete: Bool {
    guard kubernetes?.isSettled != false else { return false }
    return wiring.withLock { wiring in
      let isOVSOpen = wiring.openVSwitch != nil && wiring.ovs == nil && wiring.openVSwitchProblem == nil
      return !isOVSOpen && !wiring.northbound.isOpen && !wiring.southbound.isOpen
    }
  }

  /// Whether anything on this machine says that there is OVN.
  var expectsOVN: Bool { wiring.withLock { $0.northbound.isExpected || $0.southbound.isExpected } }

  // MARK: Writing

  /// - Throws: why there is no connection to write by.
  public func northboundWriter() throws(ClusterWriteError) -> NorthboundWriter {
    let (north, south) = wiring.withLock { ($0.northbound, $0.southbound) }
    guard let database = north.database else {
      throw ClusterWriteError("OVN's northbound database cannot be written: \(north.reason)")
    }
    return NorthboundWriter(database.client, southbound: south.database?.client)
  }

  /// - Throws: why there is no API server to write to.
  public func objectWriter() throws(ClusterWriteError) -> ObjectWriter {
    guard let kubernetes else {
      throw ClusterWriteError("the cluster's objects cannot be written: \(kubernetesProblem)")
    }
    return ObjectWriter(kubernetes.client)
  }

  public func openVSwitchWriter() throws(ClusterWriteError) -> OVSWriter {
    let (database, problem) = wiring.withLock { ($0.openVSwitch, $0.openVSwitchProblem) }
    guard let database else {
      throw ClusterWriteError("the node's Open_vSwitch cannot be written: \(problem ?? "not looked at")")
    }
    return OVSWriter(database.client)
  }

  // MARK: Connections

  private func connectOpenVSwitch(_ wiring: inout Wiring) {
    let place = DatabasePlace(connection: "unix:\(options.ovsSocket)", source: "")
    do throws(OVSDBError) {
      wiring.openVSwitch = try LiveDatabase(
        place, database: "Open_vSwitch", tables: OVSFacts.tables, rounds: rounds, onChange: onChange)
    } catch {
      wiring.openVSwitchProblem = error.description
    }
  }

  private func look(_ wiring: inout Wiring) -> Gathered<OVSFacts> {
    guard let database = wiring.openVSwitch else {
      return .unavailable(wiring.openVSwitchProblem ?? "not looked at")
    }
    switch database.view() {
    case .contents(let snapshot, let isNew, let since, let problem):
      if isNew || wiring.ovs == nil { wiring.ovs = OVSFacts(snapshot) }
      wiring.openVSwitchProblem = nil
      if let since {
        wiring.staleness.append(Staleness(part: "Open_vSwitch", since: since, reason: problem ?? ""))
      }
    case .nothing(let reason, let isFinal):
      if isFinal { wiring.openVSwitchProblem = reason }
      wiring.finder.remoteProblem = reason
      return .unavailable(reason)
    }
    guard let ovs = wiring.ovs else { return .unavailable("not looked at") }
    wiring.finder.remoteProblem = nil
    wiring.finder.remote = ovs.externalIDs["ovn-remote"].flatMap { $0.isEmpty ? nil : $0 }
    return .value(ovs)
  }

  /// Connects to where the databases are by what is known now.
  private func connect(_ wiring: inout Wiring) {
    guard !wiring.isClosed else { return }
    let isWaiting = wiring.openVSwitch != nil && wiring.ovs == nil && wiring.openVSwitchProblem == nil
    if options.kinds.contains(.southbound) {
      connect(
        &wiring.southbound, wiring.finder.southboundPlace(), "OVN_Southbound",
        OVNFacts.Southbound.tables(ports: wiring.ports), isWaiting: isWaiting)
    }
    if options.kinds.contains(.northbound) {
      connect(
        &wiring.northbound, wiring.finder.northboundPlace(), "OVN_Northbound",
        OVNFacts.Northbound.tables(ports: wiring.ports), isWaiting: isWaiting)
    }
  }

  private func connect<Facts>(
    _ source: inout Source<Facts>, _ place: Result<DatabasePlace, DatabasePlace.Unknown>, _ name: String,
    _ tables: [MonitoredTable], isWaiting: Bool
  ) {
    switch place {
    case .failure(let unknown):
      // What was read before an `ovn-remote` was taken away says nothing about now.
      source.database?.close()
      source = Source()
      (source.reason, source.isExpected, source.isOpen) = (unknown.reason, unknown.isHinted, isWaiting)
    case .success(let place):
      guard source.place != place else { return }
      source.database?.close()
      source = Source()
      (source.place, source.isExpected, source.isOpen) = (place, true, true)
      do throws(OVSDBError) {
        source.database = try LiveDatabase(
          place, database: name, tables: tables, rounds: rounds, onChange: onChange)
        source.reason = "no answer yet"
      } catch {
        (source.reason, source.isOpen) = (error.description + place.origin, false)
      }
    }
  }

  private static func read<Facts>(
    _ source: inout Source<Facts>, _ name: String, _ staleness: inout [Staleness],
    _ make: (DatabaseSnapshot) throws(RowDecodingError) -> Facts
  ) -> Gathered<Facts> {
    guard let database = source.database else { return .unavailable(source.reason) }
    switch database.view() {
    case .nothing(let reason, let isFinal):
      (source.reason, source.isOpen) = (reason, !isFinal)
      return .unavailable(reason)
    case .contents(let snapshot, let isNew, let since, let problem):
      source.isOpen = false
      if isNew || source.facts == nil {
        do throws(RowDecodingError) { source.facts = try make(snapshot) } catch {
          source.facts = nil
          source.reason = "\(name): \(error)"
        }
      }
      if let since { staleness.append(Staleness(part: name, since: since, reason: problem ?? "")) }
      return source.facts.map { .value($0) } ?? .unavailable(source.reason)
    }
  }
}
