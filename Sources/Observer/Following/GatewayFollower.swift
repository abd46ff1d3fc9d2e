import CLinux
import Control
import Glibc
import NIOCore
public import Observation
import Synchronization

/// Follows a gateway by its control socket, on a thread of its own, and tells everybody who listens.
public final class GatewayFollower: Sendable {
  /// What is known of the way to the gateway.
  struct Connection: Hashable, Sendable {
    var isConnected = false
    /// When that changed last.
    var since: Timestamp
    /// Why there is none.
    var error: ControlSocketError?
  }

  struct State {
    var gateway = ObservedGateway()
    var connection: Connection
    var clients: [FeedClient] = []
    /// Streams that were ended because their client was too slow.
    var droppedClients: UInt64 = 0
    /// Of the current run: whether the gateway has said that it stops.
    var hasAnnouncedStop = false
    /// When the thread was last seen at work: CLOCK_MONOTONIC, seconds.
    var beat = 0
  }

  private let socket: String
  private let recorder: (any ObservationRecorder)?
  private let log: @Sendable (String) -> Void
  private let state: Mutex<State>
  private let isStopping = Atomic<Bool>(false)
  private let hasEnded = Atomic<Bool>(true)
  /// Who started this process, when it is to end with it.
  private let parent: pid_t?

  /// Between two attempts to connect.
  private static let pauses: [Duration] = [.milliseconds(100), .milliseconds(250), .milliseconds(500), .seconds(1)]
  /// The stream says something every second.
  private static let silence = Duration.seconds(15)
  private static let heartbeat = 10

  public init(
    socket: String, recorder: (any ObservationRecorder)? = nil, endsWithParent: Bool = false,
    log: @escaping @Sendable (String) -> Void = { _ in }
  ) {
    self.socket = socket
    self.recorder = recorder
    self.log = log
    parent = endsWithParent ? getppid() : nil
    state = Mutex(State(connection: Connection(since: .now())))
  }

  /// Begins, on a new thread.
  /// - Throws: ``ObserverError`` when there is no thread to be had.
  public func start() throws(ObserverError) {
    var thread = pthread_t()
    let context = Unmanaged.passRetained(self)
    hasEnded.store(false, ordering: .relaxed)
    let code = pthread_create(
      &thread, nil,
      { context in
        if let context { Unmanaged<GatewayFollower>.fromOpaque(context).takeRetainedValue().run() }
        return nil
      }, context.toOpaque())
    guard code == 0 else {
      context.release()
      hasEnded.store(true, ordering: .relaxed)
      throw ObserverError("cannot make a thread: \(String(cString: strerror(code)))")
    }
    pthread_detach(thread)
  }

  /// Ends within a second, and with it every client's stream.
  public func stop() {
    isStopping.store(true, ordering: .relaxed)
    let clients = state.withLock { state in
      defer { state.clients = [] }
      return state.clients
    }
    for client in clients { client.finish() }
  }

  /// `stop`, and waits until what was heard is recorded, two seconds at most.
  func stopAndWait() {
    stop()
    for _ in 0..<200 where !hasEnded.load(ordering: .acquiring) { usleep(10_000) }
  }

  var isStopped: Bool { isStopping.load(ordering: .relaxed) }

  /// What is known now.
  public var gateway: ObservedGateway { state.withLock { $0.gateway } }

  var connection: Connection { state.withLock { $0.connection } }

  /// Whether the thread has been at work within the last half minute.
  var isAlive: Bool { Self.seconds() - state.withLock { $0.beat } < 30 }

  var clientCount: Int { state.withLock { $0.clients.count } }

  /// Adds a client, and says what was known at that moment: what comes later goes to the client.
  /// - Returns: nil when there are `limit` already, or the follower is at its end.
  func join(_ client: FeedClient, limit: Int) -> (gateway: ObservedGateway, connection: Connection)? {
    state.withLock { state in
      guard state.clients.count < limit, !isStopping.load(ordering: .relaxed) else { return nil }
      state.clients.append(client)
      return (state.gateway, state.connection)
    }
  }

  func leave(_ client: FeedClient) {
    state.withLock { state in state.clients.removeAll { $0 === client } }
  }

  // MARK: The thread

