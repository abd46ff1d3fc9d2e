import BFD
import ConfigurationFile
import Control

/// Why a peer's sessions are held.
enum HoldReason: Hashable, Sendable {
  case shutDown
  case drained
  case uplinksLost

  var words: String {
    switch self {
    case .shutDown: "shut down in the configuration"
    case .drained: "drained"
    case .uplinksLost: "the uplinks are lost"
    }
  }
}

/// Which peers are told that this node is not to be used, and how: what is lost, what an operator has drained.
extension GatewayCore {
  /// Whether one of the sets of uplinks is lost.
  var areUplinksLost: Bool { lostUplinks.contains(true) }

  mutating func watchUplinks(at now: Instant) {
    for (number, entry) in model.uplinks.enumerated() {
      let all = entry.watched.count
      let good = entry.watched.count { isGood($0) }
      let lost =
        switch entry.configuration.lostWhen {
        case _ where all == 0: false
        case .any: good < all
        case .all: good == 0
        case .fewerThan(let least): good < least
        }
      guard lost != lostUplinks[number] else { continue }
      lostUplinks[number] = lost
      let told = entry.peers.map { model.peers[$0] }.joined(separator: ", ")
      let isSilent = entry.configuration.tell == .silence
      let subject = model.uplinks.count == 1 ? "uplinks" : "uplinks \(names(of: entry))"
      let text =
        switch (lost, isSilent) {
        case (true, false):
          "\(subject) lost (\(good) of \(all) good): telling \(told) \(entry.configuration.tell.rawValue)"
        case (true, true): "\(subject) lost (\(good) of \(all) good): falling silent towards \(told)"
        case (false, false): "\(subject) are back (\(good) of \(all) good): taking it back from \(told)"
        case (false, true): "\(subject) are back (\(good) of \(all) good): speaking to \(told) again"
        }
      append(
        GatewayEvent(
          at: now, level: lost ? .warning : .info, .uplinks, of: names(of: entry), to: lost ? "lost" : "good", text)
      )
    }
  }

  private func names(of entry: GatewayModel.UplinkSet) -> String {
    entry.watched.map { uplink in
      switch uplink {
      case .interface(let number): model.interfaces[number]
      case .path(let number): model.paths[number].name
      }
    }.joined(separator: ", ")
  }

  private func isGood(_ uplink: GatewayModel.Uplink) -> Bool {
    switch uplink {
    case .interface(let number):
      // Not known yet is not lost.
      if case .down = links[number] { false } else { true }
    case .path(let number): isGood(path: number)
    }
  }

  /// Whether a path counts as a good uplink. Not known yet is not lost.
  func isGood(path: Int) -> Bool {
    switch paths[path].phase {
    case .up, .adopted, .pending: true
    case .down, .left, .waiting: false
    }
  }

  mutating func decideHolds(at now: Instant) {
    for peer in model.peers.indices {
      let wanted = wantedHold(peer)
      guard wanted?.hold != holds[peer] else { continue }
      if let wanted, wanted.hold == .silent {
        append(
          GatewayEvent(
            at: now, .session, of: model.peers[peer],
            "BFD \(model.peers[peer]): silent from now on, \(wanted.reason.words)"))
      } else if holds[peer] == .silent {
        append(GatewayEvent(at: now, .session, of: model.peers[peer], "BFD \(model.peers[peer]): no longer silent"))
      }
      holds[peer] = wanted?.hold
      effects.append(.hold(peer: peer, wanted?.hold))
    }
  }

  /// Why a peer's sessions are held now; nil while they are not.
  func holdReason(of peer: Int) -> HoldReason? { wantedHold(peer)?.reason }

  /// What a peer is to hear. An operator goes before the uplinks; but where one of the two wants silence there is silence,
  /// since any word would keep a peer from noticing it.
  private func wantedHold(_ peer: Int) -> (hold: Session.Hold, reason: HoldReason)? {
    if model.shutdownPeers.contains(peer) { return (.administrativelyDown, .shutDown) }
    let tell = lostTell(peer)
    if isDrained(peer: peer) {
      return (tell == .silence || model.drainTells[peer] == .silence ? .silent : .administrativelyDown, .drained)
    }
    switch tell {
    case nil: return nil
    case .adminDown: return (.administrativelyDown, .uplinksLost)
    case .concatenatedPathDown: return (.down(.concatenatedPathDown), .uplinksLost)
    case .silence: return (.silent, .uplinksLost)
    }
  }

  private func isDrained(peer: Int) -> Bool {
    if isDrained || drainedPeers.contains(model.peers[peer]) { return true }
    guard !drainedPaths.isEmpty else { return false }
    // The peer of a drained path is told too, unless another path still needs it.
    let users = model.paths.filter { $0.rule.peers.contains(peer) }
    return !users.isEmpty && users.allSatisfy { drainedPaths.contains($0.name) }
  }

  /// What the lost uplinks that name a peer would have it told: silence if one of them says so, else the first one's word.
  private func lostTell(_ peer: Int) -> GatewayConfiguration.Tell? {
    var first: GatewayConfiguration.Tell?
    for (entry, isLost) in zip(model.uplinks, lostUplinks) where isLost && entry.peers.contains(peer) {
      if entry.configuration.tell == .silence { return .silence }
      first = first ?? entry.configuration.tell
    }
    return first
  }
}
