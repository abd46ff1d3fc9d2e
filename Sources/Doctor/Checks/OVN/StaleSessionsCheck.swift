import Cluster
import Addresses
import Languages

extension Check {
  /// Seconds that OVN may take to write down what it heard (pinctrl.c, BFD_UPDATE_TIMEOUT), and some more.
  private static let patience = 10.0

  /// What OVN says of sessions with this node, against what is said here.
  static let staleSessions = Check(.ovn, ["EW-OVN-46"]) { facts, examination in
    guard let south = examination.southbound(facts), let north = examination.northbound(facts),
      let speaker = examination.require(facts.speaker, Words("BFD sessions here", zh: "本机的 BFD 会话"))
    else { return }
    guard speaker.sessionsAreKnown else {
      return examination.couldNotLook(
        at: Words("BFD sessions here", zh: "本机的 BFD 会话"),
        speaker.gateway.reason ?? speaker.beacon.reason ?? "nobody tells of them")
    }
    let join = OVNJoin(north: north, south: south)
    let own = facts.ownAddresses
    for row in south.bfd where row.status == "up" {
      guard let local = IPAddress(row.dstIp), own.contains(local), let port = join.port(row.logicalPort) else {
        continue
      }
      let peers = port.prefixes.map(\.address).filter { $0.family == local.family }
      let session = speaker.sessions.first { session in
        peers.contains(session.peer) && (session.local.map { $0 == local } ?? true)
      }
      if let session, session.state == .up || (session.secondsInState ?? patience) < patience { continue }
      let state = session?.state.rawValue ?? "no session"
      let peer = session?.peer ?? peers.first
      examination.found(
        Finding(
          "EW-OVN-46", row.dstIp,
          parameters: ["local": row.dstIp, "peer": peer.map { "\($0)" } ?? port.name, "state": state],
          evidence: [
            Evidence("SB BFD \(row.uuid)", "logical_port=\(row.logicalPort) dst_ip=\(row.dstIp) status=up"),
            Evidence(session?.source ?? "sessions here", "\(peer.map { "\($0)" } ?? port.name): \(state)")
          ],
          steps: join.renewals(north.bfd.filter { $0.logicalPort == row.logicalPort && $0.dstIp == row.dstIp })))
    }
  }
}

extension Facts {
  /// By which peers know this node.
  fileprivate var ownAddresses: Set<IPAddress> {
    var result = Set((network.value?.inside.value?.addresses ?? []).map(\.prefix.address))
    for eip in cluster.value?.lspEips ?? [] where eip.name == subject.node {
      for text in [eip.v4, eip.v6] { text.flatMap { IPAddress($0) }.map { _ = result.insert($0) } }
    }
    return result
  }
}

extension OVNJoin {
  /// Makes rows anew, so that a stale status goes with the old one.
  func renewals(_ rows: [OVNFacts.BFD]) -> [RepairStep] {
    rows.flatMap { row in
      let routes = north.logicalRouterStaticRoute.filter { $0.bfd == row.uuid }
      let timers = [
        row.minTx.map { "min_tx=\($0)" }, row.minRx.map { "min_rx=\($0)" },
        row.detectMult.map { "detect_mult=\($0)" }
      ]
      let create =
        (["create", "bfd", "logical_port=\(row.logicalPort)", "dst_ip=\(row.dstIp)"] + timers.compactMap { $0 })
        .joined(separator: " ")
      let clear = routes.map { "clear logical_router_static_route \($0.uuid) bfd -- " }.joined()
      return [
        RepairStep(
          Words(
            "Make OVN's row for \(row.dstIp) anew; by hand it gets another UUID",
            zh: "重建 OVN 中 \(row.dstIp) 的 BFD 行；手工重建时 UUID 会变"),
          command: "kubectl ko nbctl \(clear)destroy bfd \(row.uuid)", action: .renewBFD(row: row.uuid)),
        RepairStep(
          Words(
            "It prints the new row's UUID, which goes into the routes and the Vpc's bfdId",
            zh: "输出的新 UUID 要写入路由以及 Vpc 的 bfdId"),
          command: "kubectl ko nbctl \(create)")
      ] + routes.map { RepairStep(command: "kubectl ko nbctl set logical_router_static_route \($0.uuid) bfd=UUID") }
    }
  }
}
