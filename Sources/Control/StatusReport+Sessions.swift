extension StatusReport {
  /// One BFD session. Its JSON has the names and containers of RFC 9127, see `StatusReport+SessionCoding.swift`.
  public struct Session: Hashable, Sendable {
    public var name: String
    public var peerAddress: String
    public var pathType: PathType = .singleHop
    /// The VRF, and the namespace, as configured; nil outside all VRFs, and in the gateway's own.
    public var vrf: String?
    public var namespace: String?
    /// UDP ports of what this end sends.
    public var sourcePort: Int?
    public var destinationPort: Int?
    /// Nil while the kernel chooses.
    public var localAddress: String?
    public var interface: String?
    public var role: Role
    /// The allow entry that made it.
    public var rule: String?
    public var localDiscriminator: UInt32
    /// 0: not known.
    public var remoteDiscriminator: UInt32
    public var sessionState: SessionState
    public var remoteSessionState: SessionState
    public var localDiagnostic: Diagnostic
    public var remoteDiagnostic: Diagnostic
    public var detectionMode: DetectionMode
    public var localMultiplier: Int
    /// Nil before the first packet.
    public var remoteMultiplier: Int?
    /// As configured, microseconds.
    public var desiredMinTxInterval: UInt64
    /// As configured, microseconds.
    public var requiredMinRxInterval: UInt64
    /// Microseconds.
    public var remoteDesiredMinTxInterval: UInt64?
    /// Microseconds.
    public var remoteRequiredMinRxInterval: UInt64?
    /// What this system sends at, jitter aside: microseconds.
    public var negotiatedTransmissionInterval: UInt64
    /// What the peer is expected to send at: microseconds.
    public var negotiatedReceiveInterval: UInt64?
    /// Microseconds; nil when nothing is expected.
    public var detectionTime: UInt64?
    /// Microseconds since the last valid packet; nil: there was none.
    public var lastPacketAge: UInt64?
    public var lastStateChangeTime: Timestamp?
    public var secondsInState: Double
    /// Times it left Up.
    public var downCount: UInt64
    public var receivePacketCount: UInt64
    public var sendPacketCount: UInt64
    /// Refused by the kernel.
    public var sendFailedPacketCount: UInt64
    /// The kernel's reason, in words.
    public var lastSendError: String?
    /// An operator holds it in AdminDown.
    public var drained: Bool
    /// Why it sends nothing on purpose, so that the peer's detection time ends; nil while it speaks.
    public var silentBecause: String?
    public var lastTransition: Transition?
    /// Nil: packets are not authenticated.
    public var authentication: Authentication?
    /// Nil: no echo is wanted here, and none is looped.
    public var echo: Echo?
    /// Nil: Demand mode is neither wanted here nor asked for by the peer.
    public var demand: Demand?
    /// Octets of IP packets that this end's are padded to; nil: they are not.
    public var packetSize: Int?
    /// When the session was made.
    public var createTime: Timestamp?
    public var lastUpTime: Timestamp?
    public var lastDownTime: Timestamp?
    /// Times an operator here took it down.
    public var adminDownCount: UInt64 = 0
    /// Packets that were this session's and were discarded all the same.
    public var receiveInvalidPacketCount: UInt64 = 0
    /// Nil: flapping has no consequence.
    public var dampening: Dampening?

    public init(
      name: String,
      peerAddress: String,
      localAddress: String? = nil,
      interface: String? = nil,
      role: Role,
      rule: String? = nil,
      localDiscriminator: UInt32,
      remoteDiscriminator: UInt32,
      sessionState: SessionState,
      remoteSessionState: SessionState,
      localDiagnostic: Diagnostic,
      remoteDiagnostic: Diagnostic,
      detectionMode: DetectionMode = .asyncWithoutEcho,
      localMultiplier: Int,
      remoteMultiplier: Int? = nil,
      desiredMinTxInterval: UInt64,
      requiredMinRxInterval: UInt64,
      remoteDesiredMinTxInterval: UInt64? = nil,
      remoteRequiredMinRxInterval: UInt64? = nil,
      negotiatedTransmissionInterval: UInt64,
      negotiatedReceiveInterval: UInt64? = nil,
      detectionTime: UInt64? = nil,
      lastPacketAge: UInt64? = nil,
      lastStateChangeTime: Timestamp? = nil,
      secondsInState: Double,
      downCount: UInt64 = 0,
      receivePacketCount: UInt64 = 0,
      sendPacketCount: UInt64 = 0,
      sendFailedPacketCount: UInt64 = 0,
      lastSendError: String? = nil,
      drained: Bool = false,
      lastTransition: Transition? = nil,
      authentication: Authentication? = nil,
      echo: Echo? = nil,
      demand: Demand? = nil,
      packetSize: Int? = nil
    ) {
      self.authentication = authentication
      self.echo = echo
      self.demand = demand
      self.packetSize = packetSize
      self.name = name
      self.peerAddress = peerAddress
      self.localAddress = localAddress
      self.interface = interface
      self.role = role
      self.rule = rule
      self.localDiscriminator = localDiscriminator
      self.remoteDiscriminator = remoteDiscriminator
      self.sessionState = sessionState
      self.remoteSessionState = remoteSessionState
      self.localDiagnostic = localDiagnostic
      self.remoteDiagnostic = remoteDiagnostic
      self.detectionMode = detectionMode
      self.localMultiplier = localMultiplier
      self.remoteMultiplier = remoteMultiplier
      self.desiredMinTxInterval = desiredMinTxInterval
      self.requiredMinRxInterval = requiredMinRxInterval
      self.remoteDesiredMinTxInterval = remoteDesiredMinTxInterval
      self.remoteRequiredMinRxInterval = remoteRequiredMinRxInterval
      self.negotiatedTransmissionInterval = negotiatedTransmissionInterval
      self.negotiatedReceiveInterval = negotiatedReceiveInterval
      self.detectionTime = detectionTime
      self.lastPacketAge = lastPacketAge
      self.lastStateChangeTime = lastStateChangeTime
      self.secondsInState = secondsInState
      self.downCount = downCount
      self.receivePacketCount = receivePacketCount
      self.sendPacketCount = sendPacketCount
      self.sendFailedPacketCount = sendFailedPacketCount
      self.lastSendError = lastSendError
      self.drained = drained
      self.lastTransition = lastTransition
    }
  }
}

