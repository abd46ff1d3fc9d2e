import Cluster
public import Addresses

extension SpeakerFacts {
  /// BFD as it passed the gateway's interfaces while doctor listened: before any firewall on its way in, behind every
  /// one on its way out.
  public struct Wire: Codable, Hashable, Sendable {
    /// How long was listened, in milliseconds.
    public var window: UInt64
    public var flows: [Flow]

    public init(window: UInt64, flows: [Flow]) {
      self.window = window
      self.flows = flows
    }

    /// What came from an address.
    public func from(_ peer: IPAddress) -> [Flow] { flows.filter { !$0.isOutgoing && $0.source == peer } }
    /// What was sent to one.
    public func to(_ peer: IPAddress) -> [Flow] { flows.filter { $0.isOutgoing && $0.destination == peer } }
  }

  /// Packets with the same addresses, port and interface. Fields are those of the last packet.
  public struct Flow: Codable, Hashable, Sendable {
    public var source: IPAddress
    public var destination: IPAddress
    /// UDP, where to.
    public var port: UInt16
    public var sourcePort: UInt16
    public var interface: String
    public var isOutgoing: Bool
    public var count: UInt64
    /// TTL or Hop Limit, the least seen.
    public var timeToLive: UInt8
    /// Between two packets, in microseconds; nil with fewer than two.
    public var meanGap: UInt64?
    public var longestGap: UInt64?
    /// Why RFC 5880 section 6.8.6 discards it, by everway's name: `multiplier-zero`; nil when it is well formed.
    public var fault: String?
    /// Nil when there is a fault.
    public var packet: Packet?

    public init(
      source: IPAddress, destination: IPAddress, port: UInt16, sourcePort: UInt16 = 49152, interface: String,
      isOutgoing: Bool, count: UInt64, timeToLive: UInt8 = 255, packet: Packet? = nil
    ) {
      self.source = source
      self.destination = destination
      self.port = port
      self.sourcePort = sourcePort
      self.interface = interface
      self.isOutgoing = isOutgoing
      self.count = count
      self.timeToLive = timeToLive
      self.packet = packet
    }
  }

  /// A control packet (RFC 5880 section 4.1). Intervals are microseconds.
  public struct Packet: Codable, Hashable, Sendable {
    public var state: State
    public var diagnostic: UInt8
    public var multiplier: UInt8
    public var myDiscriminator: UInt32
    public var yourDiscriminator: UInt32
    public var desiredMinTx: UInt64
    public var requiredMinRx: UInt64
    public var isAuthenticated = false
    public var isDemand = false

    public init(
      state: State, diagnostic: UInt8 = 0, multiplier: UInt8 = 3, myDiscriminator: UInt32,
      yourDiscriminator: UInt32 = 0, desiredMinTx: UInt64 = 1_000_000, requiredMinRx: UInt64 = 1_000_000
    ) {
      self.state = state
      self.diagnostic = diagnostic
      self.multiplier = multiplier
      self.myDiscriminator = myDiscriminator
      self.yourDiscriminator = yourDiscriminator
      self.desiredMinTx = desiredMinTx
      self.requiredMinRx = requiredMinRx
    }

    /// In the words of a log, for evidence.
    public var words: String {
      "state \(state.rawValue), diagnostic \(diagnostic), my discriminator \(myDiscriminator), your discriminator "
        + "\(yourDiscriminator), min TX \(desiredMinTx) us, min RX \(requiredMinRx) us, multiplier \(multiplier)"
    }
  }
}
