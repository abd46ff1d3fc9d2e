import ConfigurationFile
import Glibc
import Testing

/// One wrong file and everything that is said about it, from Tests/WrongConfigurations/TOPIC.txt:
/// `### RULE`, the file, a line of `=====`, the rendered diagnostics.
struct WrongFile: Sendable, CustomTestStringConvertible {
  static let topics = [
    "yaml", "file", "interfaces", "bfd", "keys", "paths", "groups", "rules", "uplinks", "observe"
  ]

  var topic: String
  var rule: String
  var text: String
  var rendered: String

  var testDescription: String { "\(topic): \(rule)" }

  static func path(_ topic: String) -> String { repositoryPath("Tests/WrongConfigurations/\(topic).txt") }

  static func all() throws -> [WrongFile] { try topics.flatMap(read) }

  static func read(_ topic: String) throws -> [WrongFile] {
    var files: [WrongFile] = []
    var isRendered = false
    for line in try contents(path(topic)).split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
      if line.hasPrefix("### ") {
        files.append(WrongFile(topic: topic, rule: String(line.dropFirst(4)), text: "", rendered: ""))
        isRendered = false
      } else if line == "=====" {
        isRendered = true
      } else if let last = files.indices.last {
        if isRendered { files[last].rendered += line + "\n" } else { files[last].text += line + "\n" }
      }
    }
    return files
  }

  /// What is said about the file now.
  func renderedNow() -> String {
    do throws(ConfigurationErrors) {
      let parsed = try GatewayConfiguration.parse(text: text, file: "gateway.yaml")
      return (parsed.warnings.map(\.rendered) + ["accepted"]).joined(separator: "\n") + "\n"
    } catch {
      return error.rendered + "\n"
    }
  }
}

@Suite struct WrongFiles {
  /// After a deliberate change of words: EVERWAY_REWRITE_EXPECTED=1 swift test --filter WrongFiles, then read the diff.
  @Test(arguments: try WrongFile.all())
  func aWrongFileIsExplained(file: WrongFile) {
    if getenv("EVERWAY_REWRITE_EXPECTED") == nil { #expect(file.renderedNow() == file.rendered) }
  }

  @Test(.enabled(if: getenv("EVERWAY_REWRITE_EXPECTED") != nil), arguments: WrongFile.topics)
  func rewriteWhatIsExpected(topic: String) throws {
    let text = try WrongFile.read(topic).map { "### \($0.rule)\n\($0.text)=====\n\($0.renderedNow())" }.joined()
    try write(text, to: WrongFile.path(topic))
  }

  @Test func everyRuleIsThereOnce() throws {
    let rules = try WrongFile.all().map(\.testDescription)
    #expect(Set(rules).count == rules.count)
    #expect(rules.count > 100)
  }

  @Test func noWrongFileGoesWithoutAWord() throws {
    for file in try WrongFile.all() { #expect(file.renderedNow() != "accepted\n", "\(file.testDescription)") }
  }
}
