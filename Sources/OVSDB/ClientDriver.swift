import NIOCore
import NIOPosix
import NIOSSL
import OVSDBProtocol
import Synchronization

/// Carries out what `ClientCore` decides, on one event loop.
///
/// `@unchecked Sendable` holds because everything but the constants and `isClosed` is touched on that loop alone;
/// `run` brings callers there.
final class ClientDriver: @unchecked Sendable {
  typealias Completion = @Sendable (Result<JSONValue, OVSDBError>) -> Void

  /// What a monitor's owner is told, in order, on the event loop.
  enum MonitorNews: Sendable {
    case changes(ChangeBatch)
    case failed(OVSDBError)
  }

  let loop: any EventLoop
  let configuration: OVSDBConfiguration
  private let observer: (@Sendable (ClientEvent) -> Void)?
  private let isClosed = Mutex(false)
  private var core: ClientCore
  private var channel: (any Channel)?
  /// Opened for this attempt, but not established yet.
  private var opening: (attempt: UInt64, channel: any Channel)?
  private var timer: (due: Duration, task: Scheduled<Void>)?
  private var completions: [TransactionID: Completion] = [:]
  private var monitors: [MonitorID: @Sendable (MonitorNews) -> Void] = [:]
  private var queue: [ClientEffect] = []
  private var isPerforming = false

  init(
    _ configuration: OVSDBConfiguration, loop: any EventLoop, seed: UInt64,
    observer: (@Sendable (ClientEvent) -> Void)?
  ) {
    self.configuration = configuration
    self.loop = loop
    self.observer = observer
    core = ClientCore(configuration.settings, seed: seed)
  }

  /// Since the machine started, without leaps.
  private var now: Moment { .nanoseconds(Int64(clamping: NIODeadline.now().uptimeNanoseconds)) }

  /// Brings callers to the loop; at once when they are there already.
  /// - Parameter refused: instead of `body`, once the client is closed: its loop may have ended.
  private func run(
    _ body: @escaping @Sendable (ClientDriver) -> Void, orElse refused: () -> Void = {}
  ) {
    let isAccepted: Bool
    if loop.inEventLoop {
      isAccepted = !isClosed.withLock { $0 }
      if isAccepted { body(self) }
    } else {
      // Under the lock, so that nothing can be queued behind the end.
      isAccepted = isClosed.withLock { isClosed in
        if !isClosed { loop.execute { body(self) } }
        return !isClosed
      }
    }
    if !isAccepted { refused() }
  }

  // MARK: From callers

  func start() { run { $0.perform($0.core.start(now: $0.now)) } }

  /// - Parameter done: called on the loop, or at once when it was stopped before.
  func stop(_ done: @escaping @Sendable () -> Void) {
    let wasClosed = isClosed.withLock { isClosed in
      defer { isClosed = true }
      guard !isClosed else { return true }
      loop.execute {
        self.perform(self.core.stop())
        done()
      }
      return false
    }
    if wasClosed { done() }
  }

  func transact(
    _ id: TransactionID, _ operations: [JSONValue], timeout: Duration, _ completion: @escaping Completion
  ) {
    run {
      $0.completions[id] = completion
      let now = $0.now
      $0.perform($0.core.transact(id, operations, deadline: now + timeout, now: now))
    } orElse: {
      completion(.failure(.closed))
    }
  }

  func cancelTransaction(_ id: TransactionID) { run { $0.perform($0.core.cancelTransaction(id)) } }

  func monitor(
    _ id: MonitorID, _ tables: [MonitoredTable], _ sink: @escaping @Sendable (MonitorNews) -> Void
  ) {
    run {
      $0.monitors[id] = sink
      $0.perform($0.core.monitor(id, tables, now: $0.now))
    } orElse: {
      sink(.failed(.closed))
    }
  }

  func stopMonitor(_ id: MonitorID) {
    run {
      $0.monitors[id] = nil
      $0.perform($0.core.stopMonitor(id))
    }
  }

  func changeConditions(_ id: MonitorID, table: String, anyOf conditions: [Condition]) {
    run { $0.perform($0.core.changeConditions(id, table: table, anyOf: conditions, now: $0.now)) }
  }

