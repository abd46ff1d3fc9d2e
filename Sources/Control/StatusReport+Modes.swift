extension StatusReport {
  /// A session's echo function (RFC 5880 section 6.4), or its unaffiliated echo (RFC 9747).
  public struct Echo: Hashable, Sendable, Codable {
    /// Whether echoes are being sent: the session is Up and the peer loops them.
    public var isRunning: Bool
    public var unaffiliated: Bool
    /// Microseconds between echoes, the greater of ours and the peer's; nil when none are wanted here.
    public var transmitInterval: UInt64?
    /// Required Min Echo RX Interval, in microseconds: ours, and the peer's when it is known; 0 loops none.
    public var requiredMinEchoRxInterval: UInt64
    public var remoteRequiredMinEchoRxInterval: UInt64?
    public var sentCount: UInt64
    public var returnedCount: UInt64
    /// The peer's echoes that everway sent back itself.
    public var loopedCount: UInt64
    /// Microseconds; nil before the first came back.
    public var roundTrip: UInt64?
    public var meanRoundTrip: UInt64?
    public var localAddress: String?
    public var linkAddress: String?
    /// Why none can be sent.
    public var obstacle: String?

    public init(
      isRunning: Bool, unaffiliated: Bool = false, transmitInterval: UInt64? = nil,
      requiredMinEchoRxInterval: UInt64 = 0, remoteRequiredMinEchoRxInterval: UInt64? = nil, sentCount: UInt64 = 0,
      returnedCount: UInt64 = 0, loopedCount: UInt64 = 0, roundTrip: UInt64? = nil, meanRoundTrip: UInt64? = nil,
      localAddress: String? = nil, linkAddress: String? = nil, obstacle: String? = nil
    ) {
      self.isRunning = isRunning
      self.unaffiliated = unaffiliated
      self.transmitInterval = transmitInterval
      self.requiredMinEchoRxInterval = requiredMinEchoRxInterval
      self.remoteRequiredMinEchoRxInterval = remoteRequiredMinEchoRxInterval
      self.sentCount = sentCount
      self.returnedCount = returnedCount
      self.loopedCount = loopedCount
      self.roundTrip = roundTrip
      self.meanRoundTrip = meanRoundTrip
      self.localAddress = localAddress
      self.linkAddress = linkAddress
      self.obstacle = obstacle
    }

    private enum CodingKeys: String, CodingKey {
      case unaffiliated, obstacle
      case isRunning = "running"
      case transmitInterval = "transmit-interval"
      case requiredMinEchoRxInterval = "required-min-echo-rx-interval"
      case remoteRequiredMinEchoRxInterval = "remote-required-min-echo-rx-interval"
      case sentCount = "sent-count"
      case returnedCount = "returned-count"
      case loopedCount = "looped-count"
      case roundTrip = "round-trip"
      case meanRoundTrip = "mean-round-trip"
      case localAddress = "local-address"
      case linkAddress = "link-address"
    }
  }

  /// Demand mode here and at the peer (RFC 5880 section 6.6).
  public struct Demand: Hashable, Sendable, Codable {
    /// Silence is no failure here: the path is verified by Polls.
    public var active: Bool
    /// The peer has asked us to be silent.
    public var remoteActive: Bool
    /// Microseconds since the peer last answered a Poll.
    public var lastVerifiedAge: UInt64?
    /// Microseconds from an answer to the next Poll.
    public var pollInterval: UInt64?

    public init(active: Bool, remoteActive: Bool, lastVerifiedAge: UInt64? = nil, pollInterval: UInt64? = nil) {
      self.active = active
      self.remoteActive = remoteActive
      self.lastVerifiedAge = lastVerifiedAge
      self.pollInterval = pollInterval
    }

    private enum CodingKeys: String, CodingKey {
      case active
      case remoteActive = "remote-active"
      case lastVerifiedAge = "last-verified-age"
      case pollInterval = "poll-interval"
    }
  }
}
