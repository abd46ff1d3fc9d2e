import Cluster
import Addresses

/// One peer, and all that is known about BFD with it.
struct PeerCase {
  var address: IPAddress
  var expected: Expectation.Peer?
  var session: SpeakerFacts.Session?
  /// On every port.
  var incoming: [SpeakerFacts.Flow]
  var outgoing: [SpeakerFacts.Flow]

  var isMultihop: Bool { session?.isMultihop ?? expected?.isMultihop ?? false }
  var port: UInt16 { isMultihop ? SpeakerFacts.multihopPort : SpeakerFacts.controlPort }

  /// The latest well-formed packet on the session's port.
  var heard: SpeakerFacts.Flow? { incoming.last { $0.port == port && $0.packet != nil } }

  /// Whether the speaker takes the peer's packets for its session's.
  var isAccepted: Bool { session?.isHeard ?? false }
}

extension SpeakerView {
  /// Every session, every peer that is expected and has none, and everybody else who speaks BFD to us.
  var cases: [PeerCase] {
    let wire = speaker.wire.value
    func makeCase(_ address: IPAddress, _ expected: Expectation.Peer?, _ session: SpeakerFacts.Session?) -> PeerCase
    {
      PeerCase(
        address: address, expected: expected, session: session, incoming: wire?.from(address) ?? [],
        outgoing: wire?.to(address) ?? [])
    }
    let sessions = speaker.sessions
    var cases = sessions.map { session in
      makeCase(
        session.peer,
        expected.first { $0.address == session.peer && $0.isMultihop == session.isMultihop }
          ?? expected.first { $0.address == session.peer }, session)
    }
    var known = Set(sessions.map(\.peer))
    for peer in expected where known.insert(peer.address).inserted {
      cases.append(makeCase(peer.address, peer, nil))
    }
    for flow in wire?.flows ?? [] where !flow.isOutgoing && known.insert(flow.source).inserted {
      cases.append(makeCase(flow.source, nil, nil))
    }
    return cases
  }

  /// Discriminators of ours: of sessions, and those that we were seen to send.
  var ownDiscriminators: Set<UInt32> {
    let sent = speaker.wire.value?.flows.filter(\.isOutgoing).compactMap(\.packet?.myDiscriminator) ?? []
    return Set(speaker.sessions.map(\.localDiscriminator) + sent)
  }
}
