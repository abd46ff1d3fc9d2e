// Kube-OVN's objects, apiVersion kubeovn.io/v1.
extension ClusterFacts {
  public struct OvnEip: Codable, Hashable, Sendable {
    public var metadata: Metadata
    public var spec: Spec
    public var status: Status?

    public init(name: String, spec: Spec, status: Status? = nil) {
      metadata = Metadata(name: name)
      self.spec = spec
      self.status = status
    }

    public struct Spec: Codable, Hashable, Sendable {
      public var externalSubnet: String?
      public var v4Ip: String?
      public var v6Ip: String?
      public var macAddress: String?
      /// `lsp`: a gateway node's port, its name is the node's; `lrp`: a Vpc's port; `nat`.
      public var type: String?

      public init(externalSubnet: String?, v4Ip: String? = nil, type: String?) {
        self.externalSubnet = externalSubnet
        self.v4Ip = v4Ip
        self.type = type
      }
    }

    public struct Status: Codable, Hashable, Sendable {
      public var type: String?
      public var ready: Bool?
      public var v4Ip: String?
      public var v6Ip: String?
      public var macAddress: String?

      public init() {}
    }

    public var name: String { metadata.name }
    /// What it is: as the status says, else the specification, else the label.
    public var type: String {
      [status?.type, spec.type, metadata.labels["ovn.kubernetes.io/ovn_eip_type"]]
        .compactMap { $0 }.first { !$0.isEmpty } ?? "nat"
    }
    public var v4: String? { [status?.v4Ip, spec.v4Ip].compactMap { $0 }.first { !$0.isEmpty } }
    public var v6: String? { [status?.v6Ip, spec.v6Ip].compactMap { $0 }.first { !$0.isEmpty } }
    public var isReady: Bool { status?.ready == true }
  }

  public struct Vpc: Codable, Hashable, Sendable {
    public var metadata: Metadata
    public var spec: Spec
    public var status: Status?

    public init(name: String, spec: Spec = Spec(), status: Status? = nil) {
      metadata = Metadata(name: name)
      self.spec = spec
      self.status = status
    }

    public struct Spec: Codable, Hashable, Sendable {
      public var enableExternal: Bool?
      public var enableBfd: Bool?
      public var extraExternalSubnets: [String] = []
      public var staticRoutes: [StaticRoute] = []
      /// Since Kube-OVN 1.14.
      public var bfdPort: BFDPort?

      public init() {}
    }

    public struct StaticRoute: Codable, Hashable, Sendable {
      /// `policySrc` or `policyDst`; nil means `policyDst`.
      public var policy: String?
      public var cidr: String
      public var nextHopIP: String
      /// `ecmp_symmetric_reply`.
      public var ecmpMode: String?
      /// UUID of a row of OVN's BFD table.
      public var bfdId: String?
      public var routeTable: String?

      public init(policy: String?, cidr: String, nextHopIP: String) {
        self.policy = policy
        self.cidr = cidr
        self.nextHopIP = nextHopIP
      }
    }

    public struct BFDPort: Codable, Hashable, Sendable {
      public var enabled: Bool?
      public var ip: String?

      public init() {}
    }

    public struct Status: Codable, Hashable, Sendable {
      public var `default`: Bool?
      public var router: String?
      public var enableExternal: Bool?
      public var enableBfd: Bool?
      public var extraExternalSubnets: [String] = []

      public init() {}
    }

    public var name: String { metadata.name }
    /// Kube-OVN's own, in which pods are that belong to no other.
    public var isDefault: Bool { status?.default == true || name == "ovn-cluster" }
    /// Of OVN.
    public var router: String { status?.router.flatMap { $0.isEmpty ? nil : $0 } ?? name }
  }

  public struct Subnet: Codable, Hashable, Sendable {
    public var metadata: Metadata
    public var spec: Spec

    public init(name: String, spec: Spec) {
      metadata = Metadata(name: name)
      self.spec = spec
    }

