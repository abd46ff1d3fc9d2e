import BFD
import Capture
import ConfigurationFile
import Control
import Speaker

extension Engine {
  /// Rings copied in one turn: a thousand sessions that fail together must not keep the engine from the next turn.
  private static let ringsPerTurn = 128

  /// Keeps as many packets as the configuration says.
  mutating func syncCapture() {
    let depth = configuration.capture.ring
    if speaker.keptPackets != depth { speaker.keepPackets(depth: depth) }
  }

  /// A session has left Up: its packets are copied at the end of the turn, when all that is urgent has been done.
  mutating func noteFallen(_ transition: Transition, of session: Int) {
    guard configuration.capture.whenDown, speaker.keptPackets > 0 else { return }
    fallen.append((session, transition))
  }

  /// Hands the rings of sessions that have left Up to the agent, and the copies of packets to who watches.
  mutating func passPackets() {
    if !fallen.isEmpty { passFallen() }
    guard let feed else { return }
    let (packets, dropped) = speaker.takeTapped()
    guard !packets.isEmpty || dropped > 0 else { return }
    let entries = packets.map { CaptureFeed.Entry(name: $0.session.map { name(of: $0) }, packet: $0.packet) }
    feed.offer(entries, dropped: dropped)
  }

  private mutating func passFallen() {
    for (session, transition) in fallen.prefix(Self.ringsPerTurn) {
      let packets = speaker.lastPackets(of: session)
      guard !packets.isEmpty else { continue }
      report(.wentDown(KeptPackets(name: name(of: session), packets: packets, transition: transition)))
    }
    if fallen.count > Self.ringsPerTurn {
      log(
        .warning, .session,
        "the last packets of \(fallen.count - Self.ringsPerTurn) more BFD sessions that went Down at once are not written"
      )
    }
    fallen.removeAll(keepingCapacity: true)
  }

  /// The last packets of each session of a peer or allow entry, or of the session with this very name.
  func keptPackets(of name: String) -> [KeptPackets] {
    speaker.indices.filter { self.name(of: $0) == name || entryName(of: $0) == name }.map {
      KeptPackets(name: self.name(of: $0), packets: speaker.lastPackets(of: $0))
    }
  }

  /// Begins or ends copying packets.
  mutating func watch(_ new: CaptureFeed?, includingDiscarded: Bool) {
    feed = new
    speaker.tap(includingDiscarded: new == nil ? nil : includingDiscarded)
  }

  private func entryName(of session: Int) -> String? { peerOfSession[session].map { core.model.peers[$0] } }

  /// The peer's name; for a session of an allow entry, the entry's and the peer's address.
  func name(of session: Int) -> String {
    guard let peer = peerOfSession[session] else { return "session \(session)" }
    guard peer >= core.model.namedPeers, let address = speaker.view(session)?.settings.remoteAddress else {
      return core.model.peers[peer]
    }
    return "\(core.model.peers[peer]) \(address)"
  }
}
