public import Firewall

/// What a probe has seen. Addresses and names are texts here: this is also what `everway probe --json` prints.
public struct ProbeEvidence: Hashable, Sendable, Codable {
  public var address: String
  public var isMultihop: Bool
  /// Nil for the one we were started in.
  public var namespace: String?
  public var route = Route()
  /// Nil when nobody was asked: the address is not on a link with link-layer addresses.
  public var neighbour: Neighbour?
  public var echo = Echo()
  public var bfd = BFD()
  public var firewall = Firewall()
  /// How much the kernel's own counters of discarded packets grew meanwhile, by their names in /proc/net; none that
  /// did not.
  public var counters: [String: UInt64] = [:]
  /// Why a part could not be looked at: `nft is not installed`.
  public var gaps: [String] = []

  public init(address: String, isMultihop: Bool, namespace: String? = nil) {
    self.address = address
    self.isMultihop = isMultihop
    self.namespace = namespace
  }

  public struct Route: Hashable, Sendable, Codable {
    public var interface: String?
    /// Our address that packets leave with.
    public var source: String?
    /// The router in between; nil when the address is on the link.
    public var gateway: String?
    /// Why nothing can be sent: `Network is unreachable`, `the interface eth1 is down`.
    public var problem: String?
    public init() {}
  }

  /// ARP or neighbour discovery for the next hop.
  public struct Neighbour: Hashable, Sendable, Codable {
    public var address: String
    public var asked: Int
    /// Who answers; more than one is two hosts with one address.
    public var linkAddresses: [String] = []
    /// From question to answer.
    public var microseconds: UInt64?
    public init(address: String, asked: Int = 0) {
      self.address = address
      self.asked = asked
    }
  }

  public struct Echo: Hashable, Sendable, Codable {
    public var sent = 0
    public var received = 0
    public var minimumMicroseconds: UInt64?
    public var meanMicroseconds: UInt64?
    public var maximumMicroseconds: UInt64?
    /// TTL of the answers.
    public var ttl: Int?
    /// What routers and the host itself said instead: `host unreachable from 10.9.0.254`.
    public var errors: [String] = []
    public init() {}
  }

  /// A BFD packet that came in on the wire.
  public struct Packet: Hashable, Sendable, Codable {
    public var ttl: Int
    public var state: String
    public var diagnostic: Int
    public var multiplier: Int
    public var desiredMinTxMicroseconds: UInt64
    public var requiredMinRxMicroseconds: UInt64
    public var myDiscriminator: UInt32
    public var yourDiscriminator: UInt32
    /// RFC 5880 section 4.1, Auth Type; 0 without authentication.
    public var authenticationType: Int
    public var sourcePort: Int
    public init(
      ttl: Int, state: String, diagnostic: Int, multiplier: Int, desiredMinTxMicroseconds: UInt64,
      requiredMinRxMicroseconds: UInt64, myDiscriminator: UInt32, yourDiscriminator: UInt32,
      authenticationType: Int, sourcePort: Int
    ) {
      self.ttl = ttl
      self.state = state
      self.diagnostic = diagnostic
      self.multiplier = multiplier
      self.desiredMinTxMicroseconds = desiredMinTxMicroseconds
      self.requiredMinRxMicroseconds = requiredMinRxMicroseconds
      self.myDiscriminator = myDiscriminator
      self.yourDiscriminator = yourDiscriminator
      self.authenticationType = authenticationType
      self.sourcePort = sourcePort
    }
  }

  public enum Way: String, Hashable, Sendable, Codable {
    /// A session of our own.
    case session
    /// Another program has the port: packets were sent from beside it, and its port's packets watched.
    case beside
    /// Only watched: the other program has, or may have, a session with this peer.
    case watched
    case none
  }

  public struct BFD: Hashable, Sendable, Codable {
    public var way = Way.none
    public var port = 3784
    public var localDiscriminator: UInt32 = 0
    /// Packets given to the kernel.
    public var sent = 0
    /// Packets of ours seen leaving on the interface.
    public var left = 0
    /// Packets of the peer's to our BFD port seen coming in on the interface.
    public var arrived = 0
    /// Those of them that named our discriminator.
    public var arrivedForUs = 0
    /// Packets that our UDP socket was given, after routing and firewall.
    public var heard = 0
    /// The last one, and how many had something else to say than the one before.
    public var last: Packet?
    public var changes = 0
    /// The furthest our session came: `down`, `init`, `up`.
    public var state = "down"
    /// From the first packet until Up.
    public var upAfterMicroseconds: UInt64?
    /// "Port unreachable" about our packets, from the address itself.
    public var portUnreachable = 0
    /// Other ICMP errors about them: `administratively prohibited from 10.9.0.254`.
    public var errors: [String] = []
    /// The kernel refused to send: errno's words.
    public var sendError: String?
    /// Packets discarded, by reason.
    public var discards: [String: UInt64] = [:]
    public var holder: Holder?
    public init() {}
  }

  /// The process that holds the BFD port in this namespace.
  public struct Holder: Hashable, Sendable, Codable {
    public var pid: Int32?
    public var program: String?
    /// The state of its session with this peer, as it says itself; nil when it cannot be asked or has none.
    public var sessionState: String?
    /// Whether it could be asked.
    public var answered = false
    public init() {}
  }

  public struct Firewall: Hashable, Sendable, Codable {
    /// Nil when the rules could not be read.
    public var incomingBFD: FirewallVerdict?
    public var outgoingBFD: FirewallVerdict?
    public var incomingEcho: FirewallVerdict?
    /// The node's own rules, for a namespace whose packets may pass through it.
    public var nodeForward: FirewallVerdict?
    public var firewalldState: String?
    public init() {}
  }
}
