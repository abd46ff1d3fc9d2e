import CLinux
import Control
import Dispatch
import Glibc
import HTTPTypes
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import ServiceLifecycle
import Synchronization
import UnixSignals

/// Serves what a gateway does over HTTP, until the process is told to stop.
public struct ObserverServer: Sendable {
  private let options: ObserverOptions
  private let follower: GatewayFollower
  private let api: ObserverAPI
  private let tls: TLSConfiguration?
  private let threads = NIOThreadPool(numberOfThreads: 4)

  /// Reads certificates and tokens, and checks that nothing is open that must not be.
  /// - Throws: ``ObserverError``.
  public init(_ options: ObserverOptions) throws(ObserverError) {
    self.options = options
    let tokens = try options.tokenFile.map { path throws(ObserverError) in try TokenFile(path) }
    if let tokens, tokens.isOpenToAll {
      options.log("observe: everybody on this machine may read \(tokens.path); chmod o= it")
    }
    tls = try TLSConfiguration.observer(options)
    for address in options.listen where !address.isLocal {
      try Self.check(address, options)
    }
    if options.listen.isEmpty, options.recorder == nil {
      throw ObserverError("there is no address to listen at", help: "see --listen")
    }
    follower = GatewayFollower(
      socket: options.socket, recorder: options.recorder, endsWithParent: options.endsWithParent, log: options.log)
    let rules = AccessRules(
      trustsLoopback: options.trustsLoopback, hostNames: Set(options.hostNames.map { $0.lowercased() }),
      hasTokens: tokens != nil)
    let threads = threads
    api = ObserverAPI(
      options: options, follower: follower, rules: rules, tokens: tokens, page: Page(),
      wait: { body throws(Problem) in
        do {
          return try await threads.runIfActive { try body() }
        } catch let problem as Problem {
          throw problem
        } catch {
          throw Problem(.serviceUnavailable, "The observer is about to stop.")
        }
      },
      cluster: try options.cluster.map { cluster throws(ObserverError) in try ClusterPoll(cluster, threads) })
  }

  private static func check(_ address: ListenAddress, _ options: ObserverOptions) throws(ObserverError) {
    guard options.certificate != nil else {
      throw ObserverError(
        "\(address) can be reached from elsewhere, and there is no certificate",
        help: "give --tls-certificate and --tls-key, or listen at 127.0.0.1:9479")
    }
    guard options.tokenFile != nil || options.clientAuthority != nil else {
      throw ObserverError(
        "\(address) can be reached from elsewhere, and anybody could ask",
        help: "give --token-file or --client-ca, or listen at 127.0.0.1:9479")
    }
  }

