import ArgumentParser
import ClusterSources

/// How to reach a cluster: for every command that asks one.
struct ClusterConnectionOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "This node's name in Kubernetes.", discussion: "By default NODE_NAME, or the machine's.", valueName: "name"))
  var node: String?

  @Option(
    help: ArgumentHelp(
      "How to reach the Kubernetes API.",
      discussion: "By default KUBECONFIG, the pod's own account, the node's files.", valueName: "file"))
  var kubeconfig: String?

  @Option(help: ArgumentHelp("A context of the kubeconfig.", valueName: "name"))
  var context: String?

  @Option(
    name: .customLong("ovn-nb"),
    help: ArgumentHelp(
      "OVN's northbound database.",
      discussion: "As Open vSwitch writes it: tcp:10.0.0.1:6641. By default found out.",
      valueName: "address"))
  var northbound: String?

  @Option(
    name: .customLong("ovn-sb"),
    help: ArgumentHelp(
      "OVN's southbound database.", discussion: "By default OVN_DB_IPS, or ovn-remote of the node's Open_vSwitch.",
      valueName: "address"))
  var southbound: String?

  @Option(
    name: .customLong("ovs-socket"),
    help: ArgumentHelp("The socket of the node's Open_vSwitch database.", valueName: "path"))
  var openVSwitch = ClusterOptions.defaultOVSSocket

  var cluster: ClusterOptions {
    var options = ClusterOptions()
    options.node = node
    options.kubeconfig = kubeconfig
    options.context = context
    options.northbound = northbound
    options.southbound = southbound
    options.ovsSocket = openVSwitch
    return options
  }
}
