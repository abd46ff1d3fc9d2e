import Cluster
import Addresses
import Languages

extension Check {
  /// Do the sessions' numbers hold what they promise?
  static let sessionParameters = Check(
    .speaker, [.slowDetection, .slowerThanAnnounced, .tightDetection, .multiplierOne, .tooFast, .slowPeer]
  ) { facts, examination in
    guard let view = SpeakerView.make(facts, &examination) else { return }
    guard view.speaker.sessionsAreKnown else { return examination.notRelevant() }
    for peer in view.cases {
      let findings = [
        view.slowDetection(peer), view.slowTransmitter(peer), view.tightDetection(peer), view.multiplierOne(peer),
        view.tooFast(peer), view.slowPeer(peer)
      ]
      for finding in findings.compactMap(\.self) { examination.found(finding) }
    }
  }

  /// Is the speaker held still by a limit on its CPU?
  static let speakerThrottling = Check(.speaker, [.throttled]) { facts, examination in
    guard let view = SpeakerView.make(facts, &examination) else { return }
    guard !view.speaker.listeners.isEmpty else { return examination.notRelevant() }
    guard let limits = examination.require(view.speaker.limits, Words("CPU limits", zh: "CPU 限额")) else { return }
    for limit in limits { if let finding = view.throttling(limit) { examination.found(finding) } }
  }
}

extension SpeakerView {
  // MARK: Ours

  /// The intervals here are longer than was asked for, or than the peer offers.
  fileprivate func slowDetection(_ peer: PeerCase) -> Finding? {
    guard let session = peer.session, !session.isQuiet, session.state == .up else { return nil }
    let wanted = peer.expected
    let minTx = wanted?.desiredMinTx.map(UInt64.init)
    let minRx = wanted?.requiredMinRx.map(UInt64.init)
    let multiplier = wanted?.detectMultiplier
    // OpenBFDD's own default, to a peer that offers ten times as much: nobody has told it anything.
    let isDefault =
      session.source == "bfdd-beacon" && minTx == nil && minRx == nil && session.requiredMinRx == 1_000_000
      && (session.remoteMinTx ?? .max) <= 300_000
    let txTarget = minTx ?? (isDefault ? session.remoteMinRx : nil) ?? session.desiredMinTx
    let rxTarget = minRx ?? (isDefault ? session.remoteMinTx : nil) ?? session.requiredMinRx
    guard
      session.desiredMinTx > txTarget || session.requiredMinRx > rxTarget
        || multiplier.map({ session.multiplier > $0 }) ?? false
    else { return nil }
    let detection = session.detectionTime ?? 0
    let promised = product(UInt64(session.remoteMultiplier ?? 3), max(rxTarget, session.remoteMinTx ?? 0))
    var steps: [RepairStep] = []
    if session.source == "bfdd-beacon" {
      for target in ["all", "new"] {
        steps += [
          beaconStep(["session", target, "set", "mintx", "\(txTarget)", "us"]),
          beaconStep(["session", target, "set", "minrx", "\(rxTarget)", "us"])
        ]
        if let multiplier { steps.append(beaconStep(["session", target, "set", "multi", "\(multiplier)"])) }
      }
    }
    return parameter(
      .slowDetection, peer,
      ["detection": microseconds(detection), "promised": microseconds(promised)],
      [
        Evidence(
          evidence(session).source,
          "here min TX \(session.desiredMinTx) us, min RX \(session.requiredMinRx) us, multiplier "
            + "\(session.multiplier); detection time \(detection) us"),
        Evidence(
          wanted?.desiredMinTx != nil ? facts.expectation.value?.source ?? "?" : "the peer's packets",
          "min TX \(txTarget) us, min RX \(rxTarget) us" + (multiplier.map { ", multiplier \($0)" } ?? ""))
      ], steps, repair: steps.isEmpty ? .manual : nil)
  }

