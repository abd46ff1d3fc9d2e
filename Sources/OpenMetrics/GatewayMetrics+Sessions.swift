import Control
import Observation

extension GatewayMetrics {
  /// Samples that the worst gap is looked for in: a scrape a minute misses nothing.
  private static let window = 60

  mutating func addSpeaker(_ report: StatusReport) {
    let speaker = gateway.speaker
    let scheduling = report.speaker
    text.family("everway_bfd_speaker_info", .gauge, "How the thread that speaks BFD is scheduled")
    text.sample(
      MetricsText.Labels([
        ("policy", scheduling.schedulingPolicy), ("priority", "\(scheduling.schedulingPriority)"),
        ("cpu", scheduling.cpu.map { "\($0)" } ?? ""), ("engine", scheduling.engine ?? "")
      ]), 1 as UInt64)
    if let below = scheduling.belowStackCount {
      let byXDP = scheduling.xdpCount ?? 0
      text.family(
        "everway_bfd_below_stack_sessions", .gauge,
        "Sessions whose packets leave below the UDP stack, by what they leave by")
      text.sample(MetricsText.Labels([("by", "packet")]), UInt64(max(0, below - byXDP)))
      text.sample(MetricsText.Labels([("by", "xdp")]), UInt64(max(0, byXDP)))
    }
    if let count = scheduling.runawayCount {
      text.family(
        "everway_bfd_runaways", .counter, "Times the thread ran for a second without a pause and lost its priority")
      text.sample(count)
    }
    if let isLocked = scheduling.memoryLocked {
      text.family("everway_bfd_memory_locked", .gauge, "Whether what the process touches stays in memory")
      text.sample(isLocked ? 1 as UInt64 : 0)
    }
    text.family("everway_bfd_received_packets", .counter, "BFD packets read from the sockets")
    text.sample(speaker.received)
    text.family("everway_bfd_sent_packets", .counter, "BFD packets given to the kernel")
    text.sample(speaker.sent)
    text.family(
      "everway_bfd_overflowed_packets", .counter, "BFD packets that the kernel dropped, the buffer being full")
    text.sample(speaker.overflowed)
    text.family("everway_bfd_discarded_packets", .counter, "BFD packets that were discarded, by reason")
    for discard in speaker.discards {
      text.sample(MetricsText.Labels([("reason", discard.reason)]), discard.count)
    }
    text.family(
      "everway_bfd_timer_lateness_seconds", .histogram, "How late sessions' timers were served: the thread's delay")
    let counts = speaker.lateness.isEmpty ? [0] : speaker.lateness
    text.histogram(
      bounds: (0..<max(0, counts.count - 1)).map { UInt64(1) << UInt64($0) }, counts: counts,
      sum: speaker.latenessSum)
  }

  mutating func addSessions(_ report: StatusReport) {
    let entries = report.sessions.map { session in
      Entry(session, gateway.rhythms[session.localDiscriminator])
    }
    each(entries, "everway_bfd_session_up", .gauge, "Whether a BFD session is up") {
      $0.sample($1.labels, $1.session.sessionState == .up)
    }
    each(
      entries, "everway_bfd_session_state", .gauge,
      "State as RFC 5880 numbers it: 0 AdminDown, 1 Down, 2 Init, 3 Up"
    ) {
      $0.sample($1.labels, $1.session.sessionState.code)
    }
    each(entries, "everway_bfd_session_remote_state", .gauge, "The state that the peer says it is in") {
      $0.sample($1.labels, $1.session.remoteSessionState.code)
    }
    each(entries, "everway_bfd_session_state_time_seconds", .gauge, "When the state last changed, since 1970") {
      guard let at = $1.session.lastStateChangeTime ?? $1.session.createTime else { return }
      $0.sample($1.labels, microseconds: at.sinceEpoch)
    }
    each(entries, "everway_bfd_session_downs", .counter, "Times a session left Up") {
      $0.sample($1.labels, $1.session.downCount)
    }
    each(
      entries, "everway_bfd_session_held", .gauge,
      "Whether this end keeps a session down: drained, silent or dampened"
    ) {
      let session = $1.session
      let isTold = session.sessionState == .adminDown || session.localDiagnostic == .init(code: 6)
      $0.sample(
        $1.labels, isTold || session.drained || session.silentBecause != nil || session.dampening?.heldUntil != nil)
    }
    addIntervals(entries)
    addPackets(entries)
  }

