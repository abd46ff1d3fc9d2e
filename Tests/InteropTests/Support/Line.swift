import Addresses
import BFD
import Control
import Lab
import Speaker

/// Whose daemon is at the other end.
enum Kind: String, CaseIterable, Sendable {
  case frr
  case bird
}

/// The timers of a session: the same at both ends until a test changes them.
enum Pace: Int, CaseIterable, Sendable {
  case slow = 300
  case fast = 50

  var timers: BFDTimers { BFDTimers(milliseconds: rawValue) }
}

/// One session of the matrix: peer, address family, timers. Each peer has one wire a pace, with both families on it.
struct Line: Hashable, Sendable, CustomStringConvertible {
  var kind: Kind
  var family: AddressFamily
  var pace: Pace

  static let all = Kind.allCases.flatMap { kind in
    Pace.allCases.flatMap { pace in AddressFamily.allCases.map { Line(kind: kind, family: $0, pace: pace) } }
  }

  var description: String { "\(kind.rawValue)/\(family)/\(pace.rawValue) ms" }

  /// As the product's configuration calls it.
  var name: String { "\(kind.rawValue)-\(pace)-\(family == .ipv4 ? "v4" : "v6")" }

  /// Its wire: a number for the addresses, and the names of both ends.
  private var number: UInt8 { (kind == .frr ? 10 : 20) + (pace == .slow ? 1 : 2) }
  var ourInterface: String { "\(kind.rawValue)-\(pace)" }
  var peerInterface: String { "\(pace)" }

  /// `host` is 1 for us and 2 for the peer.
  private func address(_ host: UInt8) -> IPAddress {
    switch family {
    case .ipv4: .v4(IPv4Address(10, 77, number, host))
    case .ipv6: .v6(IPv6Address(high: 0xfd77 << 48 | UInt64(number) << 32, low: UInt64(host)))
    }
  }
  var ours: IPAddress { address(1) }
  var theirs: IPAddress { address(2) }
  var prefixLength: Int { family == .ipv4 ? 24 : 64 }
}

extension BFDTimers {
  /// The same numbers for a session of ours.
  func configuration(_ role: Role = .active) -> SessionConfiguration {
    SessionConfiguration(
      desiredMinTx: .milliseconds(UInt32(transmitMilliseconds)),
      requiredMinRx: .milliseconds(UInt32(receiveMilliseconds)), detectMultiplier: UInt8(multiplier), role: role)
  }
}

/// What both ends must agree on, as RFC 5880 sections 6.8.2 and 6.8.4 derive it from what each of them announces.
struct Agreement: Equatable, CustomStringConvertible {
  /// Milliseconds between the packets each end sends, before jitter.
  var ourInterval: Double
  var peerInterval: Double
  /// Milliseconds of silence after which each end gives up.
  var ourDetection: Double
  var peerDetection: Double

  init(ours: BFDTimers, peer: BFDTimers) {
    ourInterval = Double(max(ours.transmitMilliseconds, peer.receiveMilliseconds))
    peerInterval = Double(max(peer.transmitMilliseconds, ours.receiveMilliseconds))
    ourDetection = Double(peer.multiplier) * peerInterval
    peerDetection = Double(ours.multiplier) * ourInterval
  }

  /// What the two ends say; nil while one of them is not Up, or knows nothing yet.
  init?(ours: SessionView, peer: PeerSessionView) {
    guard ours.session.state == .up, peer.state == .up, let detection = ours.session.detectionTime,
      let remote = ours.session.remote, let interval = peer.transmitMilliseconds,
      let peerDetection = peer.detectionMilliseconds
    else { return nil }
    ourInterval = Double(ours.session.transmitInterval.microseconds) / 1e3
    peerInterval = interval
    ourDetection = Double(detection) / 1e6
    self.peerDetection = peerDetection
    // What the peer sends at is what our detection rests on, too.
    guard ourDetection == Double(remote.detectMultiplier) * peerInterval else { return nil }
  }

  /// What the product's status says, and the peer.
  init?(ours: StatusReport.Session, peer: PeerSessionView) {
    guard ours.sessionState == .up, peer.state == .up, let detection = ours.detectionTime,
      let expected = ours.negotiatedReceiveInterval, let interval = peer.transmitMilliseconds,
      let peerDetection = peer.detectionMilliseconds, Double(expected) / 1e3 == interval
    else { return nil }
    ourInterval = Double(ours.negotiatedTransmissionInterval) / 1e3
    peerInterval = interval
    ourDetection = Double(detection) / 1e3
    self.peerDetection = peerDetection
  }

  var description: String {
    "we every \(ourInterval) ms, detected within \(peerDetection); "
      + "they every \(peerInterval) ms, detected within \(ourDetection)"
  }
}
