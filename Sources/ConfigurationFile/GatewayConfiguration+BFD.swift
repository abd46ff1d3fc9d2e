public import Addresses

extension GatewayConfiguration {
  /// BFD on this gateway: asynchronous mode (RFC 5880) over one hop (RFC 5881) or several (RFC 5883).
  public struct BFDSettings: Hashable, Sendable {
    /// What a peer gets that names no timers of its own. Already applied in `peers` and `allow`.
    public var timers: BFDTimers
    /// Local addresses to receive on, UDP port 3784.
    public var listen: [IPAddress]
    /// Peers by address, in the order of the file, those that a path's inline `bfd: {...}` made at the end.
    public var peers: [BFDPeer]
    /// Whom to answer without naming each one.
    public var allow: [BFDAllow]
    /// In the order of the file, those that a peer's or allow entry's own key made at the end.
    public var keyChains: [BFDKeyChain]

    /// Whom seamless BFD asks here (RFC 7880).
    public var reflectors: [BFDReflector] = []

    /// Whether bfdd-control is answered on TCP 127.0.0.1:957 inside the gateway's namespace, as by OpenBFDD.
    public var openBFDDControl = false

    public init(
      timers: BFDTimers = BFDTimers(), listen: [IPAddress] = [.v4(.any), .v6(.any)], peers: [BFDPeer] = [],
      allow: [BFDAllow] = [], keyChains: [BFDKeyChain] = []
    ) {
      self.keyChains = keyChains
      self.timers = timers
      self.listen = listen
      self.peers = peers
      self.allow = allow
    }
  }

  /// The three numbers that a BFD session negotiates with, and the modes it runs in.
  public struct BFDTimers: Hashable, Sendable {
    /// Desired min TX interval (RFC 5880 section 4.1): 1 us to 4294967295 us. Slower than 1 s until the session is Up.
    public var transmitInterval: Duration
    /// Required min RX interval (RFC 5880 section 4.1): 1 us to 4294967295 us.
    public var receiveInterval: Duration
    /// Detect Mult (RFC 5880 section 4.1): 1 to 255.
    public var detectMultiplier: Int
    public var echo: BFDEcho?
    public var demand: BFDDemand?
    /// Octets of IP packets that Control packets and echoes are padded to: 100 to 65535 (RFC 9764).
    public var packetSize: Int?

    public init(
      transmitInterval: Duration = .milliseconds(300), receiveInterval: Duration = .milliseconds(300),
      detectMultiplier: Int = 3, echo: BFDEcho? = nil, demand: BFDDemand? = nil, packetSize: Int? = nil
    ) {
      self.echo = echo
      self.demand = demand
      self.packetSize = packetSize
      self.transmitInterval = transmitInterval
      self.receiveInterval = receiveInterval
      self.detectMultiplier = detectMultiplier
    }
  }

  /// One peer known by its address.
  public struct BFDPeer: Hashable, Sendable {
    /// Unique among peers and allow entries.
    public var name: String
    public var address: IPAddress
    /// Always there for link-local IPv6 addresses.
    public var interface: String?
    /// The source address; nil lets the kernel's routing choose.
    public var localAddress: IPAddress?
    public var mode: BFDMode
    public var timers: BFDTimers {
      get { sharedTimers.value }
      set { sharedTimers.value = newValue }
    }
    private var sharedTimers: Shared<BFDTimers>
    public var reach: BFDReach
    /// The lowest TTL or hop limit accepted: 255 is RFC 5881 section 5 to the letter; 1 accepts any.
    public var minimumTTL: UInt8
    /// Accept the first packet from any source address (RFC 5881 section 6, point-to-point links).
    public var pointToPoint: Bool
    /// The discriminator of the reflector that the peer is: the session is seamless BFD (RFC 7880). Nil for all others.
    public var seamlessDiscriminator: UInt32?
    /// `interface` is a member of a link aggregation group, and the session its own (RFC 7130).
    public var isLAGMember = false
    /// Administratively down.
    public var shutdown: Bool
    /// Name of the key chain that packets are authenticated with; nil for none.
    public var keyChain: String?
    /// Nil: a session that flaps comes up again at once each time.
    public var dampening: Dampening? {
      get { sharedDampening.value }
      set { sharedDampening.value = newValue }
    }
    private var sharedDampening: Shared<Dampening?>

    public var compatibility = BFDCompatibility.none
    /// What the peer's discriminator is, as far as known from elsewhere; used with `compatibility: ovn` only.
    public var remoteDiscriminator: UInt32?

    public init(
      name: String, address: IPAddress, interface: String? = nil, localAddress: IPAddress? = nil,
      reach: BFDReach = BFDReach(), mode: BFDMode = .active, timers: BFDTimers = BFDTimers(),
      minimumTTL: UInt8 = 255, pointToPoint: Bool = false, shutdown: Bool = false, keyChain: String? = nil,
      dampening: Dampening? = nil
    ) {
      self.reach = reach
      self.keyChain = keyChain
      sharedDampening = Shared(dampening)
      self.name = name
      self.address = address
      self.interface = interface
      self.localAddress = localAddress
      self.mode = mode
      sharedTimers = Shared(timers)
      self.minimumTTL = minimumTTL
      self.pointToPoint = pointToPoint
      self.shutdown = shutdown
    }

