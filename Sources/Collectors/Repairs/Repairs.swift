import Cluster
public import ClusterSources
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
  /// - Parameter options: where OVN and Kubernetes are.
  public static func apply(
    _ action: RepairAction, options: ClusterOptions = ClusterOptions()
  ) throws(RepairError) {
    switch action {
    case .repairNamespace: try NamespaceRepairs.apply(action)
    case .controlBeacon, .startService, .liftCPULimit, .acceptUDPBefore, .acceptUDP:
      try SpeakerRepairs.apply(action)
    case .setSysctl, .setLinkUp, .moveLink, .addAddress, .removeAddress, .setMAC, .setMTU, .replaceDefaultRoute,
      .removeLink, .removeNeighbour:
      try NetworkRepairs.apply(action)
    case .plugInternalPort, .setOVSExternalID, .setBridgeMapping:
      try OVSRepairs.apply(action, socket: options.ovsSocket)
    case .superviseRoute, .superviseNexthop, .renewBFD, .addGatewayChassis: try OVNRepairs.apply(action, options)
    case .patchObject(let path, let kind, let body): try ObjectRepairs.patch(path, kind, body, options)
    case .forgetConnections(let namespace, let address):
      try ConnectionRepairs.forget(address, in: namespace)
    }
  }
}
