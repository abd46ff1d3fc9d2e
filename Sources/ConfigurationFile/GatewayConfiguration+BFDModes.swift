extension GatewayConfiguration {
  /// The echo function (RFC 5880 section 6.4): what this end sends, and what it sends back.
  public struct BFDEcho: Hashable, Sendable {
    /// Between our echoes, 1 us to 4294967295 us; nil: none are sent. The peer may ask for a longer one.
    public var transmitInterval: Duration?
    /// Required Min Echo RX Interval: how fast the peer's echoes may come, 1 us to 4294967295 us; nil: none are wanted.
    public var receiveInterval: Duration?
    /// Required min RX interval while echoes come back, where that is longer (RFC 5880 section 6.8.3).
    public var controlInterval: Duration

    public init(
      transmitInterval: Duration? = nil, receiveInterval: Duration? = nil, controlInterval: Duration = .seconds(1)
    ) {
      self.transmitInterval = transmitInterval
      self.receiveInterval = receiveInterval
      self.controlInterval = controlInterval
    }
  }

  /// Demand mode (RFC 5880 section 6.6).
  public struct BFDDemand: Hashable, Sendable {
    /// How long after the last answer the peer is asked again: 1 us to 4294967295 us.
    public var pollInterval: Duration

    public init(pollInterval: Duration = .seconds(10)) { self.pollInterval = pollInterval }
  }
}
