import Addresses

extension Draft {
  func checkBFD() {
    unique(peers.compactMap(\.name) + allow.compactMap(\.name), { "the peer name \(SourceText.quoted($0))" })
    unique(profileNames) { "the profile \(SourceText.quoted($0))" }
    checkSessions()
    checkReflectors()
    checkKeys()
    unique(listen ?? []) { "the address \($0)" }
    warnAboutTimers()
    checkModes()
    for peer in peers where !peer.isInline {
      // What is in another namespace this file does not describe; what is behind routers is no neighbour.
      if peer.reach.namespace == nil { checkInterface(peer.interface) }
      if peer.reach.isNear, peer.seamless == nil { checkNeighbour(peer.address, on: peer.interface) }
    }
    for peer in peers where peer.reach.isHere && peer.seamless == nil {
      checkListen(peer.address, peer.localAddress)
      checkLocal(peer)
    }
    for entry in allow where entry.reach.isHere {
      checkInterface(entry.interface)
      checkListen(entry.prefix.map { Located(value: $0.value.address, place: $0.place) }, nil)
    }
    let accepted = allow.compactMap { entry in
      entry.prefix.map {
        Located(
          value: Acceptance(prefix: $0.value, interface: entry.interface?.value, reach: entry.reach.value),
          place: $0.place)
      }
    }
    unique(accepted) { "the prefix \($0.prefix)" + ($0.interface.map { " on \($0)" } ?? "") }
  }

  /// RFC 5881 section 3: one session between two systems on a link.
  private struct SessionKey: Hashable {
    var address: IPAddress
    var interface: String?
    var localAddress: IPAddress?
    var reach: GatewayConfiguration.BFDReach
  }

  private struct Acceptance: Hashable {
    var prefix: IPPrefix
    var interface: String?
    var reach: GatewayConfiguration.BFDReach
  }

  private func checkSessions() {
    let sessions = peers.compactMap { peer in
      peer.address.map { address in
        Located(
          value: SessionKey(
            address: address.value, interface: peer.interface?.value, localAddress: peer.localAddress?.value,
            reach: peer.reach.value),
          place: peer.isInline ? peer.place : address.place)
      }
    }
    unique(
      sessions, { "the BFD peer \($0.address)" + ($0.interface.map { " on \($0)" } ?? "") },
      help:
        "name one peer under bfd.peers and refer to it by its name: one session serves all (RFC 5882 section 4.4)")
  }

  /// A peer whose packets no socket would receive.
  private func checkListen(_ address: Located<IPAddress>?, _ local: Located<IPAddress>?) {
    guard let address, let listen, !listen.isEmpty else { return }
    let family = address.value.family
    let own = listen.map(\.value).filter { $0.family == family }
    if own.isEmpty {
      report.error(
        "BFD does not listen on \(family), so \(address.value) would never be heard", at: address.place,
        expected: "an \(family) address in bfd.listen", help: "add \"\(IPAddress.any(family))\" to bfd.listen")
    } else if let local, !own.contains(where: \.isUnspecified), !own.contains(local.value) {
      report.error(
        "BFD does not listen on \(local.value), so the peer's answers would not be heard", at: local.place,
        expected: "one of \(own.map(\.description).joined(separator: ", "))")
    }
  }

  private func checkLocal(_ peer: PeerDraft) {
    guard let local = peer.localAddress, !report.isFull, !interfaces.contains(where: \.hasBrokenAddresses)
    else {
      return
    }
    if index.owners[local.value] != nil { return }
    let own = index.owners.keys.filter { $0.family == local.value.family }.sorted()
    if own.isEmpty { return }
    report.warning(
      "\(local.value) is on none of this file's interfaces", at: local.place,
      expected: "an address of this gateway",
      help: Suggestion.help(for: local.value.description, among: own.map(\.description)))
  }

  private func warnAboutTimers() {
    warn(bfdTimers, bfdTimers.timers())
    for timers in peers.map(\.timers) + allow.map(\.timers) { warn(timers, timers.timers(bfdTimers.timers())) }
  }

  private func warn(_ written: TimersDraft, _ timers: GatewayConfiguration.BFDTimers) {
    if let place = written.multiplierPlace, written.detectMultiplier == 1 {
      report.warning(
        "with a multiplier of 1 a single lost packet takes the session down", at: place,
        expected: "3, or at least 2")
    }
    // RFC 5880 section 6.8.4, as it comes out when the peer is configured the same.
    let detection = max(timers.transmitInterval, timers.receiveInterval) * timers.detectMultiplier
    if let place = written.place, detection < .milliseconds(10) {
      report.warning(
        "the detection time is \(DurationText.text(detection)) when the peer's timers are the same", at: place,
        expected: "10ms or more, unless the speaker has a CPU and real-time priority of its own")
    }
  }
}

extension ReachDraft {
  var value: GatewayConfiguration.BFDReach {
    GatewayConfiguration.BFDReach(multihop: multihop, vrf: vrf?.value, namespace: namespace?.value)
  }

  /// In the gateway's namespace, outside all VRFs.
  var isHere: Bool { vrf == nil && namespace == nil }

  /// On one of the links that this file describes.
  var isNear: Bool { isHere && !multihop }
}
