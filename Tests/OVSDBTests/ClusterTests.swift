import Glibc
import Lab
import OVSDB
import OVSDBProtocol
import Processes
import Testing

/// OVN's northbound database in a cluster of three, its leader killed under a stream of transactions.
@Suite(.enabled(if: TestDatabase.isPossible), .timeLimit(.minutes(8))) struct ACluster {
  static let database = "OVN_Northbound"

  private func cluster(_ lab: Lab) throws -> [TestDatabase] {
    let members = (1...3).map { TestDatabase(lab: lab, name: "m\($0)", database: Self.database) }
    for member in members {
      let address = "unix:\(member.path("raft"))"
      if member === members[0] {
        try Command("ovsdb-tool", ["create-cluster", member.file, TestDatabase.northbound, address]).run()
      } else {
        try Command(
          "ovsdb-tool", ["join-cluster", member.file, Self.database, address, "unix:\(members[0].path("raft"))"]
        ).run()
      }
      try member.start()
      try Command("ovsdb-client", ["--timeout=60", "wait", member.own, Self.database, "connected"])
        .run(timeout: .seconds(65))
    }
    return members
  }

  private func leader(_ members: [TestDatabase]) throws -> TestDatabase? {
    try members.first { member in
      guard member.process.value?.isRunning == true else { return false }
      return try member.appctl("cluster/status", Self.database).contains("Role: leader")
    }
  }

  /// Does it once, whatever happens to connections: after an unknown outcome it looks.
  private func insert(_ name: String, _ client: OVSDBClient) async throws {
    while true {
      do throws(OVSDBError) {
        let row = Row([
          "name": .string(name), "addresses": ["10.0.0.1", "10.0.0.2"], "external_ids": ["n": .string(name)]
        ])
        _ = try await client.transact(
          [
            .insert(table: "Address_Set", row: row),
            .mutate(
              table: "Address_Set", where: [Condition("name", .equal, "all")],
              mutations: [Mutation("addresses", .insert, .string(name))])
          ], timeout: .seconds(60))
        return
      } catch {
        switch error {
        case .outcomeUnknown: break
        case .transaction(let failure) where failure.kind == .notLeader || failure.kind == .timedOut: break
        // Done by the attempt of unknown outcome, after all.
        case .transaction(let failure) where failure.kind == .constraintViolation: return
        default: throw error
        }
      }
      let condition = Condition("name", .equal, .string(name))
      let found = try? await client.transact(
        [.select(table: "Address_Set", where: [condition], columns: ["name"])], timeout: .seconds(60))
      if found?.first?.rows.isEmpty == false { return }
    }
  }

  @Test(
    "The leader dies twice: clients go on with the next, and replicas lose and double nothing",
    arguments: [Leadership.leader, .connectedMember])
  func failover(leadership: Leadership) async throws {
    try await TestDatabase.withLab(leadership == .leader ? "cl" : "cm") { lab in
      let members = try cluster(lab)
      var configuration = try OVSDBConfiguration(
        members.map(\.remote).joined(separator: ","), database: Self.database)
      let writer = OVSDBClient(configuration)
      configuration.leadership = leadership
      let servers = Box<[String]>([])
      let reader = OVSDBClient(configuration) { event in
        if case .ready(let server) = event { servers.with { $0.append(server) } }
      }
      let rebuilt = Box(Rebuilt())
      let kinds = Box<[ChangeBatch.Kind]>([])
      let observation = reader.observe([MonitoredTable("Address_Set")]) { news in
        guard case .success(let batch) = news else { return }
        rebuilt.with { $0.take(batch) }
        kinds.with { $0.append(batch.kind) }
      }
      _ = try await writer.transact(
        [.insert(table: "Address_Set", row: Row(["name": "all"]))], timeout: .seconds(60))
      var gaps: [Duration] = []
      for number in 0..<150 {
        var killed: MonotonicTime?
        if number == 50 || number == 100 {
          // The member the reader is at, if it is not the leader: that is the harder case there.
          let name = servers.value.last
          let victim =
            leadership == .leader ? try leader(members) : members.first { $0.remote == name }
          try #require(victim).kill()
          killed = .now()
        }
        try await insert("a\(number)", writer)
        if let killed { gaps.append(.now() - killed) }
        if number == 75, let dead = members.first(where: { $0.process.value?.isRunning == false }) {
          unlink(dead.path("raft"))
          try dead.start()
          try Command("ovsdb-client", ["--timeout=60", "wait", dead.own, Self.database, "connected"])
            .run(timeout: .seconds(65))
        }
      }
      print(
        "OVSDB cluster, \(leadership): the next transaction was done \(gaps) after the kill; the reader was at \(servers.value), batches \(Set(kinds.value))"
      )
      let alive = try #require(try leader(members))
      let columns = ["name", "addresses", "external_ids"]
      let truth = try alive.dump("Address_Set", columns)
      #expect(truth.count == 151)
      #expect(truth.values.first { $0.string("name") == "all" }?["addresses"]?.atoms.count == 150)
      let isSame = try await eventually { rebuilt.value.tables["Address_Set"] == truth }
      #expect(isSame, "the replica is not what ovsdb-client says")
      #expect(rebuilt.value.faults == [])
      #expect(try await eventually { servers.value.count >= 2 }, "the reader never had to move: \(servers.value)")
      #expect(await observation.snapshot()?.tables["Address_Set"] == truth)
      if leadership == .leader {
        #expect(try await eventually { try leader(members).map(\.remote) == servers.value.last })
        // Reloaded when more than the hundred transactions that members remember were missed.
        #expect(kinds.value.contains(.resumed) || kinds.value.contains(.reloaded))
      }
      await reader.close()
      await writer.close()
    }
  }
}
