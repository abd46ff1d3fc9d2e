import Cluster
import Glibc
import Languages
import Testing

@testable import Doctor

@Suite struct Versions {
  private func found(_ change: (inout HealthyCluster) -> Void) -> [String] {
    var cluster = HealthyCluster()
    var machine = MachineFacts()
    machine.kernel = "6.1.0-30-amd64"
    cluster.machine = machine
    change(&cluster)
    return Diagnosis(cluster.facts, checks: Check.versions).all.map { $0.title.en }
  }

  private func gaps(_ change: (inout HealthyCluster) -> Void) -> [String] {
    var cluster = HealthyCluster()
    cluster.machine = MachineFacts()
    change(&cluster)
    return Diagnosis(cluster.facts, checks: Check.versions).areas.flatMap(\.gaps).map {
      "\($0.what.en): \($0.reason)"
    }
  }

  private static func image(_ tag: String, of cluster: inout HealthyCluster) {
    for path in [\ClusterFacts.controller, \.cni] {
      guard var workload = cluster.cluster[keyPath: path].value else { continue }
      workload.spec.template.spec.containers[0].image = "registry:5000/kubeovn/kube-ovn:\(tag)"
      cluster.cluster[keyPath: path] = .value(workload)
    }
  }

  @Test(
    arguments: [
      ("v1.13.0", "v1.31.2", []), ("v1.13.0", "v1.23.17", []),
      ("v1.13.0", "v1.22.0", ["Kubernetes 1.22: Kube-OVN 1.13.0 needs 1.23"]),
      ("v1.14.3", "v1.28.9", ["Kubernetes 1.28: Kube-OVN 1.14.3 needs 1.29"]),
      ("v1.13.0", "v1.36.0", ["Kubernetes 1.36: Kube-OVN 1.13.0 was tested up to 1.33"]),
      ("v1.17.0", "v1.36.1+k3s1", [])
    ] as [(String, String, [String])])
  func thatDoNotGoTogetherAreFound(kubeOVN: String, kubernetes: String, expected: [String]) {
    let titles = found { cluster in
      Self.image(kubeOVN, of: &cluster)
      cluster.cluster.kubernetesVersion = kubernetes
      var nodes = cluster.cluster.nodes.value ?? []
      for index in nodes.indices { nodes[index].status.nodeInfo?.kubeletVersion = kubernetes }
      cluster.cluster.nodes = .value(nodes)
    }
    #expect(titles == expected)
  }

  @Test func ofOneKubeOVNInTwoAreFound() {
    let titles = found { cluster in
      guard var workload = cluster.cluster.cni.value else { return }
      workload.spec.template.spec.containers[0].image = "kubeovn/kube-ovn:v1.12.20"
      cluster.cluster.cni = .value(workload)
    }
    #expect(titles == ["kube-ovn-cni 1.12.20: kube-ovn-controller is 1.13.0: an upgrade stopped half-way"])
  }

  @Test(arguments: [("24.03.4-20.33.0-72.6", 0), ("22.12.1-20.27.0", 1), ("25.03.0", 1)])
  func ofOVNThatKubeOVNDoesNotBringAreFound(northd: String, findings: Int) {
    let titles = found { cluster in
      var global = OVNFacts.NBGlobal()
      global.options = ["northd_internal_version": northd]
      cluster.north.nbGlobal = global
    }
    #expect(titles.count == findings)
  }

  @Test(
    arguments: [
      ("3.10.0-862.el7.x86_64", 1), ("3.10.0-8620.el7.x86_64", 0), ("3.10.0-1160.el7.x86_64", 0),
      ("4.18.0-372.9.1.el8.x86_64", 1), ("4.18.0-372.13.1.el8_6.x86_64", 0), ("4.4.0-210-generic", 1),
      ("4.40.0", 0), ("3.2.0-4-amd64", 1), ("6.1.0-30-amd64", 0)
    ])
  func ofKernelsThatAreBadAreFound(release: String, findings: Int) {
    let titles = found { cluster in
      var nodes = cluster.cluster.nodes.value ?? []
      nodes[1].status.nodeInfo?.kernelVersion = release
      cluster.cluster.nodes = .value(nodes)
    }
    #expect(titles.count == findings, "\(titles)")
  }

  /// A gateway's own kernel must have next-hop groups, with OVN or without.
  @Test(arguments: [("5.2.21", 1), ("5.3.0", 0), ("4.4.0", 1)])
  func ofThisKernelWithoutNextHopsAreFound(release: String, findings: Int) {
    var facts = Facts(takenAt: 1, everwayVersion: "1", subject: .init(node: "gw"))
    var machine = MachineFacts()
    machine.kernel = release
    facts.machine = .value(machine)
    #expect(Diagnosis(facts, checks: Check.versions).all.count == findings)
  }

  @Test(
    arguments: [
      ("v1.18.0", "what Kube-OVN 1.18.0 works with: not known to this everway"),
      ("v1.13.99", "what is new in Kube-OVN 1.13.99: not known to this everway, which was made with 1.13.15"),
      ("latest", "the version of kube-ovn-controller: image registry:5000/kubeovn/kube-ovn:latest")
    ])
  func thatAreNotKnownAreSaidToBe(tag: String, expected: String) {
    #expect(gaps { Self.image(tag, of: &$0) }.contains(expected))
  }

  @Test(
    arguments: [
      ("kubeovn/kube-ovn:v1.13.0", "1.13.0"), ("registry:5000/kubeovn/kube-ovn:v1.13.0-x86@sha256:12", "1.13.0"),
      ("registry:5000/kubeovn/kube-ovn", nil), ("kube-ovn:latest", nil)
    ])
  func areReadFromImages(image: String, version: String?) {
    #expect(Compatibility.version(ofImage: image)?.description == version)
  }

  /// docs/versions.md and its Chinese sister hold every row of the table.
  @Test(arguments: ["docs/versions.md", "docs/versions.zh-CN.md"])
  func areThoseOfTheDocumentation(path: String) {
    let root = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }
    let text = Self.read("\(root)/\(path)")
    for row in Compatibility.series {
      let line =
        "| \(row.kubeOVN) | \(row.upTo) | \(row.ovs) | \(row.ovn.calendarName) "
        + "| \(row.minimum) | \(row.tested) |"
      #expect(text.contains(line), "\(line)")
    }
    for kernel in Compatibility.badKernels { #expect(text.contains("`\(kernel.prefix)")) }
  }

  private static func read(_ path: String) -> String {
    guard let file = fopen(path, "re") else { return "" }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 65_536)
    let count = fread(&bytes, 1, bytes.count, file)
    return String(decoding: bytes.prefix(count), as: UTF8.self)
  }
}
