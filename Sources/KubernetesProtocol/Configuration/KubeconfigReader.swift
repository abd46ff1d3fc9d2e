import FoundationEssentials
import YAML

/// Takes a kubeconfig's tree apart.
struct KubeconfigReader {
  typealias Problem = KubernetesConfigurationProblem
  var file: String

  func problem(_ node: YAMLNode, _ field: String, _ message: String, help: String? = nil) -> Problem {
    Problem(
      file: file, line: node.start.line, column: node.start.column, field: field.isEmpty ? nil : field,
      message: message, help: help)
  }

  private func join(_ field: String, _ key: String) -> String { field.isEmpty ? key : "\(field).\(key)" }

  // MARK: Shapes

  func mapping(_ node: YAMLNode, _ field: String) throws(Problem) -> [YAMLEntry] {
    guard case .mapping(let entries) = node.content else {
      throw problem(node, field, "must be a mapping of `key: value`")
    }
    return entries
  }

  /// nil when it is absent or null.
  func value(_ fields: [YAMLEntry], _ key: String) -> YAMLNode? {
    fields.first { $0.key == key }.flatMap { $0.value.isNull ? nil : $0.value }
  }

  /// nil when it is absent, null or empty: client-go takes an empty text for none.
  func text(_ fields: [YAMLEntry], _ key: String, _ field: String) throws(Problem) -> String? {
    guard let node = value(fields, key) else { return nil }
    guard let scalar = node.scalar else { throw problem(node, join(field, key), "must be a text") }
    return scalar.text.isEmpty ? nil : scalar.text
  }

  func flag(_ fields: [YAMLEntry], _ key: String, _ field: String) throws(Problem) -> Bool {
    guard let node = value(fields, key) else { return false }
    switch node.scalar?.text {
    case "true"?: return true
    case "false"?: return false
    default: throw problem(node, join(field, key), "must be true or false")
    }
  }

  func items(_ fields: [YAMLEntry], _ key: String, _ field: String) throws(Problem) -> [YAMLNode] {
    guard let node = value(fields, key) else { return [] }
    guard case .sequence(let items) = node.content else { throw problem(node, join(field, key), "must be a list") }
    return items
  }

  func texts(_ fields: [YAMLEntry], _ key: String, _ field: String) throws(Problem) -> [String] {
    var texts: [String] = []
    for (index, item) in try items(fields, key, field).enumerated() {
      guard let scalar = item.scalar else { throw problem(item, "\(join(field, key))[\(index)]", "must be a text") }
      texts.append(scalar.text)
    }
    return texts
  }

  /// A list of `name` and something of another key. Of two with one name the first counts.
  func entries<T>(
    _ fields: [YAMLEntry], _ list: String, _ key: String,
    _ read: (YAMLNode, String) throws(Problem) -> T
  ) throws(Problem) -> [String: Kubeconfig.Entry<T>] {
    var result: [String: Kubeconfig.Entry<T>] = [:]
    for (index, item) in try items(fields, list, "").enumerated() {
      let field = "\(list)[\(index)]"
      let parts = try mapping(item, field)
      guard let name = try text(parts, "name", field) else { throw problem(item, "\(field).name", "is missing") }
      guard result[name] == nil else { continue }
      let inner = "\(field).\(key)"
      let value: Result<T, Problem>
      do throws(Problem) {
        guard let node = self.value(parts, key) else { throw problem(item, inner, "is missing") }
        value = .success(try read(node, inner))
      } catch {
        value = .failure(error)
      }
      result[name] = Kubeconfig.Entry(value: value, file: file, line: item.start.line, field: inner)
    }
    return result
  }

  // MARK: Entries

  func cluster(_ node: YAMLNode, _ field: String) throws(Problem) -> Kubeconfig.Cluster {
    let fields = try mapping(node, field)
    guard let server = try text(fields, "server", field) else {
      throw problem(node, "\(field).server", "is missing")
    }
    if let proxy = value(fields, "proxy-url"), try text(fields, "proxy-url", field) != nil {
      throw problem(
        proxy, "\(field).proxy-url", "proxies are not supported",
        help: "remove it and let this machine reach the API server itself, for instance over `ssh -L` or a VPN")
    }
    var cluster: Kubeconfig.Cluster
    do throws(ServerProblem) { cluster = .init(server: try KubernetesServer(parsing: server)) } catch {
      throw problem(
        value(fields, "server") ?? node, "\(field).server",
        "\"\(server.prefix(80))\" is no address of a server: \(error.reason)",
        help: "write https://HOST:6443")
    }
    cluster.serverName = try text(fields, "tls-server-name", field)
    cluster.isInsecure = try flag(fields, "insecure-skip-tls-verify", field)
    cluster.authority = try pem(fields, "certificate-authority", field)
    if cluster.isInsecure, cluster.authority != nil {
      throw problem(
        node, "\(field).insecure-skip-tls-verify", "contradicts certificate-authority",
        help: "remove insecure-skip-tls-verify: with the authority's certificate it is not needed")
    }
    return cluster
  }

