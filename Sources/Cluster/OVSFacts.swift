public import Addresses

/// The node's Open_vSwitch database: its interfaces, and how OVN is told to use it.
public struct OVSFacts: Codable, Hashable, Sendable {
  /// Of the only row of table Open_vSwitch: `system-id`, `ovn-remote`, `ovn-bridge-mappings`, `ovn-encap-ip`.
  public var externalIDs: [String: String] = [:]
  /// `ovs_version`.
  public var version: String?
  public var bridges: [Bridge] = []
  public var interfaces: [Interface] = []

  public init() {}

  public struct Bridge: Codable, Hashable, Sendable {
    public var name: String
    /// `netdev` is the userspace datapath; empty or `system` the kernel's.
    public var datapathType: String
    /// Names.
    public var ports: [String]

    public init(name: String, datapathType: String = "", ports: [String] = []) {
      self.name = name
      self.datapathType = datapathType
      self.ports = ports
    }
  }

  /// A row of table Interface.
  public struct Interface: Codable, Hashable, Sendable {
    public var name: String
    /// `internal`, `geneve`, `patch`; empty for a device of the system.
    public var type: String
    /// The bridge that its port belongs to.
    public var bridge: String?
    /// -1 when vswitchd could not add it; nil when it has not tried.
    public var ofport: Int?
    /// vswitchd's words: `could not open network device ovnext0 (No such device)`.
    public var error: String?
    public var externalIDs: [String: String] = [:]
    public var mac: MACAddress?
    /// `up` or `down`.
    public var linkState: String?
    /// `up` or `down`.
    public var adminState: String?
    /// Octets.
    public var mtu: Int?

    public init(name: String, type: String = "", ofport: Int? = nil) {
      self.name = name
      self.type = type
      self.ofport = ofport
    }
  }

  public func interface(_ name: String) -> Interface? { interfaces.first { $0.name == name } }

  /// The bridge that OVN plugs ports into.
  public var integrationBridge: String { externalIDs["ovn-bridge"] ?? "br-int" }
}