  /// A multiplier of 1: one packet lost, or late, is a failure.
  fileprivate func multiplierOne(_ peer: PeerCase) -> Finding? {
    guard let session = peer.session, session.state != .adminDown else { return nil }
    let ours = session.multiplier == 1
    guard ours || session.remoteMultiplier == 1 else { return nil }
    let steps =
      ours && session.source == "bfdd-beacon" ? [beaconStep(["session", "all", "set", "multi", "3"])] : []
    return parameter(
      .multiplierOne, peer, ["end": ours ? place : peer.address.description],
      [
        Evidence(
          evidence(session).source,
          "multiplier \(session.multiplier) here, \(session.remoteMultiplier.map(String.init) ?? "unknown") there")
      ], steps, repair: steps.isEmpty ? .manual : nil)
  }

  /// Shorter than what this machine can keep: a quota, or ordinary scheduling, may hold the speaker for longer.
  fileprivate func tooFast(_ peer: PeerCase) -> Finding? {
    guard let session = peer.session, session.state != .adminDown else { return nil }
    let remoteMinRx = session.remoteMinRx ?? 0
    // How long the peer waits for us, and we for it.
    let theirs = product(UInt64(session.multiplier), max(session.desiredMinTx, remoteMinRx))
    let ours = session.detectionTime.flatMap { $0 > 0 ? $0 : nil } ?? theirs
    let shortest = min(theirs, ours)
    let limit = (speaker.limits.value ?? []).filter { !$0.isRealTime }.max { $0.longestStall < $1.longestStall }
    var evidence = [
      Evidence(
        self.evidence(session).source,
        "the peer waits \(theirs) us for us, we wait \(ours) us for it")
    ]
    let stall: String
    if let limit, limit.longestStall >= shortest {
      stall = microseconds(limit.longestStall)
      evidence.append(Evidence(limit.path, "\(limit.quota) us of CPU in each \(limit.period) us"))
    } else if let policy = speaker.gateway.value?.schedulingPolicy, policy == "SCHED_OTHER", shortest < 50_000 {
      // What other programs may take from it on a busy node.
      stall = "50 ms"
      evidence.append(Evidence("everway status", "scheduling \(policy)"))
    } else {
      return nil
    }
    return parameter(
      .tooFast, peer,
      ["detection": microseconds(shortest), "stall": stall], evidence, [], certainty: .likely)
  }

  // MARK: The peer's

  /// The peer's packets come at a slower pace than it says, or than it can know that we wait for.
  fileprivate func slowTransmitter(_ peer: PeerCase) -> Finding? {
    guard let flow = peer.heard, let packet = flow.packet, let gap = flow.meanGap, !packet.isDemand,
      peer.session?.isQuiet != true, packet.state != .adminDown, peer.session?.state != .adminDown
    else { return nil }
    let ourMinRx = peer.outgoing.last?.packet?.requiredMinRx ?? peer.session?.requiredMinRx ?? 1_000_000
    guard ourMinRx > 0 else { return nil }
    let interval = max(packet.desiredMinTx, ourMinRx)
    let detection = product(interval, UInt64(packet.multiplier))
    guard gap >= product(2, interval), flow.longestGap ?? gap >= detection else { return nil }
    var steps: [RepairStep] = []
    if speaker.beacon.value != nil, peer.session?.source == "bfdd-beacon" {
      let enough = (flow.longestGap ?? gap) / 1_000 + 1
      steps = ["all", "new"].map { beaconStep(["session", $0, "set", "minrx", "\(enough)", "ms"]) }
    }
    return parameter(
      .slowerThanAnnounced, peer,
      [
        "announced": microseconds(packet.desiredMinTx), "measured": microseconds(gap),
        "detection": microseconds(detection)
      ],
      [
        evidence(flow),
        Evidence(wireSource, "between its packets: \(gap) us on average, \(flow.longestGap ?? gap) us at most")
      ], steps, repair: steps.isEmpty ? .manual : .guarded)
  }

