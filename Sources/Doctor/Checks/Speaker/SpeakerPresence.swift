import Cluster
import Addresses
import Languages

extension Check {
  /// All that is about BFD.
  static let speaker = [
    sessionFirewall, speakerPresence, speakerAddresses, sessionStates, sessionParameters, speakerThrottling
  ]

  /// Is there a speaker, where it must be, and can it be asked?
  static let speakerPresence = Check(.speaker, [.nobodySpeaks, .beaconMute, .portTaken, .noSessions, .probeKilled])
  { facts, examination in
    guard let view = SpeakerView.make(facts, &examination) else { return }
    view.presence(&examination)
  }

  /// Does it listen where peers send to?
  static let speakerAddresses = Check(.speaker, [.wrongAddress, .noIPv6]) { facts, examination in
    guard let view = SpeakerView.make(facts, &examination) else { return }
    guard examination.require(view.speaker.sockets, Words("BFD's sockets", zh: "BFD 的套接字")) != nil,
      !view.speaker.listeners.isEmpty
    else { return }
    view.boundAddresses(&examination)
  }
}

extension SpeakerView {
  fileprivate func presence(_ examination: inout Examination) {
    _ = examination.require(speaker.sockets, Words("BFD's sockets", zh: "BFD 的套接字"))
    if let probe = speaker.probe.value, probe.exitCode == 141 {
      examination.found(
        Finding(
          .probeKilled, place, parameters: ["command": probe.command],
          evidence: [Evidence(inside(probe.command), "exit code \(probe.exitCode)")]))
    }
    guard !expected.isEmpty else { return }
    let others = speaker.listeners.filter { !Self.isOurs($0) }
    if speaker.listeners.isEmpty && !speaker.sessionsAreKnown {
      if speaker.sockets.value != nil { examination.found(nobody()) }
      return
    }
    if let other = intruder(others) {
      examination.found(taken(by: other))
    } else if let reason = speaker.beacon.reason, speaker.gateway.value == nil,
      let holder = speaker.listeners.first(where: { $0.program == "bfdd-beacon" })
    {
      examination.found(
        Finding(
          .beaconMute, place, parameters: ["holder": holder.holder],
          evidence: [Evidence(inside("bfdd-control status"), reason), socketEvidence(holder)],
          steps: [RepairStep(command: inside("ip link set lo up")), RepairStep(command: "kill \(holder.pid ?? 0)")]
            .filter { $0.command?.hasSuffix(" 0") == false }))
    }
    if let beacon = speaker.beacon.value, beacon.sessions.isEmpty, speaker.gateway.value == nil {
      examination.found(
        Finding(
          .noSessions, place, parameters: ["peers": expected.map(\.address.description).joined(separator: ", ")],
          evidence: [Evidence(inside("bfdd-control status"), "There are 0 sessions:")],
          steps: expected.map { beaconStep(["allow", $0.address.description]) }))
    }
  }

  private static func isOurs(_ socket: SpeakerFacts.Socket) -> Bool {
    socket.program == nil || socket.program == "bfdd-beacon" || socket.program == "everway"
  }

  /// Who holds the port instead of the one who should.
  private func intruder(_ others: [SpeakerFacts.Socket]) -> SpeakerFacts.Socket? {
    if let gateway = speaker.gateway.value {
      return speaker.listeners.first { $0.pid != nil && $0.pid != gateway.pid }
    }
    return speaker.beacon.value == nil ? others.first : nil
  }

  private func socketEvidence(_ socket: SpeakerFacts.Socket) -> Evidence {
    Evidence("/proc/net/udp in \(place)", "\(socket.place) is held by \(socket.holder)")
  }

  private func taken(by socket: SpeakerFacts.Socket) -> Finding {
    let problems = (speaker.gateway.value?.problems ?? []).filter { $0.contains("\(SpeakerFacts.controlPort)") }
    return Finding(
      .portTaken, place, parameters: ["holder": socket.holder],
      evidence: [socketEvidence(socket)] + problems.map { Evidence("everway status", $0) })
  }

