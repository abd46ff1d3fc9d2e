// A session as JSON, with the names and containers of RFC 9127 (YANG modules ietf-bfd-ip-sh, ietf-bfd-types and
// iana-bfd-types). What RFC 9127 has no name for stands beside in the same style.

extension StatusReport {
  /// RFC 9127's path types; `path-sbfd` is ours.
  public enum PathType: String, Hashable, Sendable, Codable, CaseIterable {
    case singleHop = "path-ip-sh"
    case multihop = "path-ip-mh"
    case linkAggregationMember = "path-lag"
    case seamless = "path-sbfd"
  }

  /// What dampening has done to a session.
  public struct Dampening: Hashable, Sendable, Codable {
    /// Until then it is held Down; nil while it is not.
    public var heldUntil: Timestamp?
    /// Times it was held.
    public var holdCount: UInt64

    public init(heldUntil: Timestamp? = nil, holdCount: UInt64) {
      self.heldUntil = heldUntil
      self.holdCount = holdCount
    }

    private enum CodingKeys: String, CodingKey {
      case heldUntil = "held-until"
      case holdCount = "hold-count"
    }
  }
}

extension StatusReport.Session: Codable {
  private enum Key: String, CodingKey {
    case name, role, rule, interface, vrf, namespace, drained, authentication, echo, demand, dampening
    case destAddr = "dest-addr"
    case sourceAddr = "source-addr"
    case pathType = "path-type"
    case sourcePort = "source-port"
    case destPort = "dest-port"
    case localDiscriminator = "local-discriminator"
    case remoteDiscriminator = "remote-discriminator"
    case localMultiplier = "local-multiplier"
    case remoteMultiplier = "remote-multiplier"
    case desiredMinTxInterval = "desired-min-tx-interval"
    case requiredMinRxInterval = "required-min-rx-interval"
    case remoteDesiredMinTxInterval = "remote-desired-min-tx-interval"
    case remoteRequiredMinRxInterval = "remote-required-min-rx-interval"
    case packetSize = "packet-size"
    case running = "session-running"
    case statistics = "session-statistics"
    case lastPacketAge = "last-packet-age"
    case lastStateChangeTime = "last-state-change-time"
    case secondsInState = "seconds-in-state"
    case lastSendError = "last-send-error"
    case lastTransition = "last-transition"
    case silentBecause = "silent-because"
  }

  private enum RunningKey: String, CodingKey {
    case localState = "local-state"
    case remoteState = "remote-state"
    case localDiagnostic = "local-diagnostic"
    case remoteDiagnostic = "remote-diagnostic"
    case remoteAuthenticated = "remote-authenticated"
    case remoteAuthenticationType = "remote-authentication-type"
    case detectionMode = "detection-mode"
    case negotiatedTxInterval = "negotiated-tx-interval"
    case negotiatedRxInterval = "negotiated-rx-interval"
    case detectionTime = "detection-time"
    case echoTxIntervalInUse = "echo-tx-interval-in-use"
  }