extension StatusReport {
  /// What a session's packets are authenticated with; never a key itself.
  public struct Authentication: Hashable, Sendable, Codable {
    public var keyChain: String
    /// Of the key that is sent with: `keyed-sha1`, ... Nil when there is none, and nothing is sent.
    public var type: String?
    /// Of the key that is sent with.
    public var keyId: Int?
    /// Ids of the keys that are accepted.
    public var acceptedKeyIds: [Int]
    /// Packets that did not leave because there was no key.
    public var withheldPacketCount: UInt64

    public init(
      keyChain: String, type: String? = nil, keyId: Int? = nil, acceptedKeyIds: [Int],
      withheldPacketCount: UInt64 = 0
    ) {
      self.keyChain = keyChain
      self.type = type
      self.keyId = keyId
      self.acceptedKeyIds = acceptedKeyIds
      self.withheldPacketCount = withheldPacketCount
    }

    private enum CodingKeys: String, CodingKey {
      case type
      case keyChain = "key-chain"
      case keyId = "key-id"
      case acceptedKeyIds = "accepted-key-ids"
      case withheldPacketCount = "withheld-packet-count"
    }
  }
}

extension StatusReport {
  /// A change of a session's state.
  public struct Transition: Hashable, Sendable, Codable {
    public var from: SessionState
    public var to: SessionState
    public var cause: TransitionCause
    public var localDiagnostic: Diagnostic
    public var remoteDiagnostic: Diagnostic?
    public var at: Timestamp

    public init(
      from: SessionState,
      to: SessionState,
      cause: TransitionCause,
      localDiagnostic: Diagnostic,
      remoteDiagnostic: Diagnostic? = nil,
      at: Timestamp
    ) {
      self.from = from
      self.to = to
      self.cause = cause
      self.localDiagnostic = localDiagnostic
      self.remoteDiagnostic = remoteDiagnostic
      self.at = at
    }

    private enum CodingKeys: String, CodingKey {
      case from, to, cause, at
      case localDiagnostic = "local-diagnostic"
      case remoteDiagnostic = "remote-diagnostic"
    }
  }
}
