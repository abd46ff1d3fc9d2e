public import Addresses
public import BFD

/// How a session is to be run: what the caller decides, beside the protocol's own parameters.
public struct SessionSettings: Hashable, Sendable {
  public var key: SessionKey
  /// Where packets go. For a point-to-point session that was not given one, the first packet's source.
  public var remoteAddress: IPAddress?
  /// Where they come from and must be sent to; nil lets the kernel choose, and accepts any.
  public var localAddress: IPAddress?
  public var minimumTimeToLive: UInt8
  public var parameters: SessionConfiguration
  /// Number of the key chain that its packets are authenticated with (`Speaker.setKeyChain`); nil for none.
  public var keyChain: Int?
  /// Nil: a session that flaps may come up again at once each time.
  @Seldom public var dampening: Dampening.Settings?

  public init(
    key: SessionKey, remoteAddress: IPAddress?, localAddress: IPAddress? = nil, minimumTimeToLive: UInt8 = 255,
    parameters: SessionConfiguration = SessionConfiguration(), keyChain: Int? = nil,
    dampening: Dampening.Settings? = nil
  ) {
    self.keyChain = keyChain
    self.dampening = dampening
    self.key = key
    self.remoteAddress = remoteAddress
    self.localAddress = localAddress
    self.minimumTimeToLive = minimumTimeToLive
    self.parameters = parameters
  }
}

/// Whom to accept without naming them (RFC 9468): a session is made when one of them speaks.
public struct AllowRule: Hashable, Sendable {
  public var prefix: IPPrefix
  /// Only on this interface; 0 for any.
  public var interface: UInt32
  public var pathType: PathType
  public var domain: RoutingDomain
  /// Whether a peer may have a session with each address of this system, as always over several hops.
  public var byLocalAddress: Bool
  /// How many sessions it may have at a time.
  public var maximumSessions: Int
  public var minimumTimeToLive: UInt8
  public var parameters: SessionConfiguration
  public var dampening: Dampening.Settings?
  /// What its sessions are made held in, so that not one packet of theirs says otherwise. Sessions that are there
  /// already are held, and let go, one by one.
  public var hold: Session.Hold?
  /// Number of the key chain that its sessions are authenticated with. A packet that does not verify makes no session.
  public var keyChain: Int?

  public init(
    prefix: IPPrefix, interface: UInt32 = 0, pathType: PathType = .singleHop, domain: RoutingDomain = .main,
    byLocalAddress: Bool = false, maximumSessions: Int = 64, minimumTimeToLive: UInt8 = 255,
    parameters: SessionConfiguration = SessionConfiguration(role: .passive), keyChain: Int? = nil,
    dampening: Dampening.Settings? = nil, hold: Session.Hold? = nil
  ) {
    self.keyChain = keyChain
    self.dampening = dampening
    self.hold = hold
    self.prefix = prefix
    self.interface = interface
    self.pathType = pathType
    self.domain = domain
    self.byLocalAddress = byLocalAddress
    self.maximumSessions = maximumSessions
    self.minimumTimeToLive = minimumTimeToLive
    self.parameters = parameters
  }
}

extension SessionSettings {
  /// Takes what a session may change to while it goes on.
  mutating func takeOptions(of other: SessionSettings) {
    parameters = other.parameters
    keyChain = other.keyChain
    dampening = other.dampening
  }

  mutating func takeOptions(of rule: AllowRule) {
    parameters = rule.parameters
    keyChain = rule.keyChain
    dampening = rule.dampening
  }
}

extension AllowRule {
  /// The key of the session that this rule makes for a packet.
  func key(for packet: PacketSource) -> SessionKey {
    let peer: SessionKey.Peer =
      byLocalAddress || pathType == .multihop
      ? .pair(local: packet.destination, remote: packet.source)
      : .address(packet.source, interface: packet.interface)
    return SessionKey(peer: peer, pathType: pathType, domain: domain)
  }

  /// Whether both accept the same packets.
  func isSame(as other: AllowRule) -> Bool {
    prefix == other.prefix && interface == other.interface && pathType == other.pathType && domain == other.domain
      && byLocalAddress == other.byLocalAddress
  }
}

/// What the speaker tells its owner, in the order in which it happened.
public enum SpeakerEvent: Hashable, Sendable {
  /// A session changed its state.
  case transition(session: Int, Transition)
  /// An allow rule made a session.
  case created(session: Int, rule: Int, SessionSettings)
  /// A session made by an allow rule was silent for long, and is gone.
  case removed(session: Int)
  /// A key chain has come to other keys than before, or to none.
  case keysChanged(chain: Int, KeyChainView)
  /// A session that flaps is held Down until then.
  case dampened(session: Int, until: Instant)
  /// The hold is over: the session may come up again.
  case undampened(session: Int)
}

/// Packets of one session.
public struct SessionCounters: Hashable, Sendable {
  public var received: UInt64 = 0
  public var transmitted: UInt64 = 0
  /// Packets the kernel refused to send.
  public var sendFailures: UInt64 = 0
  /// errno of the last refusal, 0 for none.
  public var lastSendError: Int32 = 0
  /// Packets that did not leave because there was no key to authenticate them with.
  public var withheld: UInt64 = 0
  /// Times the session left Up.
  public var downs: UInt64 = 0
  /// Times an operator here took it down.
  public var adminDowns: UInt64 = 0
  /// Packets that named it and were discarded all the same.
  public var invalid: UInt64 = 0
  /// When it last came up, and when it last left Up.
  public var lastUp: Instant?
  public var lastDown: Instant?
  public init() {}
}

/// A session as seen from outside, for status and logs.
public struct SessionView: Hashable, Sendable {
  public var settings: SessionSettings
  /// Where packets come from here; as the peer last had it where the kernel chooses, nil as long as that is not known or
  /// no packets are kept.
  public var localAddress: IPAddress?
  public var session: Session
  public var counters: SessionCounters
  /// The rule that made it, if one did.
  public var rule: Int?
  public var lastTransition: Transition?
  /// What its packets are authenticated with now; nil when they are not.
  public var keys: KeyChainView?
  /// What the owner holds it in; dampening holds sessions too, see `dampening`.
  public var hold: Session.Hold?
  public var dampening: Dampening?
  /// The way of its echoes; nil without.
  public var echo: EchoView?
}

/// What does not belong to one session.
public struct SpeakerCounters: Hashable, Sendable {
  /// Datagrams read.
  public var received: UInt64 = 0
  /// Datagrams given to the kernel.
  public var transmitted: UInt64 = 0
  /// Discarded, by `DiscardReason.rawValue`.
  public var discarded = [UInt64](repeating: 0, count: DiscardReason.allCases.count)
  /// Datagrams the kernel dropped because the socket's buffer was full.
  public var overflowed: UInt64 = 0
  /// How late sessions' timers were served.
  public var lateness = LatenessHistogram()

  public init() {}

  /// How many packets were discarded for a reason.
  public subscript(reason: DiscardReason) -> UInt64 { discarded[Int(reason.rawValue)] }
}
