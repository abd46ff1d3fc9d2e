import CLinux
import Glibc

/// The control socket of a running gateway.
///
/// It owns no thread and never blocks. Its owner waits until `descriptor` is readable or `nextDeadline` has come, calls
/// ``run(now:)``, and answers each request with ``respond(_:_:now:)``, at once or later. A client gets its answers in the
/// order of its requests; its next request is not read before the last one is answered, so what one client can make the
/// server keep is bounded: one request and one answer.
///
/// `now` is the time since any fixed point, the same in all calls.
public struct ControlServer: ~Copyable {
  public struct Options: Hashable, Sendable {
    /// Absolute, at most 107 bytes. Directories that are missing are made, 0755.
    public var path: String
    /// 0 to 0o777; writing is what lets one connect (unix(7)).
    public var mode: UInt32
    /// A user's name or number; nil: the process's.
    public var owner: String?
    /// A group's name or number; nil: the process's.
    public var group: String?
    /// At least 1.
    public var maximumClients: Int
    /// How long a client may take to send a request, and to read an answer.
    public var idleTimeout: Duration

    public init(
      path: String, mode: UInt32 = 0o660, owner: String? = nil, group: String? = nil, maximumClients: Int = 64,
      idleTimeout: Duration = .seconds(30)
    ) {
      self.path = path
      self.mode = mode
      self.owner = owner
      self.group = group
      self.maximumClients = maximumClients
      self.idleTimeout = idleTimeout
    }
  }

  /// What has happened on the socket.
  public struct Counters: Hashable, Sendable {
    public var accepted: UInt64 = 0
    /// All places were taken.
    public var refused: UInt64 = 0
    public var requests: UInt64 = 0
    public var badRequests: UInt64 = 0
    /// Clients that were too slow.
    public var timedOut: UInt64 = 0
  }

  /// Requests taken up in one call of `run`: parsing is the owner's time.
  static let maximumRequestsPerRun = 8
  /// Clients let in in one call of `run`: many that come and go at once cannot take up all places.
  static let maximumAcceptedPerRun = 16

  /// Readable when `run` has something to do. An epoll instance: wait for it, do not read it.
  public let descriptor: Int32
  public let options: Options
  public private(set) var counters = Counters()
  private let listener: ControlListener
  private var clients: [UInt64: ControlConnection] = [:]
  private var nextToken: UInt64 = 1
  /// The listener's token.
  private static let listenerToken: UInt64 = 0

  /// Makes the socket; a stale one is replaced.
  /// - Throws: ``ControlSocketError``, of kind `alreadyRunning` when a living process serves the path.
  public init(_ options: Options) throws(ControlSocketError) {
    let epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
    guard epoll >= 0 else { throw UnixSocket.system("make an epoll instance") }
    let listener: ControlListener
    do throws(ControlSocketError) {
      listener = try ControlListener(options)
    } catch {
      Glibc.close(epoll)
      throw error
    }
    self.listener = listener
    self.options = options
    descriptor = epoll
    watch(self.listener.descriptor, Self.listenerToken, EPOLLIN.rawValue, EPOLL_CTL_ADD)
  }

  deinit {
    for client in clients.values { Glibc.close(client.descriptor) }
    Glibc.close(descriptor)
  }

  /// How many clients are connected.
  public var clientCount: Int { clients.count }

  /// When `run` has to be called at the latest; nil: not before `descriptor` is readable.
  public var nextDeadline: Duration? { clients.values.compactMap(\.deadline).min() }