    public struct Spec: Codable, Hashable, Sendable {
      public var vpc: String?
      /// `IPv4`, `IPv6` or `Dual`.
      public var `protocol`: String?
      /// Of a dual subnet both, with a comma in between; so is the gateway.
      public var cidrBlock: String?
      public var gateway: String?
      public var excludeIps: [String] = []
      public var vlan: String?
      public var provider: String?
      public var mtu: Int?
      public var enableEcmp: Bool?
      public var gatewayType: String?

      public init() {}
    }

    public var name: String { metadata.name }
    public var cidrs: [String] { Self.parts(spec.cidrBlock) }
    public var gateways: [String] { Self.parts(spec.gateway) }

    private static func parts(_ text: String?) -> [String] { (text ?? "").split(separator: ",").map(String.init) }
  }

  public struct Vlan: Codable, Hashable, Sendable {
    public var metadata: Metadata
    public var spec: Spec

    public init(name: String, id: Int?, provider: String?) {
      metadata = Metadata(name: name)
      spec = Spec(id: id, provider: provider)
    }

    public struct Spec: Codable, Hashable, Sendable {
      public var id: Int?
      /// A ProviderNetwork.
      public var provider: String?

      public init(id: Int?, provider: String?) {
        self.id = id
        self.provider = provider
      }
    }
  }

  public struct ProviderNetwork: Codable, Hashable, Sendable {
    public var metadata: Metadata
    public var spec: Spec
    public var status: Status?

    public init(name: String, defaultInterface: String?) {
      metadata = Metadata(name: name)
      spec = Spec(defaultInterface: defaultInterface)
    }

    public struct Spec: Codable, Hashable, Sendable {
      public var defaultInterface: String?
      public var customInterfaces: [CustomInterface] = []
      public var excludeNodes: [String] = []
      public var exchangeLinkName: Bool?

      public init(defaultInterface: String?) { self.defaultInterface = defaultInterface }
    }

    public struct CustomInterface: Codable, Hashable, Sendable {
      public var interface: String
      public var nodes: [String] = []

      public init(interface: String, nodes: [String]) {
        self.interface = interface
        self.nodes = nodes
      }
    }

    public struct Status: Codable, Hashable, Sendable {
      public var ready: Bool?
      public var readyNodes: [String] = []
      public var notReadyNodes: [String] = []

      public init() {}
    }

    /// The NIC that it takes on a node; nil when that node is left out.
    public func interface(onNode node: String) -> String? {
      if spec.excludeNodes.contains(node) { return nil }
      return spec.customInterfaces.first { $0.nodes.contains(node) }?.interface ?? spec.defaultInterface
    }
  }

  /// Since Kube-OVN 1.14.
  public struct VpcEgressGateway: Codable, Hashable, Sendable {
    public var metadata: Metadata
    public var spec: Spec
    public var status: Status?

    public init(name: String, namespace: String, spec: Spec) {
      metadata = Metadata(name: name, namespace: namespace)
      self.spec = spec
    }

    public struct Spec: Codable, Hashable, Sendable {
      /// Nil for the default one.
      public var vpc: String?
      public var replicas: Int?
      public var externalSubnet: String?
      public var bfd: BFD?
      public var policies: [EgressPolicy] = []

      public init() {}
    }

    public struct EgressPolicy: Codable, Hashable, Sendable {
      public var snat: Bool?
      public var ipBlocks: [String] = []
      public var subnets: [String] = []

      public init() {}
    }

    /// Intervals in milliseconds.
    public struct BFD: Codable, Hashable, Sendable {
      public var enabled: Bool?
      public var minRX: Int?
      public var minTX: Int?
      public var multiplier: Int?

      public init() {}
    }

    public struct Status: Codable, Hashable, Sendable {
      public var ready: Bool?
      public var phase: String?
      public var internalIPs: [String] = []

      public init() {}
    }
  }
}
