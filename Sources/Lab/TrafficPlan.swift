public import Addresses

/// One flow of datagrams: what a router's hash sees of it.
public struct TrafficFlow: Hashable, Sendable {
  public var destination: IPAddress
  public var sourcePort: UInt16

  public init(destination: IPAddress, sourcePort: UInt16) {
    self.destination = destination
    self.sourcePort = sourcePort
  }
}

/// A way by which datagrams reach the server.
public struct TrafficPath: Hashable, Sendable {
  public var name: String
  /// The server's interface on which this path ends.
  public var interface: String

  public init(_ name: String, interface: String) {
    self.name = name
    self.interface = interface
  }
}

/// What is sent, and how the server tells the ways apart.
public struct TrafficPlan: Hashable, Sendable {
  /// At most 65535.
  public var flows: [TrafficFlow]
  /// Every flow sends one datagram in each interval.
  public var intervalMicroseconds: Int
  public var port: UInt16
  /// At most 254; datagrams that come in elsewhere count as received by no path.
  public var paths: [TrafficPath]
  /// Memory is set aside for this long; longer runs are fine.
  public var expectedSeconds: Int

  public init(
    flows: [TrafficFlow], intervalMicroseconds: Int = 1000, port: UInt16 = 9000, paths: [TrafficPath],
    expectedSeconds: Int = 60
  ) {
    self.flows = flows
    self.intervalMicroseconds = intervalMicroseconds
    self.port = port
    self.paths = paths
    self.expectedSeconds = expectedSeconds
  }

  /// Flows that differ in source port and, as far as there are several, in destination.
  public static func flows(
    _ count: Int, to destinations: [IPAddress], firstSourcePort: UInt16 = 20000
  ) -> [TrafficFlow] {
    guard !destinations.isEmpty else { return [] }
    return (0..<count).map {
      TrafficFlow(
        destination: destinations[$0 % destinations.count],
        sourcePort: firstSourcePort &+ UInt16(truncatingIfNeeded: $0))
    }
  }
}