  /// Takes up what clients have sent, sends what they can take, and lets go of those that are too slow.
  /// - Returns: at most one request of each client, each to be answered once.
  public mutating func run(now: Duration) -> [ControlRequest] {
    var requests: [ControlRequest] = []
    var events = [epoll_event](repeating: epoll_event(), count: options.maximumClients + 1)
    let count = epoll_wait(descriptor, &events, Int32(events.count), 0)
    var taken = 0
    var knocking = false
    for event in events.prefix(Int(max(0, count))) {
      let token = event.data.u64
      if token == Self.listenerToken {
        knocking = true
      } else if var client = clients[token] {
        let before = client.interest
        client.handle(event.events, now: now, timeout: options.idleTimeout)
        if taken < Self.maximumRequestsPerRun, let line = client.takeLine(now: now, timeout: options.idleTimeout) {
          taken += 1
          take(line, token, &client, &requests, now)
        }
        settle(token, client, before)
      }
    }
    if knocking { accept(now) }  // after those that have left are gone: they take up no place
    for (token, client) in clients where client.deadline.map({ $0 <= now }) ?? false {
      counters.timedOut += 1
      drop(token, client)
    }
    return requests
  }

  /// Answers a request. An answer to a client that has left is forgotten.
  /// - Parameter pause: called between the parts of a large answer.
  public mutating func respond(
    _ token: ControlRequest.Token, _ response: ControlResponse, now: Duration, pause: () -> Void = {}
  ) {
    guard var client = clients[token.value], client.isAwaiting else { return }
    let before = client.interest
    client.answer(ControlCoding.encode(response, pause: pause), now: now, timeout: options.idleTimeout)
    settle(token.value, client, before)
  }

  /// Answers a request, and gives the connection away: the server neither reads nor closes it any more.
  /// - Returns: the connection, non-blocking; nil when the client has left, or does not take the answer.
  public mutating func detach(_ token: ControlRequest.Token, _ response: ControlResponse) -> Int32? {
    guard let client = clients[token.value], client.isAwaiting else { return nil }
    let line = ControlCoding.encode(response)
    guard Glibc.send(client.descriptor, line, line.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)) == line.count
    else {
      drop(token.value, client)
      return nil
    }
    epoll_ctl(descriptor, EPOLL_CTL_DEL, client.descriptor, nil)
    clients[token.value] = nil
    return client.descriptor
  }

  private mutating func take(
    _ line: ControlConnection.Line, _ token: UInt64, _ client: inout ControlConnection,
    _ requests: inout [ControlRequest], _ now: Duration
  ) {
    counters.requests += 1
    do throws(ControlFailure) {
      let command = try line.command()
      requests.append(ControlRequest(token: .init(value: token), command: command, from: client.credentials))
    } catch {
      counters.badRequests += 1
      client.answer(ControlCoding.encode(.failure(error)), now: now, timeout: options.idleTimeout)
    }
  }

  private mutating func accept(_ now: Duration) {
    for _ in 0..<Self.maximumAcceptedPerRun {
      let flags = Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
      let fd = cl_accept4(listener.descriptor, nil, nil, flags)
      guard fd >= 0 else { return }
      guard clients.count < options.maximumClients, let credentials = UnixSocket.peer(fd) else {
        counters.refused += 1
        let failure = ControlFailure(
          .busy, "All \(options.maximumClients) places for control clients are taken.", help: "Try again soon.")
        let line = ControlCoding.encode(.failure(failure))
        send(fd, line, line.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
        Glibc.close(fd)
        continue
      }
      let client = ControlConnection(descriptor: fd, credentials: credentials, deadline: now + options.idleTimeout)
      counters.accepted += 1
      watch(fd, nextToken, client.interest, EPOLL_CTL_ADD)
      clients[nextToken] = client
      nextToken += 1
    }
  }

  private mutating func settle(_ token: UInt64, _ client: ControlConnection, _ before: UInt32) {
    guard !client.isFinished else { return drop(token, client) }
    if client.interest != before { watch(client.descriptor, token, client.interest, EPOLL_CTL_MOD) }
    clients[token] = client
  }

  private mutating func drop(_ token: UInt64, _ client: ControlConnection) {
    Glibc.close(client.descriptor)
    clients[token] = nil
  }

  private func watch(_ fd: Int32, _ token: UInt64, _ interest: UInt32, _ operation: Int32) {
    var event = epoll_event(events: interest, data: epoll_data_t(u64: token))
    epoll_ctl(descriptor, operation, fd, &event)
  }
}
