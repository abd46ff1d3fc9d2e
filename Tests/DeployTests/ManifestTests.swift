import Lab
import Processes
import Testing

/// What deploy/kubernetes holds is what an API server takes.
@Suite(.enabled(if: DeployedCluster.isPossible), .serialized, .timeLimit(.minutes(5))) struct KubernetesManifests {
  @Test func theFoldersAreFound() {
    #expect(DeployedCluster.manifests.count >= 4, "\(DeployedCluster.manifests)")
    #expect(DeployedCluster.manifests.contains("overlays/in-place-of-kube-ovn-cni"))
  }

  @Test func areAcceptedWithoutAFieldThatIsUnknown() throws {
    try DeployedCluster.with("apply") { cluster in
      for manifest in DeployedCluster.manifests {
        let text = try cluster.render(manifest)
        let result = try cluster.apply(text)
        #expect(result.status.isSuccess, "\(manifest): \(result.errorOutput)")
        let count = text.split(separator: "\n").count { $0.hasPrefix("kind: ") }
        let applied = result.output.split(separator: "\n").count { $0.hasSuffix("serverside-applied") }
        #expect(applied == count && count > 0, "\(manifest): \(result.output)")
      }
    }
  }

  @Test(
    "A field that no schema has is refused", arguments: ["maxUnavailible: 1", "mountPropagatoin: Bidirectional"])
  func aMistake(_ wrong: String) throws {
    let right = wrong.hasPrefix("max") ? "maxUnavailable: 1" : "mountPropagation: Bidirectional"
    try DeployedCluster.with("wrong") { cluster in
      let text = try cluster.render("overlays/beside-kube-ovn-cni")
      #expect(text.contains(right))
      let result = try cluster.apply(text.replacing(right, with: wrong))
      #expect(!result.status.isSuccess)
      #expect(result.errorOutput.contains(wrong.prefix { $0 != ":" }), "\(result.errorOutput)")
    }
  }

  /// Nothing here makes pods of DaemonSets, so the test asks for one as its controller would.
  @Test func thePodIsAdmittedWithThePriorityOfANodesOwn() throws {
    try DeployedCluster.with("pod") { cluster in
      for manifest in DeployedCluster.manifests where manifest.hasSuffix("kube-ovn-cni") {
        #expect(try cluster.apply(try cluster.render(manifest)).status.isSuccess)
        let template = try cluster.kubectl(
          "get", "daemonset", "everway", "--namespace", "kube-system", "--output", "jsonpath={.spec.template.spec}")
        let pod = try cluster.api.create(
          "/api/v1/namespaces/kube-system/pods?dryRun=All",
          #"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"everway-0"},"spec":\#(template.output)}"#)
        #expect(pod.contains("\"priority\": 2000001000"), "\(pod)")
        #expect(pod.contains("\"mountPropagation\": \"Bidirectional\""))
        // The ConfigMap has a hash in its name, so that a change of it makes new pods.
        let maps = try cluster.kubectl(
          "get", "configmaps", "--namespace", "kube-system", "--output", "jsonpath={.items[*].metadata.name}"
        ).output.split(separator: " ").filter { $0.hasPrefix("everway-") }
        #expect(maps.contains { pod.contains("\"name\": \"\($0)\"") }, "\(maps)")
      }
    }
  }

  @Test func anEgressGatewayHasOnlyFieldsOfKubeOVN() throws {
    try DeployedCluster.with("egress") { cluster in
      // Those that Kube-OVN 1.14 gave it (pkg/apis/kubeovn/v1/vpc-egress-gateway.go); the lab's own definition takes any.
      let schema = """
        {"spec":{"versions":[{"name":"v1","served":true,"storage":true,"subresources":{"status":{}},"schema":{"openAPIV3Schema":
        {"type":"object","properties":{"spec":{"type":"object","required":["externalSubnet"],"properties":{
        "vpc":{"type":"string"},"replicas":{"type":"integer"},"prefix":{"type":"string"},"image":{"type":"string"},
        "internalSubnet":{"type":"string"},"externalSubnet":{"type":"string"},
        "bfd":{"type":"object","properties":{"enabled":{"type":"boolean"},"minRX":{"type":"integer"},
        "minTX":{"type":"integer"},"multiplier":{"type":"integer"}}},
        "policies":{"type":"array","items":{"type":"object","properties":{"snat":{"type":"boolean"},
        "ipBlocks":{"type":"array","items":{"type":"string"}},"subnets":{"type":"array","items":{"type":"string"}}}}}
        }}}}}}]}}
        """
      try cluster.api.patch(
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/vpc-egress-gateways.kubeovn.io", schema)
      let text = try cluster.render("overlays/vpc-egress-gateway")
      // The server publishes a definition's schema a moment after it has changed.
      let isRefused = waitUntil(timeout: .seconds(60), every: .milliseconds(500)) {
        (try? cluster.apply(text.replacing("minRX", with: "minRx")))?.errorOutput.contains("minRx") == true
      }
      #expect(isRefused)
      let result = try cluster.apply(text)
      #expect(result.status.isSuccess, "\(result.errorOutput)")
    }
  }
}
