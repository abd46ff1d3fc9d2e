import Glibc
import Lab
import OVSDB
import OVSDBProtocol
import Processes
import Testing

struct Bridge: OVSDBRow {
  var uuid: RowID
  var name: String
  var datapathID: String?
  var externalIDs: [String: String]
  var ports: [RowID]
  var stpEnable: Bool
}

/// The local database of Open vSwitch, as a real ovsdb-server serves it.
@Suite(.enabled(if: TestDatabase.isPossible), .timeLimit(.minutes(4))) struct ARealServer {
  /// A bridge in `Open_vSwitch`; the root row is made with the first.
  private func add(_ name: String) -> [OVSDBProtocol.Operation] {
    [
      .insert(table: "Bridge", row: Row(["name": .string(name), "external_ids": ["by": "test"]]), name: "b"),
      .mutate(table: "Open_vSwitch", where: [], mutations: [Mutation("bridges", .insert, .named("b"))])
    ]
  }

  private func client(_ server: TestDatabase, _ connection: String? = nil, tls: TLSFiles? = nil) throws
    -> OVSDBClient
  {
    OVSDBClient(try OVSDBConfiguration(connection ?? server.remote, database: server.database, tls: tls))
  }

  private func vswitch(_ lab: Lab) throws -> TestDatabase {
    try TestDatabase.standalone(lab, schema: TestDatabase.vswitch, database: "Open_vSwitch")
  }

  @Test("Transactions do all or nothing, and say what failed")
  func transactions() async throws {
    try await TestDatabase.withLab("tx") { lab in
      let server = try vswitch(lab)
      try server.start()
      let client = try client(server)
      let made = try await client.transact([.insert(table: "Open_vSwitch", row: Row())] + add("br0"))
      #expect(made.count == 3)
      #expect(made[2] == .count(1))
      let bridges = try await client.select(Bridge.self, where: [Condition("name", .equal, "br0")])
      #expect(bridges.map(\.uuid) == [made[1].inserted])
      #expect(bridges.first?.externalIDs == ["by": "test"])
      #expect(bridges.first?.datapathID == nil)

      let cases: [([OVSDBProtocol.Operation], TransactionFailure.Kind, Int?)] = [
        (add("br0"), .constraintViolation, nil),
        (
          [
            .mutate(
              table: "Open_vSwitch", where: [],
              mutations: [Mutation("bridges", .insert, .row(RowID(high: 1, low: 2)))])
          ],
          .referentialIntegrityViolation, nil
        ),
        (
          [
            .comment("x"),
            .wait(
              table: "Bridge", where: [], columns: ["name"], isEqual: false, rows: [Row(["name": "br0"])])
          ],
          .timedOut, 1
        ),
        ([.delete(table: "Brigde", where: [])], .badRequest, 0), (add("br1") + [.abort], .aborted, 2)
      ]
      for (steps, kind, step) in cases {
        do throws(OVSDBError) {
          _ = try await client.transact(steps)
          Issue.record("\(steps) went through")
        } catch {
          guard case .transaction(let failure) = error else { throw error }
          #expect(failure.kind == kind, "\(error)")
          #expect(failure.step == step, "\(error)")
        }
      }
      #expect(try server.dump("Bridge", ["name"]).count == 1)
      await client.close()
      await #expect(throws: OVSDBError.closed) { try await client.transact([]) }
    }
  }

  @Test("A monitor tells of every change, over a server that was killed, and a conditional one of its rows alone")
  func monitor() async throws {
    try await TestDatabase.withLab("mon") { lab in
      let server = try vswitch(lab)
      try server.start()
      let client = try client(server)
      _ = try await client.transact([.insert(table: "Open_vSwitch", row: Row())] + add("br0"))
      let rebuilt = Box(Rebuilt())
      let kinds = Box<[ChangeBatch]>([])
      let observation = client.observe([MonitoredTable("Bridge")]) { news in
        guard case .success(let batch) = news else { return }
        rebuilt.with { $0.take(batch) }
        kinds.with { $0.append(batch) }
      }
      var conditional = client.monitor([MonitoredTable(Bridge.self, anyOf: [Condition("name", .equal, "br1")])])
        .makeAsyncIterator()
      #expect(try await conditional.next()?.changes == [])
      _ = try await client.transact(add("br1"))
      #expect(try await conditional.next()?.changes.compactMap { $0.new?.string("name") } == ["br1"])
      _ = try await client.transact([
        .update(
          table: "Bridge", where: [Condition("name", .equal, "br0")],
          row: Row(["external_ids": ["a": "b"], "stp_enable": true]))
      ])
      #expect(try await eventually { rebuilt.value.tables["Bridge"]?.count == 2 })

      server.kill()
      try server.start(isOpen: false)
      try Command(
        "ovsdb-client",
        [
          "--timeout=20", "transact", server.own,
          #"["Open_vSwitch",{"op":"update","table":"Bridge","where":[["name","==","br1"]],"row":{"external_ids":["map",[["x","y"]]]}}]"#
        ]
      ).run()
      try server.appctl("ovsdb-server/add-remote", "p\(server.remote)")
      let change = try #require(try await conditional.next())
      #expect(change.kind == .reloaded, "a database without a cluster has no history")
      #expect(change.changes.map(\.kind) == [.modified])
      #expect(change.changes.first?.new?.string("external_ids", key: "x") == "y")
      #expect(try await eventually { kinds.value.last?.kind == .reloaded })
      #expect(kinds.value.last?.changes.count == 1, "what did not change is not told again")

      #expect(rebuilt.value.faults == [])
      let snapshot = try #require(await observation.snapshot())
      #expect(snapshot.tables == rebuilt.value.tables)
      #expect(try snapshot.rows(Bridge.self).map(\.name).sorted() == ["br0", "br1"])
      let columns = try #require(snapshot.tables["Bridge"]?.values.first).columns.keys.sorted()
      #expect(try server.dump("Bridge", columns) == snapshot.tables["Bridge"])
      await client.close()
    }
  }

  @Test("New conditions bring the rows that they add")
  func conditions() async throws {
    try await TestDatabase.withLab("cond") { lab in
      let server = try vswitch(lab)
      try server.start()
      let client = try client(server)
      _ = try await client.transact([.insert(table: "Open_vSwitch", row: Row())] + add("br0"))
      let monitor = client.monitor([
        MonitoredTable("Bridge", columns: ["name"], anyOf: [Condition("name", .equal, "x")])
      ])
      var changes = monitor.makeAsyncIterator()
      #expect(try await changes.next()?.changes == [])
      monitor.observation.setConditions(table: "Bridge", anyOf: [Condition("name", .equal, "br0")])
      #expect(try await changes.next()?.changes.map(\.new) == [Row(["name": "br0"])])
      monitor.observation.setConditions(table: "Bridge", anyOf: [Condition("name", .equal, "x")])
      #expect(try await changes.next()?.changes.map(\.kind) == [.deleted])
      await client.close()
    }
  }

  @Test("A server that restarts with the history of its cluster sends only what was missed")
  func resume() async throws {
    try await TestDatabase.withLab("res") { lab in
      let server = TestDatabase(lab: lab, name: "nb", database: "OVN_Northbound")
      try Command(
        "ovsdb-tool", ["create-cluster", server.file, TestDatabase.northbound, "unix:\(server.path("raft"))"]
      ).run()
      try server.start()
      let client = try client(server)
      for number in 0..<50 {
        _ = try await client.transact(
          [
            .insert(table: "Address_Set", row: Row(["name": .string("a\(number)")]))
          ], timeout: .seconds(60))
      }
      var changes = client.monitor([MonitoredTable("Address_Set")]).makeAsyncIterator()
      #expect(try await changes.next()?.changes.count == 50)
      server.kill()
      unlink(server.path("raft"))
      try server.start(isOpen: false)
      try Command(
        "ovsdb-client",
        [
          "--timeout=20", "--no-leader-only", "transact", server.own,
          #"["OVN_Northbound",{"op":"delete","table":"Address_Set","where":[["name","==","a7"]]}]"#
        ]
      ).run(timeout: .seconds(25))
      try server.appctl("ovsdb-server/add-remote", "p\(server.remote)")
      let missed = try #require(try await changes.next())
      #expect(missed.kind == .resumed)
      #expect(missed.changes.map { $0.old?.string("name") } == ["a7"])
      await client.close()
    }
  }

  @Test("TCP, and a list whose first servers are not there")
  func tcp() async throws {
    try await TestDatabase.withLab("tcp") { lab in
      let server = try vswitch(lab)
      try server.start(["--remote=ptcp:0:127.0.0.1"])
      let connection = "tcp:127.0.0.1:1,unix:/nowhere.sock,tcp:localhost:\(try server.port())"
      let client = try client(server, connection)
      #expect(try await client.select(Bridge.self).isEmpty)
      await client.close()
    }
  }

  @Test("A program without tasks reads a database once, within its time")
  func blocking() async throws {
    try await TestDatabase.withLab("read") { lab in
      let server = try vswitch(lab)
      try server.start()
      let client = try client(server)
      _ = try await client.transact([.insert(table: "Open_vSwitch", row: Row())] + add("br0"))
      await client.close()
      let tables = [MonitoredTable(Bridge.self), MonitoredTable("Interface", columns: ["name", "warp"])]
      let snapshot = try OVSDBSnapshot.read(
        server.remote, database: "Open_vSwitch", tables: tables, timeout: .seconds(30))
      #expect(try snapshot.rows(Bridge.self).map(\.name) == ["br0"])
      #expect(snapshot.missing == ["Interface.warp"])

      func failure(_ connection: String, _ database: String, _ timeout: Duration = .seconds(30)) -> String {
        do throws(OVSDBError) {
          _ = try OVSDBSnapshot.read(connection, database: database, tables: tables, timeout: timeout)
          return "none"
        } catch { return error.description }
      }
      #expect(
        failure("unix:/nowhere.sock", "x") == "cannot connect to unix:/nowhere.sock: No such file or directory")
      #expect(
        failure("tcp:127.0.0.1:1,unix:/nowhere.sock", "x").contains("tcp:127.0.0.1:1: Connection refused"))
      #expect(failure(server.remote, "OVN_Northbound") == "\(server.remote) has no database OVN_Northbound")
      server.process.value?.pause()
      let begin = MonotonicTime.now()
      let silent = failure(server.remote, "Open_vSwitch", .seconds(1))
      #expect(silent.hasPrefix("no answer of \(server.remote) within 1.0 seconds"), "\(silent)")
      #expect(MonotonicTime.now() - begin < .seconds(20))
      server.process.value?.resume()
    }
  }
}
