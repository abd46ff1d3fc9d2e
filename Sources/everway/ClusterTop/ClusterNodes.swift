import Control
import Observation

/// One gateway node, as far as it is heard. Pure: time comes with what is heard.
struct ClusterNode: Sendable {
  enum State: Hashable, Sendable {
    /// Nothing has come yet.
    case connecting
    /// Nothing comes, and this is why.
    case unreachable(String)
    /// Nothing has come for so many seconds.
    case stale(Int64)
    /// It is heard, and this is how it is.
    case heard(NodeSummary.State)

    /// What is known of it is what is so now.
    var isHeard: Bool {
      switch self {
      case .connecting, .unreachable, .stale: false
      case .heard: true
      }
    }

    /// 0: needs a person most.
    var rank: Int {
      switch self {
      case .unreachable: 0
      case .stale: 1
      case .heard(.uplinksLost): 2
      case .heard(.trouble): 3
      case .connecting: 4
      case .heard(.draining), .heard(.drained): 5
      case .heard(.good), .heard(.resting): 6
      }
    }
  }

  let name: String
  var gateway = ObservedGateway()
  /// Milliseconds of this machine's monotonic clock.
  fileprivate(set) var heardAt: Int64?
  /// Why nothing comes.
  fileprivate(set) var complaint: String?

  /// A gateway tells its samples once a second.
  static let patience: Int64 = 2_500

  func state(now: Int64) -> State {
    if let complaint { return .unreachable(complaint) }
    guard let heardAt, let summary else { return .connecting }
    if now - heardAt > Self.patience { return .stale((now - heardAt) / 1_000) }
    return .heard(summary.state)
  }

  /// As the page's cluster tab and the other nodes have it; nil before its first report.
  var summary: NodeSummary? { NodeSummary(gateway, observer: "") }

  /// What is wrong with the stream; nil while it is there.
  func streamTrouble(now: Int64) -> String? {
    switch state(now: now) {
    case .unreachable(let why): gateway.report == nil ? why : "\(why); what stands here is old"
    case .stale(let seconds): "nothing heard for \(seconds) s; what stands here is old"
    case .connecting: "waiting for the gateway of \(name)"
    case .heard: nil
    }
  }

  // MARK: What the table shows of it

  var sessions: Portion { gateway.report?.sessionsUp ?? Portion() }
  var paths: Portion { gateway.report?.pathsUp ?? Portion() }
  var towardsOVN: Portion { gateway.report?.towardsOVN ?? Portion() }

  /// The least of its sessions'.
  var worstMargin: Double? { gateway.worstMargin }
}

/// All gateway nodes of a cluster. Pure.
struct ClusterNodes: Sendable {
  /// By name.
  private(set) var nodes: [ClusterNode] = []

  func node(_ name: String) -> ClusterNode? { nodes.first { $0.name == name } }

  /// Which there are. One that is gone is forgotten.
  mutating func set(_ names: [String]) {
    nodes.removeAll { !names.contains($0.name) }
    for name in names where node(name) == nil { nodes.append(ClusterNode(name: name)) }
    nodes.sort { $0.name < $1.name }
  }

  mutating func take(_ messages: [ObservationMessage], from name: String, at now: Int64) {
    guard let number = nodes.firstIndex(where: { $0.name == name }), !messages.isEmpty else { return }
    for message in messages { nodes[number].gateway.apply(message) }
    nodes[number].heardAt = now
    nodes[number].complaint = nil
  }

  /// Nothing comes from it.
  mutating func lose(_ name: String, _ why: String) {
    guard let number = nodes.firstIndex(where: { $0.name == name }) else { return }
    nodes[number].complaint = why
  }

  // MARK: Together

  /// What a node carries of the traffic that OVN's routers spread evenly over the gateways that are Up.
  enum Share: Hashable, Sendable {
    /// The node is not heard.
    case unknown
    /// No session with OVN.
    case noOVN
    case nothing
    /// One of so many; nodes that are not heard may be more.
    case oneOf(Int, isSure: Bool)

    var text: String {
      switch self {
      case .unknown: "?"
      case .noOVN: "-"
      case .nothing: "0"
      case .oneOf(let count, let isSure): "1/\(count)\(isSure ? "" : "?")"
      }
    }
  }

  func share(of node: ClusterNode, now: Int64) -> Share {
    let heard = nodes.map { $0.state(now: now).isHeard ? $0.summary : nil }
    let (shares, isSure) = ClusterShare.of(heard)
    guard let place = nodes.firstIndex(where: { $0.name == node.name }), heard[place] != nil else {
      return .unknown
    }
    guard let share = shares[place] else { return .noOVN }
    return share > 0 ? .oneOf(Int((1 / share).rounded()), isSure: isSure) : .nothing
  }

  /// An event, and where.
  struct NodeEvent: Hashable, Sendable {
    var node: String
    var event: Event
  }

  /// The last events of all nodes by their own clocks, the oldest first.
  func events(last count: Int) -> [NodeEvent] {
    let all = nodes.flatMap { node in
      node.gateway.events.suffix(max(0, count)).map { NodeEvent(node: node.name, event: $0) }
    }
    let sorted = all.enumerated().sorted {
      ($0.element.event.at.microseconds, $0.offset) < ($1.element.event.at.microseconds, $1.offset)
    }
    return sorted.suffix(max(0, count)).map(\.element)
  }
}
