import Cluster
public import Addresses

/// What this node is meant to be, and who says so. Checks compare what there is with it; what it leaves open is not
/// checked.
public struct Expectation: Codable, Hashable, Sendable {
  /// `/etc/everway/gateway.yaml`, `OvnEip node1`, `external_ids of ovnext0`.
  public var source: String
  /// The gateway's namespace; nil for the node's own.
  public var namespace: String?
  public var interfaces: [Interface] = []
  /// Next hops of the default routes.
  public var gateways: [IPAddress] = []
  public var peers: [Peer] = []

  public init(source: String, namespace: String?) {
    self.source = source
    self.namespace = namespace
  }

  /// An interface that belongs into the namespace.
  public struct Interface: Codable, Hashable, Sendable {
    /// Inside.
    public var name: String
    /// On the node, before it is moved in.
    public var outsideName: String
    /// Host bits kept: `10.204.0.11/24`.
    public var addresses: [IPPrefix] = []
    public var mac: MACAddress?
    /// In octets.
    public var mtu: Int?

    public init(name: String, outsideName: String? = nil) {
      self.name = name
      self.outsideName = outsideName ?? name
    }
  }

  /// Somebody to speak BFD with.
  public struct Peer: Codable, Hashable, Sendable {
    public var address: IPAddress
    public var interface: String?
    /// We only answer: it is in an allow list.
    public var isPassive: Bool
    public var isMultihop = false
    /// In microseconds; what we are to ask for.
    public var desiredMinTx: UInt32?
    /// In microseconds.
    public var requiredMinRx: UInt32?
    public var detectMultiplier: UInt8?

    public init(address: IPAddress, interface: String? = nil, isPassive: Bool) {
      self.address = address
      self.interface = interface
      self.isPassive = isPassive
    }
  }
}
