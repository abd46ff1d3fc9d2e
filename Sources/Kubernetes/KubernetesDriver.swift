import AsyncHTTPClient
import KubernetesProtocol
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// Carries requests out, with credentials, on one event loop.
final class KubernetesDriver: Sendable {
  let configuration: KubernetesConfiguration
  let loop: any EventLoop
  private let http: HTTPClient
  private let access: AccessStore
  private let isClosed = Mutex(false)

  init(_ configuration: KubernetesConfiguration, loop: any EventLoop) {
    self.configuration = configuration
    self.loop = loop
    access = AccessStore(configuration, loop: loop)
    var settings = HTTPClient.Configuration(
      redirectConfiguration: .disallow,
      timeout: .init(connect: TimeAmount(configuration.connectTimeout)))
    // Each watch holds a connection, and must not keep requests from theirs.
    settings.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 1024
    // Failures are told at once; who wants to try again does so.
    settings.connectionPool.retryConnectionEstablishment = false
    settings.httpVersion = .http1Only
    if let name = configuration.serverName { settings.dnsOverride = [name: configuration.server.host] }
    settings.http1_1ConnectionDebugInitializer = Self.keepAlive
    http = HTTPClient(eventLoopGroup: loop, configuration: settings)
  }

  /// A server whose machine has died says nothing: the kernel asks after 15 s of silence, every 5 s, three times.
  private static let keepAlive: @Sendable (any Channel) -> EventLoopFuture<Void> = { channel in
    let options: [(NIOBSDSocket.OptionLevel, NIOBSDSocket.Option, Int)] = [
      (.socket, .so_keepalive, 1),
      // TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT, TCP_USER_TIMEOUT of <netinet/tcp.h>.
      (.tcp, .init(rawValue: 4), 15), (.tcp, .init(rawValue: 5), 5), (.tcp, .init(rawValue: 6), 3),
      (.tcp, .init(rawValue: 18), 30_000)
    ]
    return EventLoopFuture.andAllComplete(
      options.map { channel.setOption(ChannelOptions.Types.SocketOption(level: $0.0, name: $0.1), value: $0.2) },
      on: channel.eventLoop)
  }

  /// Since the machine started, without leaps.
  var now: Duration { .nanoseconds(Int64(clamping: NIODeadline.now().uptimeNanoseconds)) }

  /// - Parameter done: called once everything has ended; at once the second time.
  func close(_ done: @escaping @Sendable () -> Void) {
    let wasClosed = isClosed.withLock { isClosed in
      defer { isClosed = true }
      return isClosed
    }
    guard !wasClosed else { return done() }
    http.shutdown { [access] _ in access.close(done) }
  }

  var hasEnded: Bool { isClosed.withLock { $0 } }

  /// Brings a caller to the loop, unless the client is closed; the loop may have ended then.
  func run(_ body: @escaping @Sendable () -> Void, orElse refused: () -> Void) {
    let isAccepted = isClosed.withLock { isClosed in
      if !isClosed { loop.execute(body) }
      return !isClosed
    }
    if !isAccepted { refused() }
  }

  // MARK: Requests with one answer

  func perform<Answer: Sendable>(
    _ request: KubernetesRequest<Answer>, timeout: Duration, _ cancellation: Cancellation,
    _ done: @escaping @Sendable (Result<Answer, KubernetesError>) -> Void
  ) {
    let deadline = NIODeadline.now() + TimeAmount(timeout)
    run {
      self.step(request, timeout, deadline, cancellation, done)
    } orElse: {
      done(.failure(.closed))
    }
  }

  private func step<Answer: Sendable>(
    _ request: KubernetesRequest<Answer>, _ timeout: Duration, _ deadline: NIODeadline,
    _ cancellation: Cancellation,
    _ done: @escaping @Sendable (Result<Answer, KubernetesError>) -> Void
  ) {
    send(request.http, timeout, deadline, cancellation, isSecondTry: false) { result in
      switch request.next(result) {
      case .done(let answer): done(answer)
      case .request(let next): self.step(next, timeout, deadline, cancellation, done)
      }
    }
  }