    /// Keeps timers and dampening where `other` has them, as far as they are the same: a file of thousands of peers has few
    /// different ones.
    mutating func share(with other: BFDPeer) {
      sharedTimers.share(with: other.sharedTimers)
      sharedDampening.share(with: other.sharedDampening)
    }
  }

  /// A reflector of seamless BFD on this gateway.
  public struct BFDReflector: Hashable, Sendable {
    /// Not zero; unique in its namespace or VRF.
    public var discriminator: UInt32
    /// Whom it answers; not empty.
    public var allow: [IPPrefix]
    /// Required Min RX Interval, as it tells initiators.
    public var receiveInterval: Duration
    /// Answers a second: 1 to 1,000,000.
    public var maximumRate: Int
    /// Answers AdminDown.
    public var shutdown: Bool
    /// `multihop` is always false here.
    public var reach: BFDReach

    public init(
      discriminator: UInt32, allow: [IPPrefix], receiveInterval: Duration = .milliseconds(10),
      maximumRate: Int = 10_000, shutdown: Bool = false, reach: BFDReach = BFDReach()
    ) {
      self.discriminator = discriminator
      self.allow = allow
      self.receiveInterval = receiveInterval
      self.maximumRate = maximumRate
      self.shutdown = shutdown
      self.reach = reach
    }
  }

  /// Where a peer is, beside its address.
  public struct BFDReach: Hashable, Sendable {
    /// Behind routers: RFC 5883, UDP port 4784. Sessions are told apart by both addresses.
    public var multihop: Bool
    /// A VRF's device, in the gateway's namespace or in `namespace`.
    public var vrf: String?
    /// Another namespace than the gateway's, by its name in /run/netns.
    public var namespace: String?

    public init(multihop: Bool = false, vrf: String? = nil, namespace: String? = nil) {
      self.multihop = multihop
      self.vrf = vrf
      self.namespace = namespace
    }
  }

  /// How a session that fails again and again is held down, longer each time (RFC 5882 section 3.2 leaves it to the
  /// implementation).
  public struct Dampening: Hashable, Sendable {
    /// Failures within `window` from which on it is held down: 1 to 1000.
    public var threshold: Int
    public var window: Duration
    /// The first time.
    public var initialHold: Duration
    /// Each further time is twice as long, up to this.
    public var maximumHold: Duration
    /// Without a failure for so long, the next hold is an initial one again.
    public var forgetAfter: Duration

    public init(
      threshold: Int = 3, window: Duration = .seconds(60), initialHold: Duration = .seconds(5),
      maximumHold: Duration = .seconds(300), forgetAfter: Duration = .seconds(600)
    ) {
      self.threshold = threshold
      self.window = window
      self.initialHold = initialHold
      self.maximumHold = maximumHold
      self.forgetAfter = forgetAfter
    }
  }

  /// A speaker that needs more, or less, than RFC 5880.
  public enum BFDCompatibility: String, Hashable, Sendable, CaseIterable {
    case none
    /// OVN's logical router ports: see docs/decisions/0011.
    case ovn
  }

  /// Who speaks first (RFC 5880 section 6.1).
  public enum BFDMode: String, Hashable, Sendable, CaseIterable {
    case active
    case passive
    /// Echo alone, to a peer without BFD (RFC 9747).
    case unaffiliatedEcho = "unaffiliated-echo"
  }

  /// Addresses whose first packet makes a session; the one host of a prefix may be spoken to first.
  public struct BFDAllow: Hashable, Sendable {
    /// As written, or else the prefix (with `%INTERFACE` when there is one). Unique among peers and allow entries.
    public var name: String
    /// Host bits are zero.
    public var prefix: IPPrefix
    /// Only packets that came in here; nil: any interface.
    public var interface: String?
    /// 1 to 65535.
    public var maxSessions: Int
    public var reach: BFDReach
    public var timers: BFDTimers
    /// The lowest TTL or hop limit accepted.
    public var minimumTTL: UInt8
    /// Name of the key chain that packets are authenticated with; nil for none.
    public var keyChain: String?
    public var dampening: Dampening?

    /// Active only where the prefix is one host.
    public var mode = BFDMode.passive
    public var compatibility = BFDCompatibility.none

    public init(
      name: String? = nil, prefix: IPPrefix, interface: String? = nil, maxSessions: Int = 64,
      reach: BFDReach = BFDReach(), timers: BFDTimers = BFDTimers(), minimumTTL: UInt8 = 255,
      keyChain: String? = nil, dampening: Dampening? = nil
    ) {
      self.reach = reach
      self.keyChain = keyChain
      self.dampening = dampening
      self.name = name ?? "\(prefix)" + (interface.map { "%\($0)" } ?? "")
      self.prefix = prefix
      self.interface = interface
      self.maxSessions = maxSessions
      self.timers = timers
      self.minimumTTL = minimumTTL
    }
  }
}
