import BFD
import ConfigurationFile
import Control

/// Why a peer's sessions are held.
enum HoldReason: Hashable, Sendable {
  case shutDown
  case drained
  case uplinksLost
  case uplinksUnproven

  var words: String {
    switch self {
    case .shutDown: "shut down in the configuration"
    case .drained: "drained"
    case .uplinksLost: "the uplinks are lost"
    case .uplinksUnproven: "the uplinks have not shown yet that they work"
    }
  }
}

/// What is known of uplinks that are judged together.
enum UplinkStanding: Hashable, Sendable {
  /// None has had a verdict since the start: nobody is to send traffic here yet. After that time it counts as good, since
  /// there may never be a verdict. -> good, lost
  case unproven(until: Instant)
  /// -> lost
  case good
  /// -> good
  case lost
}

/// Which peers are told that this node is not to be used, and how: what is lost, what an operator has drained.
extension GatewayCore {
  /// Whether one of the sets of uplinks is lost.
  var areUplinksLost: Bool { uplinkStandings.contains(.lost) }

  /// Judges uplinks, and decides what peers hear, before sessions begin: so that none is spoken to first and fallen
  /// silent to then.
  mutating func prepareHolds(at now: Instant) {
    watchUplinks(at: now)
    decideHolds(at: now)
  }

  mutating func watchUplinks(at now: Instant) {
    for (number, entry) in model.uplinks.enumerated() {
      let all = entry.watched.count
      let bad = entry.watched.count { isBad($0) }
      let good = entry.watched.count { isGood($0) }
      func isLost(_ good: Int) -> Bool {
        switch entry.configuration.lostWhen {
        case _ where all == 0: false
        case .any: good < all
        case .all: good == 0
        case .fewerThan(let least): good < least
        }
      }
      // Not known yet changes nothing: what was good is not lost by it, and what was not is not good by it.
      let old = uplinkStandings[number]
      var new = old
      if case .unproven(let until) = old, now >= until { new = .good }
      if !isLost(good) { new = .good }
      if isLost(all - bad) { new = .lost }
      guard new != old else { continue }
      uplinkStandings[number] = new
      let told = entry.peers.map { model.peers[$0] }.joined(separator: ", ")
      let subject = model.uplinks.count == 1 ? "uplinks" : "uplinks \(names(of: entry))"
      let count = "(\(good) of \(all) good)"
      let tell = entry.configuration.tell
      let text =
        switch (old, new) {
        case (_, .lost) where tell == .silence: "\(subject) lost \(count): falling silent towards \(told)"
        case (_, .lost): "\(subject) lost \(count): telling \(told) \(tell.rawValue)"
        case (.unproven, _) where isLost(good):
          "\(subject) \(count) have no verdict: speaking to \(told) nevertheless"
        case (.unproven, _): "\(subject) are good \(count): speaking to \(told)"
        case _ where tell == .silence: "\(subject) are back \(count): speaking to \(told) again"
        default: "\(subject) are back \(count): taking it back from \(told)"
        }
      let (level, state): (GatewayEvent.Level, String) = new == .lost ? (.warning, "lost") : (.info, "good")
      append(GatewayEvent(at: now, level: level, .uplinks, of: names(of: entry), to: state, text))
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
    case .interface(let number): links[number] == .up
    case .path(let number): isGood(path: number)
    }
  }

  private func isBad(_ uplink: GatewayModel.Uplink) -> Bool {
    switch uplink {
    case .interface(let number): if case .down = links[number] { true } else { false }
    case .path(let number):
      switch paths[number].phase {
      case .down, .left, .waiting: true
      case .up, .adopted, .pending: false
      }
    }
  }

  /// Whether a path counts as a good uplink: one that has shown it, or carried traffic before a restart.
  func isGood(path: Int) -> Bool {
    switch paths[path].phase {
    case .up, .adopted: true
    case .pending, .down, .left, .waiting: false
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
    case nil: return isUnproven(peer) ? (.silent, .uplinksUnproven) : nil
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
    for (entry, standing) in zip(model.uplinks, uplinkStandings)
    where standing == .lost && entry.peers.contains(peer) {
      if entry.configuration.tell == .silence { return .silence }
      first = first ?? entry.configuration.tell
    }
    return first
  }

  /// Nothing is said to a peer until the uplinks have shown that they work: what says nothing gets no traffic, whatever
  /// kind of peer it is. But for one by which they are judged, which must be spoken to for that.
  private func isUnproven(_ peer: Int) -> Bool {
    zip(model.uplinks, uplinkStandings).contains { entry, standing in
      guard case .unproven = standing, entry.peers.contains(peer) else { return false }
      return !entry.watched.contains { uplink in
        switch uplink {
        case .interface(let number): model.paths.contains { $0.interface == number && $0.rule.peers.contains(peer) }
        case .path(let number): model.paths[number].rule.peers.contains(peer)
        }
      }
    }
  }
}
