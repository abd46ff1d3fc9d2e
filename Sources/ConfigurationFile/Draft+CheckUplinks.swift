import Addresses

extension Draft {
  func checkUplinks() {
    for entry in uplinks {
      check(entry)
      checkTold(entry)
    }
    unique(
      uplinks.flatMap { $0.peers ?? [] }, { "the peer \(SourceText.quoted($0))" },
      help: uplinks.count > 1 ? "a peer hears of one of the uplinks only" : nil)
  }

  private func check(_ uplinks: UplinksDraft) {
    unique(uplinks.watch) { uplink in
      switch uplink {
      case .interface(let name): "the interface \(SourceText.quoted(name))"
      case .path(let name): "the path \(SourceText.quoted(name))"
      }
    }
    for uplink in uplinks.watch {
      switch uplink.value {
      case .interface(let name): checkInterface(Located(value: name, place: uplink.place))
      case .path(let name):
        if index.paths[name] == nil {
          unknown("path", Located(value: name, place: uplink.place), among: index.pathNames)
        }
      }
    }
    if case .fewerThan(let count) = uplinks.lostWhen, count > uplinks.watch.count, !uplinks.hasBrokenWatch {
      report.error(
        "fewer than \(count) of \(uplinks.watch.count) is always true", at: uplinks.lostWhenPlace ?? uplinks.place,
        expected: uplinks.watch.count == 1 ? "1" : "1 to \(uplinks.watch.count)")
    }
  }

  private func checkTold(_ uplinks: UplinksDraft) {
    let own = peersOfUplinks(uplinks)
    warnOfSlowPeers(uplinks, own)
    if let peers = uplinks.peers {
      for peer in peers {
        if index.peers[peer.value] == nil, !index.allowNames.contains(peer.value) {
          unknown("peer", peer, among: index.peerNames)
        } else if own.contains(peer.value) {
          report.warning(
            "the peer \(SourceText.quoted(peer.value)) is itself behind a watched uplink", at: peer.place,
            expected: "the peers on the other side, which send their traffic here")
        }
      }
    } else if self.uplinks.count > 1 {
      report.error(
        "\"peers\" is missing", at: uplinks.place, expected: "a list of peers' names",
        help: "where there are several uplinks, each says whom it tells")
    } else if !peers.contains(where: { $0.name.map { !own.contains($0.value) } ?? true }), allow.isEmpty {
      report.error(
        "nobody would be told: every peer is behind a watched uplink", at: uplinks.place,
        expected: "a peer or an allow entry that sends its traffic here")
    }
  }

  /// OVN writes a timeout at once, and what it is told perhaps 5 s later (decision 0015).
  private func warnOfSlowPeers(_ uplinks: UplinksDraft, _ own: Set<String>) {
    guard uplinks.tell != .silence else { return }
    let told = uplinks.peers.map { Set($0.map(\.value)) }
    func isTold(_ name: String?) -> Bool {
      guard let told else { return name.map { !own.contains($0) } ?? true }
      return name.map { told.contains($0) } ?? false
    }
    guard
      peers.contains(where: { $0.compatibility == .ovn && isTold($0.name?.value) })
        || allow.contains(where: { $0.compatibility == .ovn && isTold($0.name?.value) })
    else { return }
    report.warning(
      "peers that are OVN may act on what they are told after 5 s only", at: uplinks.tellPlace ?? uplinks.place,
      expected: "tell: silence")
  }

  /// Peers that the uplinks themselves are judged by: those of watched paths, and of paths on watched interfaces.
  func peersOfUplinks(_ uplinks: UplinksDraft) -> Set<String> {
    var interfaces: Set<String> = []
    var names: Set<String> = []
    for uplink in uplinks.watch {
      switch uplink.value {
      case .interface(let name): interfaces.insert(name)
      case .path(let name): names.insert(name)
      }
    }
    let watched = paths.filter { path in
      path.name.map { names.contains($0.value) } ?? false
        || path.interface.map { interfaces.contains($0.value) } ?? false
    }
    return Set(watched.flatMap { $0.health?.peers ?? [] }.map(\.value))
  }
}
