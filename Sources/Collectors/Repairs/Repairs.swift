import Cluster
public import Doctor

/// A repair that could not be made, and why.
public struct RepairError: Error, Hashable, Sendable, CustomStringConvertible {
  /// One sentence without a full stop, the kernel's words in it.
  public var message: String

  public init(_ message: String) { self.message = message }

  public var description: String { message }
}

/// Carries out what a diagnosis asks for.
public enum Repairs {
  public static func apply(_ action: RepairAction) throws(RepairError) {
    switch action {
    case .repairNamespace: try NamespaceRepairs.apply(action)
    case .controlBeacon, .startService, .liftCPULimit, .acceptUDPBefore, .acceptUDP:
      try SpeakerRepairs.apply(action)
    case .setSysctl, .setLinkUp, .moveLink, .addAddress, .removeAddress, .setMAC, .setMTU, .replaceDefaultRoute,
      .removeLink, .removeNeighbour, .plugInternalPort, .setOVSExternalID:
      try NetworkRepairs.apply(action)
    }
  }
}
