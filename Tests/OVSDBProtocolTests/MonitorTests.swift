import Testing

@testable import OVSDBProtocol

@Suite struct MonitorTests {
  private let zero = "00000000-0000-0000-0000-000000000000"
  private let t1 = "00000000-0000-0000-0000-000000000001"
  private let t2 = "00000000-0000-0000-0000-000000000002"

  private func row(_ play: Play, _ id: String) -> Row? { play.core.snapshot(1)?.tables["T"]?[RowID(id) ?? .zero] }

  private func running(
    _ contents: String = #"{"T":{"\#(Play.a)":{"initial":{"name":"x","set":["set",["p","q"]]}}}}"#
  ) throws -> Play {
    var play = try Play()
    try play.becomeReady()
    play.monitor()
    try play.answer("[false,\"\(t1)\",\(contents)]")
    return play
  }

  private func update3(_ transaction: String, _ updates: String) -> String {
    #"{"method":"update3","id":null,"params":["everway-1","\#(transaction)",{"T":\#(updates)}]}"#
  }

  @Test("The first batch has all rows, and columns that servers leave out have their initial value")
  func initial() throws {
    let play = try running()
    #expect(play.batches.map(\.kind) == [.initial])
    #expect(row(play, Play.a) == Row(["name": "x", "n": 0, "set": ["p", "q"], "opt": []]))
    #expect(play.core.snapshot(1)?.isCurrent == true)
  }

