import ConfigurationFile

/// What one source of knowledge (a link, a BFD session, a probe), or several together, say of a path.
public enum Verdict: Hashable, Sendable {
  /// Nothing is known yet. No reason to use the path, none to give it up (RFC 5882 section 3.3).
  case pending
  /// Our own side keeps the session down: it says nothing of the path.
  case suspended
  /// It works.
  case up
  /// It has failed, and why.
  case down(String)
  /// The other end, or an operator, asks that it be left: no failure (RFC 5882 sections 3.2, 4.2).
  case left(String)

  /// How much it weighs against the path: the higher decides where all must be good.
  private var weight: Int {
    switch self {
    case .up: 0
    case .pending: 1
    case .suspended: 2
    case .left: 3
    case .down: 4
    }
  }

  /// Good when both are; the one that weighs more speaks, the first of equals.
  static func both(_ a: Verdict, _ b: Verdict) -> Verdict { b.weight > a.weight ? b : a }

  /// Good when one is; the one that weighs less speaks, the first of equals.
  static func either(_ a: Verdict, _ b: Verdict) -> Verdict { b.weight < a.weight ? b : a }
}

/// A health rule with its references resolved to numbers.
indirect enum HealthRule: Hashable, Sendable {
  case link
  case peer(Int)
  case probe(Int)
  case all([HealthRule])
  case any([HealthRule])

  /// The rule's verdict. The link is judged by the caller: it counts whatever the rule says.
  func verdict(peers: [Verdict], probes: [Verdict]) -> Verdict {
    switch self {
    case .link: .up
    case .peer(let number): peers[number]
    case .probe(let number): probes[number]
    case .all(let parts):
      parts.reduce(.up) { .both($0, $1.verdict(peers: peers, probes: probes)) }
    case .any(let parts):
      parts.dropFirst().reduce(parts.first?.verdict(peers: peers, probes: probes) ?? .up) {
        .either($0, $1.verdict(peers: peers, probes: probes))
      }
    }
  }

  /// Every peer it asks.
  var peers: [Int] {
    switch self {
    case .peer(let number): [number]
    case .all(let parts), .any(let parts): parts.flatMap(\.peers)
    case .link, .probe: []
    }
  }

  /// Every probe it asks.
  var probes: [Int] {
    switch self {
    case .probe(let number): [number]
    case .all(let parts), .any(let parts): parts.flatMap(\.probes)
    case .link, .peer: []
    }
  }
}