  /// nil before the first contents.
  func snapshot(_ id: MonitorID, _ take: @escaping @Sendable (DatabaseSnapshot?) -> Void) {
    run {
      take($0.core.snapshot(id))
    } orElse: {
      take(nil)
    }
  }

  // MARK: From the connection

  func connected(_ attempt: UInt64, _ channel: any Channel) {
    self.channel = channel
    if opening?.attempt == attempt { opening = nil }
    perform(core.connected(attempt: attempt, now: now))
  }

  func heard(_ attempt: UInt64) { core.heard(attempt: attempt, now: now) }

  func received(_ attempt: UInt64, _ message: JSONValue) {
    perform(core.received(attempt: attempt, message, now: now))
  }

  func disconnected(_ attempt: UInt64, _ error: OVSDBError) {
    perform(core.disconnected(attempt: attempt, error, now: now))
  }

  // MARK: Effects

  /// In order, also when an effect brings the next event about before it returns.
  private func perform(_ effects: [ClientEffect]) {
    loop.preconditionInEventLoop()
    queue += effects
    guard !isPerforming else { return }
    isPerforming = true
    while !queue.isEmpty {
      let effects = queue
      queue = []
      for effect in effects { perform(effect) }
      channel?.flush()
    }
    isPerforming = false
    schedule()
  }

  private func perform(_ effect: ClientEffect) {
    switch effect {
    case .connect(let server, let attempt): open(server, attempt)
    case .send(let message):
      guard let channel else { return }
      var buffer = channel.allocator.buffer(capacity: 256)
      buffer.writeBytes(JSONWriter.octets(message))
      channel.write(buffer, promise: nil)
    case .disconnect:
      channel?.flush()
      channel?.close(promise: nil)
      channel = nil
      opening?.channel.close(promise: nil)
      opening = nil
    case .complete(let id, let result): completions.removeValue(forKey: id)?(result)
    case .changes(let id, let batch): monitors[id]?(.changes(batch))
    case .monitorFailed(let id, let error): monitors.removeValue(forKey: id)?(.failed(error))
    case .event(let event): observer?(event)
    }
  }

  private func schedule() {
    guard let due = core.deadline else {
      timer?.task.cancel()
      timer = nil
      return
    }
    // A timer that fires early looks again; so a deadline that moves back costs nothing.
    if let timer, timer.due <= due { return }
    timer?.task.cancel()
    let task = loop.scheduleTask(in: max(.zero, TimeAmount(due - now))) { [weak self] in
      guard let self else { return }
      timer = nil
      perform(core.tick(now: now))
    }
    timer = (due, task)
  }

  private func open(_ server: OVSDBEndpoint, _ attempt: UInt64) {
    let (tls, longest) = (configuration.tls, configuration.longestMessage)
    let context: NIOSSLContext?
    do throws(TLSProblem) {
      if case .ssl = server, let tls { context = try tls.context() } else { context = nil }
    } catch {
      let problem = ErrorWords.error(error, server: server, tls: tls, isEstablished: false)
      return loop.execute { self.disconnected(attempt, problem) }
    }
    let bootstrap = ClientBootstrap(group: loop)
      .connectTimeout(TimeAmount(configuration.connectTimeout))
      .channelOption(.socketOption(.so_keepalive), value: 1)
      .channelOption(
        .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 4096, initial: 65536, maximum: 1 << 20)
      )
      .channelInitializer { [weak self] channel in
        guard let self else { return channel.close() }
        opening = (attempt, channel)
        return channel.eventLoop.makeCompletedFuture {
          let handlers = channel.pipeline.syncOperations
          if let context { try handlers.addHandler(NIOSSLClientHandler(context: context, serverHostname: nil)) }
          try handlers.addHandler(
            ConnectionHandler(driver: self, attempt: attempt, server: server, tls: tls, longestMessage: longest))
        }
      }
    let opened: EventLoopFuture<any Channel> =
      switch server {
      case .unix(let path): bootstrap.connect(unixDomainSocketPath: path)
      case .tcp(let host, let port), .ssl(let host, let port): bootstrap.connect(host: host, port: port)
      }
    opened.whenFailure { error in
      self.disconnected(attempt, ErrorWords.error(error, server: server, tls: tls, isEstablished: false))
    }
  }
}
