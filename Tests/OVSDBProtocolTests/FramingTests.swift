import Testing

@testable import OVSDBProtocol

@Suite struct FramingTests {
  static let stream =
    #"{"id":1,"result":[{"a":"}{\"\\"}],"error":null} {"method":"update","params":["m",{"é":[1,-2,1.5]}],"id":null}{}"#

  private func split(_ chunks: [some Collection<UInt8>], longest: Int = 1 << 20) throws -> [JSONValue] {
    var splitter = MessageSplitter(longest: longest)
    var messages: [JSONValue] = []
    for chunk in chunks {
      splitter.append(chunk)
      while let message = try splitter.next() { messages.append(message) }
    }
    return messages
  }

  @Test("Messages come out whole wherever the stream is cut, once or at every octet")
  func cuts() throws {
    let octets = Array(Self.stream.utf8)
    let whole = try split([octets[...]])
    #expect(whole.count == 3)
    #expect(whole[0]["result"]?.array?[0]["a"] == .string("}{\"\\"))
    for cut in 0...octets.count { #expect(try split([octets[..<cut], octets[cut...]]) == whole) }
    #expect(try split(octets.map { CollectionOfOne($0) }) == whole)
  }

  @Test("What was read does not stay in the buffer")
  func memory() throws {
    var splitter = MessageSplitter(longest: 1 << 20)
    for _ in 0..<10_000 {
      splitter.append(Self.stream.utf8)
      while try splitter.next() != nil {}
    }
    #expect(splitter.pending == 0)
  }

  @Test("A message may be as long as the limit, and no longer")
  func limit() throws {
    let message = Array(#"{"a":"bcd"}"#.utf8)
    #expect(try split([message[...]], longest: message.count).count == 1)
    let problem = #expect(throws: JSONProblem.self) { try split([message[...]], longest: message.count - 1) }
    #expect(problem?.description.contains("longer than 10 octets") == true)
  }

  @Test(
    "A stream that is no OVSDB is refused at once", arguments: ["HTTP/1.1 400", "[1]", "\u{16}\u{3}", "\"a\"", "}"])
  func hostile(text: String) { #expect(throws: JSONProblem.self) { try split([Array(text.utf8)[...]]) } }
}

@Suite struct JSONTests {
  @Test(
    "Values are read as they are meant",
    arguments: [
      ("0", .integer(0)), ("-9223372036854775808", .integer(.min)), ("9223372036854775807", .integer(.max)),
      ("9223372036854775808", .real(9223372036854775808)), ("1e3", .real(1000)), ("-0.5", .real(-0.5)),
      (" true ", .boolean(true)), ("null", .null), ("[]", .array([])),
      ("[1, 2]", .array([.integer(1), .integer(2)])),
      (#""\u00e9\ud83d\ude00\n\/\\""#, .string("é😀\n/\\")), ("{}", .object([JSONMember]())),
      (#"{"a":{"b":[false]}}"#, .object(["a": .object(["b": .array([.boolean(false)])])]))
    ] as [(String, JSONValue)])
  func values(text: String, value: JSONValue) throws {
    #expect(try JSONParser.parse(Array(text.utf8)) == value)
    #expect(try JSONParser.parse(JSONWriter.octets(value)) == value)
  }

  @Test(
    "What is no JSON is refused with its place",
    arguments: [
      ("", 0), ("01", 0), ("-", 1), ("1.", 2), ("1e", 2), ("1e999", 0), ("tru", 0), ("nul1", 0), ("[1,]", 3),
      ("[1 2]", 3),
      ("{\"a\"}", 4), ("{1:2}", 1), ("{\"a\":1,}", 7), ("\"a", 1), ("\"\\x\"", 2), ("\"\\u12g4\"", 5),
      ("\"\\ud800\"", 3), ("\"\\udc00\"", 3), ("\"a\u{1}\"", 2), ("1 2", 2), ("'a'", 0)
    ])
  func problems(text: String, offset: Int) {
    let problem = #expect(throws: JSONProblem.self) { try JSONParser.parse(Array(text.utf8)) }
    #expect(problem?.message.isEmpty == false)
    if text != "\"\\udc00\"" { #expect(problem?.offset == offset, "\(text): \(problem.map(\.description) ?? "")") }
  }

  @Test(
    "Octets that are no UTF-8 are refused, in a string with escapes too",
    arguments: [[0x22, 0xff, 0x22], [0x22, 0x5c, 0x6e, 0xc3, 0x22]])
  func notUTF8(octets: [UInt8]) { #expect(throws: JSONProblem.self) { try JSONParser.parse(octets) } }

  @Test("Nesting ends at the limit, not at the end of the stack")
  func depth() throws {
    func nested(_ depth: Int) -> [UInt8] {
      [UInt8](repeating: 0x5b, count: depth) + [UInt8](repeating: 0x5d, count: depth)
    }
    _ = try JSONParser.parse(nested(JSONParser.deepest))
    #expect(throws: JSONProblem.self) { try JSONParser.parse(nested(JSONParser.deepest + 1)) }
    #expect(throws: JSONProblem.self) { try JSONParser.parse([UInt8](repeating: 0x5b, count: 1_000_000)) }
  }
}
