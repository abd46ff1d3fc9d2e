import Glibc
import NetworkNamespaces
import Processes
import Synchronization

/// A real Kubernetes API: Debian's etcd and the kube-apiserver that Scripts/kube-apiserver builds, with tokens, certificates and
/// RBAC, in a lab on ports of their own. The machine's own cluster, if any, is not touched.
///
/// Everything is in the lab's directory; the server's certificate is for 127.0.0.1, ::1 and `kubernetes`.
public final class KubernetesAPI: Sendable {
  /// Where Scripts/kube-apiserver puts it.
  public static var program: String {
    let cache = getenv("EVERWAY_CACHE").map { String(cString: $0) } ?? "/var/cache/everway"
    return "\(cache)/kube-apiserver-1.20.2"
  }

  /// Why none can run here; nil when one can.
  public static var obstacle: String? {
    if geteuid() != 0 { return "only root makes labs" }
    if access(program, X_OK) != 0 { return "there is no \(program): run Scripts/kube-apiserver" }
    do throws(ProgramError) { _ = try Command("etcd").resolved() } catch { return error.message }
    return nil
  }

  /// A token of the group `system:masters`, who may do everything.
  public static let administrator = "lab-admin-token"
  /// A token of the user `agent`, who may do what RBAC gives him: nothing at first.
  public static let agent = "lab-agent-token"

  public let lab: Lab
  /// Keys, certificates, tokens, databases, logs.
  public let directory: String
  public let port: Int
  private let etcdPort: Int
  private let etcdPeerPort: Int
  private let namespace: LabNamespace?
  private let address: String
  private let flags: [String]
  private let processes = Mutex<[String: LabProcess]>([:])

  /// - Parameters:
  ///   - namespace: where both run; nil for where this process is.
  ///   - address: where the server listens; etcd is on 127.0.0.1. The namespace's loopback must be up.
  ///   - flags: added to kube-apiserver's.
  public init(lab: Lab, in namespace: LabNamespace? = nil, address: String = "127.0.0.1", flags: [String] = [])
    throws(LabError)
  {
    self.lab = lab
    self.namespace = namespace
    self.address = address
    self.flags = flags
    directory = try lab.makeDirectory("kubernetes")
    let ports = try Self.freePorts(3)
    (port, etcdPort, etcdPeerPort) = (ports[0], ports[1], ports[2])
  }

  public var url: String { address.contains(":") ? "https://[\(address)]:\(port)" : "https://\(address):\(port)" }
  /// Of the authority that signed the server's certificate and may sign clients'.
  public var authority: String { "\(directory)/ca.crt" }
  /// Of the client `client`, in the group `system:masters`.
  public var clientCertificate: String { "\(directory)/client.crt" }
  public var clientKey: String { "\(directory)/client.key" }

  // MARK: Running

  /// Starts what does not run; returns when the API answers that it is ready, and has the namespace kube-system.
  public func start() throws(LabError) {
    if !Files.exists("\(directory)/server.crt") { try makeCertificates() }
    if !isRunning("etcd") {
      let (client, peer) = ("http://127.0.0.1:\(etcdPort)", "http://127.0.0.1:\(etcdPeerPort)")
      try start(
        "etcd",
        Command(
          "etcd",
          [
            "--data-dir", "\(directory)/etcd", "--listen-client-urls", client, "--advertise-client-urls", client,
            "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster",
            "default=\(peer)"
          ]))
    }
    if !isRunning("apiserver") { try startServer() }
    try waitUntilReady()
  }

  private func startServer() throws(LabError) {
    try start(
      "apiserver",
      Command(
        Self.program,
        [
          "--etcd-servers", "http://127.0.0.1:\(etcdPort)", "--bind-address", address, "--secure-port", "\(port)",
          "--advertise-address", "127.0.0.1", "--tls-cert-file", "\(directory)/server.crt",
          "--tls-private-key-file",
          "\(directory)/server.key", "--client-ca-file", authority, "--cert-dir", directory,
          "--service-account-issuer", "https://kubernetes.default.svc", "--service-account-key-file",
          "\(directory)/server.crt", "--service-account-signing-key-file", "\(directory)/server.key",
          "--service-cluster-ip-range", "10.96.0.0/16", "--token-auth-file", "\(directory)/tokens.csv",
          "--authorization-mode", "RBAC", "--disable-admission-plugins", "ServiceAccount",
          "--endpoint-reconciler-type", "none", "--allow-privileged"
        ] + flags))
  }

