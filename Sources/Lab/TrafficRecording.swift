/// What sender and receiver wrote down, before anybody judges it. Times are nanoseconds since the start.
public struct TrafficRecording: Sendable {
  /// One datagram that reached the server.
  public struct Arrival: Hashable, Sendable {
    public var sequence: UInt32
    public var flow: UInt16
    /// An index into the plan's paths; 255 for none of them.
    public var path: UInt8

    public init(sequence: UInt32, flow: UInt16, path: UInt8) {
      self.sequence = sequence
      self.flow = flow
      self.path = path
    }

    static let unknownPath: UInt8 = 255
  }

  /// A datagram that the client's kernel refused to send, so that nobody could lose it.
  public struct Unsent: Hashable, Sendable {
    public var sequence: UInt32
    public var flow: UInt16

    public init(sequence: UInt32, flow: UInt16) {
      self.sequence = sequence
      self.flow = flow
    }
  }

  /// Something that was done while the traffic ran.
  public struct Mark: Hashable, Sendable {
    public var name: String
    public var nanoseconds: Int64

    public init(name: String, nanoseconds: Int64) {
      self.name = name
      self.nanoseconds = nanoseconds
    }

    public var time: Duration { .nanoseconds(nanoseconds) }
  }

  public var flowCount: Int
  public var pathNames: [String]
  public var intervalNanoseconds: Int64
  /// When the datagrams of each sequence number left, one of every flow.
  public var sendTimes: [Int64]
  public var unsent: [Unsent]
  /// In the order of arrival.
  public var arrivals: [Arrival]
  public var marks: [Mark]
  public var health: TrafficHealth

  public init(
    flowCount: Int, pathNames: [String], intervalNanoseconds: Int64 = 1_000_000, sendTimes: [Int64],
    unsent: [Unsent] = [], arrivals: [Arrival], marks: [Mark] = [], health: TrafficHealth = TrafficHealth()
  ) {
    self.flowCount = flowCount
    self.pathNames = pathNames
    self.intervalNanoseconds = intervalNanoseconds
    self.sendTimes = sendTimes
    self.unsent = unsent
    self.arrivals = arrivals
    self.marks = marks
    self.health = health
  }
}

/// How well the measuring itself went: what went wrong here must not be blamed on the network.
public struct TrafficHealth: Hashable, Sendable {
  /// Intervals in which nothing was sent, because the sender was not given the processor in time.
  public var skippedIntervals = 0
  /// Datagrams that found the server's socket full.
  public var socketDrops = 0
  /// Datagrams that found a processor's input queue full (softnet backlog, the whole machine).
  public var backlogDrops = 0
  /// Datagrams at our port that were not ours.
  public var strangers = 0
  /// Processor time of the two threads, in seconds; forwarding in the kernel counts as the sender's.
  public var senderSeconds = 0.0
  public var receiverSeconds = 0.0

  public init() {}
}
