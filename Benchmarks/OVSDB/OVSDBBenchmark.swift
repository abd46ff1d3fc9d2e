import OVSDBProtocol

/// How long the first contents of a large southbound database take: 100,000 logical flows in one message, cut as a socket
/// cuts it. `swift run -c release OVSDBBenchmark`
@main struct OVSDBBenchmark {
  static let flows = 100_000

  static func main() throws {
    let octets = JSONWriter.octets(message())
    print("a message of \(octets.count / 1_000_000) MB, \(flows) rows")
    let clock = ContinuousClock()
    for _ in 0..<5 {
      var splitter = MessageSplitter(longest: 1 << 30)
      var contents = JSONValue.null
      let reading = try clock.measure {
        for begin in stride(from: 0, to: octets.count, by: 65_536) {
          splitter.append(octets[begin..<min(begin + 65_536, octets.count)])
          if let message = try splitter.next() { contents = message["result"]?.array?.last ?? .null }
        }
      }
      var replica = Replica()
      var changes = 0
      let applying = try clock.measure {
        changes = try replica.replace(contents, format: .differences, schema: schema).count
      }
      print(
        "JSON \(reading), \(Int(Double(octets.count) / 1e6 / (reading / .seconds(1)))) MB/s; \(changes) rows \(applying)"
      )
    }
  }

  private static func message() -> JSONValue {
    let rows = (0..<UInt64(flows)).map { number in
      let row = Row([
        "actions": "next;", "pipeline": "ingress", "priority": .integer(Int64(number % 100)),
        "match": .string("ip4.dst == 10.\(number >> 16 & 255).\(number >> 8 & 255).\(number & 255) && tcp"),
        "table_id": .integer(Int64(number % 30)), "logical_datapath": .row(RowID(high: number % 50, low: 7)),
        "external_ids": ["source": "northd.c:1234", "stage-name": "lr_in_ip_routing"], "tags": [:]
      ])
      let id = RowID(high: number &* 0x9e37_79b9_7f4a_7c15, low: number)
      return JSONMember(id.description, .object(["initial": row.json]))
    }
    let contents = JSONValue.object(["Logical_Flow": .object(rows)])
    let result = JSONValue.array([.boolean(false), .string(RowID.zero.description), contents])
    return .object(["id": .integer(3), "result": result, "error": .null])
  }

  private static let text = ColumnType(.string)
  private static let map = ColumnType(.string, value: .string, minimum: 0, maximum: nil)
  private static let schema = [
    "Logical_Flow": TableSchema(columns: [
      "actions": text, "pipeline": text, "match": text, "priority": ColumnType(.integer),
      "table_id": ColumnType(.integer), "logical_datapath": ColumnType(.uuid, minimum: 0), "external_ids": map,
      "tags": map
    ])
  ]
}