  func context(_ node: YAMLNode, _ field: String) throws(Problem) -> Kubeconfig.Context {
    let fields = try mapping(node, field)
    guard let cluster = try text(fields, "cluster", field) else {
      throw problem(node, "\(field).cluster", "is missing")
    }
    return Kubeconfig.Context(
      cluster: cluster, user: try text(fields, "user", field), namespace: try text(fields, "namespace", field))
  }

  func user(_ node: YAMLNode, _ field: String) throws(Problem) -> Kubeconfig.User {
    // `user: {}` is nobody, and allowed.
    let fields = try mapping(node, field)
    if let provider = value(fields, "auth-provider") {
      throw problem(
        provider, "\(field).auth-provider", "is not supported: Kubernetes 1.26 has removed it",
        help: "use an exec plugin, such as gke-gcloud-auth-plugin or kubelogin")
    }
    for key in ["username", "password"] where value(fields, key) != nil {
      throw problem(
        value(fields, key) ?? node, "\(field).\(key)", "is not supported: Kubernetes 1.19 has removed it",
        help: "use a token or a client certificate")
    }
    if let extra = value(fields, "as-user-extra") {
      throw problem(extra, "\(field).as-user-extra", "is not supported", help: "use `as` and `as-groups` alone")
    }
    var user = Kubeconfig.User(credentials: .none)
    if let exec = value(fields, "exec") {
      user.credentials = .exec(try plugin(exec, "\(field).exec"))
    } else if let path = try text(fields, "tokenFile", field) {
      user.credentials = .tokenFile(absolute(path))
    } else if let token = try text(fields, "token", field) {
      user.credentials = .token(token)
    }
    let certificate = try pem(fields, "client-certificate", field)
    let key = try pem(fields, "client-key", field)
    switch (certificate, key) {
    case (let certificate?, let key?): user.certificate = .init(certificate: certificate, privateKey: key)
    case (nil, nil): break
    case (_?, nil): throw problem(node, "\(field).client-key", "is missing: there is a client-certificate")
    case (nil, _?): throw problem(node, "\(field).client-certificate", "is missing: there is a client-key")
    }
    user.impersonatedUser = try text(fields, "as", field)
    user.impersonatedGroups = try texts(fields, "as-groups", field)
    return user
  }

  private func plugin(_ node: YAMLNode, _ field: String) throws(Problem) -> ExecPlugin {
    let fields = try mapping(node, field)
    guard let command = try text(fields, "command", field) else {
      throw problem(node, "\(field).command", "is missing")
    }
    guard let version = try text(fields, "apiVersion", field) else {
      throw problem(
        node, "\(field).apiVersion", "is missing", help: "write apiVersion: client.authentication.k8s.io/v1")
    }
    guard ExecCredential.apiVersions.contains(version) else {
      throw problem(
        value(fields, "apiVersion") ?? node, "\(field).apiVersion", "\"\(version.prefix(60))\" is not supported",
        help: "supported are \(ExecCredential.apiVersions.joined(separator: " and "))")
    }
    if try text(fields, "interactiveMode", field) == "Always" {
      throw problem(
        value(fields, "interactiveMode") ?? node, "\(field).interactiveMode",
        "\"Always\" is not supported: there is nobody to ask",
        help: "use a plugin that can do without, with interactiveMode: IfAvailable or Never")
    }
    var plugin = ExecPlugin(
      apiVersion: version, command: command.contains("/") ? absolute(command) : command,
      arguments: try texts(fields, "args", field), installHint: try text(fields, "installHint", field),
      providesClusterInfo: try flag(fields, "provideClusterInfo", field))
    for (index, item) in try items(fields, "env", field).enumerated() {
      let inner = "\(field).env[\(index)]"
      let parts = try mapping(item, inner)
      guard let name = try text(parts, "name", inner) else { throw problem(item, "\(inner).name", "is missing") }
      plugin.environment.append(.init(name: name, value: try text(parts, "value", inner) ?? ""))
    }
    return plugin
  }

  /// `key-data` in base64, which counts before the path in `key`.
  private func pem(_ fields: [YAMLEntry], _ key: String, _ field: String) throws(Problem) -> PEMSource? {
    if let node = value(fields, "\(key)-data"), let text = try text(fields, "\(key)-data", field) {
      guard let data = Data(base64Encoded: text, options: .ignoreUnknownCharacters), !data.isEmpty else {
        throw problem(node, "\(field).\(key)-data", "is no base64")
      }
      guard
        data.starts(with: Array("-----BEGIN".utf8)) || String(decoding: data, as: UTF8.self).contains("-----BEGIN")
      else {
        throw problem(
          node, "\(field).\(key)-data", "holds no PEM",
          help: "it is the base64 of a text that begins with -----BEGIN")
      }
      return .text([UInt8](data))
    }
    return try text(fields, key, field).map { .file(absolute($0)) }
  }

  /// Paths are meant from the file's directory.
  private func absolute(_ path: String) -> String {
    guard !path.hasPrefix("/") else { return path }
    guard let slash = file.lastIndex(of: "/") else { return path }
    return "\(file[..<slash])/\(path)"
  }
}
