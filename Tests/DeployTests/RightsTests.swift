import Cluster
import ClusterSources
import FoundationEssentials
import Glibc
import KubeOVN
import Kubernetes
import KubernetesProtocol
import Lab
import Processes
import Testing

@testable import ClusterAgent

/// What the service account of deploy/kubernetes may do is what everway does: its own code, with the account's token, against
/// RBAC; the server's audit log says what was asked for.
@Suite(.enabled(if: DeployedCluster.isPossible), .serialized, .timeLimit(.minutes(5)))
struct RightsOfTheServiceAccount {
  private static let user = "system:serviceaccount:kube-system:everway"

  /// A node of a cluster with Kube-OVN, where one of the overlays was applied.
  private struct Field {
    var cluster: DeployedCluster
    var options: ClusterOptions
    var audit: String

    func asked() throws -> (allowed: Set<Audit.Right>, refused: Set<Audit.Right>) {
      try Audit.read(audit, user: RightsOfTheServiceAccount.user)
    }

    /// What the overlay gives.
    func given() throws -> Set<Audit.Right> {
      let roles = try cluster.kubectl("get", "clusterroles,roles", "--all-namespaces", "--output", "json").output
      return try JSONDecoder().decode(Roles.self, from: Data(roles.utf8)).rights("everway")
    }
  }

