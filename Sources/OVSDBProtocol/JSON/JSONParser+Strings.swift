extension JSONParser {
  /// The string that begins with the quote at `position`.
  static func string(_ octets: Span<UInt8>, _ position: inout Int) throws(JSONProblem) -> String {
    position += 1
    let begin = position
    while position < octets.count {
      let octet = octets[position]
      if octet == UInt8(ascii: "\"") {
        let text = octets.extracting(begin..<position)
        position += 1
        do { return String(copying: try UTF8Span(validating: text)) } catch {
          throw JSONProblem("a string that is no UTF-8", at: begin)
        }
      }
      if octet == UInt8(ascii: "\\") { return try escapedString(octets, &position, begin: begin) }
      guard octet >= 0x20 else { throw JSONProblem("a control character in a string", at: position) }
      position += 1
    }
    throw JSONProblem("a string without an end", at: begin)
  }

  /// The rare kind: copied octet by octet.
  private static func escapedString(
    _ octets: Span<UInt8>, _ position: inout Int, begin: Int
  ) throws(JSONProblem) -> String {
    var text: [UInt8] = []
    for index in begin..<position { text.append(octets[index]) }
    while position < octets.count {
      let octet = octets[position]
      position += 1
      switch octet {
      case UInt8(ascii: "\""):
        guard let string = String(validating: text, as: UTF8.self) else {
          throw JSONProblem("a string that is no UTF-8", at: begin)
        }
        return string
      case UInt8(ascii: "\\"): try escape(octets, &position, into: &text)
      case 0..<0x20: throw JSONProblem("a control character in a string", at: position - 1)
      default: text.append(octet)
      }
    }
    throw JSONProblem("a string without an end", at: begin)
  }

  private static func escape(
    _ octets: Span<UInt8>, _ position: inout Int, into text: inout [UInt8]
  ) throws(JSONProblem) {
    guard position < octets.count else { throw JSONProblem("an escape without an end", at: position) }
    let letter = octets[position]
    position += 1
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(letter)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0c)
    case UInt8(ascii: "n"): text.append(0x0a)
    case UInt8(ascii: "r"): text.append(0x0d)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"):
      let begin = position
      var code = UInt32(try hexadecimal(octets, &position))
      if 0xd800..<0xdc00 ~= code {
        guard position + 1 < octets.count, octets[position] == UInt8(ascii: "\\"),
          octets[position + 1] == UInt8(ascii: "u")
        else { throw JSONProblem("half of a surrogate pair", at: begin) }
        position += 2
        let low = UInt32(try hexadecimal(octets, &position))
        guard 0xdc00..<0xe000 ~= low else { throw JSONProblem("half of a surrogate pair", at: begin) }
        code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw JSONProblem("half of a surrogate pair", at: begin) }
      text.append(contentsOf: UTF8.encode(scalar).map(Array.init) ?? [])
    default: throw JSONProblem("an escape that JSON does not know", at: position - 1)
    }
  }

  private static func hexadecimal(_ octets: Span<UInt8>, _ position: inout Int) throws(JSONProblem) -> UInt16 {
    var code: UInt16 = 0
    for _ in 0..<4 {
      guard position < octets.count, let digit = Character(Unicode.Scalar(octets[position])).hexDigitValue else {
        throw JSONProblem("expected four hexadecimal digits", at: position)
      }
      code = code << 4 | UInt16(digit)
      position += 1
    }
    return code
  }
}
