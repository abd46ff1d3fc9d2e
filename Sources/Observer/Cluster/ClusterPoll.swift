import AsyncHTTPClient
import Control
import FoundationEssentials
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Observation

/// Asks the other nodes' observers how their gateways are, when somebody wants to know: at most once a second, all at a time, each
/// for two seconds and 64 KiB at most. Only addresses of the configuration are asked, no redirection is followed.
actor ClusterPoll {
  /// One node's answer, or why there is none.
  struct Node: Sendable {
    /// Where it was asked.
    var address: String
    var summary: NodeSummary?
    /// When that was heard; an older one stands for what was last known.
    var heardAt: Timestamp?
    var error: String?
  }

  static let mostNodes = 64
  private static let mostOctets = 64 * 1024
  private static let patience = TimeAmount.seconds(2)
  private static let freshness = Duration.seconds(1)
  /// Between two looks at what addresses the names have.
  private static let resolving = Duration.seconds(10)

  private let peers: [PeerURL]
  private let options: ObserverOptions.Cluster
  private let tokens: TokenFile?
  private let tls: TLSConfiguration?
  private let threads: NIOThreadPool
  private var clients: [Target: HTTPClient] = [:]
  private var targets: [Target] = []
  /// Why a name has no address, by the name's URL.
  private var unresolved: [String: String] = [:]
  private var resolvedAt: ContinuousClock.Instant?
  private var known: [Target: Node] = [:]
  private var last: (nodes: [Node], at: ContinuousClock.Instant)?
  private var running: Task<[Node], Never>?

  private struct Target: Hashable {
    var peer: PeerURL
    var address: String
    var url: String { peer.url(address) }
  }

  /// - Throws: ``ObserverError`` that names the file or the address.
  init(_ options: ObserverOptions.Cluster, _ threads: NIOThreadPool) throws(ObserverError) {
    self.options = options
    self.threads = threads
    var peers: [PeerURL] = []
    for text in options.peers { peers.append(try PeerURL(text)) }
    guard !peers.isEmpty, peers.count <= Self.mostNodes else {
      throw ObserverError(
        "there are \(peers.count) addresses of other observers", help: "give 1 to \(Self.mostNodes)")
    }
    self.peers = peers
    if let name = options.serverName, !PeerURL.isName(name.lowercased()) {
      throw ObserverError("\"\(name)\" is no name of a server")
    }
    tokens = try options.tokenFile.map { path throws(ObserverError) in try TokenFile(path) }
    guard peers.contains(where: \.isSecure) else {
      tls = nil
      return
    }
    var tls = TLSConfiguration.makeClientConfiguration()
    tls.minimumTLSVersion = .tlsv12
    if let authority = options.authority {
      do { tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(authority)) } catch {
        throw ObserverError("cannot read certificates from \(authority): \(error)", help: "a PEM file is expected")
      }
    }
    self.tls = tls
  }

  /// All nodes, as they answered within the last second.
  func nodes() async -> [Node] {
    if let last, ContinuousClock.now - last.at < Self.freshness { return last.nodes }
    if let running { return await running.value }
    let task = Task { await ask() }
    running = task
    let nodes = await task.value
    running = nil
    last = (nodes, .now)
    return nodes
  }

  private func ask() async -> [Node] {
    await resolve()
    let token = tokens?.tokens.first.map { String(decoding: $0, as: UTF8.self) }
    let answers = await withTaskGroup(of: (Target, Result<NodeSummary, ObserverError>).self) { group in
      for target in targets {
        guard let client = client(target) else { continue }
        let url = "\(target.peer.url(options.serverName ?? target.peer.host))/api/v1/node"
        group.addTask { (target, await Self.ask(client, url, token)) }
      }
      var answers: [Target: Result<NodeSummary, ObserverError>] = [:]
      for await (target, answer) in group { answers[target] = answer }
      return answers
    }
    for target in targets {
      var node = known[target] ?? Node(address: target.url)
      switch answers[target] {
      case .success(let summary):
        node.summary = summary
        node.heardAt = .now()
        node.error = nil
      case .failure(let error): node.error = error.message
      case nil: node.error = "it was not asked"
      }
      known[target] = node
    }
    let lost = unresolved.sorted { $0.key < $1.key }.map { Node(address: $0.key, error: $0.value) }
    return targets.compactMap { known[$0] } + lost
  }

  private static func ask(
    _ client: HTTPClient, _ url: String, _ token: String?
  ) async -> Result<NodeSummary, ObserverError> {
    var request = HTTPClientRequest(url: url)
    request.headers.add(name: "Accept", value: "application/json")
    if let token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
    do {
      let (status, octets) = try await answer(client, request)
      guard status == 200 else {
        let problem = try? JSONDecoder().decode(ProblemDocument.self, from: octets)
        return .failure(ObserverError(problem?.detail ?? "it answers \(status)"))
      }
      guard let summary = try? JSONDecoder().decode(NodeSummary.self, from: octets) else {
        return .failure(ObserverError("its answer is not understood; it may be of another version"))
      }
      return .success(summary)
    } catch {
      return .failure(ObserverError(words(error)))
    }
  }

  /// One that drips octet after octet is ended, too.
  private static func answer(_ client: HTTPClient, _ request: HTTPClientRequest) async throws -> (UInt, Data) {
    try await withThrowingTaskGroup(of: (UInt, Data)?.self) { group in
      group.addTask {
        let response = try await client.execute(request, deadline: .now() + patience)
        let body = try await response.body.collect(upTo: mostOctets)
        return (response.status.code, Data(body.readableBytesView))
      }
      group.addTask {
        try await Task.sleep(for: .nanoseconds(patience.nanoseconds * 3 / 2))
        return nil
      }
      defer { group.cancelAll() }
      guard let answer = try await group.next() ?? nil else { throw HTTPClientError.deadlineExceeded }
      return answer
    }
  }

  private struct ProblemDocument: Decodable {
    var detail: String
  }

  private static func words(_ error: any Error) -> String {
    switch error {
    case let error as HTTPClientError
    where [.deadlineExceeded, .connectTimeout, .readTimeout].contains(error):
      "it does not answer within \(patience.nanoseconds / 1_000_000_000) s"
    case is NIOTooManyBytesError: "its answer is too long"
    case let error as NIOConnectionError:
      error.connectionErrors.first.map { "it cannot be reached: \($0.error)" } ?? "it cannot be reached"
    case let error as NIOSSLError: "TLS: \(error)"
    case let error as IOError: "it cannot be reached: \(error.description)"
    default: "it cannot be asked: \(error)"
    }
  }

  // MARK: Addresses

  private func resolve() async {
    if let resolvedAt, ContinuousClock.now - resolvedAt < Self.resolving { return }
    resolvedAt = .now
    var found: [Target] = []
    unresolved = [:]
    for peer in peers {
      do {
        let addresses = try await threads.runIfActive { try peer.addresses() }
        found += addresses.map { Target(peer: peer, address: $0) }
      } catch {
        unresolved[peer.url(peer.host)] = (error as? ObserverError)?.message ?? "\(error)"
        // What a name meant is kept while its server is away.
        found += targets.filter { $0.peer == peer }
      }
    }
    targets = Array(found.prefix(Self.mostNodes))
    let gone = clients.filter { !targets.contains($0.key) }
    for (target, client) in gone {
      clients[target] = nil
      known[target] = nil
      try? await client.shutdown()
    }
  }

  private func client(_ target: Target) -> HTTPClient? {
    if let client = clients[target] { return client }
    var settings = HTTPClient.Configuration(
      tlsConfiguration: tls, redirectConfiguration: .disallow,
      timeout: .init(connect: Self.patience, read: Self.patience))
    settings.connectionPool.retryConnectionEstablishment = false
    settings.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 1
    settings.connectionPool.idleTimeout = .seconds(10)
    settings.httpVersion = .http1Only
    let name = options.serverName ?? target.peer.host
    if name != target.address { settings.dnsOverride = [name: target.address] }
    let client = HTTPClient(eventLoopGroup: MultiThreadedEventLoopGroup.singleton, configuration: settings)
    clients[target] = client
    return client
  }

  /// Lets go of all connections.
  func stop() async {
    running?.cancel()
    for client in clients.values { try? await client.shutdown() }
    clients = [:]
  }
}
