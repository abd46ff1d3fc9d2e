import Lab

/// Objects for a real API server.
extension KubernetesAPI {
  /// One of Kube-OVN's, with its status where there is one.
  func make(_ plural: String, _ kind: String, _ name: String, spec: String, status: String? = nil) throws {
    try create(
      "/apis/kubeovn.io/v1/\(plural)",
      "{\"apiVersion\":\"kubeovn.io/v1\",\"kind\":\"\(kind)\",\"metadata\":{\"name\":\"\(name)\"},\"spec\":\(spec)}"
    )
    if let status { try patch("/apis/kubeovn.io/v1/\(plural)/\(name)/status", "{\"status\":\(status)}") }
  }

  func makeNode(_ name: String, labels: [String: String] = [:], annotations: [String: String] = [:]) throws {
    func map(_ values: [String: String]) -> String {
      "{" + values.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\"\($0.value)\"" }.joined(separator: ",") + "}"
    }
    try create(
      "/api/v1/nodes",
      "{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"\(name)\",\"labels\":\(map(labels)),"
        + "\"annotations\":\(map(annotations))}}")
  }

  /// kube-ovn-controller and kube-ovn-cni as v1.13.0 installs them (dist/images/install.sh), as far as doctor reads them.
  func makeKubeOVN(version: String = "v1.13.0") throws {
    let image = "docker.io/kubeovn/kube-ovn:\(version)"
    try create(
      "/apis/apps/v1/namespaces/kube-system/deployments",
      """
      {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"kube-ovn-controller"},
       "spec":{"selector":{"matchLabels":{"app":"kube-ovn-controller"}},
        "template":{"metadata":{"labels":{"app":"kube-ovn-controller"}},
         "spec":{"containers":[{"name":"kube-ovn-controller","image":"\(image)",
          "args":["/kube-ovn/start-controller.sh","--external-gateway-switch=external204"]}]}}}}
      """)
    try create(
      "/apis/apps/v1/namespaces/kube-system/daemonsets",
      """
      {"apiVersion":"apps/v1","kind":"DaemonSet","metadata":{"name":"kube-ovn-cni",
         "annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{secret}"}},
       "spec":{"selector":{"matchLabels":{"app":"kube-ovn-cni"}},
        "template":{"metadata":{"labels":{"app":"kube-ovn-cni"}},
         "spec":{"hostPID":true,"hostNetwork":true,"containers":[{"name":"cni-server","image":"\(image)",
          "securityContext":{"runAsUser":0,"privileged":false},
          "volumeMounts":[{"name":"host-ns","mountPath":"/var/run/netns","mountPropagation":"HostToContainer"}]}],
          "volumes":[{"name":"host-ns","hostPath":{"path":"/var/run/netns"}}]}}}}
      """)
  }
}
