public import Languages

/// What is to be thought of a gateway after a probe.
public struct ProbeVerdict: Hashable, Sendable, Codable {
  public enum Outcome: String, Hashable, Sendable, Codable, CaseIterable {
    /// A session came Up, ours or that of the program that holds the port.
    case up
    /// It sends BFD packets, but no session came Up.
    case speaks
    /// The host lives, and no BFD was heard.
    case silent
    /// Nothing of it was heard at all.
    case unreachable
  }

  public var outcome: Outcome
  public var headline: Words
  /// The most likely first.
  public var causes: [ProbeCause]

  public init(outcome: Outcome, headline: Words, causes: [ProbeCause]) {
    self.outcome = outcome
    self.headline = headline
    self.causes = causes
  }

  /// What `everway probe` ends with: 0 Up, 1 reachable but no session, 3 unreachable.
  public var exitCode: Int32 {
    switch outcome {
    case .up: 0
    case .speaks, .silent: 1
    case .unreachable: 3
    }
  }
}

/// One thing that explains what was seen, or that is worth knowing.
public struct ProbeCause: Hashable, Sendable, Codable {
  public enum Likelihood: String, Hashable, Sendable, Codable, Comparable {
    case certain, likely, possible, unlikely

    private var rank: Int {
      switch self {
      case .certain: 0
      case .likely: 1
      case .possible: 2
      case .unlikely: 3
      }
    }
    /// The more likely is the lesser: it comes first.
    public static func < (a: Self, b: Self) -> Bool { a.rank < b.rank }
  }

  public enum Kind: String, Hashable, Sendable, Codable, CaseIterable {
    case noRoute, interfaceProblem, noNeighbour, twoNeighbours, hostDown, filteredBeyond
    case ownFirewallIn, ownFirewallOut, ownFirewallUnknown, nodeFirewall, reversePath, sendRefused
    case noDaemon, prohibited, notConfigured, passivePeer, ovnPort, noBFD, silentFilter
    case peerDoesNotHear, adminDown, authentication, timeToLive, minRxZero, staleDiscriminator, slow
    case portTaken, multihopNeeded, onTheLink
  }

  public var kind: Kind
  public var likelihood: Likelihood
  /// What it means, and what to do.
  public var words: Words
  /// What was seen that says so.
  public var evidence: [String]

  public init(_ kind: Kind, _ likelihood: Likelihood, _ words: Words, evidence: [String] = []) {
    self.kind = kind
    self.likelihood = likelihood
    self.words = words
    self.evidence = evidence
  }
}