  private enum StatisticsKey: String, CodingKey {
    case createTime = "create-time"
    case lastDownTime = "last-down-time"
    case lastUpTime = "last-up-time"
    case downCount = "down-count"
    case adminDownCount = "admin-down-count"
    case receivePacketCount = "receive-packet-count"
    case sendPacketCount = "send-packet-count"
    case receiveInvalidPacketCount = "receive-invalid-packet-count"
    case sendFailedPacketCount = "send-failed-packet-count"
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(name, forKey: .name)
    try container.encode(peerAddress, forKey: .destAddr)
    try container.encodeIfPresent(localAddress, forKey: .sourceAddr)
    try container.encodeIfPresent(interface, forKey: .interface)
    try container.encodeIfPresent(vrf, forKey: .vrf)
    try container.encodeIfPresent(namespace, forKey: .namespace)
    try container.encode(pathType, forKey: .pathType)
    try container.encodeIfPresent(sourcePort, forKey: .sourcePort)
    try container.encodeIfPresent(destinationPort, forKey: .destPort)
    try container.encode(role, forKey: .role)
    try container.encodeIfPresent(rule, forKey: .rule)
    try container.encode(drained, forKey: .drained)
    try container.encodeIfPresent(silentBecause, forKey: .silentBecause)
    try container.encode(localDiscriminator, forKey: .localDiscriminator)
    try container.encode(remoteDiscriminator, forKey: .remoteDiscriminator)
    try container.encode(localMultiplier, forKey: .localMultiplier)
    try container.encodeIfPresent(remoteMultiplier, forKey: .remoteMultiplier)
    try container.encode(desiredMinTxInterval, forKey: .desiredMinTxInterval)
    try container.encode(requiredMinRxInterval, forKey: .requiredMinRxInterval)
    try container.encodeIfPresent(remoteDesiredMinTxInterval, forKey: .remoteDesiredMinTxInterval)
    try container.encodeIfPresent(remoteRequiredMinRxInterval, forKey: .remoteRequiredMinRxInterval)
    try container.encodeIfPresent(authentication, forKey: .authentication)
    try container.encodeIfPresent(echo, forKey: .echo)
    try container.encodeIfPresent(demand, forKey: .demand)
    try container.encodeIfPresent(dampening, forKey: .dampening)
    try container.encodeIfPresent(packetSize, forKey: .packetSize)
    try container.encodeIfPresent(lastPacketAge, forKey: .lastPacketAge)
    try container.encodeIfPresent(lastStateChangeTime, forKey: .lastStateChangeTime)
    try container.encode(secondsInState, forKey: .secondsInState)
    try container.encodeIfPresent(lastSendError, forKey: .lastSendError)
    try container.encodeIfPresent(lastTransition, forKey: .lastTransition)

    var running = container.nestedContainer(keyedBy: RunningKey.self, forKey: .running)
    try running.encode(sessionState, forKey: .localState)
    try running.encode(remoteSessionState, forKey: .remoteState)
    try running.encode(localDiagnostic, forKey: .localDiagnostic)
    try running.encode(remoteDiagnostic, forKey: .remoteDiagnostic)
    // No packet counts that is not authenticated as ours are.
    try running.encode(authentication != nil && remoteMultiplier != nil, forKey: .remoteAuthenticated)
    try running.encodeIfPresent(authentication?.type, forKey: .remoteAuthenticationType)
    try running.encode(detectionMode, forKey: .detectionMode)
    try running.encode(negotiatedTransmissionInterval, forKey: .negotiatedTxInterval)
    try running.encodeIfPresent(negotiatedReceiveInterval, forKey: .negotiatedRxInterval)
    try running.encodeIfPresent(detectionTime, forKey: .detectionTime)
    try running.encode(echo?.isRunning == true ? echo?.transmitInterval ?? 0 : 0, forKey: .echoTxIntervalInUse)

