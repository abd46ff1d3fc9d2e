import CLinux
import Cluster
import Glibc
import Kubernetes
import KubernetesProtocol
import Lab
import Processes
import Testing

/// A real kube-apiserver on a real etcd, on loopback, with Kube-OVN's kinds: empty, gone at the end with its lab.
final class APIServer: Sendable {
  /// As Scripts/kube-apiserver builds it.
  static let binary = "/var/cache/everway/kube-apiserver-1.20.2"
  static let isPossible = geteuid() == 0 && access(binary, X_OK) == 0 && access("/usr/bin/etcd", X_OK) == 0

  let kubeconfig: String
  let client: KubernetesClient

  init(_ lab: Lab) throws {
    let directory = try lab.makeDirectory("api")
    let ports = try Self.freePorts(3)
    let (etcd, peer, port) = (ports[0], ports[1], ports[2])
    _ = try lab.start(
      Command(
        "etcd",
        [
          "--data-dir", "\(directory)/etcd", "--listen-client-urls", "http://127.0.0.1:\(etcd)",
          "--advertise-client-urls", "http://127.0.0.1:\(etcd)", "--listen-peer-urls", "http://127.0.0.1:\(peer)",
          "--initial-advertise-peer-urls", "http://127.0.0.1:\(peer)", "--initial-cluster",
          "default=http://127.0.0.1:\(peer)", "--unsafe-no-fsync"
        ]), in: nil, label: "api/etcd", outputName: "etcd.log")
    try Command("openssl", ["genrsa", "-out", "\(directory)/sa.key", "2048"]).run()
    try Self.write("token,admin,1,\"system:masters\"\n", to: "\(directory)/tokens.csv")
    let server = try lab.start(
      Command(
        Self.binary,
        [
          "--etcd-servers=http://127.0.0.1:\(etcd)", "--bind-address=127.0.0.1", "--secure-port=\(port)",
          "--cert-dir=\(directory)", "--service-cluster-ip-range=10.96.0.0/16", "--advertise-address=127.0.0.1",
          "--service-account-issuer=https://kubernetes.default.svc",
          "--service-account-key-file=\(directory)/sa.key",
          "--service-account-signing-key-file=\(directory)/sa.key",
          "--token-auth-file=\(directory)/tokens.csv", "--authorization-mode=RBAC",
          "--disable-admission-plugins=ServiceAccount", "--endpoint-reconciler-type=none", "--allow-privileged=true"
        ]), in: nil, label: "api/server", outputName: "apiserver.log")
    kubeconfig = "\(directory)/kubeconfig"
    try Self.write(
      """
      apiVersion: v1
      kind: Config
      clusters: [{name: lab, cluster: {server: "https://127.0.0.1:\(port)", certificate-authority: "\(directory)/apiserver.crt"}}]
      users: [{name: admin, user: {token: token}}]
      contexts: [{name: lab, context: {cluster: lab, user: admin}}]
      current-context: lab

      """, to: kubeconfig)
    // The server makes its own certificate, which is its own authority.
    try #require(waitUntil(timeout: .seconds(60)) { access("\(directory)/apiserver.crt", R_OK) == 0 })
    client = KubernetesClient(try .load(kubeconfig: kubeconfig, environment: [:]))
    let isReady = waitUntil(timeout: .seconds(120), every: .milliseconds(50)) {
      !server.isRunning || (try? get("/readyz")) != nil
    }
    try #require(isReady && server.isRunning, "\(server.lastLines())")
    try install()
  }

  deinit { client.close {} }

