import Glibc
public import OpenBFDD

/// How a beacon is to run: the command line is OpenBFDD's, what it has no word for comes from the environment.
public struct BeaconOptions: Hashable, Sendable {
  public var arguments: BeaconArguments
  /// The least TTL accepted. Kube-OVN's patched OpenBFDD takes 254, since `bfd@VPC` is one hop away.
  public var minimumTimeToLive: UInt8 = 254
  /// Where the node's secret is kept.
  public var stateDirectory = "/var/lib/everway"
  /// SCHED_FIFO, 0 for none.
  public var priority = 50
  /// What is said beside the release of OpenBFDD.
  public var product: String

  /// Reads the command line and `EVERWAY_BFDD_MIN_TTL`, `EVERWAY_BFDD_STATE_DIRECTORY`, `EVERWAY_BFDD_PRIORITY`.
  public init(
    _ arguments: [String], product: String, environment: (String) -> String? = Self.environment
  ) throws(EarlyExit) {
    self.arguments = try BeaconArguments(arguments, product: product)
    self.product = product
    if let text = environment("EVERWAY_BFDD_MIN_TTL") {
      guard let value = UInt8(text), value >= 1 else {
        throw EarlyExit(errors: "EVERWAY_BFDD_MIN_TTL is <\(text)>; it must be 1 to 255.\n", status: 1)
      }
      minimumTimeToLive = value
    }
    if let text = environment("EVERWAY_BFDD_PRIORITY") {
      guard let value = Int(text), (0...99).contains(value) else {
        throw EarlyExit(errors: "EVERWAY_BFDD_PRIORITY is <\(text)>; it must be 0 to 99.\n", status: 1)
      }
      priority = value
    }
    if let text = environment("EVERWAY_BFDD_STATE_DIRECTORY"), !text.isEmpty { stateDirectory = text }
  }

  /// A variable of the process's environment.
  public static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
