import Cluster
import FoundationEssentials
import Testing

@testable import Doctor

@Suite struct FactsOfAClusterAndOfOVN {
  @Test func areDecodedFromWhatTheAPIAnswers() throws {
    let answer = """
      {"apiVersion": "kubeovn.io/v1", "kind": "OvnEip",
       "metadata": {"name": "node1", "uid": "x", "labels": {"ovn.kubernetes.io/ovn_eip_type": "lsp"}, "annotations": null},
       "spec": {"externalSubnet": "external204", "type": "lsp", "v4Ip": "", "macAddress": ""},
       "status": {"type": "", "nat": "", "ready": true, "v4Ip": "10.204.0.11", "macAddress": "00:00:00:01:02:03"}}
      """
    let eip = try JSONDecoder().decode(ClusterFacts.OvnEip.self, from: Data(answer.utf8))
    #expect(eip.name == "node1")
    #expect(eip.type == "lsp")
    #expect(eip.v4 == "10.204.0.11")
    #expect(eip.isReady)
  }

  @Test func keepTheirListsWhenTheAPILeavesThemOut() throws {
    let answer = """
      {"metadata": {"name": "vpc1"}, "spec": {"enableExternal": true,
       "staticRoutes": [{"policy": "policySrc", "cidr": "10.0.0.0/24", "nextHopIP": "10.204.0.11", "ecmpMode": "",
                         "bfdId": "", "routeTable": ""}]}}
      """
    let vpc = try JSONDecoder().decode(ClusterFacts.Vpc.self, from: Data(answer.utf8))
    #expect(vpc.spec.extraExternalSubnets.isEmpty)
    #expect(vpc.spec.staticRoutes.first?.nextHopIP == "10.204.0.11")
    #expect(vpc.router == "vpc1")
  }

  @Test func ofADaemonSetAreItsMountsAndNotItsEnvironment() throws {
    let answer = """
      {"metadata": {"name": "kube-ovn-cni", "namespace": "kube-system"},
       "spec": {"selector": {}, "template": {"metadata": {}, "spec": {
         "containers": [{"name": "cni-server", "image": "kubeovn/kube-ovn:v1.13.0",
           "env": [{"name": "SECRET", "value": "hunter2"}],
           "securityContext": {"privileged": false, "capabilities": {"add": ["NET_ADMIN"]}},
           "volumeMounts": [{"name": "host-ns", "mountPath": "/var/run/netns", "mountPropagation": "HostToContainer"}]}],
         "volumes": [{"name": "host-ns", "hostPath": {"path": "/var/run/netns", "type": ""}}]}}}}
      """
    let workload = try JSONDecoder().decode(ClusterFacts.Workload.self, from: Data(answer.utf8))
    #expect(workload.containers.first?.volumeMounts.first?.mountPropagation == "HostToContainer")
    let kept = String(decoding: try JSONEncoder().encode(workload), as: UTF8.self)
    #expect(!kept.contains("hunter2"))
  }

  @Test func surviveABundle() throws {
    var facts = Facts(takenAt: 1, everwayVersion: "1", subject: .init(node: "node1"))
    var ovn = OVNFacts()
    var north = OVNFacts.Northbound()
    north.bfd = [.init(uuid: "u", logicalPort: "vpc1-external204", dstIp: "10.204.0.1", status: "admin_down")]
    ovn.northbound = .value(north)
    ovn.southbound = .unavailable("connect: Connection refused")
    facts.ovn = .value(ovn)
    var cluster = ClusterFacts()
    cluster.externalGatewayConfig = .value(nil)
    cluster.nodes = .value([.init(name: "node1")])
    facts.cluster = .value(cluster)
    let read = try JSONDecoder().decode(Facts.self, from: try JSONEncoder().encode(facts))
    #expect(read == facts)
  }

  @Test func mayLackKindsThatTheBundlesEverwayDidNotKnow() throws {
    let cluster = try JSONDecoder().decode(ClusterFacts.self, from: Data(#"{"nodes": {"value": []}}"#.utf8))
    #expect(cluster.nodes == .value([]))
    #expect(cluster.vpcs.reason == "not in the bundle")
  }

  @Test func mayBeWrittenByHandWithJustWhatIsKnown() throws {
    let machine = try JSONDecoder().decode(MachineFacts.self, from: Data(#"{"kernel": "4.19.0"}"#.utf8))
    #expect(machine.kernel == "4.19.0")
    #expect(machine.clock.reason == "not in the bundle")
    let node = try JSONDecoder().decode(ClusterFacts.Node.self, from: Data(#"{"metadata": {"name": "n"}}"#.utf8))
    #expect(!node.isReady)
  }
}
