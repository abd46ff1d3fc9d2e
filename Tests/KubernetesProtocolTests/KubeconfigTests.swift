import Testing

@testable import KubernetesProtocol

@Suite struct AKubeconfig {
  private static let whole = """
    apiVersion: v1
    kind: Config
    current-context: b
    clusters:
    - name: one
      cluster: {server: "https://[fd00::1]:6443/base/", certificate-authority: pki/ca.crt, tls-server-name: kubernetes}
    users:
    - name: u
      user: {client-certificate: c.crt, client-key: /k, as: other, as-groups: [g]}
    - name: e
      user:
        exec: {apiVersion: client.authentication.k8s.io/v1, command: ./plugin, args: [x], env: [{name: A, value: "1"}]}
    - name: old
      user:
        auth-provider: {name: gcp}
    contexts:
    - name: b
      context: {cluster: one, user: u, namespace: ns}
    - name: e
      context: {cluster: one, user: e}
    - name: old
      context: {cluster: one, user: old}
    - name: wrong
      context: {cluster: onne, user: u}
    """

  private func read(_ text: String, _ file: String = "/d/config") throws(KubernetesConfigurationProblem)
    -> Kubeconfig
  {
    try Kubeconfig(parsing: Array(text.utf8), file: file)
  }

  @Test("Its current context says where, as whom, and paths are meant from its directory")
  func resolves() throws {
    let configuration = try read(Self.whole).configuration()
    #expect(configuration.server == KubernetesServer(host: "fd00::1", port: 6443, basePath: "/base"))
    #expect(configuration.server.description == "https://[fd00::1]:6443/base")
    #expect(configuration.authority == .file("/d/pki/ca.crt"))
    #expect(configuration.serverName == "kubernetes")
    #expect(configuration.clientCertificate == .init(certificate: .file("/d/c.crt"), privateKey: .file("/k")))
    #expect(configuration.impersonatedUser == "other" && configuration.impersonatedGroups == ["g"])
    #expect(configuration.namespace == "ns")
  }

  @Test("An exec plugin is read with its arguments and its environment")
  func exec() throws {
    let plugin = ExecPlugin(
      apiVersion: "client.authentication.k8s.io/v1", command: "/d/./plugin", arguments: ["x"],
      environment: [.init(name: "A", value: "1")])
    #expect(try read(Self.whole).configuration(context: "e").credentials == .exec(plugin))
  }

  @Test("Of two files the first counts, and the second adds what is missing")
  func merges() throws {
    var first = try read("current-context: b\nusers: [{name: u, user: {token: t}}]", "/a/one")
    first.merge(try read(Self.whole))
    #expect(try first.configuration().credentials == .token("t"))
    #expect(try first.configuration().authority == .file("/d/pki/ca.crt"))
  }

  @Test(
    "What is wrong is told with its line and its field",
    arguments: [
      ("clusters: [{name: a, cluster: {server: 10.0.0.1}}]", "1", "clusters[0].cluster.server", "no address"),
      ("clusters: [{name: a, cluster: {}}]", "1", "clusters[0].cluster.server", "missing"),
      (
        "clusters:\n- name: a\n  cluster:\n    server: https://h\n    proxy-url: http://p", "5",
        "clusters[0].cluster.proxy-url", "not supported"
      ),
      (
        "clusters: [{name: a, cluster: {server: 'https://h', insecure-skip-tls-verify: 'ja'}}]", "1",
        "clusters[0].cluster.insecure-skip-tls-verify", "true or false"
      ),
      (
        "clusters: [{name: a, cluster: {server: 'https://h', certificate-authority-data: '%%%'}}]", "1",
        "clusters[0].cluster.certificate-authority-data", "base64"
      )
    ])
  func problems(_ text: String, _ line: String, _ field: String, _ words: String) throws {
    let rest = "\ncurrent-context: c\ncontexts: [{name: c, context: {cluster: a}}]"
    do throws(KubernetesConfigurationProblem) {
      _ = try read(text + rest).configuration()
      Issue.record("\(text) was accepted")
    } catch {
      #expect(error.description.hasPrefix("/d/config:\(line):"), "\(error)")
      #expect(error.field == field && error.message.contains(words), "\(error)")
    }
  }

  @Test("A user that is not used may be one that is not supported; used, it is a clear error")
  func unsupported() throws {
    let error = #expect(throws: KubernetesConfigurationProblem.self) {
      try read(Self.whole).configuration(context: "old")
    }
    #expect(error?.field == "users[2].user.auth-provider")
    #expect(error?.line == 15)
    let missing = #expect(throws: KubernetesConfigurationProblem.self) {
      try read(Self.whole).configuration(context: "wrong")
    }
    #expect(missing?.help == "there are: one")
  }

  @Test(
    "A pod's environment says where the server is, IPv6 too",
    arguments: ["10.0.0.1", "fd00::1", "[fd00::1]"])
  func pod(_ host: String) throws {
    let environment = ["KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": "443"]
    let configuration = try KubernetesConfiguration.pod(environment: environment)
    #expect(configuration.server.host == host.filter { $0 != "[" && $0 != "]" })
    #expect(throws: KubernetesConfigurationProblem.self) {
      try KubernetesConfiguration.pod(environment: ["KUBERNETES_SERVICE_HOST": host])
    }
  }
}
