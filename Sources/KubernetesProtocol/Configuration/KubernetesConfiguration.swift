/// Where an API server is.
public struct KubernetesServer: Hashable, Sendable, CustomStringConvertible {
  public var isEncrypted: Bool
  /// A name or an address, without brackets.
  public var host: String
  public var port: Int
  /// In front of every path; empty, or begins with a slash and does not end with one.
  public var basePath: String

  public init(host: String, port: Int, isEncrypted: Bool = true, basePath: String = "") {
    self.isEncrypted = isEncrypted
    self.host = host
    self.port = port
    self.basePath = basePath
  }

  /// - Parameter text: `https://10.0.0.1:6443`, `https://[fd00::1]:6443/k8s/clusters/c1`.
  /// - Throws: what is wrong with it.
  public init(parsing text: String) throws(ServerProblem) {
    func problem(_ reason: String) -> ServerProblem { ServerProblem(reason: reason) }
    var rest = Substring(text)
    if rest.hasPrefix("https://") {
      (isEncrypted, rest) = (true, rest.dropFirst(8))
    } else if rest.hasPrefix("http://") {
      (isEncrypted, rest) = (false, rest.dropFirst(7))
    } else {
      throw problem("it must begin with https:// or http://")
    }
    let authority = rest.prefix { !"/?#".contains($0) }
    let path = rest.dropFirst(authority.count)
    guard !path.contains("?"), !path.contains("#") else { throw problem("it must not have a query or a fragment") }
    guard !authority.contains("@") else { throw problem("it must not have a user's name in it") }
    let portText: Substring
    if authority.hasPrefix("[") {
      guard let end = authority.firstIndex(of: "]") else {
        throw problem("the bracket of the IPv6 address is not closed")
      }
      host = String(authority[authority.index(after: authority.startIndex)..<end])
      portText = authority[authority.index(after: end)...]
      guard portText.isEmpty || portText.hasPrefix(":") else {
        throw problem("after the IPv6 address there must be :PORT")
      }
    } else {
      guard authority.filter({ $0 == ":" }).count < 2 else {
        throw problem("an IPv6 address needs brackets: [\(authority)]")
      }
      host = String(authority.prefix { $0 != ":" })
      portText = authority.dropFirst(host.count)
    }
    guard !host.isEmpty, host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { throw problem("it has no host") }
    if portText.isEmpty {
      port = isEncrypted ? 443 : 80
    } else {
      guard let number = UInt16(portText.dropFirst()), number > 0 else {
        throw problem("the port is no number from 1 to 65535")
      }
      port = Int(number)
    }
    var base = String(path)
    while base.hasSuffix("/") { base.removeLast() }
    basePath = base
  }

  /// The host as it stands in a URL.
  public var bracketed: String { host.contains(":") ? "[\(host)]" : host }

  public var description: String { "\(isEncrypted ? "https" : "http")://\(bracketed):\(port)\(basePath)" }
}

/// Why a text is no server's address.
public struct ServerProblem: Error, Hashable, Sendable {
  public var reason: String
}

/// A PEM text, or the file that has it and that is read anew when it has changed.
public enum PEMSource: Hashable, Sendable {
  case file(String)
  case text([UInt8])
}

/// Who we are for the API server, beside a client certificate.
public enum KubernetesCredentials: Hashable, Sendable {
  case none
  case token(String)
  /// Read anew when it has changed, and every minute.
  case tokenFile(String)
  case exec(ExecPlugin)
}

/// A program that gives credentials (client.authentication.k8s.io).
public struct ExecPlugin: Hashable, Sendable {
  public struct Variable: Hashable, Sendable {
    public var name: String
    public var value: String

    public init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }

  /// `client.authentication.k8s.io/v1` or `/v1beta1`.
  public var apiVersion: String
  /// A path, absolute; or a name looked up in PATH.
  public var command: String
  public var arguments: [String]
  public var environment: [Variable]
  public var installHint: String?
  /// Tells the program about the cluster, in KUBERNETES_EXEC_INFO.
  public var providesClusterInfo: Bool

  public init(
    apiVersion: String, command: String, arguments: [String] = [], environment: [Variable] = [],
    installHint: String? = nil, providesClusterInfo: Bool = false
  ) {
    self.apiVersion = apiVersion
    self.command = command
    self.arguments = arguments
    self.environment = environment
    self.installHint = installHint
    self.providesClusterInfo = providesClusterInfo
  }
}