  private func send(
    _ request: APIRequest, _ timeout: Duration, _ deadline: NIODeadline, _ cancellation: Cancellation,
    isSecondTry: Bool, _ done: @escaping @Sendable (Result<[UInt8], KubernetesError>) -> Void
  ) {
    let words = Words(configuration: configuration, request: request.description, timeout: timeout)
    prepare(request, words) { prepared in
      guard case .success(let prepared) = prepared else {
        if case .failure(let error) = prepared { done(.failure(error)) }
        return
      }
      guard !cancellation.isCancelled, !self.hasEnded else { return done(.failure(.closed)) }
      let task = self.http.execute(
        request: prepared,
        delegate: AnswerCollector(limit: self.configuration.longestAnswer, request: words.request),
        eventLoop: .delegateAndChannel(on: self.loop), deadline: deadline)
      cancellation.onCancel { task.cancel() }
      task.futureResult.whenComplete { result in
        switch result {
        case .success(let answer):
          if answer.code == 401, !isSecondTry, self.access.renew() {
            return self.send(request, timeout, deadline, cancellation, isSecondTry: true, done)
          }
          done(answer.body(of: words.request))
        case .failure(let error):
          // A connection that had been kept for the next request, and that the server closed in this instant.
          if !isSecondTry, request.method == .get, (error as? HTTPClientError) == .remoteConnectionClosed {
            return self.send(request, timeout, deadline, cancellation, isSecondTry: true, done)
          }
          done(.failure(words.error(error)))
        }
      }
    }
  }

  private func prepare(
    _ request: APIRequest, _ words: Words,
    _ done: @escaping @Sendable (Result<HTTPClient.Request, KubernetesError>) -> Void
  ) {
    access.get { [configuration] access in
      do throws(KubernetesError) {
        done(.success(try Self.request(request, try access.get(), configuration, words)))
      } catch { done(.failure(error)) }
    }
  }

  private static func request(
    _ request: APIRequest, _ access: Access, _ configuration: KubernetesConfiguration, _ words: Words
  ) throws(KubernetesError) -> HTTPClient.Request {
    var server = configuration.server
    var headers = HTTPHeaders([("Accept", "application/json"), ("User-Agent", "everway")])
    headers.add(name: "Host", value: "\(server.bracketed):\(server.port)")
    if let name = configuration.serverName { server.host = name }
    if let token = access.token { headers.add(name: "Authorization", value: "Bearer \(token)") }
    if let user = configuration.impersonatedUser { headers.add(name: "Impersonate-User", value: user) }
    for group in configuration.impersonatedGroups { headers.add(name: "Impersonate-Group", value: group) }
    if request.body != nil { headers.add(name: "Content-Type", value: request.contentType) }
    do {
      return try HTTPClient.Request(
        url: server.description + request.target, method: HTTPMethod(rawValue: request.method.rawValue),
        headers: headers, body: request.body.map { .bytes($0) }, tlsConfiguration: access.tls)
    } catch {
      throw words.error(error)
    }
  }

  // MARK: Watches

  /// - Parameters:
  ///   - opened: when the server has accepted it.
  ///   - line: one event; throws to end the watch.
  ///   - ended: called once, after which nothing is called any more; nil when the server ended it in good order.
  func watch(
    _ request: APIRequest, _ cancellation: Cancellation, opened: @escaping @Sendable () -> Void,
    line: @escaping @Sendable ([UInt8]) throws(KubernetesError) -> Void,
    ended: @escaping @Sendable (KubernetesError?) -> Void
  ) {
    let words = Words(configuration: configuration, request: "watch \(request.path)", timeout: ReflectorCore.grace)
    prepare(request, words) { prepared in
      guard case .success(let prepared) = prepared else {
        if case .failure(let error) = prepared { ended(error) }
        return
      }
      guard !cancellation.isCancelled, !self.hasEnded else { return ended(.closed) }
      let reader = WatchReader(
        longest: self.configuration.longestEvent, request: words.request, opened: opened, line: line)
      let task = self.http.execute(
        request: prepared, delegate: reader, eventLoop: .delegateAndChannel(on: self.loop), deadline: nil)
      cancellation.onCancel { task.cancel() }
      task.futureResult.whenComplete { result in
        switch result {
        case .success(let error):
          if case .unauthorized = error { _ = self.access.renew() }
          ended(error)
        case .failure(let error): ended(words.error(error))
        }
      }
    }
  }
}
