/// JSON as octets, without white space. Control characters are escaped, everything else stands as UTF-8.
package enum JSONWriter {
  package static func octets(_ value: JSONValue) -> [UInt8] {
    var octets: [UInt8] = []
    write(value, into: &octets)
    return octets
  }

  package static func write(_ value: JSONValue, into octets: inout [UInt8]) {
    switch value {
    case .null: octets += "null".utf8
    case .boolean(let value): octets += (value ? "true" : "false").utf8
    case .integer(let value): octets += String(value).utf8
    case .real(let value): octets += value.description.utf8
    case .string(let text): write(text, into: &octets)
    case .array(let values):
      octets.append(UInt8(ascii: "["))
      for (index, value) in values.enumerated() {
        if index > 0 { octets.append(UInt8(ascii: ",")) }
        write(value, into: &octets)
      }
      octets.append(UInt8(ascii: "]"))
    case .object(let members):
      octets.append(UInt8(ascii: "{"))
      for (index, member) in members.enumerated() {
        if index > 0 { octets.append(UInt8(ascii: ",")) }
        write(member.name, into: &octets)
        octets.append(UInt8(ascii: ":"))
        write(member.value, into: &octets)
      }
      octets.append(UInt8(ascii: "}"))
    }
  }

  private static func write(_ text: String, into octets: inout [UInt8]) {
    octets.append(UInt8(ascii: "\""))
    for octet in text.utf8 {
      switch octet {
      case UInt8(ascii: "\""): octets += "\\\"".utf8
      case UInt8(ascii: "\\"): octets += "\\\\".utf8
      case 0..<0x20:
        let digits = String(octet, radix: 16)
        octets += ("\\u" + String(repeating: "0", count: 4 - digits.count) + digits).utf8
      default: octets.append(octet)
      }
    }
    octets.append(UInt8(ascii: "\""))
  }
}
