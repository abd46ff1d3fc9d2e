import Addresses
import FoundationEssentials

/// Reads what FRR prints for `show bfd peers json` and `show bfd peers counters json` (FRR 8.4 and later).
enum FRRSessions {
  /// - Parameters:
  ///   - peers, counters: the two outputs; counters may be empty.
  /// - Throws: `LabError` with the text when it is not the JSON that is expected.
  static func parse(peers: String, counters: String = "[]") throws(LabError) -> [PeerSessionView] {
    let known = try decode([Peer].self, peers)
    let counted = try decode([Counters].self, counters)
    return known.compactMap { peer in
      var view = peer.view
      if let found = counted.first(where: { $0.peer == peer.peer && $0.interface == peer.interface }) {
        view?.packetsReceived = found.input
        view?.packetsSent = found.output
        view?.timesUp = found.ups
        view?.timesDown = found.downs
      }
      return view
    }.sorted { $0.peer < $1.peer }
  }

  private static func decode<T: Decodable>(_ type: T.Type, _ text: String) throws(LabError) -> T {
    do {
      return try JSONDecoder().decode(type, from: Data(text.utf8))
    } catch {
      throw LabError("FRR's answer is not what was expected (\(error))", output: Files.lines(text).suffix(15))
    }
  }

  private struct Peer: Decodable {
    var peer: String
    var local: String?
    var interface: String?
    var id: UInt32
    var remoteID: UInt32
    var status: String
    var uptime: Int?
    var downtime: Int?
    var diagnostic: String
    var remoteDiagnostic: String
    var transmit: Int
    var receive: Int
    var multiplier: Int
    var remoteTransmit: Int
    var remoteReceive: Int
    /// Not printed by older versions.
    var remoteMultiplier: Int?

    enum CodingKeys: String, CodingKey {
      case peer, local, interface, id, status, uptime, downtime, diagnostic
      case remoteID = "remote-id"
      case remoteDiagnostic = "remote-diagnostic"
      case transmit = "transmit-interval"
      case receive = "receive-interval"
      case multiplier = "detect-multiplier"
      case remoteTransmit = "remote-transmit-interval"
      case remoteReceive = "remote-receive-interval"
      case remoteMultiplier = "remote-detect-multiplier"
    }

    var view: PeerSessionView? {
      guard let address = IPAddress(peer), let state = FRRSessions.states[status] else { return nil }
      var view = PeerSessionView(peer: address, state: state)
      view.local = local.flatMap { IPAddress($0) }
      view.interface = interface
      view.localDiscriminator = id
      view.remoteDiscriminator = remoteID == 0 ? nil : remoteID
      view.localDiagnostic = FRRSessions.diagnostics[diagnostic]
      view.remoteDiagnostic = FRRSessions.diagnostics[remoteDiagnostic]
      view.localTimers = BFDTimers(
        transmitMilliseconds: transmit, receiveMilliseconds: receive, multiplier: multiplier)
      view.remoteTimers = BFDTimers(
        transmitMilliseconds: remoteTransmit, receiveMilliseconds: remoteReceive,
        multiplier: remoteMultiplier ?? multiplier)
      view.secondsInState = uptime ?? downtime
      view.negotiate()
      return view
    }
  }

  private struct Counters: Decodable {
    var peer: String
    var interface: String?
    var input: Int
    var output: Int
    var ups: Int
    var downs: Int

    enum CodingKeys: String, CodingKey {
      case peer, interface
      case input = "control-packet-input"
      case output = "control-packet-output"
      case ups = "session-up"
      case downs = "session-down"
    }
  }

  private static let states: [String: PeerState] = [
    "shutdown": .adminDown, "down": .down, "init": .initializing, "up": .up
  ]

  /// FRR's words for the diagnostic codes of RFC 5880 section 4.1.
  private static let diagnostics: [String: UInt8] = [
    "ok": 0, "control detection time expired": 1, "echo function failed": 2,
    "neighbor signaled session down": 3, "forwarding plane reset": 4, "path down": 5,
    "concatenated path down": 6, "administratively down": 7, "reverse concatenated path down": 8
  ]
}
