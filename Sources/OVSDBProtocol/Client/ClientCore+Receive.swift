extension ClientCore {
  /// A whole message came.
  package mutating func received(attempt: UInt64, _ message: JSONValue, now: Moment) -> [ClientEffect] {
    guard attempt == self.attempt else { return drain(&effects) }
    switch phase {
    case .stopped, .waiting, .connecting: return drain(&effects)
    case .judging, .learning, .ready: break
    }
    lastHeard = now
    probeSent = nil
    do throws(MalformedMessage) {
      switch try ServerMessage(message) {
      case .request(let id, "echo", let params):
        effects.append(.send(.object(["id": id, "result": params, "error": .null])))
      case .request(let id, let method, _):
        effects.append(.send(.object(["id": id, "result": .null, "error": .string("unknown method \(method)")])))
      case .notification(let method, let params): try take(method, params, now: now)
      case .response(let id, let result, let error):
        // An answer that nobody waits for any more is no fault.
        guard let id = id.integer, let purpose = requests.removeValue(forKey: id) else { break }
        try answer(to: purpose, result, error.map { ServerError($0) }, now: now)
      }
    } catch {
      malformed(error, now: now)
    }
    return drain(&effects)
  }

  private mutating func answer(
    to purpose: Request, _ result: JSONValue, _ error: ServerError?, now: Moment
  ) throws(MalformedMessage) {
    switch purpose {
    case .probe, .cancelMonitor: break
    case .serverDatabase:
      // A server older than 2.9 has no such database, and no clusters.
      if error == nil { try judge(result, now: now) } else { learn() }
    case .schema:
      if let error { return fail(refused("get_schema \(settings.database)", error), now: now) }
      let schema = try DatabaseSchema(result)
      self.schema = schema
      if !isReady { becomeReady(now: now) }
      startMonitors(now: now)
    case .transaction(let id):
      guard transactions.removeValue(forKey: id) != nil else { break }
      effects.append(.complete(id, error.map { .failure(refused("transact", $0)) } ?? .success(result)))
    case .monitor(let id, let method): try monitorAnswered(id, method, result, error, now: now)
    case .conditions(let id): conditionsAnswered(id, error)
    }
  }

  func refused(_ request: String, _ error: ServerError) -> OVSDBError {
    .refused(server: serverName, request: request, error)
  }

  private mutating func take(
    _ method: String, _ params: [JSONValue], now: Moment
  ) throws(MalformedMessage) {
    switch (method, params.count) {
    case ("update2", 2) where params[0] == .string(ServerDatabase.monitor): try judge(params[1], now: now)
    case ("update", 2): try update(params[0], params[1], .rfc, transaction: nil)
    case ("update2", 2): try update(params[0], params[1], .differences, transaction: nil)
    case ("update3", 3):
      guard let id = params[1].string.flatMap({ RowID($0) }) else {
        throw MalformedMessage("no transaction's id", params[1])
      }
      try update(params[0], params[2], .differences, transaction: id)
    case ("update", _), ("update2", _), ("update3", _):
      throw MalformedMessage("\(method) with \(params.count) parameters")
    case ("monitor_canceled", 1): canceled(params[0])
    default: break  // locks, and what later servers may say
    }
  }

  /// News from `_Server`: is this a server that we want?
  private mutating func judge(_ updates: JSONValue, now: Moment) throws(MalformedMessage) {
    _ = try serverDatabase.replica.apply(updates, format: .differences, schema: ServerDatabase.schema)
    if let cluster = serverDatabase.cluster(settings.database), cluster != self.cluster {
      // Somebody built the cluster anew: its log begins again.
      self.cluster = cluster
      minimumIndex = 0
    }
    let objection = serverDatabase.objection(
      to: serverName, database: settings.database, leadership: settings.leadership, minimum: minimumIndex)
    if let objection { return fail(objection, now: now) }
    minimumIndex = max(minimumIndex, serverDatabase.index(settings.database) ?? 0)
    if phase == .judging { learn() }
  }

  /// Asks for the schema: without it neither the initial values of columns nor differences can be read.
  mutating func learn() {
    if phase == .judging { phase = .learning }
    guard !requests.values.contains(.schema) else { return }
    request("get_schema", .array([.string(settings.database)]), .schema)
  }

  private mutating func becomeReady(now: Moment) {
    phase = .ready(since: now)
    lastProblem = nil
    effects.append(.event(.ready(server: serverName)))
    for id in transactions.keys.sorted() { send(id) }
  }
}
