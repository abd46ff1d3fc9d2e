public import Addresses
import Processes
import Synchronization

/// Watches an `OVNCluster` from outside everway: what OVN's databases say of the sessions, where the router's port is, and
/// when the compute node's OpenFlow rules change.
public final class OVNWatch: Sendable {
  public enum Event: Hashable, Sendable {
    /// A row of BFD in the southbound database, which ovn-controller writes; and in the northbound one, which is northd's
    /// and decides about routes.
    case southbound(peer: IPAddress, status: String)
    case northbound(peer: IPAddress, status: String)
    /// The router's external port is on another chassis, or on none.
    case portMoved
    /// Rules of the compute node's br-int came, changed or went.
    case flows
  }

  private let events: Mutex<[(time: MonotonicTime, event: Event)]>
  private let watches: Mutex<[LineWatch]>

  /// Begins to watch.
  public init(_ cluster: OVNCluster) throws(LabError) {
    events = Mutex([])
    watches = Mutex([])
    let lab = cluster.lab
    func add(_ name: String, _ command: Command, _ parse: @escaping @Sendable (String) -> Event?) throws(LabError) {
      let watch = try LineWatch(lab: lab, command, name: "watch-\(name)") {
        [weak self] time, line in
        guard let event = parse(line) else { return }
        self?.events.withLock { $0.append((time, event)) }
      }
      watches.withLock { $0.append(watch) }
    }
    func table(_ server: String, _ database: String, _ table: String, _ columns: String) -> Command {
      Command(
        "ovsdb-client",
        ["--format=csv", "--data=bare", "--no-headings", "monitor", server, database, table, "\(columns),!initial"])
    }
    do throws(LabError) {
      try add("sb", table(cluster.central.southbound, "OVN_Southbound", "BFD", "dst_ip,status")) {
        Self.row($0).flatMap { cells in IPAddress(cells[0]).map { .southbound(peer: $0, status: cells[1]) } }
      }
      try add("nb", table(cluster.central.northbound, "OVN_Northbound", "BFD", "dst_ip,status")) {
        Self.row($0).flatMap { cells in IPAddress(cells[0]).map { .northbound(peer: $0, status: cells[1]) } }
      }
      try add("port", table(cluster.central.southbound, "OVN_Southbound", "Port_Binding", "logical_port,chassis")) {
        Self.row($0).flatMap { $0[0] == "cr-\(OVNClusterPlan.routerPort)" ? .portMoved : nil }
      }
      try add("flows", cluster.compute.flowMonitor) { $0.contains("event=") ? .flows : nil }
    } catch {
      stop()
      throw error
    }
  }

  public func stop() {
    let all = watches.withLock { watches in
      defer { watches = [] }
      return watches
    }
    for watch in all { watch.stop() }
  }

  /// The first event from `start` on that fits.
  public func first(since start: MonotonicTime, where fits: (Event) -> Bool) -> MonotonicTime? {
    events.withLock { events in events.first { $0.time >= start && fits($0.event) }?.time }
  }

  /// What the northbound database said of a session, one after another.
  public func northboundHistory(
    of peer: IPAddress, since start: MonotonicTime
  ) -> [(time: MonotonicTime, status: String)] {
    events.withLock { events in
      events.compactMap { time, event in
        guard time >= start, case .northbound(peer, let status) = event else { return nil }
        return (time, status)
      }
    }
  }

  /// The new values of a line of `ovsdb-client --format=csv monitor`: row, action, columns. Only two columns are asked
  /// for; what a row was before is no news.
  static func row(_ line: String) -> [String]? {
    let cells = line.split(separator: ",", omittingEmptySubsequences: false).map { $0.filter { $0 != "\"" } }
    guard cells.count == 4, cells[1] == "new" || cells[1] == "insert" else { return nil }
    return Array(cells[2...])
  }
}