  /// SIGKILL; `start` brings it back with what it had.
  public func killServer() { processes.withLock { $0["apiserver"] }?.kill() }

  /// SIGSTOP: the server goes on, without its memory.
  public func stopEtcd() { processes.withLock { $0["etcd"] }?.signal(SIGSTOP) }
  public func continueEtcd() { processes.withLock { $0["etcd"] }?.signal(SIGCONT) }

  /// What the server wrote last.
  public var lastLines: [String] { Files.lastLines("\(directory)/apiserver.log", 10) }

  private func isRunning(_ name: String) -> Bool { processes.withLock { $0[name]?.isRunning ?? false } }

  private func start(_ name: String, _ command: Command) throws(LabError) {
    let process = try lab.start(
      command, in: namespace, label: "kubernetes/\(name)", outputName: "kubernetes/\(name).log")
    processes.withLock { $0[name] = process }
  }

  private func waitUntilReady() throws(LabError) {
    var answer = ""
    let isReady = waitUntil(timeout: .seconds(90), every: .milliseconds(100)) {
      answer = (try? curl("/readyz", ["--max-time", "2"])) ?? ""
      return answer == "ok" || !isRunning("apiserver") || !isRunning("etcd")
    }
    guard answer == "ok" else {
      let name = isRunning("etcd") ? "apiserver" : "etcd"
      throw LabError(
        "the Kubernetes API \(isReady ? "ended while starting" : "was not ready within 90 s")",
        output: Files.lastLines("\(directory)/\(name).log", 15))
    }
    // The server makes it a moment after it says that it is ready.
    let hasNamespace = waitUntil(timeout: .seconds(60), every: .milliseconds(100)) {
      (try? get("/api/v1/namespaces/kube-system"))?.contains("\"Active\"") == true
    }
    guard hasNamespace else {
      throw LabError("the namespace kube-system was not made within 60 s", output: lastLines)
    }
  }

  // MARK: Asking and changing, without our own client

  @discardableResult private func curl(_ path: String, _ more: [String], input: String = "") throws(LabError)
    -> String
  {
    try Command(
      "curl",
      [
        "--silent", "--show-error", "--cacert", authority, "-H", "Authorization: Bearer \(Self.administrator)",
        "\(url)\(path)"
      ] + more
    ).capture(in: namespace, input: input, timeout: .seconds(40)).output
  }

  /// GET.
  public func get(_ path: String) throws(LabError) -> String { try curl(path, []) }

  /// POST of an object in JSON.
  /// - Returns: what the server made of it.
  /// - Throws: with the server's words when it refuses.
  @discardableResult public func create(_ path: String, _ json: String) throws(LabError) -> String {
    try send("POST", path, json, "application/json")
  }

  /// A merge patch (RFC 7386); of a status too.
  @discardableResult public func patch(_ path: String, _ json: String) throws(LabError) -> String {
    try send("PATCH", path, json, "application/merge-patch+json")
  }

  private func send(_ method: String, _ path: String, _ json: String, _ type: String) throws(LabError) -> String {
    let answer = try curl(
      path, ["-X", method, "-H", "Content-Type: \(type)", "--data-binary", "@-"], input: json)
    guard !answer.contains("\"status\": \"Failure\"") else {
      throw LabError("the Kubernetes API refused an object for \(path)", output: Files.lines(answer))
    }
    return answer
  }

  /// Writes a kubeconfig for whoever has this token.
  public func writeKubeconfig(_ path: String, token: String = KubernetesAPI.administrator) throws(LabError) {
    try systemCall { () throws(SystemCallError) in
      try Files.write(
        """
        apiVersion: v1
        kind: Config
        clusters:
          - name: lab
            cluster: {server: "\(url)", certificate-authority: "\(authority)", tls-server-name: kubernetes}
        users: [{name: lab, user: {token: "\(token)"}}]
        contexts: [{name: lab, context: {cluster: lab, user: lab}}]
        current-context: lab

        """, to: path, mode: 0o600)
    }
  }

