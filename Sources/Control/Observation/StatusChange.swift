/// What differs from the report before: nil is as it was, everything else is whole and replaces what was there.
public struct StatusChange: Hashable, Sendable, Codable {
  /// When it was so.
  public var at: Timestamp
  /// New sessions and changed ones, known by their local discriminators. That packets were counted is no change: see
  /// ``Samples``.
  public var sessions: [StatusReport.Session] = []
  /// Local discriminators of those that are gone.
  public var removedSessions: [UInt32] = []
  public var configuration: StatusReport.Configuration?
  public var namespace: StatusReport.Namespace?
  public var speaker: StatusReport.Speaker?
  public var paths: [StatusReport.Path]?
  public var groups: [StatusReport.Group]?
  public var routes: [StatusReport.Route]?
  public var uplinks: [StatusReport.Uplinks]?
  public var drain: StatusReport.Drain?
  public var problems: [StatusReport.Problem]?
  public var interfaces: [StatusReport.Interface]?
  public var findings: [StatusReport.Finding]?

  public init(at: Timestamp) { self.at = at }

  private enum CodingKeys: String, CodingKey {
    case at, sessions, configuration, namespace, speaker, paths, groups, routes, uplinks, drain, problems,
      interfaces, findings
    case removedSessions = "removed-sessions"
  }
}

extension StatusChange {
  /// What differs, sessions aside. Times that run on and packets that are counted are no difference.
  public init(from old: StatusReport, to new: StatusReport) {
    at = new.generatedAt
    if old.configuration != new.configuration { configuration = new.configuration }
    if old.namespace != new.namespace { namespace = new.namespace }
    if old.speaker.atRest != new.speaker.atRest { speaker = new.speaker }
    if old.paths.map(\.atRest) != new.paths.map(\.atRest) { paths = new.paths }
    if old.groups != new.groups { groups = new.groups }
    if old.routes != new.routes { routes = new.routes }
    if old.uplinks != new.uplinks { uplinks = new.uplinks }
    if old.drain.atRest != new.drain.atRest { drain = new.drain }
    if old.problems.map(\.atRest) != new.problems.map(\.atRest) { problems = new.problems }
    if old.interfaces != new.interfaces { interfaces = new.interfaces }
    if old.findings != new.findings { findings = new.findings }
  }

  /// Whether nothing differs.
  public var isEmpty: Bool { self == StatusChange(at: at) }
}

extension StatusReport.Speaker {
  fileprivate var atRest: Self {
    var copy = self
    (copy.receivePacketCount, copy.sendPacketCount, copy.overflowedPacketCount, copy.discards) = (0, 0, 0, [])
    return copy
  }
}

extension StatusReport.Path {
  fileprivate var atRest: Self {
    var copy = self
    copy.secondsInState = 0
    copy.holdDownRemainingSeconds = nil
    return copy
  }
}

extension StatusReport.Drain {
  fileprivate var atRest: Self {
    var copy = self
    copy.remainingSeconds = nil
    for number in copy.targets.indices { copy.targets[number].remainingSeconds = nil }
    return copy
  }
}

extension StatusReport.Problem {
  fileprivate var atRest: Self {
    var copy = self
    copy.retryingInSeconds = nil
    return copy
  }
}

extension StatusReport {
  /// Makes the report what it is after the change.
  public mutating func apply(_ change: StatusChange) {
    generatedAt = change.at
    uptimeSeconds = change.at.seconds(since: startedAt)
    apply(change.sessions, removed: change.removedSessions)
    if let new = change.configuration { configuration = new }
    if let new = change.namespace { namespace = new }
    if let new = change.speaker { speaker = new }
    if let new = change.paths { paths = new }
    if let new = change.groups { groups = new }
    if let new = change.routes { routes = new }
    if let new = change.uplinks { uplinks = new }
    if let new = change.drain { drain = new }
    if let new = change.problems { problems = new }
    if let new = change.interfaces { interfaces = new }
    if let new = change.findings { findings = new }
  }

  private mutating func apply(_ changed: [Session], removed: [UInt32]) {
    if !removed.isEmpty {
      let gone = Set(removed)
      sessions.removeAll { gone.contains($0.localDiscriminator) }
    }
    guard !changed.isEmpty else { return }
    let new = Dictionary(changed.map { ($0.localDiscriminator, $0) }, uniquingKeysWith: { $1 })
    var left = new
    for number in sessions.indices {
      if let session = new[sessions[number].localDiscriminator] {
        sessions[number] = session
        left[session.localDiscriminator] = nil
      }
    }
    guard !left.isEmpty else { return }
    sessions += left.values
    sessions.sort { ($0.name, $0.peerAddress) < ($1.name, $1.peerAddress) }
  }
}
