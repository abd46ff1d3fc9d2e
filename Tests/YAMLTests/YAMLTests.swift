import Testing
import YAML

/// The tree in one line: scalars as text, `[...]`, `{k: v}`.
private func outline(_ node: YAMLNode?) -> String {
  guard let node else { return "nothing" }
  switch node.content {
  case .scalar(let scalar): return scalar.text
  case .sequence(let items): return "[" + items.map(outline).joined(separator: ", ") + "]"
  case .mapping(let entries):
    return "{" + entries.map { "\($0.key): \(outline($0.value))" }.joined(separator: ", ") + "}"
  }
}

private func entry(_ key: String, of node: YAMLNode?) -> YAMLEntry? {
  guard case .mapping(let entries)? = node?.content else { return nil }
  return entries.first { $0.key == key }
}

@Suite struct Trees {
  @Test(arguments: [
    ("a: 1\nb: [x, y]\nc:\n  - d: e\n", "{a: 1, b: [x, y], c: [{d: e}]}"),
    ("z: 1\na: 2\n", "{z: 1, a: 2}"),
    ("a: no\nb: 08\nc: 1e3\nd: 02:00:00:00:00:01\n", "{a: no, b: 08, c: 1e3, d: 02:00:00:00:00:01}"),
    ("a: \"x\\ty\"\nb: 'it''s'\n", "{a: x\ty, b: it's}"),
    ("a: |\n  one\n  two\nb: >\n  one\n  two\n", "{a: one\ntwo\n, b: one two\n}"),
    ("# only a comment\n", "nothing"), ("", "nothing"), ("---\na: 1\n...\n", "{a: 1}"),
    ("\u{FEFF}a: 1\n", "{a: 1}"),
    ("a: &x [1, 2]\nb: *x\n", "{a: [1, 2], b: [1, 2]}"), ("a: &x 1\nb: &x 2\nc: *x\n", "{a: 1, b: 2, c: 2}"),
    ("a: !!str 5\n", "{a: 5}"), ("名: 値\n", "{名: 値}")
  ])
  func aTextBecomesATree(text: String, expected: String) {
    let document = YAMLDocument(parsing: text)
    #expect(document.problems == [])
    #expect(outline(document.root) == expected)
  }

  @Test func everyNodeKnowsItsLineAndColumn() throws {
    let root = YAMLDocument(parsing: "a: 1\nlist:\n  - x\n  - {k: 'v w'}\n").root
    let list = try #require(entry("list", of: root))
    #expect(list.keyStart == YAMLPosition(line: 2, column: 1))
    #expect(list.keyEnd == YAMLPosition(line: 2, column: 5))
    guard case .sequence(let items) = list.value.content else {
      Issue.record("list is no sequence")
      return
    }
    #expect(items.map(\.start) == [YAMLPosition(line: 3, column: 5), YAMLPosition(line: 4, column: 5)])
    let value = try #require(entry("k", of: items.last)).value
    #expect(value.start == YAMLPosition(line: 4, column: 9))
    #expect(value.end == YAMLPosition(line: 4, column: 14))
    #expect(value.scalar?.style == .singleQuoted)
  }

  @Test(arguments: ["a: 1\nb: x\n", "a: 1\r\nb: x\r\n", "a: 1\rb: x\r", "\u{FEFF}a: 1\nb: x\n"])
  func lineBreaksOfEverySystemCount(text: String) throws {
    let b = try #require(entry("b", of: YAMLDocument(parsing: text).root))
    #expect(b.value.start == YAMLPosition(line: 2, column: 4))
  }

  @Test func columnsCountCharacters() throws {
    let value = try #require(entry("b", of: YAMLDocument(parsing: "{a: 日本, b: x}").root)).value
    #expect(value.start == YAMLPosition(line: 1, column: 12))
  }

  @Test(arguments: [
    ("a:", true), ("a: ~", true), ("a: null", true), ("a: ''", false), ("a: \"null\"", false), ("a: []", false)
  ])
  func onlyPlainNothingIsNull(text: String, isNull: Bool) throws {
    #expect(try #require(entry("a", of: YAMLDocument(parsing: text).root)).value.isNull == isNull)
  }
}

@Suite struct Refusals {
  private static func first(_ bytes: [UInt8]) -> String {
    YAMLDocument(parsing: bytes).problems.first.map { "\($0.start) \($0.message)" } ?? "accepted"
  }

  @Test(
    arguments: [
      ([0x61, 0x3a, 0x20, 0xff], "1:4 byte 0xFF is not valid UTF-8"),
      ([0xff, 0xfe, 0x61, 0x00], "1:1 byte 0xFF is not valid UTF-8"),
      ([0x61, 0x0a, 0xc0, 0x80], "2:1 byte 0xC0 is not valid UTF-8"),  // an overlong NUL
      ([0x61, 0xed, 0xa0, 0x80], "1:2 byte 0xED is not valid UTF-8"),  // a surrogate
      ([0x61, 0xf4, 0x90, 0x80, 0x80], "1:2 byte 0xF4 is not valid UTF-8"),  // above U+10FFFF
      ([0x61, 0xe2, 0x82], "1:2 byte 0xE2 is not valid UTF-8"),  // cut off
      ([0x61, 0x3a, 0x20, 0x00], "1:4 there is a NUL byte in the text"),
      ([0x61, 0x0d, 0x0a, 0x1b], "2:1 there is a control character in the text: U+001B"),
      (
        [0x61, 0xe2, 0x80, 0xa8], "1:2 there is a U+2028 in the text, a line break that editors do not count as one"
      ),
      ([0x61, 0xef, 0xbb, 0xbf], "1:2 there is a U+FEFF in the text, which is no character")
    ] as [([UInt8], String)])
  func whatIsNoTextIsRefusedWithItsPlace(bytes: [UInt8], expected: String) {
    #expect(Self.first(bytes) == expected)
  }

