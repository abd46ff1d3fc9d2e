import Testing

@testable import OVSDBProtocol

func json(_ text: String) throws -> JSONValue { try JSONParser.parse(Array(text.utf8)) }

/// Something else than the test wanted to go on with.
struct Unexpected: Error, CustomStringConvertible {
  var description: String
  init(_ description: String) { self.description = description }
}

@Suite struct ValueTests {
  static let id = RowID(high: 0x550e_8400_e29b_41d4, low: 0xa716_4466_5544_0000)
  static let text = "550e8400-e29b-41d4-a716-446655440000"

  @Test("A UUID is read and written, and anything else is none")
  func uuid() {
    #expect(RowID(Self.text) == Self.id)
    #expect(RowID(Self.text.uppercased()) == Self.id)
    #expect(Self.id.description == Self.text)
    #expect(RowID.zero.description == "00000000-0000-0000-0000-000000000000")
    for wrong in [
      "", "550e8400e29b41d4a716446655440000", Self.text + "0", "g" + Self.text.dropFirst(),
      "é50e8400-e29b-41d4-a716-44665544000"
    ] {
      #expect(RowID(wrong) == nil, "\(wrong)")
    }
  }

  @Test(
    "Values of columns",
    arguments: [
      ("5", ColumnType(.integer), .atom(.integer(5))),
      ("5", ColumnType(.real), .atom(.real(5))),
      (#""a""#, ColumnType(.string, minimum: 0), .atom(.string("a"))),
      (#"["set",[]]"#, ColumnType(.string, minimum: 0), .set([])),
      (#"["set",["a"]]"#, ColumnType(.string, minimum: 0), .atom(.string("a"))),
      (
        #"["set",["b","a","b"]]"#, ColumnType(.string, minimum: 0, maximum: nil), .set([.string("a"), .string("b")])
      ),
      (
        #"["map",[["k","v"]]]"#, ColumnType(.string, value: .string, minimum: 0, maximum: nil),
        .map([.string("k"): .string("v")])
      ),
      (#"["set",[]]"#, ColumnType(.string, value: .string, minimum: 0, maximum: nil), .map([:])),
      (#"["uuid","\#(text)"]"#, ColumnType(.uuid), .atom(.uuid(id)))
    ] as [(String, ColumnType, Datum)])
  func datum(text: String, type: ColumnType, value: Datum) throws {
    #expect(try Datum(json(text), as: type) == value)
    #expect(try Datum(value.json, as: type) == value)
  }

  @Test(
    "Values that a column cannot hold are refused",
    arguments: [
      ("5", ColumnType(.string)), (#""a""#, ColumnType(.integer)), ("1.5", ColumnType(.integer)),
      ("null", ColumnType(.string)),
      (#"["map",[]]"#, ColumnType(.string)), (#"["set",["a"]]"#, ColumnType(.string, value: .string)),
      (#"["map",[["a"]]]"#, ColumnType(.string, value: .string)), (#"["uuid","x"]"#, ColumnType(.uuid)),
      ("{}", ColumnType(.uuid)),
      (#"["set",[["set",[]]]]"#, ColumnType(.string))
    ])
  func refused(text: String, type: ColumnType) throws {
    let value = try json(text)
    #expect(throws: MalformedMessage.self) { try Datum(value, as: type) }
  }

  static let set = ColumnType(.integer, minimum: 0, maximum: nil)
  static let map = ColumnType(.string, value: .integer, minimum: 0, maximum: nil)
  @Test(
    "A difference makes the new value of the old one",
    arguments: [
      (ColumnType(.integer), .atom(.integer(1)), .atom(.integer(2)), .atom(.integer(2))),
      (ColumnType(.integer, minimum: 0), .atom(.integer(1)), .set([]), .set([])),
      (ColumnType(.integer, minimum: 0), .set([]), .atom(.integer(1)), .atom(.integer(1))),
      (set, [1, 2, 3], [2, 4], [1, 3, 4]), (set, [1, 2], [1], 2), (set, [], [1, 2], [1, 2]),
      (set, [1, 2], [1, 2], []),
      (set, 1, 1, []), (set, [1, 3, 5], [2, 4, 6], [1, 2, 3, 4, 5, 6]),
      (map, ["a": 1, "b": 2], ["a": 1, "b": 3, "c": 4], ["b": 3, "c": 4]), (map, ["a": 1], ["a": 1], [:])
    ] as [(ColumnType, Datum, Datum, Datum)])
  func difference(type: ColumnType, old: Datum, difference: Datum, new: Datum) {
    #expect(old.applying(difference, type: type) == new)
  }

  @Test("Operations are written as RFC 7047 has them")
  func operations() throws {
    let table = "Bridge"
    let expected: [(OVSDBProtocol.Operation, String)] = [
      (
        .select(table: table, where: [Condition("name", .equal, "br0")], columns: ["name"]),
        #"{"op":"select","table":"Bridge","where":[["name","==","br0"]],"columns":["name"]}"#
      ),
      (
        .insert(table: table, row: Row(["name": "br0", "ports": .named("p")]), name: "b"),
        #"{"op":"insert","table":"Bridge","row":{"name":"br0","ports":["named-uuid","p"]},"uuid-name":"b"}"#
      ),
      (
        .update(table: table, where: [.id(Self.id)], row: Row(["x": []])),
        #"{"op":"update","table":"Bridge","where":[["_uuid","==",["uuid","\#(Self.text)"]]],"row":{"x":["set",[]]}}"#
      ),
      (
        .mutate(table: table, where: [], mutations: [Mutation("other_config", .insert, ["a": "b"])]),
        #"{"op":"mutate","table":"Bridge","where":[],"mutations":[["other_config","insert",["map",[["a","b"]]]]]}"#
      ),
      (
        .delete(table: table, where: [Condition("name", .unequal, "x")]),
        #"{"op":"delete","table":"Bridge","where":[["name","!=","x"]]}"#
      ),
      (
        .wait(table: table, where: [], columns: ["name"], isEqual: true, rows: [Row(["name": "x"])]),
        #"{"op":"wait","table":"Bridge","where":[],"columns":["name"],"until":"==","rows":[{"name":"x"}],"timeout":0}"#
      ),
      (.comment("why"), #"{"op":"comment","comment":"why"}"#), (.abort, #"{"op":"abort"}"#)
    ]
    for (operation, text) in expected {
      #expect(String(decoding: JSONWriter.octets(operation.json), as: UTF8.self) == text)
    }
  }

  @Test(
    "The failures of transactions are told apart",
    arguments: [
      (#"[{},{"error":"constraint violation","details":"d"}]"#, .constraintViolation, 1),
      (#"[{},{},{"error":"referential integrity violation"}]"#, .referentialIntegrityViolation, nil),
      (#"[{},{},{"error":"cluster error","details":"not leader"}]"#, .notLeader, nil),
      (#"[{"error":"timed out","details":"d"},null]"#, .timedOut, 0),
      (#"[{"error":"syntax error"}]"#, .badRequest, 0),
      (#"[{"error":"aborted"}]"#, .aborted, 0), (#"[{"error":"permission error"}]"#, .permission, 0),
      (#"[{"error":"something new"}]"#, .other, 0)
    ] as [(String, TransactionFailure.Kind, Int?)])
  func failures(text: String, kind: TransactionFailure.Kind, step: Int?) throws {
    let result = try json(text)
    let steps: [OVSDBProtocol.Operation] = [.comment("a"), .delete(table: "T", where: [])]
    do throws(OVSDBError) {
      _ = try OperationResult.all(result, of: steps)
      Issue.record("no error")
    } catch {
      guard case .transaction(let failure) = error else { throw Unexpected("\(error)") }
      #expect(failure.kind == kind)
      #expect(failure.step == step)
      #expect(!error.description.isEmpty)
    }
  }
}

@Suite struct RowTests {
  enum Admin: String, Decodable { case up, down }
  struct Interface: OVSDBRow, Equatable {
    var uuid: RowID
    var name: String
    var ofport: Int?
    var mtu: UInt16?
    var adminState: Admin?
    var externalIDs: [String: String]
    var ports: [RowID]
    var speeds: Set<Double>
    var newerThanServer: String?
  }

  static let row = Row([
    "name": "eth0", "ofport": 3, "mtu": .set([]), "admin_state": "up", "external_ids": ["a": "b"],
    "ports": .row(ValueTests.id), "speeds": [1, 2.5]
  ])

  @Test("A row becomes a type")
  func decode() throws {
    let expected = Interface(
      uuid: ValueTests.id, name: "eth0", ofport: 3, mtu: nil, adminState: .up, externalIDs: ["a": "b"],
      ports: [ValueTests.id], speeds: [1, 2.5], newerThanServer: nil)
    #expect(try Interface(Self.row, id: ValueTests.id) == expected)
  }

  @Test(
    "A row that does not fit says where and why",
    arguments: [
      (
        "name", .atom(.integer(5)),
        "Interface.name of row \(ValueTests.text): expected String, found a value of type integer (5)"
      ),
      ("name", nil, "Interface.name of row \(ValueTests.text): expected String, found no such column"),
      (
        "mtu", 65536,
        "Interface.mtu of row \(ValueTests.text): expected UInt16, found a value of type integer (65536)"
      ),
      (
        "ofport", [1, 2],
        "Interface.ofport of row \(ValueTests.text): expected Int, found a set of 2 values of type integer"
      ),
      (
        "external_ids", "a",
        "Interface.external_ids of row \(ValueTests.text): expected Dictionary<String, String>, found a value of type string (\"a\")"
      ),
      (
        "external_ids", ["a": 1],
        "Interface.external_ids of row \(ValueTests.text): expected String, found a value of type integer (1)"
      ),
      (
        "admin_state", "sideways",
        "Interface.admin_state of row \(ValueTests.text): expected another value, found Cannot initialize Admin from invalid String value sideways"
      ),
      (
        "ports", "x",
        "Interface.ports of row \(ValueTests.text): expected RowID, found a value of type string (\"x\")"
      )
    ] as [(String, Datum?, String)])
  func errors(column: String, value: Datum?, message: String) {
    var row = Self.row
    row.columns[column] = value
    let error = #expect(throws: RowDecodingError.self) { try Interface(row, id: ValueTests.id) }
    #expect(error?.description == message)
  }

  @Test(
    "Names of properties in snake case",
    arguments: [
      ("name", "name"), ("externalIDs", "external_ids"), ("adminState", "admin_state"), ("logicalIP", "logical_ip"),
      ("macInUse", "mac_in_use"), ("bfdDSTMac", "bfd_dst_mac"), ("minTX", "min_tx"),
      ("external_ids", "external_ids")
    ])
  func names(property: String, column: String) { #expect(snakeCase(property) == column) }
}

@Suite struct EndpointTests {
  @Test(
    "Addresses as Open vSwitch writes them",
    arguments: [
      ("unix:/run/db.sock", .unix(path: "/run/db.sock")), ("tcp:10.0.0.1:6641", .tcp(host: "10.0.0.1", port: 6641)),
      ("tcp:[fd00::1]:6642", .tcp(host: "fd00::1", port: 6642)),
      ("ssl:ovn.local:6641", .ssl(host: "ovn.local", port: 6641)),
      ("tcp:10.0.0.1", .tcp(host: "10.0.0.1", port: 6640)),
      ("tcp:[fe80::1%eth0]:1", .tcp(host: "fe80::1%eth0", port: 1))
    ] as [(String, OVSDBEndpoint)])
  func addresses(text: String, endpoint: OVSDBEndpoint) throws {
    #expect(try OVSDBEndpoint(text) == endpoint)
    #expect(try OVSDBEndpoint(endpoint.description) == endpoint)
  }

  @Test("Lists lose doubles and keep their order")
  func list() throws {
    let list = try OVSDBEndpoint.list("tcp:a:1, tcp:[::1]:2,tcp:a:1,unix:/x")
    #expect(list == [.tcp(host: "a", port: 1), .tcp(host: "::1", port: 2), .unix(path: "/x")])
  }

  @Test(
    "Wrong addresses say what is wrong",
    arguments: [
      ("", "nothing"), (",", "nothing"), ("10.0.0.1:6641", "expected unix:, tcp: or ssl:"),
      ("hello", "expected unix:PATH"),
      ("tcp:::1:6641", "between [ and ]"), ("tcp:[::1:6641", "']'"), ("tcp:[::1]6641", "':'"),
      ("tcp:a:0", "1 to 65535"),
      ("tcp:a:65536", "1 to 65535"), ("tcp:a:x", "1 to 65535"), ("tcp::1", "no host"), ("unix:", "path"),
      ("ptcp:6641", "clients connect to tcp:"),
      ("punix:/x", "unix:"), ("tcp:a:1 tcp:b:1", "commas"), ("tcp:[a]:1", "IPv6"),
      ("unix:/" + String(repeating: "x", count: 120), "107")
    ])
  func wrong(text: String, part: String) {
    let error = #expect(throws: OVSDBError.self) { try OVSDBEndpoint.list(text) }
    #expect(error?.description.contains(part) == true, "\(error.map(\.description) ?? "")")
  }
}
