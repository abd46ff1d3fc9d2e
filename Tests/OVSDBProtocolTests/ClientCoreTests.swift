import Testing

@testable import OVSDBProtocol

/// A client core with a server that the test plays.
struct Play {
  var core: ClientCore
  var now: Moment = .zero
  var effects: [ClientEffect] = []
  var attempt: UInt64 = 0

  static let schema = #"""
    {"name":"DB","version":"1.0.0","tables":{"T":{"columns":{"name":{"type":"string"},"n":{"type":"integer"},
     "set":{"type":{"key":"string","min":0,"max":"unlimited"}},"opt":{"type":{"key":"string","min":0}}}}}}
    """#
  static let a = "00000000-0000-0000-0000-00000000000a"
  static let b = "00000000-0000-0000-0000-00000000000b"

  init(
    _ servers: String = "tcp:a:1", leadership: Leadership = .leader, rounds: Int? = nil
  ) throws {
    var settings = ClientSettings(servers: try OVSDBEndpoint.list(servers), database: "DB")
    settings.leadership = leadership
    settings.rounds = rounds
    core = ClientCore(settings, seed: 1)
    take(core.start(now: now))
  }

  mutating func take(_ new: [ClientEffect]) {
    effects = new
    for case .connect(_, let attempt) in new { self.attempt = attempt }
  }

  /// What was sent by the last event.
  var sent: [JSONValue] { effects.compactMap { if case .send(let message) = $0 { message } else { nil } } }
  var methods: [String] { sent.compactMap { $0["method"]?.string } }
  var batches: [ChangeBatch] { effects.compactMap { if case .changes(_, let batch) = $0 { batch } else { nil } } }
  var servers: [String] {
    effects.compactMap { if case .connect(let server, _) = $0 { server.description } else { nil } }
  }
  var failure: OVSDBError? {
    for case .event(.failed(let error, _)) in effects { return error }
    return nil
  }

  mutating func receive(_ text: String) throws { take(core.received(attempt: attempt, try json(text), now: now)) }

  /// Answers the last request sent.
  mutating func answer(_ result: String) throws {
    let id = try #require(sent.last?["id"]?.integer)
    try receive(#"{"id":\#(id),"result":\#(result),"error":null}"#)
  }

  mutating func refuse(_ error: String) throws {
    let id = try #require(sent.last?["id"]?.integer)
    try receive(#"{"id":\#(id),"error":\#(error)}"#)
  }

  mutating func wait(_ duration: Duration) {
    now += duration
    take(core.tick(now: now))
  }

  mutating func connect() { take(core.connected(attempt: attempt, now: now)) }
  mutating func lose() { take(core.disconnected(attempt: attempt, .lost(server: "a", reason: "gone"), now: now)) }

  static func server(_ members: String = #""model":"standalone","connected":true,"leader":true"#) -> String {
    #"{"Database":{"\#(a)":{"initial":{"name":"DB",\#(members)}}}}"#
  }

  mutating func becomeReady(_ server: String = Play.server()) throws {
    connect()
    try answer(server)
    try answer(Self.schema)
  }

  mutating func monitor(_ tables: [MonitoredTable] = [MonitoredTable("T")]) {
    take(core.monitor(1, tables, now: now))
  }
}

@Suite struct ConnectionTests {
  @Test("A connection asks whether the server serves us, then for the schema, and then it is ready")
  func phases() throws {
    var play = try Play()
    #expect(play.servers == ["tcp:a:1"])
    play.connect()
    #expect(play.methods == ["monitor_cond"])
    try play.answer(Play.server())
    #expect(play.methods == ["get_schema"])
    try play.answer(Play.schema)
    #expect(play.core.isReady)
    #expect(play.effects.contains(.event(.ready(server: "tcp:a:1"))))
  }

  @Test(
    "A server without _Server is one that has no clusters",
    arguments: [
      #""unknown method""#, #"{"error":"unknown database"}"#
    ])
  func oldServer(error: String) throws {
    var play = try Play()
    play.connect()
    try play.refuse(error)
    #expect(play.methods == ["get_schema"])
  }

  @Test("Every server is tried once without waiting, then there is a wait that grows to its limit")
  func rounds() throws {
    var play = try Play("tcp:a:1,tcp:b:1,tcp:c:1")
    var waits: [Duration] = []
    for _ in 0..<10 {
      var tried = Set(play.servers)
      play.lose()
      tried.formUnion(play.servers)
      play.lose()
      tried.formUnion(play.servers)
      #expect(tried.count == 3)
      play.lose()
      #expect(play.servers == [])
      let due = try #require(play.core.deadline)
      waits.append(due - play.now)
      play.wait(due - play.now)
    }
    for (round, wait) in waits.enumerated() {
      let full = min(Duration.milliseconds(100) * (1 << round), .seconds(4))
      #expect(wait > full / 2 - .nanoseconds(1) && wait <= full, "round \(round + 1): \(wait)")
    }
  }

  @Test("While a cluster elects a leader, waits stay short")
  func election() throws {
    var play = try Play("tcp:a:1,tcp:b:1")
    for _ in 0..<10 {
      play.connect()
      try play.answer(Play.server(#""model":"clustered","connected":true"#))
      play.lose()
      let due = try #require(play.core.deadline)
      #expect(play.servers == [] && due - play.now <= .milliseconds(500))
      play.wait(due - play.now)
    }
  }

  @Test("After the last round everything that waits fails with all reasons")
  func lastRound() throws {
    var play = try Play("tcp:a:1,tcp:b:1", rounds: 1)
    play.take(play.core.transact(7, [], deadline: .seconds(10), now: play.now))
    play.monitor()
    play.take(play.core.disconnected(attempt: play.attempt, .unreachable(server: "x", reason: "r"), now: play.now))
    play.take(play.core.disconnected(attempt: play.attempt, .unreachable(server: "y", reason: "s"), now: play.now))
    let all = OVSDBError.allFailed([.unreachable(server: "x", reason: "r"), .unreachable(server: "y", reason: "s")])
    #expect(play.effects.contains(.complete(7, .failure(all))))
    #expect(play.effects.contains(.monitorFailed(1, all)))
    #expect(play.core.deadline == nil)
  }

  @Test(
    "Which member of a cluster will do",
    arguments: [
      (#""model":"clustered","connected":true,"leader":true"#, Leadership.leader, true),
      (#""model":"clustered","connected":true"#, .leader, false),
      (#""model":"clustered","connected":true"#, .connectedMember, true),
      (#""model":"clustered""#, .connectedMember, false), (#""model":"relay","connected":true"#, .leader, true),
      (#""model":"relay""#, .leader, false), (#""model":"standalone""#, .leader, true)
    ])
  func members(server: String, leadership: Leadership, accepted: Bool) throws {
    var play = try Play("tcp:a:1,tcp:b:1", leadership: leadership)
    play.connect()
    try play.answer(Play.server(server))
    #expect(play.methods == (accepted ? ["get_schema"] : []))
    #expect((play.failure == nil) == accepted)
    #expect(play.servers.isEmpty == accepted)
  }

  @Test("A server without the database is left for the next")
  func noDatabase() throws {
    var play = try Play("tcp:a:1,tcp:b:1")
    play.connect()
    try play.answer("{}")
    #expect(play.failure?.description.contains("has no database DB") == true)
    #expect(play.servers.count == 1)
  }

  @Test("A leader that loses that is left for the next")
  func leaderLost() throws {
    var play = try Play("tcp:a:1,tcp:b:1")
    try play.becomeReady(Play.server(#""model":"clustered","connected":true,"leader":true"#))
    play.now = .seconds(60)
    try play.receive(
      #"{"method":"update2","id":null,"params":["everway-server",{"Database":{"\#(Play.a)":{"modify":{"leader":false}}}}]}"#
    )
    guard case .notLeader = play.failure else { throw Unexpected("\(play.effects)") }
    #expect(play.servers.count == 1)
  }

  @Test(
    "A member that has not caught up with what was read is left for the next; a cluster that was built anew is none",
    arguments: [(1, true), (2, false)])
  func outdated(cluster: Int, isLeft: Bool) throws {
    func server(_ index: Int, _ cluster: Int) -> String {
      let members = #""model":"clustered","connected":true,"leader":true"#
      return Play.server(
        members + #","index":\#(index),"cid":["uuid","00000000-0000-0000-0000-00000000000\#(cluster)"]"#)
    }
    var play = try Play("tcp:a:1,tcp:b:1")
    try play.becomeReady(server(10, 1))
    play.lose()
    play.connect()
    try play.answer(server(9, cluster))
    if case .outdated = play.failure { #expect(isLeft) } else { #expect(!isLeft, "\(play.effects)") }
    #expect(play.methods.isEmpty == isLeft)
  }

  @Test("A silent server is asked for a word, and given up when it stays silent")
  func probe() throws {
    var play = try Play()
    try play.becomeReady()
    play.wait(.seconds(9))
    #expect(play.sent == [])
    play.wait(.seconds(1))
    #expect(play.methods == ["echo"])
    try play.answer(#"["everway"]"#)
    play.wait(.seconds(10))
    #expect(play.methods == ["echo"])
    play.core.heard(attempt: play.attempt, now: play.now)  // a part of a long message
    play.wait(.seconds(9))
    #expect(play.effects == [])
    play.wait(.seconds(1))
    play.wait(.seconds(10))
    #expect(play.failure?.description.contains("silent for 20") == true)
  }

  @Test("A server's echo is answered with what it sent")
  func echo() throws {
    var play = try Play()
    play.connect()
    try play.receive(#"{"method":"echo","id":"echo","params":[1,"x"]}"#)
    #expect(play.sent == [try json(#"{"id":"echo","result":[1,"x"],"error":null}"#)])
  }

  @Test("A connection that does not come about in time is given up")
  func connectTimeout() throws {
    var play = try Play()
    play.wait(.seconds(5))
    #expect(play.failure?.description == "cannot connect to tcp:a:1: no answer within 5.0 seconds")
  }

  @Test("News of a connection that was given up is none")
  func lateNews() throws {
    var play = try Play("tcp:a:1,tcp:b:1")
    let old = play.attempt
    play.lose()
    #expect(play.core.connected(attempt: old, now: play.now) == [])
    #expect(play.core.disconnected(attempt: old, .closed, now: play.now) == [])
    #expect(play.core.received(attempt: old, .null, now: play.now) == [])
  }

  @Test(
    "What RFC 7047 does not allow ends the connection",
    arguments: [
      "{}", #"{"method":5,"params":[],"id":null}"#, #"{"method":"update","id":null}"#, #"{"id":1}"#,
      #"{"method":"update3","params":["everway-1",1,{}],"id":null}"#,
      #"{"method":"update2","params":[1],"id":null}"#
    ])
  func malformed(message: String) throws {
    var play = try Play()
    try play.becomeReady()
    try play.receive(message)
    guard case .malformed = play.failure else { throw Unexpected("\(play.effects)") }
  }
}

@Suite struct TransactionTests {
  @Test("Transactions wait for a server, then go in the order in which they were made")
  func waiting() throws {
    var play = try Play()
    for id in 1...3 as ClosedRange<UInt64> {
      play.take(play.core.transact(id, [.integer(Int64(id))], deadline: .seconds(10), now: play.now))
      #expect(play.sent == [])
    }
    try play.becomeReady()
    #expect(play.sent.map { $0["params"]?.array?.last } == [.integer(1), .integer(2), .integer(3)])
  }

  @Test("One that was sent when the connection broke may have been done; one that waits is sent to the next server")
  func outcome() throws {
    var play = try Play()
    try play.becomeReady()
    play.take(play.core.transact(1, [], deadline: .seconds(10), now: play.now))
    play.lose()
    guard
      case .complete(1, .failure(.outcomeUnknown)) = play.effects.first(where: {
        if case .complete = $0 { true } else { false }
      })
    else { throw Unexpected("\(play.effects)") }
    play.take(play.core.transact(2, [], deadline: .seconds(10), now: play.now))
    play.wait(.seconds(1))
    try play.becomeReady()
    #expect(play.methods == ["transact"])
  }

  @Test("Time is up: what was sent is cancelled, what was not says why there is no server")
  func timeouts() throws {
    var play = try Play()
    play.take(play.core.transact(1, [], deadline: .seconds(2), now: play.now))
    play.lose()
    play.wait(.seconds(2))
    #expect(
      play.effects.contains { effect in
        if case .complete(1, .failure(.timedOut(_, _, let reason))) = effect {
          reason.contains("gone")
        } else {
          false
        }
      })
    play.wait(.seconds(1))
    try play.becomeReady()
    play.take(play.core.transact(2, [], deadline: play.now + .seconds(2), now: play.now))
    let request = try #require(play.sent.last?["id"])
    play.wait(.seconds(2))
    #expect(play.sent == [.object(["method": .string("cancel"), "params": .array([request]), "id": .null])])
    // The answer that comes after all is nobody's.
    play.take(
      play.core.received(attempt: play.attempt, .object(["id": request, "result": .array([])]), now: play.now))
    #expect(play.effects == [])
  }
}