  @Test("Rows come, change by differences, and go")
  func updates() throws {
    var play = try running()
    try play.receive(update3(t2, #"{"\#(Play.b)":{"insert":{"name":"y","n":5}}}"#))
    #expect(play.batches.map { $0.changes.map(\.kind) } == [[.inserted]])
    try play.receive(
      update3(
        t2,
        #"{"\#(Play.a)":{"modify":{"set":["set",["q","r"]],"opt":"o","n":7}},"\#(Play.b)":{"modify":{"opt":["set",[]]}}}"#
      ))
    #expect(row(play, Play.a) == Row(["name": "x", "n": 7, "set": ["p", "r"], "opt": "o"]))
    #expect(play.batches.flatMap(\.changes).count == 1, "a change to the same value is none")
    #expect(play.batches[0].changes[0].changes("opt"))
    #expect(!play.batches[0].changes[0].changes("name"))
    try play.receive(update3(t2, #"{"\#(Play.a)":{"delete":null}}"#))
    #expect(row(play, Play.a) == nil)
    #expect(play.batches.map { $0.changes.map(\.kind) } == [[.deleted]])
    #expect(play.core.snapshot(1)?.sequence == 4)
  }

  @Test(
    "After a reconnect the server is asked for what came behind the last transaction, and that alone is applied")
  func resume() throws {
    var play = try running()
    try play.receive(update3(t2, #"{"\#(Play.b)":{"insert":{"name":"y"}}}"#))
    play.lose()
    #expect(play.core.snapshot(1)?.isCurrent == false)
    play.wait(.seconds(1))
    try play.becomeReady()
    #expect(play.methods == ["monitor_cond_since"])
    #expect(play.sent.last?["params"]?.array?.last == .string(t2))
    try play.answer(#"[true,"\#(t1)",{"T":{"\#(Play.a)":{"modify":{"n":3}}}}]"#)
    #expect(play.batches.map(\.kind) == [.resumed])
    #expect(play.batches.flatMap(\.changes).map(\.kind) == [.modified])
    #expect(play.core.snapshot(1)?.tables["T"]?.count == 2)
  }

  @Test("A server that does not know the transaction sends everything; only what is different is a change")
  func reload() throws {
    var play = try running(
      #"{"T":{"\#(Play.a)":{"initial":{"name":"x"}},"\#(Play.b)":{"initial":{"name":"y"}}}}"#)
    play.lose()
    play.wait(.seconds(1))
    try play.becomeReady()
    let other = "00000000-0000-0000-0000-00000000000c"
    try play.answer(
      #"[false,"\#(zero)",{"T":{"\#(Play.a)":{"initial":{"name":"x"}},"\#(other)":{"initial":{"name":"z"}}}}]"#)
    #expect(play.batches.map(\.kind) == [.reloaded])
    #expect(Set(play.batches.flatMap(\.changes).map(\.kind)) == [.inserted, .deleted])
    #expect(play.core.snapshot(1)?.tables["T"]?.count == 2)
  }

  @Test(
    "An update that does not fit changes nothing, and everything is read anew",
    arguments: [
      #"{"\#(Play.a)":{"modify":{"n":1}},"\#(Play.b)":{"modify":{"n":1}}}"#,
      #"{"\#(Play.a)":{"modify":{"what":1}}}"#,
      #"{"\#(Play.a)":{"modify":{"n":"text"}}}"#, #"{"nobody":{"delete":null}}"#, #"{"\#(Play.a)":{}}"#, "[]",
      #"{"\#(Play.a)":{"delete":null},"\#(Play.a)":{"delete":null}}"#
    ])
  func misfit(update: String) throws {
    var play = try running()
    let before = play.core.snapshot(1)?.tables
    try play.receive(update3(t2, update))
    guard case .malformed = play.failure else { throw Unexpected("\(play.effects)") }
    #expect(play.core.snapshot(1)?.tables == before)
    if play.servers.isEmpty { play.wait(.seconds(1)) }
    try play.becomeReady()
    #expect(play.sent.last?["params"]?.array?.last == .string(zero))
  }

  @Test("Older servers are asked by older methods, down to RFC 7047's")
  func fallback() throws {
    var play = try Play()
    try play.becomeReady()
    play.monitor([MonitoredTable("T", columns: ["name", "n"])])
    #expect(play.methods == ["monitor_cond_since"])
    try play.refuse(#""unknown method""#)
    #expect(play.methods == ["monitor_cond"])
    try play.refuse(#""unknown method""#)
    #expect(play.methods == ["monitor"])
    try play.answer(#"{"T":{"\#(Play.a)":{"new":{"name":"x","n":1}}}}"#)
    #expect(row(play, Play.a) == Row(["name": "x", "n": 1]))
    try play.receive(
      #"{"method":"update","id":null,"params":["everway-1",{"T":{"\#(Play.a)":{"old":{"n":1},"new":{"name":"x","n":2}}}}]}"#
    )
    #expect(row(play, Play.a)?["n"] == 2)
    try play.receive(
      #"{"method":"update","id":null,"params":["everway-1",{"T":{"\#(Play.a)":{"old":{"name":"x","n":2}}}}]}"#)
    #expect(row(play, Play.a) == nil)
  }

  @Test("A monitor with conditions needs a server that knows them")
  func noConditions() throws {
    var play = try Play()
    try play.becomeReady()
    play.monitor([MonitoredTable("T", anyOf: [Condition("n", .greater, 3)])])
    try play.refuse(#""unknown method""#)
    try play.refuse(#""unknown method""#)
    guard case .monitorFailed(1, let error) = play.effects.first else { throw Unexpected("\(play.effects)") }
    #expect(error.description.contains("2.6"))
  }

  @Test("What the database does not have is left out and named")
  func missing() throws {
    var play = try Play()
    try play.becomeReady()
    play.monitor([MonitoredTable("T", columns: ["name", "later"]), MonitoredTable("Later")])
    let requests = try #require(play.sent.last?["params"]?.array?[2])
    #expect(requests == (try json(#"{"T":[{"columns":["name"]}]}"#)))
    try play.answer("[false,\"\(zero)\",{}]")
    #expect(play.core.snapshot(1)?.missing == ["T.later", "Later"])
  }

  @Test("New conditions that the server has not acknowledged when the connection breaks: everything is read anew")
  func conditions() throws {
    var play = try running()
    let condition = Condition("name", .equal, "y")
    play.take(play.core.changeConditions(1, table: "T", anyOf: [condition], now: play.now))
    #expect(play.methods == ["monitor_cond_change"])
    play.lose()
    play.wait(.seconds(1))
    try play.becomeReady()
    let params = try #require(play.sent.last?["params"]?.array)
    #expect(params.last == .string(zero))
    #expect(params[2]["T"]?.array?[0]["where"] == .array([condition.json]))
  }

  @Test("Another schema on the server: it is read, and the monitor begins again by itself")
  func schemaChange() throws {
    var play = try running()
    try play.receive(#"{"method":"monitor_canceled","id":null,"params":["everway-1"]}"#)
    #expect(play.methods == ["get_schema"])
    try play.answer(#"{"name":"DB","version":"2.0.0","tables":{"T":{"columns":{"name":{"type":"string"}}}}}"#)
    #expect(play.methods == ["monitor_cond_since"])
    try play.answer(#"[false,"\#(zero)",{"T":{"\#(Play.a)":{"initial":{"name":"x"}}}}]"#)
    #expect(row(play, Play.a) == Row(["name": "x"]))
  }

  @Test("Batches that nobody took become one, without what came and went")
  func merging() throws {
    var play = try running()
    var merged = play.batches[0]
    try play.receive(update3(t2, #"{"\#(Play.b)":{"insert":{"name":"y"}},"\#(Play.a)":{"modify":{"n":1}}}"#))
    merged.merge(play.batches[0])
    try play.receive(update3(t2, #"{"\#(Play.b)":{"delete":null}}"#))
    merged.merge(play.batches[0])
    #expect(merged.kind == .initial)
    #expect(merged.sequence == 3)
    #expect(merged.changes.map(\.kind) == [.inserted])
    #expect(merged.changes[0].new?["n"] == 1)
  }
}
