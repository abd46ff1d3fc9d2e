import Glibc
import Kubernetes
import KubernetesProtocol
import Lab
import Synchronization
import Testing

/// A real API server for a test.
enum TestAPI {
  /// Said once, where it is not possible: then the suite is skipped, and counted as skipped.
  static let isPossible: Bool = {
    guard let obstacle = KubernetesAPI.obstacle else { return true }
    print("tests with a real kube-apiserver are skipped: \(obstacle)")
    return false
  }()

  /// Runs `body` with a server of its own, gone at the end however it ends.
  static func with(
    _ tag: String, address: String = "127.0.0.1", flags: [String] = [], _ body: (KubernetesAPI) async throws -> Void
  ) async throws {
    Lab.sweep()
    let lab = try Lab.up("k\(getpid())\(tag)")
    defer { lab.down() }
    let api = try KubernetesAPI(lab: lab, address: address, flags: flags)
    try api.start()
    try await body(api)
  }

  static func write(_ text: String, _ path: String, mode: mode_t = 0o600) throws {
    let fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
    defer { close(fd) }
    try #require(fd >= 0)
    try #require(Glibc.write(fd, text, text.utf8.count) == text.utf8.count)
  }

  static func eventually(_ condition: () async -> Bool) async throws -> Bool {
    for _ in 0..<1200 {
      if await condition() { return true }
      try await Task.sleep(for: .milliseconds(50))
    }
    return false
  }
}

extension KubernetesAPI {
  func configuration(token: String = KubernetesAPI.administrator) throws -> KubernetesConfiguration {
    KubernetesConfiguration(
      server: try KubernetesServer(parsing: url), authority: .file(authority), credentials: .token(token),
      origin: "a test")
  }

  func client(token: String = KubernetesAPI.administrator) throws -> KubernetesClient {
    KubernetesClient(try configuration(token: token))
  }
}

struct Eip: Codable, Hashable, Sendable {
  struct Spec: Codable, Hashable, Sendable { var type: String? }
  struct Status: Codable, Hashable, Sendable { var ready: Bool? }
  var apiVersion: String? = "kubeovn.io/v1"
  var kind: String? = "OvnEip"
  var metadata: ObjectMetadata
  var spec: Spec
  var status: Status?

  init(_ name: String) {
    metadata = ObjectMetadata(name: name)
    spec = Spec(type: "lsp")
  }
}

/// Everything an observation has told.
final class Told: Sendable {
  struct State {
    var changes: [String] = []
    var states: [ObservationState] = []
    var undecodable: [String] = []
  }
  private let state = Mutex(State())

  func take(_ news: ObservedNews<Eip>) {
    state.withLock { state in
      switch news {
      case .state(let new): state.states.append(new)
      case .changes(let batch):
        state.changes += batch.map { "\($0.old == nil ? "+" : $0.new == nil ? "-" : "~")\($0.key)" }
      case .undecodable(let problem): state.undecodable.append(problem.description)
      }
    }
  }

  var value: State { state.withLock { $0 } }
  var isFailing: Bool { if case .failing? = value.states.last { true } else { false } }
}