  @Test(arguments: [
    ("a: 1\na: 2\n", "2:1 the key \"a\" is written twice; the first is on line 1, column 1"),
    ("a: 1\n---\nb: 2\n", "2:1 a second document begins here; one is read"),
    ("a:\n\tb: 1\n", "2:1 there is a tab where YAML wants spaces"),
    ("a: *x\n", "1:4 no anchor `&x` stands before this alias"),
    ("a: &x [*x]\n", "1:8 the alias `*x` stands inside the value it repeats"),
    ("a: !env HOME\n", "1:4 the tag `!env` is not supported"),
    ("a: \"\\0\"\n", "1:4 a NUL character cannot be part of a value"),
    ("? [a]\n: b\n", "1:3 a key must be a single word, not a list or a mapping"),
    ("a: [1, 2\nb: 3\n", "2:2 the list opened with `[` on line 1, column 4 is not continued or closed here"),
    ("a: 'x\n", "1:4 the quoted text that begins here has no closing quote"),
    ("a: b: c\n", "1:5 a `key: value` cannot stand here"),
    ("a: `x`\n", "1:4 a value cannot start with ``` unless it is quoted")
  ])
  func whatIsNotOurYAMLIsRefusedWithItsPlace(text: String, expected: String) {
    #expect(Self.first(Array(text.utf8)) == expected)
  }

  @Test func aKeyWrittenTwiceDoesNotHideTheRest() {
    let document = YAMLDocument(parsing: "a: 1\na: 2\nb: 3\nb: 4\n")
    #expect(document.problems.count == 2)
    #expect(outline(document.root) == "{a: 1, b: 3}")
  }
}

@Suite struct Limits {
  @Test func aTextMayHaveOneMebibyteAndNoMore() {
    let most = "a: " + String(repeating: "x", count: (1 << 20) - 3)
    #expect(YAMLDocument(parsing: most).problems == [])
    #expect(
      YAMLDocument(parsing: most + "x").problems.first?.message
        == "the text has 1048577 bytes; at most 1048576 are read")
  }

  /// Nine levels of nine aliases: 3 * 10^8 values from 200 bytes.
  @Test func aBillionLaughsEndAtTheLimit() {
    var text = "a: &a [l, l, l, l, l, l, l, l, l]\n"
    for (previous, name) in zip("abcdefgh", "bcdefghi") {
      text += "\(name): &\(name) [" + Array(repeating: "*\(previous)", count: 9).joined(separator: ", ") + "]\n"
    }
    let document = YAMLDocument(parsing: text)
    #expect(document.root == nil)
    #expect(
      document.problems.first?.message == "the text has more than 100000 values, those that aliases repeat included"
    )
  }

  @Test func aliasesCountTowardsTheDepth() {
    var text = "a0: &a0 [x]\n"
    for level in 1...64 { text += "a\(level): &a\(level) [*a\(level - 1)]\n" }
    #expect(
      YAMLDocument(parsing: text).problems.first?.message == "lists and mappings are nested more than 64 deep")
  }

  @Test(arguments: ["[", "{a: ", "- ", "? "])
  func deepNestingEndsAtTheLimit(piece: String) {
    let text = String(repeating: piece, count: 100_000)
    #expect(
      YAMLDocument(parsing: text).problems.first?.message == "lists and mappings are nested more than 64 deep")
  }

  @Test func sixtyFourLevelsAreAllowed() {
    let text = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
    #expect(YAMLDocument(parsing: text).problems == [])
    #expect(YAMLDocument(parsing: "[" + text + "]").problems.count == 1)
  }

  @Test func problemsThatCanBeSteppedOverAreNotCollectedForEver() {
    let text = "a: 1\n" + String(repeating: "a: 1\n", count: 5000)
    #expect(YAMLDocument(parsing: text).problems.count == 100)
  }
}

@Suite struct HostileText {
  /// Bytes that are likely to mean something to YAML. What comes out does not matter, that it comes out does.
  @Test(arguments: 0..<8)
  func randomTextNeverTraps(seed: UInt64) {
    var random = SplitMix(state: seed)
    let pieces = [
      "a", ": ", "- ", "[", "]", "{", "}", ",", "\n", "\n  ", "\t", "'", "\"", "\\", "|", ">", "&a ", "*a", "!",
      "!!", "%", "---\n",
      "...\n", "#", "?", " ", "\r", "é", "日", "<<", "@", "`", "\\x00", "~", ":", "-", "%YAML 1.1\n", "\u{85}"
    ]
    for _ in 0..<500 {
      let text = (0..<Int.random(in: 0..<60, using: &random)).map { _ in pieces.randomElement(using: &random) ?? ""
      }.joined()
      let document = YAMLDocument(parsing: text)
      #expect(document.root == nil || document.problems.count < 100)
    }
    for _ in 0..<500 {
      let bytes = (0..<Int.random(in: 0..<60, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random)
      }
      _ = YAMLDocument(parsing: bytes)
    }
  }
}

/// A generator with a seed, so that a failure comes again.
private struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