  /// Ports that nobody has at this moment.
  private static func freePorts(_ count: Int) throws -> [Int] {
    var sockets: [Int32] = []
    defer { for socket in sockets { close(socket) } }
    return try (0..<count).map { _ in
      let fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
      sockets.append(fd)
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
      var length = socklen_t(MemoryLayout<sockaddr_in>.size)
      let code = withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(fd, $0, length) + getsockname(fd, $0, &length) }
      }
      try #require(code == 0)
      return Int(UInt16(bigEndian: address.sin_port))
    }
  }

  private static func write(_ text: String, to path: String) throws {
    let fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    defer { close(fd) }
    try #require(Glibc.write(fd, text, text.utf8.count) == text.utf8.count)
  }

  // MARK: Objects

  private func send(_ request: APIRequest) throws -> String {
    try client.performAndWait(
      KubernetesRequest<String>(request) { .done($0.map { String(decoding: $0, as: UTF8.self) }) })
  }

  @discardableResult func get(_ path: String) throws -> String { try send(APIRequest(.get, path)) }
  @discardableResult func post(_ path: String, _ body: String) throws -> String {
    try send(APIRequest(.post, path, body: Array(body.utf8)))
  }
  @discardableResult func patch(_ path: String, _ body: String) throws -> String {
    try send(APIRequest(.patch, path, body: Array(body.utf8), contentType: "application/merge-patch+json"))
  }

  /// Kube-OVN's kinds, without their schemas.
  private func install() throws {
    let kinds = [
      ("ovn-eips", "OvnEip", "Cluster"), ("vpcs", "Vpc", "Cluster"), ("subnets", "Subnet", "Cluster"),
      ("vlans", "Vlan", "Cluster"), ("provider-networks", "ProviderNetwork", "Cluster"),
      ("vpc-egress-gateways", "VpcEgressGateway", "Namespaced")
    ]
    for (plural, kind, scope) in kinds {
      let singular = kind.lowercased()
      try post(
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
        """
        {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition",
         "metadata":{"name":"\(plural).kubeovn.io"},
         "spec":{"group":"kubeovn.io","scope":"\(scope)",
          "names":{"plural":"\(plural)","singular":"\(singular)","kind":"\(kind)","listKind":"\(kind)List"},
          "versions":[{"name":"v1","served":true,"storage":true,"subresources":{"status":{}},
           "schema":{"openAPIV3Schema":{"type":"object","x-kubernetes-preserve-unknown-fields":true}}}]}}
        """)
    }
    for (plural, _, _) in kinds {
      let isServed = waitUntil(timeout: .seconds(60), every: .milliseconds(50)) {
        (try? get("/apis/kubeovn.io/v1/\(plural)")) != nil
      }
      try #require(isServed, "\(plural)")
    }
    let hasNamespace = waitUntil(timeout: .seconds(60), every: .milliseconds(50)) {
      (try? get("/api/v1/namespaces/kube-system")) != nil
    }
    try #require(hasNamespace)
  }

  /// One of Kube-OVN's, with its status where there is one.
  func make(_ plural: String, _ kind: String, _ name: String, spec: String, status: String? = nil) throws {
    try post(
      "/apis/kubeovn.io/v1/\(plural)",
      "{\"apiVersion\":\"kubeovn.io/v1\",\"kind\":\"\(kind)\",\"metadata\":{\"name\":\"\(name)\"},\"spec\":\(spec)}"
    )
    if let status { try patch("/apis/kubeovn.io/v1/\(plural)/\(name)/status", "{\"status\":\(status)}") }
  }

  func makeNode(_ name: String, labels: [String: String] = [:], annotations: [String: String] = [:]) throws {
    func map(_ values: [String: String]) -> String {
      "{" + values.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\"\($0.value)\"" }.joined(separator: ",") + "}"
    }
    try post(
      "/api/v1/nodes",
      "{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"\(name)\",\"labels\":\(map(labels)),"
        + "\"annotations\":\(map(annotations))}}")
  }

  /// kube-ovn-controller and kube-ovn-cni as v1.13.0 installs them (dist/images/install.sh), as far as doctor reads them.
  func makeKubeOVN(version: String = "v1.13.0") throws {
    let image = "docker.io/kubeovn/kube-ovn:\(version)"
    try post(
      "/apis/apps/v1/namespaces/kube-system/deployments",
      """
      {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"kube-ovn-controller"},
       "spec":{"selector":{"matchLabels":{"app":"kube-ovn-controller"}},
        "template":{"metadata":{"labels":{"app":"kube-ovn-controller"}},
         "spec":{"containers":[{"name":"kube-ovn-controller","image":"\(image)",
          "args":["/kube-ovn/start-controller.sh","--external-gateway-switch=external204"]}]}}}}
      """)
    try post(
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