  private func nobody() -> Finding {
    var evidence = [Evidence("/proc/net/udp in \(place)", "nobody listens on UDP port 3784 or 4784")]
    if let reason = speaker.beacon.reason { evidence.append(Evidence(inside("bfdd-control status"), reason)) }
    if let unit = speaker.unit.value, unit.isInstalled {
      evidence.append(Evidence("systemctl show \(unit.name)", "ActiveState=\(unit.state)"))
    }
    let elsewhere = (speaker.nodeSockets?.value ?? []).filter { $0.transport == .udp && $0.port != 3785 }
    for socket in elsewhere {
      evidence.append(Evidence("/proc/net/udp of the node", "\(socket.place) is held by \(socket.holder)"))
    }
    if elsewhere.isEmpty {
      for program in (speaker.programs.value ?? []).filter({ $0.isInside != true }).prefix(4) {
        evidence.append(Evidence("/proc/\(program.pid)/cmdline", program.commandLine))
      }
    }
    if elsewhere.contains(where: { $0.program == "bfdd-beacon" }), let name = facts.subject.namespace {
      return Finding(
        .nobodySpeaks, place, parameters: ["namespace": place], evidence: evidence,
        steps: [
          RepairStep(
            Words(
              "Stop the beacon of the node's own namespace: it cannot hear what arrives in \(name)",
              zh: "停掉主机命名空间里的 beacon：它收不到 \(name) 里的报文"), command: "bfdd-control stop"),
          RepairStep(command: inside("bfdd-beacon --listen=0.0.0.0"))
        ], repair: .manual)
    }
    if let unit = speaker.unit.value, unit.isInstalled, unit.state != "active" {
      return Finding(
        .nobodySpeaks, place, parameters: ["namespace": place], evidence: evidence,
        steps: [RepairStep(command: "systemctl start \(unit.name)", action: .startService(name: unit.name))])
    }
    return Finding(
      .nobodySpeaks, place, parameters: ["namespace": place], evidence: evidence,
      steps: [RepairStep(command: inside("bfdd-beacon --listen=0.0.0.0"))], repair: .manual)
  }

  // MARK: Addresses

  fileprivate func boundAddresses(_ examination: inout Examination) {
    for family in AddressFamily.allCases {
      let peers = expected.filter { $0.address.family == family }
      guard !peers.isEmpty else { continue }
      let own = ownAddresses(family)
      let port = peers.contains { !$0.isMultihop } ? SpeakerFacts.controlPort : SpeakerFacts.multihopPort
      let sockets = speaker.listeners.filter { $0.port == port }
      guard !sockets.isEmpty else { continue }
      let usable = sockets.filter { socket in
        let all = own.isEmpty ? [IPAddress.any(family)] : own
        return all.contains { socket.hears($0) } || (own.isEmpty && socket.address.family == family)
      }
      guard usable.isEmpty else { continue }
      let evidence = sockets.map {
        Evidence("/proc/net/udp in \(place)", "\($0.place) is held by \($0.holder)")
      }
      let wanted = own.isEmpty ? IPAddress.any(family).description : own.map(\.description).joined(separator: ", ")
      let parameters = [
        "bound": sockets.map(\.place).joined(separator: ", "), "wanted": wanted, "namespace": place,
        "peers": peers.map(\.address.description).joined(separator: ", ")
      ]
      let listen = own.isEmpty ? IPAddress.any(family).description : own.first?.description ?? "::"
      let steps = [
        RepairStep(command: inside("bfdd-control stop")),
        RepairStep(
          command: inside(
            family == .ipv6
              ? "bfdd-beacon --listen=0.0.0.0 --listen=::" : "bfdd-beacon --listen=\(listen)"))
      ]
      if family == .ipv6, sockets.allSatisfy({ $0.address.family == .ipv4 }) {
        examination.found(Finding(.noIPv6, place, parameters: parameters, evidence: evidence, steps: steps))
      } else {
        examination.found(Finding(.wrongAddress, place, parameters: parameters, evidence: evidence, steps: steps))
      }
    }
  }
}
