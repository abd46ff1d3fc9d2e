public import Addresses

extension GatewayConfiguration {
  /// One way out: a next hop on an interface, and how to know that it works.
  public struct Path: Hashable, Sendable {
    public var name: String
    /// The next hop's address.
    public var via: IPAddress
    public var interface: String
    /// 1 to 256 (kernel: the weight less one is an octet); a group may override it.
    public var weight: Int
    /// How long the path must have been good again before it returns; zero: at once.
    public var holdDown: Duration
    public var health: Health

    public init(
      name: String, via: IPAddress, interface: String, weight: Int = 1, holdDown: Duration = .seconds(5),
      health: Health = .link
    ) {
      self.name = name
      self.via = via
      self.interface = interface
      self.weight = weight
      self.holdDown = holdDown
      self.health = health
    }

    public var family: AddressFamily { via.family }
  }

  /// How a path is judged. Carrier and link state always count, whatever else is asked.
  public indirect enum Health: Hashable, Sendable {
    /// Link state and carrier alone.
    case link
    /// The session with the peer of this name is Up.
    case bfd(peer: String)
    /// ICMP or ICMPv6 echo to an address, sent through the path's next hop.
    case icmp(address: IPAddress, Probe)
    /// ARP or neighbour discovery for the path's next hop.
    case neighbour(Probe)
    /// Good when all are good; never empty.
    case all([Health])
    /// Good when one is good; never empty.
    case any([Health])

    /// The names of all peers in here, each once, in order.
    public var peers: [String] {
      switch self {
      case .bfd(let peer): [peer]
      case .all(let parts), .any(let parts):
        parts.flatMap(\.peers).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
      case .link, .icmp, .neighbour: []
      }
    }
  }

  /// How often to ask, and how many answers make a verdict.
  public struct Probe: Hashable, Sendable {
    /// From question to question: 10 ms to 1 h.
    public var interval: Duration
    /// How long to wait for the answer: 1 ms to `interval`.
    public var timeout: Duration
    /// Questions without answer in a row until down: 1 to 100.
    public var downAfter: Int
    /// Answers in a row until up: 1 to 100.
    public var upAfter: Int

    public init(
      interval: Duration = .seconds(1), timeout: Duration = .milliseconds(500), downAfter: Int = 3, upAfter: Int = 2
    ) {
      self.interval = interval
      self.timeout = timeout
      self.downAfter = downAfter
      self.upAfter = upAfter
    }
  }
}