  private func with(_ overlay: String, _ body: (Field) throws -> Void) throws {
    let audit = "/run/everway-lab/audit-\(getpid())"
    defer { _ = try? Command("rm", ["-rf", audit]).run() }
    try DeployedCluster.with("rights", flags: try Audit.flags(audit)) { cluster in
      let result = try cluster.apply(try cluster.render("overlays/\(overlay)"))
      try #require(result.status.isSuccess, "\(result.errorOutput)")
      let api = cluster.api
      try api.create("/api/v1/nodes", #"{"apiVersion":"v1","kind":"Node","metadata":{"name":"node1"}}"#)
      for (plural, kind, name) in [("ovn-eips", "OvnEip", "node1"), ("vpcs", "Vpc", "vpc1")] {
        try api.create(
          "/apis/kubeovn.io/v1/\(plural)",
          #"{"apiVersion":"kubeovn.io/v1","kind":"\#(kind)","metadata":{"name":"\#(name)"},"spec":{}}"#)
      }
      let workload = """
        "spec":{"selector":{"matchLabels":{"app":"a"}},"template":{"metadata":{"labels":{"app":"a"}},
        "spec":{"containers":[{"name":"a","image":"a"}]}}}}
        """
      let core = "/api/v1/namespaces/kube-system"
      let apps = "/apis/apps/v1/namespaces/kube-system"
      try api.create(
        "\(apps)/deployments",
        #"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"kube-ovn-controller"},"# + workload)
      try api.create(
        "\(apps)/daemonsets",
        #"{"apiVersion":"apps/v1","kind":"DaemonSet","metadata":{"name":"kube-ovn-cni"},"# + workload)
      try api.create(
        "\(core)/configmaps",
        #"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"ovn-external-gw-config"}}"#)
      try api.create(
        "\(core)/services",
        #"{"apiVersion":"v1","kind":"Service","metadata":{"name":"ovn-nb"},"spec":{"ports":[{"port":6641}]}}"#)
      try api.create(
        "\(core)/pods",
        #"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"kube-ovn-cni-x","labels":{"app":"kube-ovn-cni"}},"#
          + #""spec":{"nodeName":"node1","containers":[{"name":"cni-server","image":"a"}]}}"#)

      // As in the pod: no kubeconfig, the account's folder, two variables.
      var options = ClusterOptions()
      options.node = "node1"
      options.ovsSocket = "/nonexistent/db.sock"
      options.centralDirectory = "/nonexistent"
      options.serviceAccount = "\(api.directory)/account"
      options.environment = ["KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": "\(api.port)"]
      try api.mountServiceAccount("everway", namespace: "kube-system", at: options.serviceAccount)
      try body(Field(cluster: cluster, options: options, audit: audit))
    }
  }

  /// All that the agent and the doctor read: everything is there, and is followed.
  private func read(_ field: Field) throws {
    let facts = try #require(
      LiveCluster.look(field.options, timeout: .seconds(60), messages: ["BFD"]).cluster.value)
    #expect(facts.nodes.value?.map(\.name) == ["node1"], "\(facts.nodes)")
    #expect(facts.ovnEips.value?.map(\.name) == ["node1"], "\(facts.ovnEips)")
    #expect(facts.vpcs.value?.map(\.name) == ["vpc1"], "\(facts.vpcs)")
    #expect(facts.subnets.value == [] && facts.vlans.value == [] && facts.providerNetworks.value == [])
    #expect(facts.vpcEgressGateways.value == [], "\(facts.vpcEgressGateways)")
    #expect(facts.externalGatewayConfig.value??.metadata.name == "ovn-external-gw-config")
    #expect(facts.controller.value?.metadata.name == "kube-ovn-controller", "\(facts.controller)")
    #expect(facts.cni.value?.metadata.name == "kube-ovn-cni", "\(facts.cni)")
    #expect(facts.pods.value?.map(\.metadata.name) == ["kube-ovn-cni-x"], "\(facts.pods)")
    // There is no kubelet that would have a log; the right to ask for it is what counts.
    #expect(facts.logs.reason?.contains("not allowed") != true, "\(facts.logs)")

    let live = LiveCluster(field.options) {}
    defer { live.close() }
    let reads = try field.given().filter { $0.verb == "list" || $0.verb == "watch" }
    let isFollowed = waitUntil(timeout: .seconds(60), every: .milliseconds(200)) {
      (try? field.asked().allowed)?.isSuperset(of: reads) == true
    }
    let missing = reads.subtracting(try field.asked().allowed).sorted()
    #expect(isFollowed, "rights that nothing needs: \(missing)")
  }

  /// All that the agent and `doctor --fix` write.
  private func writes(_ options: ClusterOptions) throws -> [(String, () throws -> Void)] {
    let writer = try KubernetesWriter(options)
    let lease = LeaseName()
    var held: LeaseElection.Record?
    return [
      ("label", { try writer.setNodeLabel("node1", key: KubeOVNNames.speakerLabel, value: "true") }),
      ("ready", { try writer.setReady(ovnEip: "node1") }), ("lease", { _ = try writer.readLease(lease) }),
      ("new lease", { held = try writer.writeLease(lease, .init(holder: "node1", duration: 15, version: "")) }),
      (
        "renewed lease",
        {
          let record = LeaseElection.Record(holder: "node1", duration: 15, version: held?.version ?? "1")
          let renewed = try writer.writeLease(lease, record)
          #expect(renewed != nil)
        }
      ),
      (
        "vpc",
        {
          let live = LiveCluster(options) {}
          defer { live.close() }
          try live.objectWriter().patch(
            "/apis/kubeovn.io/v1/vpcs/vpc1", #"{"spec":{"enableBfd":true}}"#, isJSONPatch: false)
        }
      )
    ]
  }

  @Test func besideKubeOVNsCNIItReadsAndWritesNothing() throws {
    try with("beside-kube-ovn-cni") { field in
      try read(field)
      let asked = try field.asked()
      #expect(asked.refused.isEmpty, "\(asked.refused.sorted())")
      #expect(try asked.allowed == field.given())

      for (what, write) in try writes(field.options) {
        #expect(throws: (any Error).self, "\(what)") { try write() }
      }
      let wanted = [
        "create leases.coordination.k8s.io", "get leases.coordination.k8s.io", "patch nodes",
        "patch ovn-eips.kubeovn.io/status", "patch vpcs.kubeovn.io", "update leases.coordination.k8s.io"
      ]
      #expect(try field.asked().refused.map(\.description).sorted() == wanted)
      try expectRefusals(field)
    }
  }

  @Test func inItsPlaceItMayWriteWhatItOwns() throws {
    try with("in-place-of-kube-ovn-cni") { field in
      try read(field)
      for (what, write) in try writes(field.options) {
        #expect(throws: Never.self, "\(what)") { try write() }
      }
      let (asked, given) = (try field.asked(), try field.given())
      #expect(asked.refused.isEmpty, "\(asked.refused.sorted())")
      let unused = given.subtracting(asked.allowed).sorted()
      #expect(unused.isEmpty, "rights that nothing needs: \(unused)")
      let node = try field.cluster.api.get("/api/v1/nodes/node1")
      #expect(node.contains("\"\(KubeOVNNames.speakerLabel)\": \"true\""))
      try expectRefusals(field)
    }
  }

  /// What a stolen token must not open, in either overlay.
  private func expectRefusals(_ field: Field) throws {
    let options = field.options
    let client = KubernetesClient(
      try .load(environment: options.environment, serviceAccount: options.serviceAccount))
    defer { client.close {} }
    let kubeSystem = "/api/v1/namespaces/kube-system"
    let objects = "/apis/kubeovn.io/v1"
    let leases = "/apis/coordination.k8s.io/v1/namespaces"
    let requests = [
      APIRequest(.get, "/api/v1/secrets"), APIRequest(.get, "\(kubeSystem)/secrets"),
      APIRequest(.get, "\(kubeSystem)/secrets/kube-ovn-tls"), APIRequest(.get, "\(kubeSystem)/configmaps"),
      APIRequest(.get, "\(kubeSystem)/configmaps/kubeadm-config"), APIRequest(.get, "\(kubeSystem)/services"),
      APIRequest(.get, "/api/v1/pods"), APIRequest(.get, "/api/v1/namespaces/default/pods"),
      APIRequest(.post, "\(kubeSystem)/pods", body: Array("{}".utf8)),
      APIRequest(.delete, "\(kubeSystem)/pods/kube-ovn-cni-x"),
      APIRequest(.post, "\(kubeSystem)/pods/kube-ovn-cni-x/exec", query: ["command": "true"]),
      APIRequest(.post, "\(kubeSystem)/serviceaccounts/everway/token", body: Array("{}".utf8)),
      APIRequest(.get, "/apis/apps/v1/namespaces/kube-system/daemonsets"),
      patch("/apis/apps/v1/namespaces/kube-system/daemonsets/kube-ovn-cni"), patch("/api/v1/nodes/node1/status"),
      APIRequest(.delete, "/api/v1/nodes/node1"), patch("\(objects)/ovn-eips/node1"),
      APIRequest(.delete, "\(objects)/ovn-eips/node1"), patch("\(objects)/subnets/s"),
      patch("\(objects)/vpcs/vpc1/status"), APIRequest(.get, "\(leases)/kube-system/leases/kube-scheduler"),
      APIRequest(.delete, "\(leases)/kube-system/leases/everway"),
      APIRequest(.post, "\(leases)/kube-node-lease/leases", body: Array("{}".utf8)),
      APIRequest(.post, "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", body: Array("{}".utf8))
    ]
    for request in requests {
      let result: Result<Void, KubernetesError> = Result { () throws(KubernetesError) in
        try client.performAndWait(KubernetesRequest<Void>(request) { .done($0.map { _ in }) })
      }
      guard case .failure(.forbidden) = result else {
        Issue.record("\(request) was answered: \(result)")
        continue
      }
    }
  }

  private func patch(_ path: String) -> APIRequest {
    APIRequest(.patch, path, body: Array("{}".utf8), contentType: "application/merge-patch+json")
  }
}
