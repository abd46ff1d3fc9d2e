/// Cuts a stream of octets into JSON-RPC messages.
///
/// OVSDB's messages are JSON objects, one behind the other with nothing between them (RFC 7047 section 4), so only the
/// braces tell where one ends. Every octet is looked at once for that, however the stream is cut.
package struct MessageSplitter: Sendable {
  /// The longest message taken, in octets.
  package let longest: Int

  private var buffer: [UInt8] = []
  /// Where the message that is being read begins, and how far it was looked at.
  private var begin = 0
  private var position = 0
  private var nesting = Nesting()

  /// Where among braces and quotes the octet at `position` stands.
  private struct Nesting {
    var depth = 0
    var isInString = false
    var isEscaped = false
  }

  package init(longest: Int) { self.longest = longest }

  /// Octets of the message that has not ended yet.
  package var pending: Int { buffer.count - begin }

  package mutating func append(_ octets: some Collection<UInt8>) {
    if begin > 0, begin == buffer.count || begin > 1 << 16 {
      // What was read goes once it is worth moving the rest.
      buffer.removeSubrange(..<begin)
      position -= begin
      begin = 0
    }
    buffer.append(contentsOf: octets)
  }

  /// The next message, or nil when its end has not come yet.
  /// - Throws: when what comes is no object, is no JSON or is longer than `longest`. There is no way to go on then.
  package mutating func next() throws(JSONProblem) -> JSONValue? {
    guard let end = try findEnd() else { return nil }
    defer {
      begin = end
      position = end
    }
    return try JSONParser.parse(buffer.span.extracting(begin..<end))
  }

  /// Behind the brace that closes the message.
  private mutating func findEnd() throws(JSONProblem) -> Int? {
    if nesting.depth == 0 {
      while position < buffer.count, JSONParser.isSpace(buffer[position]) { position += 1 }
      begin = position
      guard position < buffer.count else { return nil }
      guard buffer[position] == UInt8(ascii: "{") else {
        throw JSONProblem("a message must be a JSON object, and begin with '{'", at: 0)
      }
    }
    let limit = min(buffer.count, begin + longest)
    var state = nesting
    let (end, isComplete) = Self.scan(buffer.span, from: position, to: limit, &state)
    nesting = state
    position = end
    if isComplete { return end }
    guard end - begin < longest else {
      throw JSONProblem("a message longer than \(longest) octets", at: longest)
    }
    return nil
  }

  /// - Returns: how far it came, and whether the outermost brace was closed there.
  private static func scan(
    _ octets: Span<UInt8>, from begin: Int, to limit: Int, _ state: inout Nesting
  ) -> (end: Int, isComplete: Bool) {
    for index in begin..<limit {
      let octet = octets[index]
      if state.isInString {
        if state.isEscaped {
          state.isEscaped = false
        } else if octet == UInt8(ascii: "\\") {
          state.isEscaped = true
        } else if octet == UInt8(ascii: "\"") {
          state.isInString = false
        }
      } else if octet == UInt8(ascii: "\"") {
        state.isInString = true
      } else if octet == UInt8(ascii: "{") {
        state.depth += 1
      } else if octet == UInt8(ascii: "}") {
        state.depth -= 1
        if state.depth == 0 { return (index + 1, true) }
      }
    }
    return (limit, false)
  }
}