  private mutating func addIntervals(_ entries: [Entry]) {
    each(entries, "everway_bfd_session_transmit_interval_seconds", .gauge, "Negotiated interval of packets sent") {
      $0.sample($1.labels, microseconds: $1.session.negotiatedTransmissionInterval)
    }
    each(entries, "everway_bfd_session_receive_interval_seconds", .gauge, "Negotiated interval of packets expected")
    {
      guard let interval = $1.session.negotiatedReceiveInterval else { return }
      $0.sample($1.labels, microseconds: interval)
    }
    each(entries, "everway_bfd_session_detection_time_seconds", .gauge, "Silence after which a session goes down") {
      guard let time = $1.session.detectionTime else { return }
      $0.sample($1.labels, microseconds: time)
    }
    each(
      entries, "everway_bfd_session_worst_gap_seconds", .gauge,
      "Longest time between two packets in the last minute"
    ) {
      guard let rhythm = $1.rhythm else { return }
      $0.sample($1.labels, microseconds: UInt64(rhythm.worstGap(samples: Self.window)))
    }
    each(
      entries, "everway_bfd_session_detection_margin_ratio", .gauge,
      "What the longest gap of the last minute left of the detection time: 1 all, 0 nothing"
    ) {
      // One packet is all the time that a multiplier of 1 gives, and in Demand mode silence is no failure.
      guard let rhythm = $1.rhythm, let time = $1.session.detectionTime, time > 0, $1.session.sessionState == .up,
        $1.session.demand?.active != true, $1.session.remoteMultiplier ?? 2 > 1
      else { return }
      $0.sample($1.labels, max(0, 1 - Double(rhythm.worstGap(samples: Self.window)) / Double(time)))
    }
    each(
      entries, "everway_bfd_session_transmit_lateness_seconds", .gauge,
      "The most that a packet left after it was due, in the last second"
    ) {
      guard let rhythm = $1.rhythm else { return }
      $0.sample($1.labels, microseconds: rhythm.worstLateness)
    }
  }

  private mutating func addPackets(_ entries: [Entry]) {
    each(entries, "everway_bfd_session_received_packets", .counter, "Packets of a session") {
      $0.sample($1.labels, $1.rhythm?.received ?? $1.session.receivePacketCount)
    }
    each(entries, "everway_bfd_session_sent_packets", .counter, "Packets sent on a session") {
      $0.sample($1.labels, $1.rhythm?.sent ?? $1.session.sendPacketCount)
    }
    each(entries, "everway_bfd_session_send_failures", .counter, "Packets of a session that the kernel refused") {
      $0.sample($1.labels, $1.session.sendFailedPacketCount)
    }
    each(entries, "everway_bfd_session_invalid_packets", .counter, "Packets of a session that were discarded") {
      $0.sample($1.labels, $1.session.receiveInvalidPacketCount)
    }
  }

  private mutating func each(
    _ entries: [Entry], _ name: String, _ kind: MetricsText.Kind, _ help: String,
    _ write: (inout MetricsText, Entry) -> Void
  ) {
    text.family(name, kind, help)
    for entry in entries { write(&text, entry) }
  }

  /// Names, labels and meanings of Kube-OVN's own BFD supervisor (its dist/images/vpcegressgateway, since 1.15.23), which does
  /// not run where Everway does: there is no child to restart, and no circuit that opens.
  mutating func addKubeOVNNames(_ report: StatusReport) {
    let up = report.sessions.filter { $0.sessionState == .up }.count
    text.family("kube_ovn_bfdd_expected_sessions", .gauge, "Number of BFD sessions expected")
    text.sample(UInt64(report.sessions.count))
    text.family("kube_ovn_bfdd_up_sessions", .gauge, "Number of expected BFD sessions that are Up")
    text.sample(UInt64(up))
    text.family(
      "kube_ovn_bfdd_session_zero_seconds", .gauge, "Seconds for which no expected BFD session has been Up")
    text.sample(report.sessions.isEmpty || up > 0 ? 0 : secondsWithoutSession(report))
    text.family("kube_ovn_bfdd_child_restarts", .counter, "Always 0: there is no child")
    text.sample(0 as UInt64)
    text.family("kube_ovn_bfdd_child_circuit_open", .gauge, "Always 0: there is no child")
    text.sample(0 as UInt64)
    text.family("kube_ovn_bfdd_circuit_open", .gauge, "Always 0: recovery never gives up")
    let pairs = Set(report.sessions.map { [$0.localAddress ?? "", $0.peerAddress] })
    for pair in pairs.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
      text.sample(MetricsText.Labels([("local", pair[0]), ("remote", pair[1])]), 0 as UInt64)
    }
  }

  private func secondsWithoutSession(_ report: StatusReport) -> Double {
    let last = report.sessions.compactMap { $0.lastDownTime ?? $0.createTime }.max() ?? report.startedAt
    return max(0, (gateway.at ?? report.generatedAt).seconds(since: last))
  }
}

/// A session with what is measured of it, and its labels written.
private struct Entry {
  var session: StatusReport.Session
  var rhythm: SessionRhythm?
  var labels: MetricsText.Labels

  init(_ session: StatusReport.Session, _ rhythm: SessionRhythm?) {
    self.session = session
    self.rhythm = rhythm
    var pairs = [("session", session.name), ("peer", session.peerAddress), ("interface", session.interface ?? "")]
    // Sessions of one key differ in these.
    if let vrf = session.vrf { pairs.append(("vrf", vrf)) }
    if let namespace = session.namespace { pairs.append(("netns", namespace)) }
    if session.pathType != .singleHop {
      pairs.append(("path_type", session.pathType.rawValue))
      pairs.append(("local", session.localAddress ?? ""))
    }
    labels = MetricsText.Labels(pairs)
  }
}

extension StatusReport.SessionState {
  /// RFC 5880 section 4.1.
  var code: UInt64 {
    switch self {
    case .adminDown: 0
    case .down: 1
    case .`init`: 2
    case .up: 3
    }
  }
}