    var statistics = container.nestedContainer(keyedBy: StatisticsKey.self, forKey: .statistics)
    try statistics.encodeIfPresent(createTime, forKey: .createTime)
    try statistics.encodeIfPresent(lastDownTime, forKey: .lastDownTime)
    try statistics.encodeIfPresent(lastUpTime, forKey: .lastUpTime)
    try statistics.encode(downCount, forKey: .downCount)
    try statistics.encode(adminDownCount, forKey: .adminDownCount)
    try statistics.encode(receivePacketCount, forKey: .receivePacketCount)
    try statistics.encode(sendPacketCount, forKey: .sendPacketCount)
    try statistics.encode(receiveInvalidPacketCount, forKey: .receiveInvalidPacketCount)
    try statistics.encode(sendFailedPacketCount, forKey: .sendFailedPacketCount)
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    let running = try container.nestedContainer(keyedBy: RunningKey.self, forKey: .running)
    let statistics = try container.nestedContainer(keyedBy: StatisticsKey.self, forKey: .statistics)
    self.init(
      name: try container.decode(String.self, forKey: .name),
      peerAddress: try container.decode(String.self, forKey: .destAddr),
      localAddress: try container.decodeIfPresent(String.self, forKey: .sourceAddr),
      interface: try container.decodeIfPresent(String.self, forKey: .interface),
      role: try container.decode(StatusReport.Role.self, forKey: .role),
      rule: try container.decodeIfPresent(String.self, forKey: .rule),
      localDiscriminator: try container.decode(UInt32.self, forKey: .localDiscriminator),
      remoteDiscriminator: try container.decode(UInt32.self, forKey: .remoteDiscriminator),
      sessionState: try running.decode(StatusReport.SessionState.self, forKey: .localState),
      remoteSessionState: try running.decode(StatusReport.SessionState.self, forKey: .remoteState),
      localDiagnostic: try running.decode(StatusReport.Diagnostic.self, forKey: .localDiagnostic),
      remoteDiagnostic: try running.decode(StatusReport.Diagnostic.self, forKey: .remoteDiagnostic),
      detectionMode: try running.decode(StatusReport.DetectionMode.self, forKey: .detectionMode),
      localMultiplier: try container.decode(Int.self, forKey: .localMultiplier),
      remoteMultiplier: try container.decodeIfPresent(Int.self, forKey: .remoteMultiplier),
      desiredMinTxInterval: try container.decode(UInt64.self, forKey: .desiredMinTxInterval),
      requiredMinRxInterval: try container.decode(UInt64.self, forKey: .requiredMinRxInterval),
      remoteDesiredMinTxInterval: try container.decodeIfPresent(UInt64.self, forKey: .remoteDesiredMinTxInterval),
      remoteRequiredMinRxInterval: try container.decodeIfPresent(UInt64.self, forKey: .remoteRequiredMinRxInterval),
      negotiatedTransmissionInterval: try running.decode(UInt64.self, forKey: .negotiatedTxInterval),
      negotiatedReceiveInterval: try running.decodeIfPresent(UInt64.self, forKey: .negotiatedRxInterval),
      detectionTime: try running.decodeIfPresent(UInt64.self, forKey: .detectionTime),
      lastPacketAge: try container.decodeIfPresent(UInt64.self, forKey: .lastPacketAge),
      lastStateChangeTime: try container.decodeIfPresent(Timestamp.self, forKey: .lastStateChangeTime),
      secondsInState: try container.decode(Double.self, forKey: .secondsInState),
      downCount: try statistics.decode(UInt64.self, forKey: .downCount),
      receivePacketCount: try statistics.decode(UInt64.self, forKey: .receivePacketCount),
      sendPacketCount: try statistics.decode(UInt64.self, forKey: .sendPacketCount),
      sendFailedPacketCount: try statistics.decode(UInt64.self, forKey: .sendFailedPacketCount),
      lastSendError: try container.decodeIfPresent(String.self, forKey: .lastSendError),
      drained: try container.decode(Bool.self, forKey: .drained),
      lastTransition: try container.decodeIfPresent(StatusReport.Transition.self, forKey: .lastTransition))
    silentBecause = try container.decodeIfPresent(String.self, forKey: .silentBecause)
    authentication = try container.decodeIfPresent(StatusReport.Authentication.self, forKey: .authentication)
    echo = try container.decodeIfPresent(StatusReport.Echo.self, forKey: .echo)
    demand = try container.decodeIfPresent(StatusReport.Demand.self, forKey: .demand)
    dampening = try container.decodeIfPresent(StatusReport.Dampening.self, forKey: .dampening)
    packetSize = try container.decodeIfPresent(Int.self, forKey: .packetSize)
    pathType = try container.decode(StatusReport.PathType.self, forKey: .pathType)
    vrf = try container.decodeIfPresent(String.self, forKey: .vrf)
    namespace = try container.decodeIfPresent(String.self, forKey: .namespace)
    sourcePort = try container.decodeIfPresent(Int.self, forKey: .sourcePort)
    destinationPort = try container.decodeIfPresent(Int.self, forKey: .destPort)
    createTime = try statistics.decodeIfPresent(Timestamp.self, forKey: .createTime)
    lastUpTime = try statistics.decodeIfPresent(Timestamp.self, forKey: .lastUpTime)
    lastDownTime = try statistics.decodeIfPresent(Timestamp.self, forKey: .lastDownTime)
    adminDownCount = try statistics.decode(UInt64.self, forKey: .adminDownCount)
    receiveInvalidPacketCount = try statistics.decode(UInt64.self, forKey: .receiveInvalidPacketCount)
  }
}
