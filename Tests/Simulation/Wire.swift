import Addresses
import BFD

/// A packet under way, with what only the simulation knows of it.
struct Wire {
  var bytes: [UInt8]
  var source: PacketSource
  /// The session it is of, or seems to be of.
  var leaf: Int
  /// Counts what its sender has sent in this session, over restarts.
  var sequence: Int
  /// The last of the receiver's packets that the sender had taken when it sent this.
  var acknowledged: Int
  /// What section 6.8.6 and its kin say of a forged packet; nil for an honest one.
  var forged: Forgery?
  /// When it reached its node, by true time.
  var arrived: Int64 = 0
}

/// What each end has taken of the other's packets: the truth, which Finals only hint at.
struct Ledger {
  private var taken: [[Int]]

  init(leaves: Int) { taken = [[Int]](repeating: [0, 0], count: leaves) }

  /// The last of the other side's packets that this side has taken.
  func taken(leaf: Int, by side: Side) -> Int { taken[leaf][side.rawValue] }

  mutating func take(leaf: Int, by side: Side, sequence: Int) {
    taken[leaf][side.rawValue] = max(taken[leaf][side.rawValue], sequence)
  }
}

/// An invariant that did not hold: a test's failure, with the time and the place.
public struct Violation: Error, CustomStringConvertible, Sendable {
  public var time: Int64
  public var place: String
  public var message: String

  public var description: String { "at \(seconds(time)), \(place): \(message)" }
}

enum Address {
  static let hub = IPAddress.v4(IPv4Address(10, 0, 0, 1))
  static let stranger = IPAddress.v4(IPv4Address(203, 0, 113, 66))
  static func leaf(_ index: Int) -> IPAddress { .v4(IPv4Address(10, 0, 1, UInt8(index + 1))) }
  static func of(_ side: Side, leaf: Int) -> IPAddress { side == .hub ? hub : self.leaf(leaf) }

  static func source(from side: Side, leaf: Int) -> PacketSource {
    PacketSource(
      source: of(side, leaf: leaf), destination: of(side.other, leaf: leaf), interface: 1, timeToLive: 255)
  }
}
