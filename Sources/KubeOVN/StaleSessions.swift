public import Addresses
public import BFD
public import Cluster

/// Rows of OVN's BFD that say `up` of what is down: traffic goes there and is lost.
///
/// OVN writes a timeout down as soon as it sees it, but a chassis that dies leaves what it wrote, and the one that takes its
/// port over does not look anew (OVN issues 320 and 322). Times are arguments; a value of this type is all the memory
/// there is.
public struct StaleSessions: Hashable, Sendable {
  /// What names a row in both of OVN's databases.
  public struct Row: Hashable, Sendable {
    public var logicalPort: String
    /// The gateway node's address.
    public var address: IPAddress
  }

  /// A row that has contradicted what this node sees for long enough.
  public struct Stale: Hashable, Sendable {
    public var row: Row
    public var reason: Reason
    public var since: Instant
  }

  public enum Reason: Hashable, Sendable {
    /// The session at this end is not up; its state.
    case ownSession(String)
    /// The gateway node at that address does not answer from here.
    case silentNode
  }

  /// What this node sees.
  public struct View: Hashable, Sendable {
    /// The gateway's own.
    public var addresses: Set<IPAddress> = []
    /// States of own sessions that are not up: by the peer's address. A peer without a session is not in here.
    public var notUp: [IPAddress: String] = [:]
    /// Peers whose session is up.
    public var up: Set<IPAddress> = []
    /// Addresses of other gateway nodes that do not answer.
    public var silent: Set<IPAddress> = []

    public init() {}
  }

  /// OVN may sit on what a packet told it for so long (pinctrl.c, BFD_UPDATE_TIMEOUT), and some more.
  static let ownPatience: Int64 = 6_000_000_000
  /// On top of the row's detection time, in which a living chassis would have noticed.
  static let nodePatience: Int64 = 1_500_000_000
  /// Between two renewals of one row.
  static let renewalInterval: Int64 = 60_000_000_000

  private struct Suspicion: Hashable {
    var reason: Reason
    var since: Instant
  }

  private var suspicions: [Row: Suspicion] = [:]
  private var renewed: [Row: Instant] = [:]

  public init() {}

  /// - Returns: stale rows, sorted; those that are only suspected are kept in mind.
  public mutating func look(at ovn: OVNFacts, _ view: View, now: Instant) -> [Stale] {
    guard let south = ovn.southbound.value, let north = ovn.northbound.value else {
      // Nothing is held against what cannot be seen.
      suspicions = [:]
      return []
    }
    let join = OVNJoin(north: north, south: south)
    var found: [Row: Suspicion] = [:]
    var stale: [Stale] = []
    for session in south.bfd where session.status == "up" {
      guard let address = IPAddress(session.dstIp), let port = join.port(session.logicalPort),
        let reason = reason(port, address, view)
      else { continue }
      let row = Row(logicalPort: session.logicalPort, address: address)
      let since = suspicions[row]?.since ?? now
      found[row] = Suspicion(reason: reason, since: since)
      if now - since >= Self.patience(session, reason) {
        stale.append(Stale(row: row, reason: reason, since: since))
      }
    }
    suspicions = found
    renewed = renewed.filter { now - $0.value < Self.renewalInterval }
    return stale.sorted { ($0.row.logicalPort, "\($0.row.address)") < ($1.row.logicalPort, "\($1.row.address)") }
  }

  private func reason(
    _ port: OVNFacts.LogicalRouterPort, _ address: IPAddress, _ view: View
  ) -> Reason? {
    if view.addresses.contains(address) {
      let peers = port.prefixes.map(\.address).filter { $0.family == address.family }
      if peers.contains(where: { view.up.contains($0) }) { return nil }
      return peers.lazy.compactMap { view.notUp[$0] }.first.map { .ownSession($0) }
    }
    return view.silent.contains(address) ? .silentNode : nil
  }

  /// Nanoseconds.
  private static func patience(_ session: OVNFacts.SouthboundBFD, _ reason: Reason) -> Int64 {
    let interval = Int64(max(session.minTx ?? 1000, session.minRx ?? 1000)) * 1_000_000
    let detection = min(interval * Int64(session.detectMult ?? 5), 60_000_000_000)
    return switch reason {
    case .ownSession: detection + ownPatience
    case .silentNode: detection + nodePatience
    }
  }

  /// When the next suspicion may become certain, so that nobody has to look all the time.
  public func nextLook(now: Instant) -> Instant? { suspicions.isEmpty ? nil : now + 250_000_000 }

  // MARK: Renewals

  /// Those to make anew now: each at most once a minute. A node makes its own; those of silent nodes are the leader's.
  public func toRenew(_ stale: [Stale], isLeader: Bool, now: Instant) -> [Stale] {
    stale.filter { one in
      guard renewed[one.row] == nil else { return false }
      return if case .ownSession = one.reason { true } else { isLeader }
    }
  }

  public mutating func didRenew(_ row: Row, at now: Instant) { renewed[row] = now }
}