  /// Serves until SIGTERM or SIGINT.
  /// - Parameter onListening: called for each address once it takes connections, its port filled in.
  /// - Throws: ``ObserverError`` when an address cannot be had.
  public func run(onListening: @escaping @Sendable (ListenAddress) -> Void = { _ in }) async throws(ObserverError) {
    var logger = Logger(label: "everway.observe") { _ in SwiftLogNoOpLogHandler() }
    logger.logLevel = .critical
    threads.start()
    try follower.start()
    do {
      var services: [any Service] = []
      for address in options.listen {
        services.append(
          ListeningService(
            address: address, keepsTrying: options.endsWithParent, log: options.log,
            makeServer: { [logger] () throws(ObserverError) in try service(for: address, logger, onListening) }))
      }
      // The last is stopped first, and the others only when it has ended.
      services.append(StopService { follower.stop() })
      var configuration = ServiceGroupConfiguration(
        services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
      configuration.maximumGracefulShutdownDuration = .seconds(3)
      try await ServiceGroup(configuration: configuration).run()
      follower.stopAndWait()
      await api.cluster?.stop()
    } catch let error as ObserverError {
      follower.stopAndWait()
      throw error
    } catch {
      let wasRunning = follower.isStopped
      follower.stopAndWait()
      // A client that does not end in time is cut off: that is no error.
      if !wasRunning { throw ObserverError("cannot serve: \(error)") }
    }
  }

  /// `run`, for a plain thread, which waits for its end.
  /// - Throws: ``ObserverError``.
  public func runAndWait(onListening: @escaping @Sendable (ListenAddress) -> Void = { _ in }) throws(ObserverError)
  {
    let end = DispatchSemaphore(value: 0)
    let outcome = Mutex<ObserverError?>(nil)
    Task {
      do throws(ObserverError) {
        try await run(onListening: onListening)
      } catch {
        outcome.withLock { $0 = error }
      }
      end.signal()
    }
    end.wait()
    if let error = outcome.withLock({ $0 }) { throw error }
  }

  private func service(
    for address: ListenAddress, _ logger: Logger, _ onListening: @escaping @Sendable (ListenAddress) -> Void
  ) throws(ObserverError) -> any Service {
    let origin: @Sendable (any Channel) async -> Question.Origin
    var isSecure = false
    switch address {
    case .unix(let path):
      try Self.makeRoom(path)
      origin = { _ in .unix }
    case .tcp where address.isLocal: origin = { _ in .loopback }
    case .tcp:
      isSecure = true
      // One that came was verified in the handshake.
      origin = { .network(hasCertificate: (try? await $0.nioSSL_peerCertificate().get()) != nil) }
    }
    var limits = HTTP1Channel.Configuration.DecoderConfiguration()
    limits.maxHeaderFieldSize = options.limits.header
    limits.maxHeaderListSize = options.limits.header
    limits.maxHeaderFieldCount = 100
    let seconds = Int64(options.limits.idle / .seconds(1))
    let channel = HTTP1Channel.Configuration(idleTimeout: .seconds(seconds), httpDecoderConfiguration: limits)
    let bind: BindAddress =
      switch address {
      case .unix(let path): .unixDomainSocket(path: path)
      case .tcp(let host, let port): .hostname(host, port: Int(port))
      }
    let configuration = ServerConfiguration(
      address: bind, backlog: 128,
      availableConnectionsDelegate: MaximumAvailableConnections(options.limits.connections, logger: logger))
    let exchange = HTTPExchange(api: api, limits: options.limits, isSecure: isSecure)
    do {
      var builder = HTTPServerBuilder.http1(configuration: channel)
      if isSecure, let tls { builder = try .tls(builder, tlsConfiguration: tls) }
      let server = try builder.buildServer(
        configuration: configuration, eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: logger,
        responder: { request, writer, channel in
          let origin = await origin(channel)
          try await exchange.respond(request, writer, channel, origin)
        },
        onServerRunning: { channel in
          if case .unix(let path) = address { chmod(path, 0o660) }
          onListening(address.with(port: channel.localAddress?.port))
        })
      return server
    } catch {
      throw ObserverError("cannot serve \(address): \(error)")
    }
  }

  /// The directory of a socket, and no living process behind it.
  private static func makeRoom(_ path: String) throws(ObserverError) {
    if let slash = path.lastIndex(of: "/"), slash != path.startIndex { mkdir(String(path[..<slash]), 0o755) }
    if (try? ControlClient(path: path, timeout: .seconds(1))) != nil {
      throw ObserverError("another process serves \(path)", help: "stop it, or choose another path")
    }
    // From its first moment on for owner and group only.
    umask(0o007)
  }
}

extension ListenAddress {
  fileprivate func with(port: Int?) -> ListenAddress {
    guard case .tcp(let host, _) = self, let port = port.flatMap({ UInt16(exactly: $0) }) else { return self }
    return .tcp(host: host, port: port)
  }
}

/// Says which address could not be had, and tries again where something else is to go on meanwhile.
private struct ListeningService: Service {
  let address: ListenAddress
  let keepsTrying: Bool
  let log: @Sendable (String) -> Void
  let makeServer: @Sendable () throws(ObserverError) -> any Service

  private static let pause = Duration.seconds(10)

  func run() async throws {
    var said: ObserverError?
    while true {
      let obstacle: ObserverError
      do {
        return try await makeServer().run()
      } catch let error as IOError {
        obstacle = ObserverError(
          "cannot listen at \(address): \(String(cString: strerror(error.errnoCode)))",
          help: error.errnoCode == EADDRINUSE ? "another program has it; see --listen" : nil)
      } catch let error as ObserverError {
        obstacle = error
      }
      guard keepsTrying else { throw obstacle }
      if said != obstacle { log("observe: \(obstacle.description); trying again") }
      said = obstacle
      do {
        try await cancelWhenGracefulShutdown { try await Task.sleep(for: Self.pause) }
      } catch {
        return
      }
    }
  }
}

/// Ends the streams first when the process is to stop: they would hold their connections open.
private struct StopService: Service {
  let stop: @Sendable () -> Void

  init(_ stop: @escaping @Sendable () -> Void) { self.stop = stop }

  func run() async throws {
    try await gracefulShutdown()
    stop()
  }
}
