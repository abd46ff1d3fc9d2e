public import Cluster
public import ClusterSources
public import ConfigurationFile
public import Doctor
import Glibc
public import NetworkNamespaces

/// What every collector is told: whom it is about, and where to look.
public struct CollectionContext: Sendable {
  public var subject: Facts.Subject
  /// The configuration file's content, when there is one.
  public var configuration: GatewayConfiguration?
  public var expectation: Gathered<Expectation> = .unavailable("nothing says what this node is meant to be")
  /// Of the running everway.
  public var controlSocket: String
  /// Where OVN and Kubernetes are.
  public var clusterOptions = ClusterOptions()
  /// The longest that these are waited for.
  public var clusterPatience = Duration.seconds(4)
  /// Of the node's Open_vSwitch database.
  public var ovsSocket: String {
    get { clusterOptions.ovsSocket }
    set { clusterOptions.ovsSocket = newValue }
  }
  /// Whether packets may be sent to find out: ARP, echo requests. Never more than a few.
  public var sendsProbes = true

  public init(subject: Facts.Subject, configuration: GatewayConfiguration? = nil, controlSocket: String) {
    self.subject = subject
    self.configuration = configuration
    self.controlSocket = controlSocket
  }

  /// The gateway's namespace, or the one we are in when it has none of its own.
  /// - Throws: why it cannot be opened.
  public func openNamespace() throws(SystemCallError) -> NetworkNamespace {
    guard let name = subject.namespace else { return try NetworkNamespace.current() }
    return try NetworkNamespace(named: name)
  }
}
