import YAML

/// One kubeconfig file, or several merged (client-go's "loading rules": of two entries with the same name the first counts).
public struct Kubeconfig: Hashable, Sendable {
  struct Cluster: Hashable, Sendable {
    var server: KubernetesServer
    var serverName: String?
    var isInsecure = false
    var authority: PEMSource?
  }

  struct User: Hashable, Sendable {
    var credentials: KubernetesCredentials
    var certificate: KubernetesConfiguration.ClientCertificate?
    var impersonatedUser: String?
    var impersonatedGroups: [String] = []
  }

  struct Context: Hashable, Sendable {
    var cluster: String
    var user: String?
    var namespace: String?
  }

  /// An entry is only judged when it is used: a user of another cluster that we cannot be harms nobody.
  struct Entry<T: Hashable & Sendable>: Hashable, Sendable {
    var value: Result<T, KubernetesConfigurationProblem>
    var file: String
    var line: Int
    var field: String
  }

  var clusters: [String: Entry<Cluster>] = [:]
  var users: [String: Entry<User>] = [:]
  var contexts: [String: Entry<Context>] = [:]
  var currentContext: String?
  var files: [String] = []

  /// - Parameters:
  ///   - file: its path, for messages, and because paths in it are meant from its directory.
  /// - Throws: when it is no kubeconfig at all.
  public init(parsing bytes: [UInt8], file: String) throws(KubernetesConfigurationProblem) {
    files = [file]
    let document = YAMLDocument(parsing: bytes, limits: YAMLLimits(bytes: 4 << 20))
    if let problem = document.problems.first {
      throw KubernetesConfigurationProblem(
        file: file, line: problem.start.line, column: problem.start.column, message: problem.message,
        help: problem.help)
    }
    // An empty file is what `kubectl config unset` may leave.
    guard let root = document.root, !root.isNull else { return }
    let reader = KubeconfigReader(file: file)
    let fields = try reader.mapping(root, "")
    if let kind = try reader.text(fields, "kind", ""), kind != "Config" {
      throw reader.problem(root, "kind", "is \"\(kind.prefix(40))\", a kubeconfig has `kind: Config`")
    }
    currentContext = try reader.text(fields, "current-context", "")
    clusters = try reader.entries(fields, "clusters", "cluster") {
      node, field throws(KubernetesConfigurationProblem) in
      try reader.cluster(node, field)
    }
    users = try reader.entries(fields, "users", "user") { node, field throws(KubernetesConfigurationProblem) in
      try reader.user(node, field)
    }
    contexts = try reader.entries(fields, "contexts", "context") {
      node, field throws(KubernetesConfigurationProblem) in
      try reader.context(node, field)
    }
  }

  /// What stands here already counts; the other adds what is missing.
  public mutating func merge(_ other: Kubeconfig) {
    clusters.merge(other.clusters) { mine, _ in mine }
    users.merge(other.users) { mine, _ in mine }
    contexts.merge(other.contexts) { mine, _ in mine }
    if currentContext == nil { currentContext = other.currentContext }
    files += other.files
  }

  /// The names of its contexts.
  public var contextNames: [String] { contexts.keys.sorted() }

  /// - Parameter context: nil for the current one.
  public func configuration(context wanted: String? = nil) throws(KubernetesConfigurationProblem)
    -> KubernetesConfiguration
  {
    let place = files.joined(separator: ", ")
    guard let name = wanted ?? currentContext else {
      throw KubernetesConfigurationProblem(
        file: place, field: "current-context", message: "is not set",
        help: contexts.isEmpty
          ? "the file has no contexts; is it the right one?"
          : "name one of its contexts (\(contextNames.joined(separator: ", "))), or run `kubectl config use-context`"
      )
    }
    guard let entry = contexts[name] else {
      throw KubernetesConfigurationProblem(
        file: place, message: "there is no context \"\(name)\"",
        help: contexts.isEmpty ? nil : "there are: \(contextNames.joined(separator: ", "))")
    }
    let context = try entry.value.get()
    guard let cluster = clusters[context.cluster] else {
      throw KubernetesConfigurationProblem(
        file: entry.file, line: entry.line, field: "\(entry.field).cluster",
        message: "there is no cluster \"\(context.cluster)\"",
        help: clusters.isEmpty ? nil : "there are: \(clusters.keys.sorted().joined(separator: ", "))")
    }
    var user = User(credentials: .none)
    if let userName = context.user {
      guard let found = users[userName] else {
        throw KubernetesConfigurationProblem(
          file: entry.file, line: entry.line, field: "\(entry.field).user",
          message: "there is no user \"\(userName)\"",
          help: users.isEmpty ? nil : "there are: \(users.keys.sorted().joined(separator: ", "))")
      }
      user = try found.value.get()
    }
    let target = try cluster.value.get()
    var result = KubernetesConfiguration(
      server: target.server, authority: target.authority, credentials: user.credentials,
      clientCertificate: user.certificate, namespace: context.namespace ?? "default",
      origin: "\(entry.file), context \(name)")
    result.serverName = target.serverName
    result.isInsecure = target.isInsecure
    result.impersonatedUser = user.impersonatedUser
    result.impersonatedGroups = user.impersonatedGroups
    return result
  }
}
