import Cluster
import Languages

extension Check {
  static let versions: [Check] = [versionsOfTheCluster, kernels]

  private static let unknown = "not known to this everway"

  /// Kube-OVN against Kubernetes, OVN and OVS.
  static let versionsOfTheCluster = Check(.versions, ["EW-VER-67"]) { facts, examination in
    let workloads = [
      ("kube-ovn-controller", examination.objects(facts, \.controller, "kube-ovn-controller")),
      ("kube-ovn-cni", examination.objects(facts, \.cni, "kube-ovn-cni"))
    ]
    guard let cluster = facts.cluster.value else { return }
    examination.isRelevant = true
    var seen: [(name: String, version: VersionNumber)] = []
    for (name, workload) in workloads {
      guard
        let image = workload?.containers.compactMap(\.image).first(where: { $0.contains("kube-ovn") })
          ?? workload?.containers.compactMap(\.image).first
      else { continue }
      guard let version = Compatibility.version(ofImage: image) else {
        examination.couldNotLook(at: Words("the version of \(name)", zh: "\(name) 的版本"), "image \(image)")
        continue
      }
      seen.append((name, version))
    }
    guard let (_, kubeOVN) = seen.first else { return }
    if let other = seen.last, other.version != kubeOVN {
      examination.mismatch(
        other.name, found: "\(other.version)",
        why: Words(
          "kube-ovn-controller is \(kubeOVN): an upgrade stopped half-way",
          zh: "kube-ovn-controller 为 \(kubeOVN)：升级可能中断"),
        [Evidence("images", seen.map { "\($0.name) \($0.version)" }.joined(separator: ", "))])
    }
    guard let series = Compatibility.series(of: kubeOVN) else {
      return examination.couldNotLook(
        at: Words("what Kube-OVN \(kubeOVN) works with", zh: "Kube-OVN \(kubeOVN) 的兼容性"), unknown)
    }
    if kubeOVN > series.upTo {
      examination.couldNotLook(
        at: Words("what is new in Kube-OVN \(kubeOVN)", zh: "Kube-OVN \(kubeOVN) 的变化"),
        "\(unknown), which was made with \(series.upTo)")
    }
    examination.compareKubernetes(cluster, kubeOVN, series)
    if let text = facts.ovn.value?.northbound.value?.nbGlobal?.options["northd_internal_version"],
      let ovn = VersionNumber(text), ovn.series != series.ovn
    {
      examination.mismatch(
        "OVN", found: ovn.calendarName,
        why: Words(
          "Kube-OVN \(kubeOVN) comes with OVN \(series.ovn.calendarName)",
          zh: "Kube-OVN \(kubeOVN) 自带 OVN \(series.ovn.calendarName)"),
        [Evidence("NB_Global options:northd_internal_version", text)])
    }
  }

  /// Kernels that are known to be bad, of every node of the cluster and of this machine.
  static let kernels = Check(.versions, ["EW-VER-67"]) { facts, examination in
    var releases: [(place: String, release: String)] = []
    for node in facts.cluster.value?.nodes.value ?? [] {
      if let release = node.status.nodeInfo?.kernelVersion { releases.append((node.name, release)) }
    }
    if let machine = examination.require(facts.machine, Words("the kernel", zh: "内核")),
      let release = machine.kernel,
      !releases.contains(where: { $0.place == facts.subject.node })
    {
      releases.append((facts.subject.node, release))
    }
    let usesOVN = facts.hintOfOVN != nil
    for (place, release) in releases {
      let evidence = [Evidence("uname -r of \(place)", release)]
      guard let version = VersionNumber(release) else {
        examination.couldNotLook(at: Words("the kernel \(release)", zh: "内核 \(release)"), unknown)
        continue
      }
      if usesOVN, let bad = Compatibility.badKernel(release) {
        examination.mismatch(place, found: release, severity: .error, why: bad.why, evidence)
      } else if usesOVN, version < Compatibility.minimumKernel {
        examination.mismatch(
          place, found: release, severity: .error,
          why: Words(
            "openvswitch needs Linux \(Compatibility.minimumKernel)",
            zh: "openvswitch 需要 Linux \(Compatibility.minimumKernel) 及以上"),
          evidence)
      } else if place == facts.subject.node, version < Compatibility.minimumGatewayKernel {
        examination.mismatch(
          place, found: release, severity: .error,
          why: Words(
            "next-hop groups need Linux \(Compatibility.minimumGatewayKernel)",
            zh: "下一跳组需要 Linux \(Compatibility.minimumGatewayKernel) 及以上"),
          evidence)
      }
    }
  }
}

extension Examination {
  fileprivate mutating func mismatch(
    _ what: String, found version: String, severity: Severity = .warning, why: Words, _ evidence: [Evidence]
  ) {
    found(
      Finding(
        "EW-VER-67", what, severity: severity,
        parameters: ["what": what, "version": version, "why": why.en, "whyChinese": why.zh], evidence: evidence))
  }

  /// Each version that a node or the API server has, once.
  fileprivate mutating func compareKubernetes(
    _ cluster: ClusterFacts, _ kubeOVN: VersionNumber, _ series: Compatibility.Series
  ) {
    var places: [VersionNumber: [String]] = [:]
    func note(_ text: String?, _ place: String) {
      guard let text, let version = VersionNumber(text) else { return }
      places[version.series, default: []].append(place)
    }
    note(cluster.kubernetesVersion, "API server")
    for node in cluster.nodes.value ?? [] { note(node.status.nodeInfo?.kubeletVersion, node.name) }
    if places.isEmpty {
      couldNotLook(
        at: Words("the version of Kubernetes", zh: "Kubernetes 的版本"), "neither API server nor nodes tell it")
    }
    for (version, places) in places.sorted(by: { $0.key < $1.key }) {
      let evidence = [Evidence("version of \(places.joined(separator: ", "))", "\(version)")]
      if version < series.minimum {
        mismatch(
          "Kubernetes", found: "\(version)", severity: .error,
          why: Words(
            "Kube-OVN \(kubeOVN) needs \(series.minimum)", zh: "Kube-OVN \(kubeOVN) 要求 \(series.minimum) 及以上"),
          evidence)
      } else if version > series.tested {
        mismatch(
          "Kubernetes", found: "\(version)",
          why: Words(
            "Kube-OVN \(kubeOVN) was tested up to \(series.tested)",
            zh: "Kube-OVN \(kubeOVN) 最高测试到 \(series.tested)"), evidence)
      }
    }
  }
}
