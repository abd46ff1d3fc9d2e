@testable import OVSDBProtocol

extension FuzzTarget {
  /// Any octets as what an OVSDB server sends: cut anywhere they are the same messages, and whatever these say, a client's
  /// replica is what its changes make of it.
  static let ovsdb = FuzzTarget(name: "ovsdb", longestInput: 4_096) { octets in
    let (messages, problem) = split([octets[...]])
    let (again, sameProblem) = split(octets.map { [$0][...] })
    try require(messages == again, "cut at every octet they are other messages")
    try require(
      (problem == nil) == (sameProblem == nil), "cut at every octet another end: \(String(describing: problem))")
    for message in messages {
      try require(
        (try? JSONParser.parse(JSONWriter.octets(message))) == message, "written again it is another message")
      if let datum = try? Datum(message["datum"] ?? .null, as: nil) {
        try require((try? Datum(datum.json, as: nil)) == datum, "written again it is another value")
      }
      _ = try? DatabaseSchema(message)
      _ = try? OperationResult.all(message["result"] ?? .null, of: [.select(table: "T"), .comment("c")])
    }
    try replay(messages)
  }

  private static func split(_ pieces: [ArraySlice<UInt8>]) -> ([JSONValue], JSONProblem?) {
    var splitter = MessageSplitter(longest: 2_048)
    var messages: [JSONValue] = []
    for piece in pieces {
      splitter.append(piece)
      do throws(JSONProblem) {
        while let message = try splitter.next() { messages.append(message) }
      } catch {
        return (messages, error)
      }
    }
    return (messages, nil)
  }

  /// The server's side up to a running monitor: what `_Server`, `get_schema` and the monitor are answered.
  private static let beginning = [
    #"{"id":I,"result":{"Database":{"00000000-0000-0000-0000-00000000000a":{"initial":{"name":"DB"}}}}}"#,
    #"""
    {"id":I,"result":{"name":"DB","tables":{"T":{"columns":{"s":{"type":"string"},"i":{"type":"integer"},
    "set":{"type":{"key":"string","min":0,"max":"unlimited"}},
    "map":{"type":{"key":"string","value":"uuid","min":0,"max":"unlimited"}}}}}}}
    """#,
    #"""
    {"id":I,"result":[true,"00000000-0000-0000-0000-000000000001",
    {"T":{"00000000-0000-0000-0000-00000000000b":{"initial":{"s":"x","set":["set",["a","b"]]}}}}]}
    """#
  ]

  /// A client whose server says this once its monitor runs; after each fault it connects again.
  private static func replay(_ messages: [JSONValue]) throws {
    var core = ClientCore(ClientSettings(servers: [.unix(path: "/x")], database: "DB"), seed: 1)
    var now: Moment = .zero
    var attempt: UInt64 = 0
    var lastRequest: Int64 = 0
    var rebuilt: [RowID: Row] = [:]
    var sequence: UInt64 = 0
    func take(_ effects: [ClientEffect]) throws {
      for effect in effects {
        switch effect {
        case .connect(_, let number): attempt = number
        case .send(let message):
          if message["method"] != nil, let id = message["id"]?.integer { lastRequest = id }
        case .changes(_, let batch):
          try require(batch.sequence == sequence + 1, "batch \(batch.sequence) behind \(sequence)")
          sequence = batch.sequence
          for change in batch.changes {
            try require(rebuilt[change.id] == change.old && change.old != change.new, "a change from another state")
            rebuilt[change.id] = change.new
          }
        default: break
        }
      }
    }
    func connect() throws {
      for _ in 0..<4 where !core.isReady {
        now += .seconds(5)
        try take(core.tick(now: now))
        try take(core.connected(attempt: attempt, now: now))
        for answer in beginning {
          let text = answer.split(separator: "I", maxSplits: 1).joined(separator: "\(lastRequest)")
          try take(core.received(attempt: attempt, try JSONParser.parse(Array(text.utf8)), now: now))
        }
      }
    }
    try take(core.start(now: now))
    try take(core.monitor(1, [MonitoredTable("T")], now: now))
    try connect()
    try require(core.isReady && sequence == 1, "the beginning does not lead to a running monitor")
    for message in messages {
      try take(core.received(attempt: attempt, message, now: now))
      try require((core.snapshot(1)?.tables["T"] ?? [:]) == rebuilt, "the replica is not what its changes make")
      try connect()
    }
  }
}
