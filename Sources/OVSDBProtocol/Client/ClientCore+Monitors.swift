extension ClientCore {
  /// Watches tables until `stopMonitor`.
  /// - Parameter id: not used before. A table comes once.
  package mutating func monitor(_ id: MonitorID, _ tables: [MonitoredTable], now: Moment) -> [ClientEffect] {
    if phase == .stopped {
      effects.append(.monitorFailed(id, lastProblem ?? .closed))
    } else {
      monitors[id] = MonitorState(tables: tables)
      if isReady { startMonitors(now: now) }
    }
    return drain(&effects)
  }

  package mutating func stopMonitor(_ id: MonitorID) -> [ClientEffect] {
    if let monitor = monitors.removeValue(forKey: id), monitor.phase != .idle {
      request("monitor_cancel", .array([Self.name(id)]), .cancelMonitor)
    }
    return drain(&effects)
  }

  /// Other rows of a table from now on: those for which any of the conditions holds.
  package mutating func changeConditions(
    _ id: MonitorID, table: String, anyOf conditions: [Condition], now: Moment
  ) -> [ClientEffect] {
    guard var monitor = monitors[id], let index = monitor.tables.firstIndex(where: { $0.table == table }) else {
      return drain(&effects)
    }
    monitor.tables[index].anyOf = conditions
    switch monitor.phase {
    case .idle:
      // What is known was read by other conditions.
      monitor.transaction = nil
      monitors[id] = monitor
    case .requested, .running:
      monitor.openConditions += 1
      monitors[id] = monitor
      guard monitor.schema[table] != nil else { break }  // not a table of this database
      if method == .rfc { return fail(conditionsAreUnknown(id), now: now, ending: id) }
      let update = JSONValue.object(["where": .array(conditions.map(\.json))])
      let updates = JSONValue.object([JSONMember(table, .array([update]))])
      request("monitor_cond_change", .array([Self.name(id), Self.name(id), updates]), .conditions(id))
    }
    return drain(&effects)
  }

  package func snapshot(_ id: MonitorID) -> DatabaseSnapshot? {
    guard let monitor = monitors[id], monitor.hasContents else { return nil }
    return monitor.snapshot
  }

  private mutating func fail(_ error: OVSDBError, now: Moment, ending id: MonitorID) -> [ClientEffect] {
    endMonitor(id, error)
    return drain(&effects)
  }

  private mutating func endMonitor(_ id: MonitorID, _ error: OVSDBError) {
    guard let monitor = monitors.removeValue(forKey: id) else { return }
    if monitor.phase == .running { request("monitor_cancel", .array([Self.name(id)]), .cancelMonitor) }
    effects.append(.monitorFailed(id, error))
  }

  private static func name(_ id: MonitorID) -> JSONValue { .string("everway-\(id)") }

  private func monitor(named name: JSONValue) -> MonitorID? {
    monitors.keys.first { Self.name($0) == name }
  }

  /// Asks for every monitor that this connection does not have yet.
  mutating func startMonitors(now: Moment) {
    guard let schema else { return }
    for id in monitors.keys.sorted() where monitors[id]?.phase == .idle {
      monitors[id]?.adapt(to: schema)
      ask(for: id)
    }
  }

  private func conditionsAreUnknown(_ id: MonitorID) -> OVSDBError {
    let error = ServerError(tag: "unknown method", details: "conditions need Open vSwitch 2.6 or newer there")
    return refused("a monitor with conditions", error)
  }

  private mutating func ask(for id: MonitorID) {
    guard let monitor = monitors[id] else { return }
    if method == .rfc, monitor.tables.contains(where: { !$0.anyOf.isEmpty }) {
      return endMonitor(id, conditionsAreUnknown(id))
    }
    var params = [.string(settings.database), Self.name(id), monitor.requests(method)]
    if method == .since { params.append(.string((monitor.transaction ?? .zero).description)) }
    monitors[id]?.phase = .requested
    request(method.rawValue, .array(params), .monitor(id, method))
  }

  mutating func monitorAnswered(
    _ id: MonitorID, _ used: MonitorMethod, _ result: JSONValue, _ error: ServerError?, now: Moment
  ) throws(MalformedMessage) {
    guard var monitor = monitors[id], monitor.phase == .requested else { return }
    if let error {
      guard error.tag == "unknown method", let older = used.older else {
        monitors[id]?.phase = .idle
        return endMonitor(id, refused("a monitor", error))
      }
      if method == used { method = older }
      return ask(for: id)
    }
    var contents = result
    var isFound = false
    var transaction: RowID?
    if used == .since {
      guard let parts = result.array, parts.count == 3, let found = parts[0].boolean,
        let last = parts[1].string.flatMap({ RowID($0) })
      else { throw MalformedMessage("no answer to \(used.rawValue)", result) }
      (contents, isFound) = (parts[2], found && monitor.transaction != nil)
      transaction = last == .zero ? nil : last
    }
    monitors[id]?.transaction = nil  // what does not fit leads to reading everything
    let changes =
      isFound
      ? try monitor.replica.apply(contents, format: used.format, schema: monitor.schema)
      : try monitor.replica.replace(contents, format: used.format, schema: monitor.schema)
    monitor.transaction = transaction
    monitor.phase = .running
    let batch = monitor.batch(!monitor.hasContents ? .initial : isFound ? .resumed : .reloaded, changes)
    monitors[id] = monitor
    effects.append(.changes(id, batch))
  }

  mutating func update(
    _ name: JSONValue, _ updates: JSONValue, _ format: Replica.Format, transaction: RowID?
  ) throws(MalformedMessage) {
    // Updates of a monitor that was just cancelled are on their way still.
    guard let id = monitor(named: name), monitors[id]?.phase == .running else { return }
    let schema = monitors[id]?.schema ?? [:]
    // In place: a copy would make the replica copy its rows.
    let changes: [RowChange]
    do throws(MalformedMessage) {
      changes = try monitors[id]?.replica.apply(updates, format: format, schema: schema) ?? []
    } catch {
      monitors[id]?.transaction = nil  // the next connection reads everything
      throw error
    }
    if let transaction { monitors[id]?.transaction = transaction == .zero ? nil : transaction }
    guard !changes.isEmpty, let batch = monitors[id]?.batch(.update, changes) else { return }
    effects.append(.changes(id, batch))
  }

  mutating func conditionsAnswered(_ id: MonitorID, _ error: ServerError?) {
    guard monitors[id] != nil else { return }
    if let error { return endMonitor(id, refused("new conditions of a monitor", error)) }
    monitors[id]?.openConditions -= 1
  }

  /// The server gave a monitor up, because the database's schema is another now (ovsdb-server(7), section 4.1.22).
  mutating func canceled(_ name: JSONValue) {
    guard let id = monitor(named: name) else { return }
    monitors[id]?.connectionEnded()
    monitors[id]?.transaction = nil
    learn()
  }
}