  /// Makes a folder as Kubernetes mounts it into a pod with this service account: `token`, `ca.crt`, `namespace`.
  public func mountServiceAccount(_ name: String, namespace: String, at folder: String) throws(LabError) {
    let answer = try create(
      "/api/v1/namespaces/\(namespace)/serviceaccounts/\(name)/token",
      #"{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{"expirationSeconds":3600}}"#)
    guard let key = answer.firstRange(of: "\"token\": \"") else {
      throw LabError("the Kubernetes API gave no token", output: Files.lines(answer))
    }
    let token = answer[key.upperBound...].prefix { $0 != "\"" }
    let root = try Command("cat", [authority]).run()
    try systemCall { () throws(SystemCallError) in
      try Files.makeDirectory(folder)
      try Files.write(String(token), to: "\(folder)/token", mode: 0o600)
      try Files.write(root, to: "\(folder)/ca.crt")
      try Files.write(namespace, to: "\(folder)/namespace")
    }
  }

  /// Installs Kube-OVN's CRDs and waits until the server serves them.
  public func installKubeOVN(_ version: KubeOVNDefinitions.Version = .v1_17) throws(LabError) {
    let definitions = KubeOVNDefinitions.all(version)
    for definition in definitions {
      try create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition.json)
    }
    let isServed = waitUntil(timeout: .seconds(30), every: .milliseconds(100)) {
      definitions.allSatisfy {
        (try? get("/apis/kubeovn.io/v1/\($0.plural)"))?.contains("\"items\"") ?? false
      }
    }
    guard isServed else { throw LabError("Kube-OVN's CRDs were not served within 30 s", output: lastLines) }
  }

  /// Makes etcd forget all versions before now, so that the server can no longer tell what followed them.
  public func compact() throws(LabError) {
    let etcd = "http://127.0.0.1:\(etcdPort)/v3"
    func ask(_ path: String, _ body: String) throws(LabError) -> String {
      try Command("curl", ["--silent", "-X", "POST", "\(etcd)\(path)", "-d", body]).run(in: namespace)
    }
    let status = try ask("/maintenance/status", "{}")
    guard let key = status.firstRange(of: "\"revision\":\"") else {
      throw LabError("etcd told no revision", output: [status])
    }
    let revision = status[key.upperBound...].prefix { $0.isNumber }
    _ = try ask("/kv/compaction", "{\"revision\":\"\(revision)\",\"physical\":true}")
  }

  // MARK: Keys

  private func makeCertificates() throws(LabError) {
    try systemCall { () throws(SystemCallError) in
      try Files.write(
        "\(Self.administrator),admin,1,\"system:masters\"\n\(Self.agent),agent,2,\"agents\"\n",
        to: "\(directory)/tokens.csv", mode: 0o600)
      try Files.write(
        "subjectAltName=IP:127.0.0.1,IP:::1,IP:\(address),DNS:kubernetes\nextendedKeyUsage=serverAuth\n",
        to: "\(directory)/server.ext")
      try Files.write("extendedKeyUsage=clientAuth\n", to: "\(directory)/client.ext")
    }
    let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    try openssl(
      ["req", "-x509"] + curve + ["-keyout", "ca.key", "-out", "ca.crt", "-days", "30", "-subj", "/CN=lab-ca"])
    for (name, subject) in [("server", "/CN=kubernetes"), ("client", "/O=system:masters/CN=client")] {
      try openssl(["req"] + curve + ["-keyout", "\(name).key", "-out", "\(name).csr", "-subj", subject])
      try openssl([
        "x509", "-req", "-in", "\(name).csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-out",
        "\(name).crt", "-days", "30", "-extfile", "\(name).ext"
      ])
    }
  }

  private func openssl(_ arguments: [String]) throws(LabError) {
    let paths = Set(["-keyout", "-out", "-in", "-CA", "-CAkey", "-extfile"])
    var whole: [String] = []
    for argument in arguments {
      let isPath = whole.last.map { paths.contains($0) } ?? false
      whole.append(isPath ? "\(directory)/\(argument)" : argument)
    }
    try Command("openssl", whole).run()
  }

  /// Ports that nobody listens on. Somebody may take one before we do: then `start` fails with etcd's or the server's words.
  private static func freePorts(_ count: Int) throws(LabError) -> [Int] {
    var sockets: [Int32] = []
    defer { for socket in sockets { close(socket) } }
    var ports: [Int] = []
    for _ in 0..<count {
      let fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      guard fd >= 0 else { throw LabError(SystemCallError("make a socket")) }
      sockets.append(fd)
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
      var length = socklen_t(MemoryLayout<sockaddr_in>.size)
      let isBound = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
          Glibc.bind(fd, pointer, length) == 0 && getsockname(fd, pointer, &length) == 0
        }
      }
      guard isBound else { throw LabError(SystemCallError("find a free port")) }
      ports.append(Int(UInt16(bigEndian: address.sin_port)))
    }
    return ports
  }
}
