import Glibc
import Kubernetes
import KubernetesProtocol
public import OVSDB

/// Where a cluster's facts are to come from. What is nil is found out.
public struct ClusterOptions: Sendable {
  /// This node's name in Kubernetes; nil for NODE_NAME or KUBE_NODE_NAME of the environment, else the machine's.
  public var node: String?
  public var kubeconfig: String?
  /// Of the kubeconfig.
  public var context: String?
  /// As Open vSwitch writes it: `tcp:10.0.0.1:6641`.
  public var northbound: String?
  public var southbound: String?
  /// Of the node's Open_vSwitch database.
  public var ovsSocket = Self.defaultOVSSocket
  /// For databases by `ssl:`; nil for Kube-OVN's, /var/run/tls.
  public var tls: TLSFiles?
  public var kinds = Kinds.all
  /// Where Kubernetes puts a pod's service account.
  public var serviceAccount = KubernetesConfiguration.serviceAccountDirectory
  /// Where ovn-central's own sockets would be.
  public var centralDirectory = "/var/run/ovn"
  public var environment = Self.currentEnvironment()

  public init() {}

  public static let defaultOVSSocket = "/var/run/openvswitch/db.sock"

  /// What is followed.
  public struct Kinds: OptionSet, Hashable, Sendable {
    public var rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    public static let openVSwitch = Kinds(rawValue: 1)
    public static let northbound = Kinds(rawValue: 2)
    public static let southbound = Kinds(rawValue: 4)
    public static let kubernetes = Kinds(rawValue: 8)
    public static let all: Kinds = [.openVSwitch, .northbound, .southbound, .kubernetes]
  }

  /// The node's name.
  public var nodeName: String {
    [node, environment["NODE_NAME"], environment["KUBE_NODE_NAME"]].compactMap { $0 }.first { !$0.isEmpty }
      ?? Self.hostName()
  }

  /// Those variables of this process that say something about a cluster.
  public static func currentEnvironment() -> [String: String] {
    var result: [String: String] = [:]
    for name in [
      "OVN_DB_IPS", "ENABLE_SSL", "OVN_NB_SERVICE_HOST", "OVN_NB_SERVICE_PORT", "OVN_SB_SERVICE_HOST",
      "OVN_SB_SERVICE_PORT", "NODE_NAME", "KUBE_NODE_NAME", "KUBECONFIG", "HOME", "PATH", "KUBERNETES_SERVICE_HOST",
      "KUBERNETES_SERVICE_PORT"
    ] {
      if let value = getenv(name) { result[name] = String(cString: value) }
    }
    return result
  }

  private static func hostName() -> String {
    var buffer = [CChar](repeating: 0, count: 256)
    gethostname(&buffer, buffer.count - 1)
    return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  /// What is known before anybody was asked.
  func finder() -> DatabaseFinder {
    var finder = DatabaseFinder()
    finder.northbound = northbound
    finder.southbound = southbound
    finder.environment = environment
    for (name, path) in [("nb", \DatabaseFinder.localNorthbound), ("sb", \.localSouthbound)] {
      let socket = "\(centralDirectory)/ovn\(name)_db.sock"
      if access(socket, R_OK | W_OK) == 0 { finder[keyPath: path] = socket }
    }
    if let tls { finder.tls = tls }
    return finder
  }
}
