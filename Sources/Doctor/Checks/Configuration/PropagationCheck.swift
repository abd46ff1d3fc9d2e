import Cluster
import Languages

extension Check {
  /// What kube-ovn-cni mounts below /var/run/netns must reach the host, or `ovnext` is an empty file there.
  static let mountPropagation = Check(.configuration, ["EW-CFG-100"]) { facts, examination in
    guard let daemon = examination.objects(facts, \.cni, "kube-ovn-cni"), let cluster = facts.cluster.value else {
      return
    }
    // Only gateway nodes have kube-ovn-cni make a namespace.
    let isGateway = cluster.ovnEips.value == nil ? facts.subject.namespace != nil : !cluster.lspEips.isEmpty
    guard isGateway else { return examination.notRelevant() }
    for container in daemon.containers {
      for mount in container.volumeMounts where ["/var/run/netns", "/run/netns"].contains(mount.mountPath) {
        guard mount.mountPropagation != "Bidirectional" else { continue }
        examination.found(
          Finding(
            "EW-CFG-100", "kube-ovn-cni",
            parameters: ["propagation": mount.mountPropagation ?? "None", "container": container.name],
            evidence: [
              Evidence(
                "DaemonSet kube-ovn-cni, container \(container.name)",
                "volumeMount \(mount.name) at \(mount.mountPath): mountPropagation=\(mount.mountPropagation ?? "None"), "
                  + "privileged=\(container.securityContext?.privileged ?? false), image=\(container.image ?? "?")")
            ],
            steps: [
              RepairStep(
                Words(
                  "Kubernetes allows Bidirectional only to privileged containers",
                  zh: "Kubernetes 只允许特权容器使用 Bidirectional"),
                command: "kubectl -n kube-system patch daemonset kube-ovn-cni --type=strategic -p "
                  + "'{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"\(container.name)\","
                  + "\"securityContext\":{\"privileged\":true},\"volumeMounts\":[{\"name\":\"\(mount.name)\","
                  + "\"mountPath\":\"\(mount.mountPath)\",\"mountPropagation\":\"Bidirectional\"}]}]}}}}'")
            ]))
      }
    }
  }
}
