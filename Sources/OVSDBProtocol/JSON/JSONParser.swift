/// JSON from octets (RFC 8259), bounded in depth. Of our own because a southbound database may be some hundred megabytes in
/// one message (`Benchmarks/OVSDB`).
///
/// Strict where OVSDB is: UTF-8 that is not valid, control characters in strings, leading zeros and numbers beyond a
/// double's range are refused.
package enum JSONParser {
  /// OVSDB's own messages nest about ten deep.
  package static let deepest = 64

  /// Exactly one value, white space around it allowed.
  package static func parse(_ octets: [UInt8]) throws(JSONProblem) -> JSONValue { try parse(octets.span) }

  package static func parse(_ octets: Span<UInt8>) throws(JSONProblem) -> JSONValue {
    var position = 0
    let value = try value(octets, &position, depth: 0)
    skipSpace(octets, &position)
    guard position == octets.count else { throw JSONProblem("something follows the value", at: position) }
    return value
  }

  private static func value(
    _ octets: Span<UInt8>, _ position: inout Int, depth: Int
  ) throws(JSONProblem) -> JSONValue {
    skipSpace(octets, &position)
    guard position < octets.count else { throw JSONProblem("a value is missing", at: position) }
    guard depth < deepest else { throw JSONProblem("nested deeper than \(deepest)", at: position) }
    switch octets[position] {
    case UInt8(ascii: "\""): return .string(try string(octets, &position))
    case UInt8(ascii: "["): return try array(octets, &position, depth: depth)
    case UInt8(ascii: "{"): return try object(octets, &position, depth: depth)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number(octets, &position)
    case UInt8(ascii: "t"): return try word("true", .boolean(true), octets, &position)
    case UInt8(ascii: "f"): return try word("false", .boolean(false), octets, &position)
    case UInt8(ascii: "n"): return try word("null", .null, octets, &position)
    default: throw JSONProblem("no JSON value begins like this", at: position)
    }
  }

  private static func array(
    _ octets: Span<UInt8>, _ position: inout Int, depth: Int
  ) throws(JSONProblem) -> JSONValue {
    position += 1
    var values: [JSONValue] = []
    if take(UInt8(ascii: "]"), octets, &position) { return .array(values) }
    while true {
      values.append(try value(octets, &position, depth: depth + 1))
      if take(UInt8(ascii: ","), octets, &position) { continue }
      if take(UInt8(ascii: "]"), octets, &position) { return .array(values) }
      throw JSONProblem("expected ',' or ']'", at: position)
    }
  }

  private static func object(
    _ octets: Span<UInt8>, _ position: inout Int, depth: Int
  ) throws(JSONProblem) -> JSONValue {
    position += 1
    var members: [JSONMember] = []
    if take(UInt8(ascii: "}"), octets, &position) { return .object(members) }
    while true {
      skipSpace(octets, &position)
      guard position < octets.count, octets[position] == UInt8(ascii: "\"") else {
        throw JSONProblem("expected the name of a member", at: position)
      }
      let name = try string(octets, &position)
      guard take(UInt8(ascii: ":"), octets, &position) else { throw JSONProblem("expected ':'", at: position) }
      members.append(JSONMember(name, try value(octets, &position, depth: depth + 1)))
      if take(UInt8(ascii: ","), octets, &position) { continue }
      if take(UInt8(ascii: "}"), octets, &position) { return .object(members) }
      throw JSONProblem("expected ',' or '}'", at: position)
    }
  }

  private static func skipSpace(_ octets: Span<UInt8>, _ position: inout Int) {
    while position < octets.count, isSpace(octets[position]) { position += 1 }
  }

  package static func isSpace(_ octet: UInt8) -> Bool {
    octet == 0x20 || octet == 0x0a || octet == 0x0d || octet == 0x09
  }

  /// Takes white space and then this octet, if it comes.
  private static func take(_ octet: UInt8, _ octets: Span<UInt8>, _ position: inout Int) -> Bool {
    skipSpace(octets, &position)
    guard position < octets.count, octets[position] == octet else { return false }
    position += 1
    return true
  }

  private static func word(
    _ text: StaticString, _ value: JSONValue, _ octets: Span<UInt8>, _ position: inout Int
  ) throws(JSONProblem) -> JSONValue {
    let length = text.utf8CodeUnitCount
    let begin = position
    var matches = begin + length <= octets.count
    if matches {
      // A static string's octets live as long as the program.
      text.withUTF8Buffer { letters in
        for index in 0..<length where octets[begin + index] != letters[index] { matches = false }
      }
    }
    guard matches else { throw JSONProblem("expected '\(text)'", at: begin) }
    position += length
    return value
  }

  private static func number(_ octets: Span<UInt8>, _ position: inout Int) throws(JSONProblem) -> JSONValue {
    let begin = position
    let isNegative = octets[position] == UInt8(ascii: "-")
    if isNegative { position += 1 }
    // Counted downwards, because the smallest integer has no positive counterpart.
    var sum: Int64 = 0
    var overflows = false
    let firstDigit = position
    while let digit = digit(octets, position) {
      let (product, tooFar) = sum.multipliedReportingOverflow(by: 10)
      let (next, beyond) = product.subtractingReportingOverflow(Int64(digit))
      overflows = overflows || tooFar || beyond
      sum = next
      position += 1
    }
    guard position > firstDigit else { throw JSONProblem("expected a digit", at: position) }
    guard position == firstDigit + 1 || octets[firstDigit] != UInt8(ascii: "0") else {
      throw JSONProblem("a number with a leading zero", at: begin)
    }
    var isReal = false
    if position < octets.count, octets[position] == UInt8(ascii: ".") {
      isReal = true
      position += 1
      try skipDigits(octets, &position)
    }
    if position < octets.count, octets[position] | 0x20 == UInt8(ascii: "e") {
      isReal = true
      position += 1
      if position < octets.count, octets[position] == UInt8(ascii: "+") || octets[position] == UInt8(ascii: "-") {
        position += 1
      }
      try skipDigits(octets, &position)
    }
    if !isReal && !overflows {
      if isNegative { return .integer(sum) }
      if sum != .min { return .integer(-sum) }
    }
    var text = ""
    for index in begin..<position { text.unicodeScalars.append(Unicode.Scalar(octets[index])) }
    guard let real = Double(text), real.isFinite else {
      throw JSONProblem("a number beyond what a double holds", at: begin)
    }
    return .real(real)
  }

  private static func digit(_ octets: Span<UInt8>, _ position: Int) -> UInt8? {
    guard position < octets.count else { return nil }
    let value = octets[position] &- UInt8(ascii: "0")
    return value <= 9 ? value : nil
  }

  private static func skipDigits(_ octets: Span<UInt8>, _ position: inout Int) throws(JSONProblem) {
    guard digit(octets, position) != nil else { throw JSONProblem("expected a digit", at: position) }
    while digit(octets, position) != nil { position += 1 }
  }
}
