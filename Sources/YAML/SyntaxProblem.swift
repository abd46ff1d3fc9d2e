import CYAML

/// libyaml's complaints in words that help.
enum SyntaxProblem {
  static func describe(_ parser: yaml_parser_t, in bytes: [UInt8]) -> YAMLProblem {
    let problem = parser.problem.map { String(cString: $0) } ?? "cannot be read"
    if parser.error == YAML_MEMORY_ERROR {
      return YAMLProblem(start: .init(parser.mark), message: "out of memory while reading the text")
    }
    let start = YAMLPosition(parser.problem_mark)
    let context = parser.context.map { String(cString: $0) } ?? ""
    let opened = YAMLPosition(parser.context_mark)
    let next = firstByte(of: bytes, at: parser.problem_mark.index)
    let (message, help) = words(problem, context, next, opened)
    // What is never finished is shown where it begins, not at the end of the file.
    let isUnfinished = next != UInt8(ascii: "\t") && unfinished.contains(problem)
    return YAMLProblem(start: isUnfinished ? opened : start, message: message, help: help)
  }

  private static let unfinished = ["could not find expected ':'", "found unexpected end of stream"]

  /// libyaml's index counts characters, so a byte is found by skipping continuation bytes.
  private static func firstByte(of bytes: [UInt8], at index: Int) -> UInt8? {
    var left = index
    for byte in bytes where byte & 0xc0 != 0x80 {
      if left == 0 { return byte }
      left -= 1
    }
    return nil
  }

  private static func words(
    _ problem: String, _ context: String, _ next: UInt8?, _ opened: YAMLPosition
  ) -> (message: String, help: String?) {
    switch problem {
    case _ where next == UInt8(ascii: "\t"):
      return ("there is a tab where YAML wants spaces", "indent with spaces; YAML does not allow tabs there")
    case "found character that cannot start any token":
      let character = next.map { " `\(Character(UnicodeScalar($0)))`" } ?? ""
      return ("a value cannot start with\(character) unless it is quoted", "write the value in double quotes")
    case "mapping values are not allowed in this context":
      return (
        "a `key: value` cannot stand here",
        "quote the value when it contains `: `, or check the indentation of this line"
      )
    case "could not find expected ':'":
      return (
        "a key without `:` begins here",
        "write `key: value`, with a space after the colon, or check the indentation"
      )
    case "did not find expected key":
      return (
        "this is no key of the mapping that begins on line \(opened.line)",
        "check the indentation: all keys of one mapping start in the same column; a value followed by text needs quotes"
      )
    case "did not find expected '-' indicator":
      return (
        "this is no item of the list that begins on line \(opened.line)",
        "check the indentation: all `-` of one list stand in the same column"
      )
    case "did not find expected ',' or ']'":
      return (
        "the list opened with `[` on line \(opened.line), column \(opened.column) is not continued or closed here",
        "put `,` between items and `]` at the end; quote values with special characters, such as \"::\""
      )
    case "did not find expected ',' or '}'":
      return (
        "the mapping opened with `{` on line \(opened.line), column \(opened.column) is not continued or closed here",
        "put `,` between entries and `}` at the end"
      )
    case "found unexpected end of stream":
      return (
        "the quoted text that begins here has no closing quote", nil
      )
    case "did not find expected node content":
      return (
        "a value is missing here",
        "a value that begins with `:`, `,`, `[`, `{` or another special character needs quotes, such as \"::\""
      )
    case "did not find expected <document start>":
      return ("this is neither part of the document before nor a new one", "check the indentation of this line")
    default:
      return (context.isEmpty ? problem : "\(problem) \(context)", nil)
    }
  }
}
