import Control
public import Observation

/// What `/metrics` says: a function of what is known of a gateway.
///
/// Names, units and labels are in docs/metrics.md; they are kept from version to version.
public struct GatewayMetrics {
  /// How it is with the process that watches; see `everway observe`.
  public struct Watcher: Hashable, Sendable {
    /// Whether the gateway's stream is there.
    public var isConnected: Bool
    public var journal: Journal?
    /// Findings of the doctor that are there now.
    public var findings: [Finding]

    public init(isConnected: Bool, journal: Journal? = nil, findings: [Finding] = []) {
      self.isConnected = isConnected
      self.journal = journal
      self.findings = findings
    }
  }

  public struct Journal: Hashable, Sendable {
    /// Events, since this process started.
    public var recorded: UInt64
    /// Events that could not be.
    public var lost: UInt64
    public var bytes: UInt64
    /// Whether the last attempt to write worked.
    public var isWriting: Bool

    public init(recorded: UInt64, lost: UInt64, bytes: UInt64, isWriting: Bool) {
      self.recorded = recorded
      self.lost = lost
      self.bytes = bytes
      self.isWriting = isWriting
    }
  }

  public struct Finding: Hashable, Sendable {
    /// `EW-NS-03`.
    public var id: String
    public var severity: String

    public init(id: String, severity: String) {
      self.id = id
      self.severity = severity
    }
  }

  let gateway: ObservedGateway
  let watcher: Watcher
  var text: MetricsText

  /// - Parameter kubeOVNNames: also say what Kube-OVN's alert rules for its own BFD supervisor look for.
  public static func text(
    _ gateway: ObservedGateway, _ watcher: Watcher, dialect: MetricsDialect, kubeOVNNames: Bool = true
  ) -> [UInt8] {
    let sessions = gateway.report?.sessions.count ?? 0
    var metrics = GatewayMetrics(
      gateway: gateway, watcher: watcher, text: MetricsText(dialect, reserving: 16_384 + sessions * 2_048))
    metrics.addWatcher()
    // What a gateway that is gone said last is not how it is.
    if let report = gateway.report, watcher.isConnected {
      metrics.addProgram(report)
      metrics.addSpeaker(report)
      metrics.addSessions(report)
      metrics.addPaths(report)
      metrics.addGroups(report)
      if kubeOVNNames { metrics.addKubeOVNNames(report) }
    }
    return metrics.text.end()
  }

  private mutating func addWatcher() {
    text.family("everway_gateway_connected", .gauge, "Whether the watching process hears the gateway")
    text.sample(watcher.isConnected)
    text.family("everway_findings", .gauge, "Findings of the doctor that are there now, by identifier")
    for finding in watcher.findings {
      text.sample(MetricsText.Labels([("id", finding.id), ("severity", finding.severity)]), 1 as UInt64)
    }
    guard let journal = watcher.journal else { return }
    text.family("everway_journal_events", .counter, "Events written to the journal")
    text.sample(journal.recorded)
    text.family("everway_journal_lost_events", .counter, "Events that could not be written to the journal")
    text.sample(journal.lost)
    text.family("everway_journal_size_bytes", .gauge, "Size of the journal")
    text.sample(journal.bytes)
    text.family("everway_journal_writing", .gauge, "Whether the journal could be written the last time")
    text.sample(journal.isWriting)
  }

  private mutating func addProgram(_ report: StatusReport) {
    text.family("everway_build_info", .gauge, "The running version")
    text.sample(MetricsText.Labels([("version", report.version)]), 1 as UInt64)
    text.family("everway_start_time_seconds", .gauge, "When the gateway started, since 1970")
    text.sample(microseconds: report.startedAt.sinceEpoch)
    text.family("everway_configuration_loaded_time_seconds", .gauge, "When the configuration in force was loaded")
    text.sample(microseconds: report.configuration.loadedAt.sinceEpoch)
    text.family("everway_configuration_refused", .gauge, "Whether the last reload was refused")
    text.sample(report.configuration.lastReload.map { !$0.accepted } ?? false)
    text.family("everway_problems", .gauge, "Things that do not work and are tried again")
    text.sample(UInt64(report.problems.count))
    text.family("everway_at_rest", .gauge, "Whether this node is no gateway, and is not meant to be one")
    text.sample(report.isAtRest)
    // Nobody looks after the namespace of a node that is no gateway.
    states(
      "everway_namespace_state", "State of the gateway's namespace", StatusReport.NamespaceState.allCases,
      report.isAtRest
        ? [] : [(MetricsText.Labels([("netns", report.namespace.name ?? "")]), report.namespace.state)])
    states(
      "everway_drain_state", "Whether this node is out of service", StatusReport.DrainState.allCases,
      [(.none, report.drain.state)])
    text.family("everway_uplinks_lost", .gauge, "Whether the uplinks that peers are told of are lost")
    for (number, uplinks) in report.uplinks.enumerated() {
      let names = uplinks.watched.map(\.name).joined(separator: ",")
      text.sample(MetricsText.Labels([("uplinks", names), ("set", "\(number)")]), uplinks.lost)
    }
    text.family("everway_interface_carrier", .gauge, "Whether an interface of the gateway is up and has a carrier")
    for interface in report.interfaces {
      text.sample(MetricsText.Labels([("interface", interface.name)]), interface.up && interface.carrier)
    }
  }

  /// One sample for each state that there is, 1 for the one that it is.
  mutating func states<State: RawRepresentable & CaseIterable & Equatable>(
    _ name: String, _ help: String, _ all: State.AllCases, _ entries: [(MetricsText.Labels, State)]
  ) where State.RawValue == String {
    text.family(name, .gauge, help)
    for (labels, current) in entries {
      for state in all { text.sample(labels.with("state", state.rawValue), state == current) }
    }
  }
}

extension Timestamp {
  /// Microseconds since 1970.
  var sinceEpoch: UInt64 { UInt64(max(0, microseconds)) }
}
