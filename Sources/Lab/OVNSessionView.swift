public import Addresses

/// One BFD session of OVN, as its databases tell it.
public struct OVNSessionView: Hashable, Sendable {
  /// The logical router port that speaks.
  public var logicalPort: String
  public var peer: IPAddress
  /// `down`, `init`, `up` or `admin_down`: the last that ovn-controller wrote, or northd.
  public var status: String
  /// OVN's own, from the southbound database; nil while it has no row there.
  public var discriminator: UInt32?
  /// The UDP port it sends from.
  public var sourcePort: UInt16?

  /// Reads `--format=csv --data=bare --no-headings --columns=logical_port,dst_ip,status,disc,src_port`.
  static func parse(southbound text: String) -> [OVNSessionView] {
    Files.lines(text).compactMap { line in
      let cells = line.split(separator: ",", omittingEmptySubsequences: false).map {
        // ovs quotes what might be taken for something else.
        String($0).filter { $0 != "\"" }
      }
      guard cells.count == 5, let peer = IPAddress(cells[1]) else { return nil }
      return OVNSessionView(
        logicalPort: cells[0], peer: peer, status: cells[2], discriminator: UInt32(cells[3]),
        sourcePort: UInt16(cells[4]))
    }.sorted { $0.peer < $1.peer }
  }
}

extension OVNCentral {
  /// The sessions as the southbound database has them.
  public func sessions() throws(LabError) -> [OVNSessionView] {
    OVNSessionView.parse(
      southbound: try sbctl(
        "--format=csv", "--data=bare", "--no-headings", "--columns=logical_port,dst_ip,status,disc,src_port",
        "list",
        "BFD"))
  }

  /// The session with a peer; nil when there is none.
  public func session(with peer: IPAddress) throws(LabError) -> OVNSessionView? {
    try sessions().first { $0.peer == peer }
  }

  /// What the northbound database says of a session: the status that decides about the routes that refer to it.
  public func northboundStatus(of peer: IPAddress) throws(LabError) -> String {
    let text = try nbctl(
      "--bare", "--columns=status", "find", "BFD", "dst_ip=\"\(peer)\"")
    return Files.lines(text).first ?? ""
  }

  /// Waits until both databases say `status` of the session with `peer`.
  /// - Throws: `LabError` with what they said last when `timeout` is over.
  public func wait(for status: String, of peer: IPAddress, timeout: Duration = .seconds(30)) throws(LabError) {
    var last = ("", "")
    var failure: LabError?
    let held = waitUntil(timeout: timeout, every: .milliseconds(20)) {
      do throws(LabError) {
        last = (try session(with: peer)?.status ?? "no row", try northboundStatus(of: peer))
      } catch {
        failure = error
      }
      return last == (status, status)
    }
    guard !held else { return }
    if let failure { throw failure }
    throw LabError("OVN's session with \(peer) is \(last.0) (SB), \(last.1) (NB), not \(status), after \(timeout)")
  }
}