  /// The measured gaps leave too little room.
  fileprivate func tightDetection(_ peer: PeerCase) -> Finding? {
    guard let session = peer.session, session.state == .up, !session.isQuiet, let detection = session.detectionTime,
      detection > 0, session.remoteMultiplier ?? 0 > 1, let flow = peer.heard, flow.count > 3,
      let longest = flow.longestGap, product(longest, 10) >= product(detection, 7)
    else { return nil }
    return parameter(
      .tightDetection, peer, ["detection": microseconds(detection), "measured": microseconds(longest)],
      [
        Evidence(evidence(session).source, "detection time \(detection) us"),
        Evidence(wireSource, "between packets of the peer: \(longest) us at most, of \(flow.count) packets")
      ], [RepairStep(command: "everway tune \(peer.address)")], certainty: .likely)
  }

  /// The peer sends more slowly than we ask it to, and says so.
  fileprivate func slowPeer(_ peer: PeerCase) -> Finding? {
    guard let session = peer.session, session.state == .up, !session.isQuiet, let remoteMinTx = session.remoteMinTx,
      remoteMinTx >= product(3, max(1, session.requiredMinRx)), let detection = session.detectionTime
    else { return nil }
    let asked = product(UInt64(session.remoteMultiplier ?? 3), session.requiredMinRx)
    return parameter(
      .slowPeer, peer,
      [
        "detection": microseconds(detection), "asked": microseconds(asked), "remoteMinTx": microseconds(remoteMinTx)
      ],
      [
        Evidence(
          evidence(session).source,
          "required min RX here \(session.requiredMinRx) us, desired min TX of the peer \(remoteMinTx) us, "
            + "detection time \(detection) us")
      ], [])
  }

  // MARK: Throttling

  fileprivate func throttling(_ limit: SpeakerFacts.CPULimit) -> Finding? {
    // A tenth of all periods since it was made, or anything at all now.
    let often = limit.periods >= 100 && product(limit.throttled, 10) >= limit.periods
    guard !limit.isRealTime, limit.throttledMeanwhile > 0 || often else { return nil }
    let file = limit.path.hasSuffix("/") ? String(limit.path.dropLast()) : limit.path
    return Finding(
      .throttled, "\(limit.program) (pid \(limit.pid))",
      certainty: limit.throttledMeanwhile > 0 ? .certain : .likely,
      parameters: [
        "program": limit.program, "percent": "\(product(limit.quota, 100) / max(1, limit.period))",
        "millicores": "\(product(limit.quota, 1_000) / max(1, limit.period))m",
        "stall": microseconds(limit.longestStall)
      ],
      evidence: [
        Evidence("\(file)", "\(limit.quota) us of CPU in each \(limit.period) us"),
        Evidence(
          "\(file)/cpu.stat",
          "nr_periods \(limit.periods), nr_throttled \(limit.throttled); throttled \(limit.throttledMeanwhile) times "
            + "in \(limit.window) ms")
      ],
      steps: [
        RepairStep(
          Words(
            "Lift the limit now; kubelet may set it again, so raise it in the pod's resources as well",
            zh: "立即解除限额；kubelet 可能会重新设置，因此还要调高 Pod 的 resources"),
          action: .liftCPULimit(path: file)),
        RepairStep(command: "kubectl -n kube-system set resources daemonset/kube-ovn-cni --limits=cpu=1")
      ])
  }

  private func parameter(
    _ id: FindingID, _ peer: PeerCase, _ parameters: [String: String], _ evidence: [Evidence],
    _ steps: [RepairStep], certainty: Certainty = .certain, repair: RepairClass? = nil
  ) -> Finding {
    let common = ["peer": peer.address.description, "namespace": place]
    return Finding(
      id, peer.session?.name ?? peer.address.description, certainty: certainty,
      parameters: parameters.merging(common) { given, _ in given }, evidence: evidence, steps: steps, repair: repair
    )
  }
}

/// No bundle may bring a number that ends the program: too large stays the largest.
private func product<T: FixedWidthInteger>(_ a: T, _ b: T) -> T {
  let (value, overflows) = a.multipliedReportingOverflow(by: b)
  return overflows ? .max : value
}
