public import Control

/// So many of so many.
public struct Portion: Hashable, Sendable, Codable {
  public var good = 0
  public var all = 0

  public var text: String { "\(good)/\(all)" }

  public init() {}

  public init<T>(of list: [T], _ isGood: (T) -> Bool) {
    all = list.count
    good = list.count(where: isGood)
  }

  public static func += (sum: inout Portion, other: Portion) {
    sum.good += other.good
    sum.all += other.all
  }
}

extension StatusReport {
  public var sessionsUp: Portion { Portion(of: sessions) { $0.sessionState == .up } }
  public var pathsUp: Portion { Portion(of: paths) { $0.state == .up } }
  /// The sessions of allow entries, which are for the cluster's side: there OVN begins.
  public var towardsOVN: Portion {
    Portion(of: sessions.filter { $0.rule != nil }) { $0.sessionState == .up && $0.silentBecause == nil }
  }
}

extension StatusReport {
  /// It is no gateway, and is not meant to be one.
  public var isAtRest: Bool { configuration.atRest != nil && sessions.isEmpty && paths.isEmpty }
  /// A machine that is no gateway needs no namespace.
  public var isNamespaceAsWanted: Bool { namespace.state == .healthy || isAtRest }
}

extension StatusReport.Session {
  /// What the longest gap of the last minute left of the detection time: 1 all, 0 nothing; nil while it is not Up.
  public func margin(_ rhythm: SessionRhythm?) -> Double? {
    guard sessionState == .up, let rhythm, let detectionTime, detectionTime > 0 else { return nil }
    return max(0, 1 - Double(rhythm.worstGap(samples: 60)) / Double(detectionTime))
  }
}

extension ObservedGateway {
  /// The least of all sessions' margins.
  public var worstMargin: Double? {
    report?.sessions.compactMap { $0.margin(rhythms[$0.localDiscriminator]) }.min()
  }
}

/// One gateway node as the others show it: a few hundred octets, however many sessions it has.
public struct NodeSummary: Hashable, Sendable, Codable {
  public enum State: String, Hashable, Sendable, Codable, CaseIterable {
    case good
    /// Something is not as it should be: a session, a path, the namespace, or a problem.
    case trouble
    case uplinksLost = "uplinks-lost"
    case draining, drained
    /// It is no gateway at the moment, and does not want to be one.
    case resting
  }

  /// Of the sessions that are not Up, so many are named.
  public static let namedSessions = 20

  /// The host's name.
  public var name: String
  /// Of the process that tells this: another one each time it is started.
  public var observer: String
  public var version: String
  public var state: State
  public var at: Timestamp
  public var sessions: Portion
  public var paths: Portion
  public var towardsOVN: Portion
  /// Names of sessions that are neither Up nor drained, at most ``namedSessions``.
  public var down: [String]
  public var worstMargin: Double?
  public var problems: Int
  public var findings: Int
  /// The last one's.
  public var event: String?
  public var eventAt: Timestamp?

  enum CodingKeys: String, CodingKey {
    case name, observer, version, state, at, sessions, paths, down, problems, findings, event
    case towardsOVN = "towards-ovn"
    case worstMargin = "worst-margin"
    case eventAt = "event-at"
  }

  /// - Returns: nil before the gateway's first report.
  public init?(_ gateway: ObservedGateway, observer: String) {
    guard let report = gateway.report else { return nil }
    self.observer = observer
    name = report.hostName ?? "?"
    version = report.version
    at = gateway.at ?? report.generatedAt
    sessions = report.sessionsUp
    paths = report.pathsUp
    towardsOVN = report.towardsOVN
    let missing = report.sessions.filter { $0.sessionState != .up && !$0.drained && $0.silentBecause == nil }
    down = missing.prefix(Self.namedSessions).map(\.name)
    worstMargin = gateway.worstMargin
    problems = report.problems.count
    findings = report.findings.count
    event = gateway.events.last?.text
    eventAt = gateway.events.last?.at
    if report.drain.state != .none {
      state = report.drain.state == .drained ? .drained : .draining
    } else if report.uplinks.contains(where: \.lost) {
      state = .uplinksLost
    } else if report.isAtRest, report.problems.isEmpty {
      state = .resting
    } else if !missing.isEmpty || !report.problems.isEmpty || !report.isNamespaceAsWanted
      || report.paths.contains(where: { $0.state == .down })
      || report.groups.contains(where: { $0.state != .normal })
    {
      state = .trouble
    } else {
      state = .good
    }
  }
}

/// What a node is to the cluster's traffic. Pure.
public enum ClusterShare {
  /// OVN's routers spread their traffic evenly over the gateways that are Up for them.
  /// - Parameter nodes: nil for one that is not heard.
  /// - Returns: for each 0 to 1; nil for a node that is not heard, or has no session towards the cluster. And whether that is
  ///   sure: a node that is not heard may carry a share too.
  public static func of(_ nodes: [NodeSummary?]) -> (shares: [Double?], isSure: Bool) {
    let carrying = nodes.count { ($0?.towardsOVN.good ?? 0) > 0 }
    let shares = nodes.map { node -> Double? in
      guard let node, node.towardsOVN.all > 0 else { return nil }
      return node.towardsOVN.good > 0 ? 1 / Double(carrying) : 0
    }
    return (shares, !nodes.contains { $0 == nil })
  }
}