  private func run() {
    defer {
      recorder?.close(now: .now(), report: gateway.report)
      hasEnded.store(true, ordering: .releasing)
    }
    var attempt = 0
    while !isStopping.load(ordering: .relaxed) {
      do throws(ControlSocketError) {
        var reader = try ObservationReader(
          path: socket, after: gateway.cursor ?? recorder?.cursor, timeout: .seconds(3))
        attempt = 0
        setConnected(nil)
        try follow(&reader)
        guard !isStopping.load(ordering: .relaxed) else { return }
        lost(
          ControlSocketError(.broken, "the everway behind \(socket) has ended the stream", help: "it may restart"))
      } catch {
        lost(error)
      }
      recorder?.turn(now: .now(), report: nil)
      if let parent, getppid() != parent {
        // What there was to tell of it is recorded; its successor starts another.
        log("observe: the everway that started this process is gone")
        kill(getpid(), SIGTERM)
        return
      }
      let pause = Self.pauses[min(attempt, Self.pauses.count - 1)]
      attempt += 1
      beat()
      usleep(UInt32(pause / .microseconds(1)))
    }
  }

  private func follow(_ reader: inout ObservationReader) throws(ControlSocketError) {
    var silentSince = Self.seconds()
    while !isStopping.load(ordering: .relaxed) {
      beat()
      guard let messages = try reader.next(timeout: .milliseconds(500)) else { return }
      defer { recorder?.turn(now: .now(), report: gateway.report) }
      if !messages.isEmpty {
        silentSince = Self.seconds()
        take(messages)
      } else if Self.seconds() - silentSince > Int(Self.silence / .seconds(1)) {
        throw ControlSocketError(
          .timedOut, "the everway behind \(socket) has said nothing for \(Self.silence)",
          help: "see what it is doing: it may be stopped")
      }
    }
  }

  private func take(_ messages: [ObservationMessage]) {
    let (clients, run) = state.withLock { state in
      for message in messages {
        if case .event(let event) = message, event.kind == .program, let word = event.to {
          state.hasAnnouncedStop = word == "stopping" || word == "stopped"
        }
        state.gateway.apply(message)
      }
      return (state.clients, state.gateway.report?.startedAt)
    }
    for message in messages { recorder?.take(message) }
    guard !clients.isEmpty else { return }
    send(messages.map { Frame($0, run: run) }, to: clients)
  }

  private func send(_ frames: [Frame], to clients: [FeedClient]) {
    var everything = ByteBuffer()
    for frame in frames { everything.writeImmutableBuffer(frame.octets) }
    var slow: [FeedClient] = []
    for client in clients {
      var octets = everything
      if client.filter != nil {
        octets.clear()
        for frame in frames where client.wants(frame) { octets.writeImmutableBuffer(frame.octets) }
      }
      if octets.readableBytes > 0, !client.put(octets) { slow.append(client) }
    }
    guard !slow.isEmpty else { return }
    state.withLock { state in
      state.droppedClients += UInt64(slow.count)
      state.clients.removeAll { client in slow.contains { $0 === client } }
    }
  }

  private func setConnected(_ error: ControlSocketError?) {
    let (clients, connection, isNews) = state.withLock { state in
      let old = state.connection
      let isNews = old.isConnected != (error == nil) || old.error?.message != error?.message
      state.connection.isConnected = error == nil
      state.connection.error = error
      if old.isConnected != (error == nil) { state.connection.since = .now() }
      return (state.clients, state.connection, isNews)
    }
    guard isNews else { return }
    log(error.map { "observe: \($0.description)" } ?? "observe: follows the everway behind \(socket)")
    send([Frame(connection)], to: clients)
  }

  private func lost(_ error: ControlSocketError) {
    let (wasConnected, wasAnnounced) = state.withLock { state in
      defer { state.hasAnnouncedStop = false }
      return (state.connection.isConnected, state.hasAnnouncedStop)
    }
    if wasConnected { recorder?.ended(at: .now(), wasAnnounced: wasAnnounced) }
    setConnected(error)
  }

  /// Notes that the thread is at work, and keeps idle streams open.
  private func beat() {
    let now = Self.seconds()
    let clients = state.withLock { state in
      defer { state.beat = now }
      return now / Self.heartbeat != state.beat / Self.heartbeat ? state.clients : []
    }
    if !clients.isEmpty { send([.heartbeat], to: clients) }
  }

  private static func seconds() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return time.tv_sec
  }
}

extension Frame {
  private struct ConnectionDocument: Encodable {
    var connected: Bool
    var since: Timestamp
    var error: String?
    var help: String?
  }

  init(_ connection: GatewayFollower.Connection) {
    self.init(
      "connection",
      data: Self.json(
        ConnectionDocument(
          connected: connection.isConnected, since: connection.since, error: connection.error?.message,
          help: connection.error?.help)))
  }
}
