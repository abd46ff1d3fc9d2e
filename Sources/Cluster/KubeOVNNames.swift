/// Names that Kube-OVN gives (pkg/util/const.go), and what its flags and objects say together.
public enum KubeOVNNames {
  public static let gatewayLabel = "ovn.kubernetes.io/external-gw"
  public static let speakerLabel = "ovn.kubernetes.io/node-ext-gw"
  public static let chassisAnnotation = "ovn.kubernetes.io/chassis"
  public static let defaultVpc = "ovn-cluster"
  public static let configMap = "ovn-external-gw-config"
  /// pkg/util: a port's chassis get 100, 99, 98, ...; MonitorBFD raises to 101 and lowers to 95.
  public static let raisedPriority = 101
  public static let loweredPriority = 95
}

extension ClusterFacts {
  /// The value of `--name=value` of a container's command line.
  public static func flag(_ name: String, of workload: Workload?) -> String? {
    for container in workload?.containers ?? [] {
      let words = container.command + container.args
      for (index, word) in words.enumerated() {
        if word.hasPrefix("--\(name)=") { return String(word.dropFirst(name.count + 3)) }
        if word == "--\(name)", index + 1 < words.count { return words[index + 1] }
      }
    }
    return nil
  }

  /// The subnet that gateways are in; ports of Vpcs are called `<vpc>-<this>`.
  public var externalSwitch: String { Self.flag("external-gateway-switch", of: controller.value) ?? "external" }

  /// OvnEips of gateway nodes' ports.
  public var lspEips: [OvnEip] { (ovnEips.value ?? []).filter { $0.type == "lsp" } }

  /// Custom Vpcs that are to have BFD.
  public var bfdVpcs: [Vpc] { (vpcs.value ?? []).filter { !$0.isDefault && $0.spec.enableBfd == true } }

  public var gatewayNodes: [Node] {
    (nodes.value ?? []).filter { $0.metadata.labels[KubeOVNNames.gatewayLabel] == "true" }
  }

  /// Nodes that ovn-external-gw-config names.
  public var configuredGatewayNodes: [String] {
    (externalGatewayConfig.value??.data["external-gw-nodes"] ?? "").split(separator: ",")
      .map { String($0.drop { $0 == " " }.prefix { $0 != " " }) }.filter { !$0.isEmpty }
  }

  public var isDistributed: Bool { externalGatewayConfig.value??.data["type"] == "distributed" }

  /// Lines of the logs that hold all of these.
  public func logLines(_ parts: String...) -> [LogLine] {
    (logs.value ?? []).filter { line in parts.allSatisfy { line.text.contains($0) } }
  }
}
