public import Addresses
public import ConfigurationFile

/// What the cluster's objects make of one node.
public enum NodeRole: Hashable, Sendable {
  case gateway(KubeOVNGateway)
  /// No OvnEip of type `lsp` belongs to it.
  case notAGateway
  /// What must be known could not be read: whatever the node is now, it stays.
  case unknown(reason: String)
}

/// A node that traffic leaves through.
public struct KubeOVNGateway: Hashable, Sendable {
  public var configuration: GatewayConfiguration
  /// Internal ports of the integration bridge that the namespace's interfaces are.
  public var ports: [Port]
  /// What about the objects is wrong, and what the gateway does without meanwhile.
  public var problems: [Problem]

  /// One OvnEip of this node.
  public struct Port: Hashable, Sendable {
    /// The interface's: `ovnext0`.
    public var name: String
    /// Of the OvnEip, and so of OVN's logical switch port.
    public var eip: String
    /// Kube-OVN's subnet that it is in.
    public var subnet: String
    public var addresses: [IPPrefix]
    public var gateways: [IPAddress]
    /// As Kube-OVN writes them: `iface-id`, `ip`, `pod_netns`.
    public var externalIDs: [String: String]
  }

  /// Something in the cluster that keeps the gateway from being whole.
  public struct Problem: Hashable, Sendable {
    /// `OvnEip node1`.
    public var object: String
    /// A sentence without a full stop.
    public var what: String
    public var help: String?
  }
}
