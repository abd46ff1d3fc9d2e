import Addresses

/// What a drill breaks.
public enum OVNFault: Hashable, Sendable, CaseIterable {
  case speakerKilled, drained, uplinkLost, controllerRestarted, databasesRestarted, switchRestarted, standbyDead,
    activeDead
}

/// What one drill of `OVNDrill` measured. Durations are counted from the fault, or from the mending where they say so.
public struct OVNOutcome: Sendable {
  public var fault: OVNFault
  public var name: String
  /// When the southbound row, and the northbound one, said `down` first. Nil when they did not.
  public var southbound: Duration?
  public var northbound: Duration?
  /// When the first rule on the compute node changed after that.
  public var rules: Duration?
  /// When the router's port was bound elsewhere.
  public var portMoved: Duration?
  /// When a repair began, where the drill had one.
  public var repaired: Duration?
  /// The sessions as the northbound database had them just before the repair or the mending, in the gateways' order.
  public var states: [String] = []

  /// Every state that the northbound database had, from the fault on. Only `down` takes the route out.
  public var history: [(time: Duration, status: String)] = []

  /// From the mending until both ends of every session said Up; until the southbound row said `up` again; and until the
  /// first datagram came by the gateway again.
  public var returned: Duration?
  public var returnedSouthbound: Duration?
  public var carriesAgain: Duration?

  public var flowCount: Int
  /// Between fault and mending, and after the mending.
  public var lost = Loss()
  public var lostReturning = Loss()
  /// Flows by gateway: before the fault, before the mending, at the end.
  public var spread: [[Int]] = []

  /// How the measuring itself went: the longest time between two rounds of sending, and datagrams that this machine's own
  /// queues dropped.
  public var senderPause: Duration = .zero
  public var machineDrops = 0
  public var notes: [String] = []

  init(fault: OVNFault, name: String, flowCount: Int) {
    self.fault = fault
    self.name = name
    self.flowCount = flowCount
  }

  /// Takes over what the watch has seen of the fault by now.
  mutating func take(_ watch: OVNWatch, since start: MonotonicTime, victim: IPAddress?) {
    portMoved = watch.first(since: start) { $0 == .portMoved }.map { $0 - start }
    guard let victim else { return }
    southbound = watch.first(since: start) { $0 == .southbound(peer: victim, status: "down") }.map { $0 - start }
    northbound = watch.first(since: start) { $0 == .northbound(peer: victim, status: "down") }.map { $0 - start }
    guard let southbound else { return }
    // Each event has its own reader, so that an effect may be stamped some milliseconds before its cause.
    rules = watch.first(since: start + (southbound - .milliseconds(50))) { $0 == .flows }.map { $0 - start }
  }

  /// Datagrams that never arrived.
  public struct Loss: Hashable, Sendable {
    /// One number for each flow that lost any, ascending.
    public var perFlow: [Int] = []
    /// Flows of these that had not arrived for half a second and more when the time was over.
    public var unhealed = 0
    /// When the last of the others arrived again; nil when none lost anything.
    public var healed: Duration?

    public init() {}

    /// - Parameters:
    ///   - start, end: gaps that begin in this time count, as far as they lie in it. A gap begins with the last datagram
    ///     that arrived, up to one interval (10 ms) before its cause.
    public init(_ report: TrafficReport, from start: Duration, to end: Duration) {
      let margin = Duration.milliseconds(12)
      var lost: [Int: Int] = [:]
      var open: Set<Int> = []
      for (flow, gap) in report.gaps where gap.start >= start - margin && gap.start < end - margin {
        let isOpen = gap.end > end && end - gap.start > .milliseconds(500)
        if isOpen { open.insert(flow) } else { healed = max(healed ?? .zero, gap.end - start) }
        let inside = min(gap.packets, max(1, Int((end - gap.start).milliseconds / 10)))
        lost[flow, default: 0] += isOpen ? inside : gap.packets
      }
      perFlow = lost.values.sorted()
      unhealed = open.count
    }

    public var total: Int { perFlow.reduce(0, +) }
    public var most: Int { perFlow.last ?? 0 }
    public var median: Int { perFlow.isEmpty ? 0 : perFlow[perFlow.count / 2] }
    public var least: Int { perFlow.first ?? 0 }
  }
}

extension OVNOutcome: CustomStringConvertible {
  public var description: String {
    func milliseconds(_ time: Duration?) -> String { time.map { "\(Int($0.milliseconds.rounded())) ms" } ?? "-" }
    var parts = ["\(name):"]
    if southbound != nil || northbound != nil {
      parts.append("SB \(milliseconds(southbound)), NB \(milliseconds(northbound)), rules \(milliseconds(rules));")
    }
    if portMoved != nil { parts.append("port moved \(milliseconds(portMoved));") }
    if repaired != nil { parts.append("repair \(milliseconds(repaired));") }
    parts.append(
      "lost \(lost.total) of \(lost.perFlow.count)/\(flowCount) flows (each \(lost.least)/\(lost.median)/\(lost.most), "
        + "healed \(milliseconds(lost.healed)), \(lost.unhealed) not healed);")
    parts.append(
      "back \(milliseconds(returned)) (SB \(milliseconds(returnedSouthbound)), carries \(milliseconds(carriesAgain))), "
        + "lost then \(lostReturning.total) of \(lostReturning.perFlow.count) flows (most \(lostReturning.most));")
    parts.append("flows \(spread), NB \(states)")
    if !history.isEmpty {
      parts.append(history.map { "\(milliseconds($0.time)) \($0.status)" }.joined(separator: ", "))
    }
    if senderPause > .milliseconds(30) { parts.append("; the sender paused for \(milliseconds(senderPause))") }
    if machineDrops > 0 { parts.append("; \(machineDrops) dropped by this machine's queues") }
    return (parts + notes).joined(separator: " ")
  }
}
