/// Objects of Kubernetes and Kube-OVN that concern gateways.
///
/// They have the shape of the API's JSON, with the fields that checks read: decoding the items of a list gives them. What
/// else an object holds (environment variables, secrets) is not kept. Each kind says why it could not be listed.
public struct ClusterFacts: Codable, Hashable, Sendable {
  /// `gitVersion` of the API server's /version: `v1.31.2`.
  public var kubernetesVersion: String?
  public var nodes: Gathered<[Node]> = .notAsked
  public var ovnEips: Gathered<[OvnEip]> = .notAsked
  public var vpcs: Gathered<[Vpc]> = .notAsked
  public var subnets: Gathered<[Subnet]> = .notAsked
  public var vlans: Gathered<[Vlan]> = .notAsked
  public var providerNetworks: Gathered<[ProviderNetwork]> = .notAsked
  public var vpcEgressGateways: Gathered<[VpcEgressGateway]> = .notAsked
  /// kube-system/ovn-external-gw-config; a value of nil: there is none.
  public var externalGatewayConfig: Gathered<ConfigMap?> = .notAsked
  /// kube-system/kube-ovn-controller.
  public var controller: Gathered<Workload> = .notAsked
  /// kube-system/kube-ovn-cni.
  public var cni: Gathered<Workload> = .notAsked
  /// Of Kube-OVN: kube-ovn-controller, kube-ovn-cni, ovs-ovn, ovn-central.
  public var pods: Gathered<[Pod]> = .notAsked
  /// Recent lines of their logs that hold one of ``LogMessages``.
  public var logs: Gathered<[LogLine]> = .notAsked

  public init() {}
}

// MARK: Kubernetes

extension ClusterFacts {
  public struct Metadata: Codable, Hashable, Sendable {
    public var name: String
    public var namespace: String?
    public var labels: [String: String] = [:]
    public var annotations: [String: String] = [:]
    /// RFC 3339.
    public var creationTimestamp: String?
    public var deletionTimestamp: String?

    public init(name: String, namespace: String? = nil, labels: [String: String] = [:]) {
      self.name = name
      self.namespace = namespace
      self.labels = labels
    }
  }

  /// Of a status.
  public struct Condition: Codable, Hashable, Sendable {
    public var type: String
    /// `True`, `False` or `Unknown`.
    public var status: String
    public var reason: String?
    public var message: String?

    public init(type: String, status: String, reason: String? = nil, message: String? = nil) {
      self.type = type
      self.status = status
      self.reason = reason
      self.message = message
    }
  }

  public struct Node: Codable, Hashable, Sendable {
    public var metadata: Metadata
    public var status = Status()

    public init(name: String, labels: [String: String] = [:]) { metadata = Metadata(name: name, labels: labels) }

    public struct Status: Codable, Hashable, Sendable {
      public var conditions: [Condition] = []
      public var nodeInfo: NodeInfo?

      public init() {}
    }

    public struct NodeInfo: Codable, Hashable, Sendable {
      public var kubeletVersion: String?
      public var kernelVersion: String?
      public var osImage: String?
      public var containerRuntimeVersion: String?

      public init() {}
    }

    public var name: String { metadata.name }
    public var isReady: Bool { status.conditions.contains { $0.type == "Ready" && $0.status == "True" } }
  }

  public struct ConfigMap: Codable, Hashable, Sendable {
    public var metadata: Metadata
    public var data: [String: String] = [:]

    public init(name: String, namespace: String, data: [String: String] = [:]) {
      metadata = Metadata(name: name, namespace: namespace)
      self.data = data
    }
  }

  /// A Deployment or a DaemonSet.
  public struct Workload: Codable, Hashable, Sendable {
    public var metadata: Metadata
    public var spec: Spec

    public init(name: String, namespace: String, containers: [Container], volumes: [Volume] = []) {
      metadata = Metadata(name: name, namespace: namespace)
      spec = Spec(template: Template(spec: PodSpec(containers: containers, volumes: volumes)))
    }

    public struct Spec: Codable, Hashable, Sendable {
      public var template: Template

      public init(template: Template) { self.template = template }
    }

    public struct Template: Codable, Hashable, Sendable {
      public var spec: PodSpec

      public init(spec: PodSpec) { self.spec = spec }
    }

    public struct PodSpec: Codable, Hashable, Sendable {
      public var containers: [Container] = []
      public var volumes: [Volume] = []
      public var hostPID: Bool?

      public init(containers: [Container], volumes: [Volume] = []) {
        self.containers = containers
        self.volumes = volumes
      }
    }

    public var containers: [Container] { spec.template.spec.containers }
  }

  public struct Container: Codable, Hashable, Sendable {
    public var name: String
    /// `docker.io/kubeovn/kube-ovn:v1.13.0`.
    public var image: String?
    public var command: [String] = []
    public var args: [String] = []
    public var securityContext: SecurityContext?
    public var volumeMounts: [VolumeMount] = []

    public init(name: String, image: String? = nil, args: [String] = []) {
      self.name = name
      self.image = image
      self.args = args
    }

    public struct SecurityContext: Codable, Hashable, Sendable {
      public var privileged: Bool?

      public init(privileged: Bool?) { self.privileged = privileged }
    }

    public struct VolumeMount: Codable, Hashable, Sendable {
      public var name: String
      public var mountPath: String
      /// `None` (also nil), `HostToContainer` or `Bidirectional`.
      public var mountPropagation: String?

      public init(name: String, mountPath: String, mountPropagation: String? = nil) {
        self.name = name
        self.mountPath = mountPath
        self.mountPropagation = mountPropagation
      }
    }
  }

  public struct Volume: Codable, Hashable, Sendable {
    public var name: String
    public var hostPath: HostPath?

    public init(name: String, hostPath: String?) {
      self.name = name
      self.hostPath = hostPath.map { HostPath(path: $0) }
    }

    public struct HostPath: Codable, Hashable, Sendable {
      public var path: String

      public init(path: String) { self.path = path }
    }
  }

  public struct Pod: Codable, Hashable, Sendable {
    public var metadata: Metadata
    public var spec = Spec()
    public var status = Status()

    public init(name: String, namespace: String, nodeName: String? = nil) {
      metadata = Metadata(name: name, namespace: namespace)
      spec.nodeName = nodeName
    }

    public struct Spec: Codable, Hashable, Sendable {
      public var nodeName: String?

      public init() {}
    }

    public struct Status: Codable, Hashable, Sendable {
      public var phase: String?
      public var containerStatuses: [ContainerStatus] = []

      public init() {}
    }

    public struct ContainerStatus: Codable, Hashable, Sendable {
      public var name: String
      public var restartCount: Int
      public var ready: Bool?
      public var image: String?

      public init(name: String, restartCount: Int) {
        self.name = name
        self.restartCount = restartCount
      }
    }
  }

  /// A line of a container's log.
  public struct LogLine: Codable, Hashable, Sendable {
    /// `kube-ovn-cni-x7k2p`.
    public var pod: String
    public var node: String?
    public var text: String

    public init(pod: String, node: String? = nil, text: String) {
      self.pod = pod
      self.node = node
      self.text = text
    }
  }
}
