import Cluster
public import ClusterSources
public import ConfigurationFile
import Control
public import Doctor
import Glibc
import NetworkNamespaces

/// Gathers facts on this node. Nothing is changed, and no part that fails stops another.
public struct Collection: Sendable {
  /// The namespace to look at; nil to find out.
  public var namespace: String?
  /// The interface towards OVN or the routers; nil to find out.
  public var interface: String?
  /// What this gateway is meant to be; nil when there is no file.
  public var configuration: GatewayConfiguration?
  /// Its path, for the words.
  public var configurationFile: String?
  public var controlSocket = ControlClient.defaultPath
  public var everwayVersion: String
  public var sendsProbes = true
  /// Where OVN and Kubernetes are.
  public var clusterOptions = ClusterOptions()

  public init(everwayVersion: String) { self.everwayVersion = everwayVersion }

  /// - Parameter progress: called before each part, with its name.
  public func gather(progress: (String) -> Void = { _ in }) -> Facts {
    let subject = Facts.Subject(
      node: clusterOptions.nodeName, namespace: resolvedNamespace, interface: interface ?? resolvedInterface)
    var facts = Facts(takenAt: Int64(time(nil)), everwayVersion: everwayVersion, subject: subject)
    var context = CollectionContext(
      subject: subject, configuration: configuration, controlSocket: controlSocket)
    context.sendsProbes = sendsProbes
    context.clusterOptions = clusterOptions
    facts.expectation = expectation(subject)
    context.expectation = facts.expectation
    progress("machine")
    facts.machine = MachineFacts.gather(context)
    progress("namespace")
    facts.namespaces = NamespaceCollector.gather(context)
    progress("cluster")
    ClusterCollector.gather(context, into: &facts)
    context.subject = facts.subject
    // Kube-OVN writes beside the interface what it is meant to be.
    if context.expectation.value == nil, let known = facts.expected { context.expectation = .value(known) }
    progress("network")
    facts.network = NetworkFacts.gather(context)
    progress("firewall")
    facts.firewall = FirewallCollector.gather(context)
    progress("speaker")
    facts.speaker = SpeakerFacts.gather(context)
    return facts
  }

  private func expectation(_ subject: Facts.Subject) -> Gathered<Expectation> {
    if let configuration {
      return .value(Expectation(configuration, source: configurationFile ?? "configuration"))
    }
    return .unavailable("no configuration of everway, and nothing else says what this node is meant to be")
  }

  /// Kube-OVN's name when nothing says another and something here has it.
  private var resolvedNamespace: String? {
    if let namespace { return namespace }
    if let configuration {
      if case .named(let name) = configuration.namespace { return name }
      return nil
    }
    var status = stat()
    return lstat(NetworkNamespace.path(named: Self.kubeOVNNamespace), &status) == 0 ? Self.kubeOVNNamespace : nil
  }

  private var resolvedInterface: String? {
    if let name = configuration?.interfaces.first?.name { return name }
    return resolvedNamespace == Self.kubeOVNNamespace ? "ovnext0" : nil
  }

  /// kube-ovn: pkg/util/const.go, NodeGwNs.
  static let kubeOVNNamespace = "ovnext"
}
