/// What a client does, without doing it: each event goes in with the time, effects come out.
///
/// A connection goes through these phases; whatever goes wrong leads to `waiting` or to the next server:
///
///     waiting -> connecting -> judging (does this server serve us?) -> learning (the schema) -> ready
package struct ClientCore: Sendable {
  enum Phase: Hashable, Sendable {
    /// Before `start`, and after `stop` or the last round.
    case stopped
    case waiting(until: Moment)
    case connecting(deadline: Moment)
    /// `_Server` is asked for.
    case judging
    /// `get_schema` is asked for.
    case learning
    case ready(since: Moment)
  }

  /// What a request of ours was for.
  enum Request: Hashable, Sendable {
    /// - `hasConditions`: false for the second try, with RFC 7047's `monitor`.
    case serverDatabase
    case schema
    case monitor(MonitorID, MonitorMethod)
    case conditions(MonitorID)
    case transaction(TransactionID)
    case probe
    /// Its answer says nothing.
    case cancelMonitor
  }

  struct Transaction: Sendable {
    var operations: [JSONValue]
    var deadline: Moment
    var begin: Moment
    /// The request's id once it was sent.
    var request: Int64?
  }

  let settings: ClientSettings
  var servers: [OVSDBEndpoint]
  var phase = Phase.stopped
  /// Counts connections, so that late news of an old one is told apart.
  var attempt: UInt64 = 0
  var server = 0
  /// Servers to try before waiting, rounds so far, and what went wrong in this one.
  var freeTries = 0
  var round = 0
  var problems: [OVSDBError] = []
  var lastProblem: OVSDBError?
  var lastHeard: Moment = .zero
  /// Whether an echo of ours is not answered yet.
  var probeSent: Moment?
  var nextID: Int64 = 0
  var requests: [Int64: Request] = [:]
  var serverDatabase = ServerDatabase()
  /// The cluster that was read, and how far its log had come: a member that is behind that will not do.
  var cluster: RowID?
  var minimumIndex: Int64 = 0
  package internal(set) var schema: DatabaseSchema?
  var transactions: [TransactionID: Transaction] = [:]
  package internal(set) var monitors: [MonitorID: MonitorState] = [:]
  /// What this server can; the older ways are tried after an `unknown method`.
  var method = MonitorMethod.since
  var random: SeededGenerator
  var effects: [ClientEffect] = []

  /// - Parameter seed: decides the order of servers and the jitter of waits.
  package init(_ settings: ClientSettings, seed: UInt64) {
    self.settings = settings
    random = SeededGenerator(seed: seed)
    servers = settings.servers.shuffled(using: &random)
  }

  /// The server in use or tried last, for messages.
  package var serverName: String { servers.isEmpty ? "" : servers[server].description }
  package var isReady: Bool { if case .ready = phase { true } else { false } }
  package var isStopped: Bool { phase == .stopped }
  /// What went wrong last; nil once a connection is ready.
  package var problem: OVSDBError? { lastProblem }

  func drain(_ effects: inout [ClientEffect]) -> [ClientEffect] {
    defer { effects = [] }
    return effects
  }

  // MARK: Connections

  package mutating func start(now: Moment) -> [ClientEffect] {
    if phase == .stopped, !servers.isEmpty {
      freeTries = servers.count
      server = servers.count - 1
      connect(now: now)
    }
    return drain(&effects)
  }

  /// No connection any more, and no new one. Everything that waits fails.
  package mutating func stop(_ error: OVSDBError = .closed) -> [ClientEffect] {
    end(error)
    return drain(&effects)
  }

  mutating func end(_ error: OVSDBError) {
    guard phase != .stopped || !transactions.isEmpty || !monitors.isEmpty else { return }
    leaveConnection()
    phase = .stopped
    for id in transactions.keys.sorted() { effects.append(.complete(id, .failure(error))) }
    transactions = [:]
    for id in monitors.keys.sorted() { effects.append(.monitorFailed(id, error)) }
    monitors = [:]
  }

  mutating func connect(now: Moment) {
    attempt += 1
    freeTries -= 1
    server = (server + 1) % servers.count
    phase = .connecting(deadline: now + settings.connectTimeout)
    effects.append(.event(.connecting(server: serverName)))
    effects.append(.connect(servers[server], attempt: attempt))
  }

  /// The connection stands, with TLS where that is asked for.
  package mutating func connected(attempt: UInt64, now: Moment) -> [ClientEffect] {
    guard attempt == self.attempt, case .connecting = phase else { return drain(&effects) }
    lastHeard = now
    probeSent = nil
    method = .since
    serverDatabase = ServerDatabase()
    phase = .judging
    request("monitor_cond", ServerDatabase.request(database: settings.database), .serverDatabase)
    return drain(&effects)
  }

  /// The connection is gone, or did not come about.
  package mutating func disconnected(attempt: UInt64, _ error: OVSDBError, now: Moment) -> [ClientEffect] {
    if attempt == self.attempt { fail(error, now: now) }
    return drain(&effects)
  }

  /// Octets came: the server lives, even if a long message is not complete yet.
  package mutating func heard(attempt: UInt64, now: Moment) {
    guard attempt == self.attempt else { return }
    lastHeard = now
    probeSent = nil
  }

  /// Gives this connection up, and goes on to the next server at once or after a while.
  mutating func fail(_ error: OVSDBError, now: Moment) {
    switch phase {
    case .stopped, .waiting: return
    case .ready(let since) where now - since >= .seconds(1):
      // It was a good one: start over.
      round = 0
      freeTries = servers.count
      problems = []
    default: break
    }
    leaveConnection()
    lastProblem = error
    problems.append(error)
    if freeTries > 0 {
      effects.append(.event(.failed(error, retryIn: .zero)))
      return connect(now: now)
    }
    round += 1
    if let rounds = settings.rounds, round >= rounds {
      let all = problems.suffix(servers.count)
      return end(all.count == 1 ? error : .allFailed(Array(all)))
    }
    var backoff = settings.backoff
    if problems.contains(where: \.isOfAnElection) { backoff.longest = min(backoff.longest, backoff.inElections) }
    problems = []
    freeTries = servers.count
    let delay = backoff.delay(round: round, jitter: Double.random(in: 0..<1, using: &random))
    phase = .waiting(until: now + delay)
    effects.append(.event(.failed(error, retryIn: delay)))
  }

  private mutating func leaveConnection() {
    switch phase {
    case .stopped, .waiting: return
    case .connecting, .judging, .learning, .ready: break
    }
    effects.append(.disconnect(attempt: attempt))
    requests = [:]
    for id in transactions.keys.sorted() where transactions[id]?.request != nil {
      transactions[id] = nil
      let reason = "\(serverName) had not answered"
      effects.append(.complete(id, .failure(.outcomeUnknown(server: serverName, reason: reason))))
    }
    for id in monitors.keys { monitors[id]?.connectionEnded() }
  }

  // MARK: Time

  /// When `tick` wants to be called; nil when nothing is due.
  package var deadline: Moment? {
    var due: [Moment] = transactions.values.map(\.deadline)
    switch phase {
    case .stopped: break
    case .waiting(let until): due.append(until)
    case .connecting(let deadline): due.append(deadline)
    case .judging, .learning, .ready: due.append((probeSent ?? lastHeard) + settings.probeInterval)
    }
    return due.min()
  }

  package mutating func tick(now: Moment) -> [ClientEffect] {
    expireTransactions(now: now)
    switch phase {
    case .stopped: break
    case .waiting(let until): if now >= until { connect(now: now) }
    case .connecting(let deadline):
      if now >= deadline {
        fail(.unreachable(server: serverName, reason: "no answer within \(settings.connectTimeout)"), now: now)
      }
    case .judging, .learning, .ready:
      guard now - (probeSent ?? lastHeard) >= settings.probeInterval else { break }
      if probeSent != nil {
        fail(.lost(server: serverName, reason: "silent for \(settings.probeInterval * 2)"), now: now)
      } else {
        probeSent = now
        request("echo", .array([.string("everway")]), .probe)
      }
    }
    return drain(&effects)
  }

  // MARK: Requests

  @discardableResult mutating func request(_ method: String, _ params: JSONValue, _ purpose: Request) -> Int64 {
    nextID += 1
    requests[nextID] = purpose
    effects.append(.send(.object(["method": .string(method), "params": params, "id": .integer(nextID)])))
    return nextID
  }

  mutating func malformed(_ problem: MalformedMessage, now: Moment) {
    fail(.malformed(server: serverName, problem.description), now: now)
  }
}
