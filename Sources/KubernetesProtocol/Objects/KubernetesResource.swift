/// A kind of object, as the API server's paths name it (Kubernetes API concepts, "Resource URIs").
public struct KubernetesResource: Hashable, Sendable, CustomStringConvertible {
  /// `""` for the core group.
  public var group: String
  public var version: String
  /// As in paths: `ovn-eips`.
  public var plural: String
  public var isNamespaced: Bool

  public init(group: String, version: String, plural: String, isNamespaced: Bool) {
    self.group = group
    self.version = version
    self.plural = plural
    self.isNamespaced = isNamespaced
  }

  /// As `kubectl` takes it: `ovn-eips.kubeovn.io`.
  public var description: String { group.isEmpty ? plural : "\(plural).\(group)" }

  /// The path of all objects, of a namespace's, or of one, with its subresource.
  func path(namespace: String?, name: String? = nil, subresource: String? = nil) -> String {
    var path = group.isEmpty ? "/api/\(version)" : "/apis/\(group)/\(version)"
    if let namespace { path += "/namespaces/\(URLText.encoded(namespace))" }
    path += "/\(plural)"
    if let name { path += "/\(URLText.encoded(name))" }
    if let subresource { path += "/\(subresource)" }
    return path
  }
}

extension KubernetesResource {
  public static let namespaces = core("namespaces", isNamespaced: false)
  public static let nodes = core("nodes", isNamespaced: false)
  public static let pods = core("pods")
  public static let configMaps = core("configmaps")
  public static let secrets = core("secrets")
  public static let events = core("events")
  public static let leases = Self(
    group: "coordination.k8s.io", version: "v1", plural: "leases", isNamespaced: true)
  public static let daemonSets = Self(group: "apps", version: "v1", plural: "daemonsets", isNamespaced: true)
  public static let deployments = Self(group: "apps", version: "v1", plural: "deployments", isNamespaced: true)
  public static let customResourceDefinitions = Self(
    group: "apiextensions.k8s.io", version: "v1", plural: "customresourcedefinitions", isNamespaced: false)

  // Kube-OVN's, by its CRDs of 1.12 to 1.17.
  public static let ovnEips = kubeOVN("ovn-eips")
  public static let vpcs = kubeOVN("vpcs")
  public static let subnets = kubeOVN("subnets")
  public static let vlans = kubeOVN("vlans")
  public static let providerNetworks = kubeOVN("provider-networks")
  /// Since Kube-OVN 1.14.
  public static let vpcEgressGateways = kubeOVN("vpc-egress-gateways", isNamespaced: true)

  public static func core(_ plural: String, isNamespaced: Bool = true) -> Self {
    Self(group: "", version: "v1", plural: plural, isNamespaced: isNamespaced)
  }

  public static func kubeOVN(_ plural: String, isNamespaced: Bool = false) -> Self {
    Self(group: "kubeovn.io", version: "v1", plural: plural, isNamespaced: isNamespaced)
  }
}

/// Percent-encoding (RFC 3986 section 2).
enum URLText {
  /// Everything but the unreserved characters encoded.
  static func encoded(_ text: String) -> String {
    var result = ""
    for octet in text.utf8 {
      switch octet {
      case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f, 0x7e:
        result.unicodeScalars.append(Unicode.Scalar(octet))
      default:
        let digits = String(octet, radix: 16, uppercase: true)
        result += octet < 16 ? "%0\(digits)" : "%\(digits)"
      }
    }
    return result
  }
}