/// Which API server, as whom, and how to behave.
public struct KubernetesConfiguration: Hashable, Sendable {
  public var server: KubernetesServer
  /// Of the authority that signed the server's certificate; nil for those that the system trusts.
  public var authority: PEMSource?
  /// The name in the server's certificate, when it is not the host.
  public var serverName: String?
  /// Whether any server's certificate will do. Never in operation.
  public var isInsecure = false
  public var credentials: KubernetesCredentials
  public var clientCertificate: ClientCertificate?
  /// For objects of namespaces when nothing else is said.
  public var namespace: String
  /// Impersonation; nil for ourselves.
  public var impersonatedUser: String?
  public var impersonatedGroups: [String] = []
  /// Where this comes from, for people: `the service account of this pod`, `/root/.kube/config, context lab`.
  public var origin: String

  /// With its TLS handshake.
  public var connectTimeout: Duration = .seconds(5)
  /// The longest answer taken, in octets. A page of a list is at most some hundred objects of at most 1.5 MiB.
  public var longestAnswer = 128 << 20
  /// The longest line of a watch, in octets: one object.
  public var longestEvent = 8 << 20
  public var retries = RetryDelays()
  /// How long the server is asked to keep a watch open, in seconds; chance decides.
  public var watchSeconds: ClosedRange<Int> = 290...590

  public struct ClientCertificate: Hashable, Sendable {
    public var certificate: PEMSource
    public var privateKey: PEMSource

    public init(certificate: PEMSource, privateKey: PEMSource) {
      self.certificate = certificate
      self.privateKey = privateKey
    }
  }

  public init(
    server: KubernetesServer, authority: PEMSource? = nil, credentials: KubernetesCredentials = .none,
    clientCertificate: ClientCertificate? = nil, namespace: String = "default", origin: String = ""
  ) {
    self.server = server
    self.authority = authority
    self.credentials = credentials
    self.clientCertificate = clientCertificate
    self.namespace = namespace
    self.origin = origin
  }

  /// Where Kubernetes puts a pod's service account.
  public static let serviceAccountDirectory = "/var/run/secrets/kubernetes.io/serviceaccount"

  /// As a pod: from KUBERNETES_SERVICE_HOST and _PORT, and the service account's files.
  /// - Parameters:
  ///   - directory: with `token`, `ca.crt` and `namespace`.
  ///   - namespace: what stands in the file of this name; nil when there is none.
  /// - Throws: when this is no pod.
  public static func pod(
    environment: [String: String], directory: String = serviceAccountDirectory, namespace: String? = nil
  ) throws(KubernetesConfigurationProblem) -> Self {
    func problem(_ message: String) -> KubernetesConfigurationProblem {
      KubernetesConfigurationProblem(
        message: message, help: "inside a pod Kubernetes sets it; outside of one, name a kubeconfig")
    }
    guard let host = environment["KUBERNETES_SERVICE_HOST"], !host.isEmpty else {
      throw problem("KUBERNETES_SERVICE_HOST is not set")
    }
    guard let portText = environment["KUBERNETES_SERVICE_PORT"], !portText.isEmpty else {
      throw problem("KUBERNETES_SERVICE_PORT is not set")
    }
    guard let port = UInt16(portText), port > 0 else {
      throw problem("KUBERNETES_SERVICE_PORT is \"\(portText.prefix(40))\", which is no port")
    }
    // Some write the brackets of a URL.
    let bare = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
    return Self(
      server: KubernetesServer(host: bare, port: Int(port)), authority: .file("\(directory)/ca.crt"),
      credentials: .tokenFile("\(directory)/token"), namespace: namespace ?? "default",
      origin: "the service account of this pod")
  }
}

/// What is wrong with a kubeconfig, or with what stands in its place, and where.
public struct KubernetesConfigurationProblem: Error, Hashable, Sendable, CustomStringConvertible {
  public var file: String?
  /// 1-based.
  public var line: Int?
  public var column: Int?
  /// As `users[0].user.exec`.
  public var field: String?
  public var message: String
  public var help: String?

  public init(
    file: String? = nil, line: Int? = nil, column: Int? = nil, field: String? = nil, message: String,
    help: String? = nil
  ) {
    self.file = file
    self.line = line
    self.column = column
    self.field = field
    self.message = message
    self.help = help
  }

  /// `/root/.kube/config:12:5: users[0].user.exec.command: is missing`
  public var description: String {
    let place = [file, line.map(String.init), column.map(String.init)].compactMap { $0 }.joined(separator: ":")
    return [place, field ?? "", message].filter { !$0.isEmpty }.joined(separator: ": ")
  }
}
