public import ArgumentParser
import ClusterAgent
import ClusterSources
import ConfigurationFile
import Glibc
public import KubeOVN

/// What `everway run` takes for a node of a Kube-OVN cluster. Each has a variable of the environment, for manifests.
struct KubeOVNArguments: ParsableArguments {
  @Flag(
    name: .customLong("kube-ovn"),
    help: ArgumentHelp(
      "Be what a Kube-OVN cluster says this node is.",
      discussion: """
        OvnEips, Subnets and OVN's databases take the file's place. A file that is there gives what they do not say: \
        scheduling, captures, peers and paths of your own. See docs/kube-ovn.md.
        """))
  var isKubeOVN = false

  @OptionGroup var connection: ClusterConnectionOptions

  @Option(
    help: ArgumentHelp(
      "How the physical gateway is judged: neighbour, icmp, bfd or none.",
      discussion:
        "When it is lost, this node leaves OVN's ECMP groups. EVERWAY_GATEWAY_HEALTH; by default neighbour.",
      valueName: "how"))
  var gatewayHealth: KubeOVNOptions.GatewayHealth?

  @Flag(
    help: ArgumentHelp(
      "Keep the journal and serve page, API and metrics on 127.0.0.1:9479.",
      discussion: "As `observe: {}` does in a file. EVERWAY_OBSERVE=true."))
  var observe = false

  @Flag(
    help: ArgumentHelp(
      "Write the node's label and the OvnEip's status, as kube-ovn-cni does.",
      discussion: "EVERWAY_OWN_STATUS=true."))
  var ownStatus = false

  @Flag(
    help: ArgumentHelp(
      "Make rows of OVN anew that say `up` of what is down.",
      discussion:
        "For dead nodes one of the living does it, elected by a Lease. EVERWAY_REPAIR_STALE_SESSIONS=true."))
  var repairStaleSessions = false

  @Option(
    help: ArgumentHelp(
      "The Lease of that election.", discussion: "EVERWAY_LEASE; by default kube-system/everway.",
      valueName: "namespace/name"))
  var lease: String?

  /// - Parameter base: of the configuration file, if there is one.
  func options(base: GatewayConfiguration) throws(CommandError) -> ClusterAgent.Options {
    var kubeOVN = KubeOVNOptions()
    kubeOVN.base = base
    let (owns, repairs) = (try Self.isOn("EVERWAY_OWN_STATUS"), try Self.isOn("EVERWAY_REPAIR_STALE_SESSIONS"))
    kubeOVN.ownsStatus = ownStatus || owns
    // In a cluster the container beside this one observes; the doctor looks from here all the same.
    let observes = try Self.isOn("EVERWAY_OBSERVE")
    kubeOVN.base.observe = observe || observes ? .init() : .init(listen: [], journal: nil)
    if try Self.isOn("EVERWAY_BFDD_CONTROL") { kubeOVN.base.bfd.openBFDDControl = true }
    kubeOVN.repairsStaleSessions = repairStaleSessions || repairs
    if let gatewayHealth {
      kubeOVN.gatewayHealth = gatewayHealth
    } else if let text = Self.variable("EVERWAY_GATEWAY_HEALTH") {
      guard let health = KubeOVNOptions.GatewayHealth(rawValue: text) else {
        let known = KubeOVNOptions.GatewayHealth.allCases.map(\.rawValue).joined(separator: ", ")
        throw CommandError(
          message: "EVERWAY_GATEWAY_HEALTH=\(text): expected one of \(known)", exitCode: ExitStatus.usage)
      }
      kubeOVN.gatewayHealth = health
    }
    return ClusterAgent.Options(cluster: connection.cluster, kubeOVN: kubeOVN, lease: try leaseName())
  }

  private func leaseName() throws(CommandError) -> LeaseName {
    guard let text = lease ?? Self.variable("EVERWAY_LEASE") else { return LeaseName() }
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }) else {
      throw CommandError(message: "\(text): a lease is NAMESPACE/NAME", exitCode: ExitStatus.usage)
    }
    return LeaseName(namespace: String(parts[0]), name: String(parts[1]))
  }

  private static func isOn(_ name: String) throws(CommandError) -> Bool {
    switch variable(name) {
    case nil, "false": return false
    case "true": return true
    case .some(let text):
      throw CommandError(message: "\(name)=\(text): expected true or false", exitCode: ExitStatus.usage)
    }
  }

  private static func variable(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
  }
}

extension KubeOVNOptions.GatewayHealth: ExpressibleByArgument {}
