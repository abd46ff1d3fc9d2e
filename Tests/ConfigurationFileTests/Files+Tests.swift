import ConfigurationFile
import FoundationEssentials
import Glibc
import Testing

private let examples = ["minimal", "plain-linux-three-routers", "kube-ovn-node", "bfd-modes"]

/// The ```yaml blocks of a document, each with the line it begins on.
private func blocks(_ text: String) -> [(line: Int, text: String)] {
  var blocks: [(line: Int, text: String)] = []
  var isInside = false
  for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
    if line.hasPrefix("```") {
      isInside = line == "```yaml"
      if isInside { blocks.append((index + 2, "")) }
    } else if isInside {
      blocks[blocks.count - 1].text += line + "\n"
    }
  }
  return blocks
}

@Suite struct Documentation {
  @Test(arguments: examples)
  func everyExampleIsAcceptedWithoutAWarning(name: String) throws {
    let parsed = try GatewayConfiguration.load(path: repositoryPath("examples/\(name).yaml"))
    #expect(parsed.warnings.map(\.rendered) == [])
    #expect(!parsed.configuration.groups.isEmpty)
  }

  @Test func everyBlockOfTheReferenceIsAccepted() throws {
    let all = blocks(try contents(repositoryPath("docs/configuration.md")))
    #expect(all.count > 5)
    for block in all {
      do throws(ConfigurationErrors) {
        let parsed = try GatewayConfiguration.parse(text: block.text, file: "block")
        #expect(parsed.warnings.map(\.rendered) == [], "docs/configuration.md:\(block.line)")
      } catch {
        Issue.record("docs/configuration.md:\(block.line):\n\(error.rendered)")
      }
    }
  }

  /// The keys that an unknown key is told about are the keys there are.
  @Test func everyKeyIsInTheReference() throws {
    let reference = try contents(repositoryPath("docs/configuration.md"))
    for (section, text) in [
      ("", "x: 1"), ("interfaces", "interfaces: [{x: 1}]"), ("bfd", "bfd: {x: 1}"),
      ("bfd.peers", "bfd: {peers: [{x: 1}]}"),
      ("bfd.allow", "bfd: {allow: [{x: 1}]}"), ("key chain", "bfd: {key-chains: [{x: 1}]}"),
      ("key", "bfd: {key-chains: [{keys: [{x: 1}]}]}"),
      ("lifetime", "bfd: {key-chains: [{keys: [{send-lifetime: {x: 1}}]}]}"),
      ("authentication", "bfd: {peers: [{authentication: {x: 1}}]}"), ("paths", "paths: [{x: 1}]"),
      ("health", "paths: [{health: {x: 1}}]"),
      ("icmp", "paths: [{health: {icmp: {x: 1}}}]"), ("echo", "bfd: {echo: {x: 1}}"),
      ("demand", "bfd: {demand: {x: 1}}"), ("groups", "groups: [{x: 1}]"),
      ("member", "groups: [{paths: [{x: 1}]}]"),
      ("group route", "groups: [{routes: [{x: 1}]}]"), ("routes", "routes: [{x: 1}]"),
      ("rules", "rules: [{x: 1}]"), ("uplinks", "uplinks: {x: 1}"),
      ("watch", "uplinks: {watch: [{x: 1}]}"), ("lost-when", "uplinks: {lost-when: {x: 1}}"),
      ("drain", "drain: {x: 1}"),
      ("control", "control: {x: 1}"), ("realtime", "realtime: {x: 1}"), ("capture", "capture: {x: 1}")
    ] {
      let errors = #expect(throws: ConfigurationErrors.self) {
        try GatewayConfiguration.parse(text: text, file: "f")
      }
      let unknown = try #require(errors?.diagnostics.first { $0.message == "unknown key \"x\"" }, "\(section)")
      let keys = try #require(unknown.expected).dropFirst("one of ".count).split(separator: ", ")
      for key in keys { #expect(reference.contains("`\(key)`"), "\(section): \(key)") }
    }
  }
}

@Suite struct Loading {
  private static func loadError(_ path: String) -> String {
    do throws(ConfigurationErrors) {
      _ = try GatewayConfiguration.load(path: path)
      return "accepted"
    } catch { return error.rendered }
  }

  @Test func aMissingFileIsSaidToBeMissing() {
    #expect(
      Self.loadError("/nonexistent/everway.yaml") == """
        /nonexistent/everway.yaml: error: there is no such file
          help: check the path, or write a file from the examples
        1 error
        """)
  }

  @Test(arguments: [("/tmp", "this is a directory"), ("/dev/zero", "this is not a regular file")])
  func whatIsNoFileIsNotRead(path: String, message: String) {
    #expect(Self.loadError(path) == "\(path): error: \(message)\n  expected: a configuration file\n1 error")
  }

  @Test func aFIFOIsNotRead() {
    let path = "/tmp/everway-configuration-\(getpid()).fifo"
    mkfifo(path, 0o600)
    // A writer, so that the test ends even when the open waits for one.
    let writer = open(path, O_RDWR | O_CLOEXEC)
    defer {
      close(writer)
      unlink(path)
    }
    #expect(Self.loadError(path).contains("this is not a regular file"))
  }

  @Test func aFileThatIsTooLargeIsRefused() throws {
    let path = "/tmp/everway-configuration-\(getpid()).yaml"
    defer { unlink(path) }
    try write(String(repeating: "#", count: (1 << 20) + 1), to: path)
    #expect(Self.loadError(path).contains("the file is too large"))
  }

  @Test(.enabled(if: geteuid() != 0))
  func anUnreadableFileIsSaidToBeUnreadable() throws {
    let path = "/tmp/everway-configuration-\(getpid())-secret.yaml"
    defer { unlink(path) }
    try write("version: 1\n", to: path)
    chmod(path, 0)
    #expect(Self.loadError(path).contains("this user may not read it"))
  }
}

@Suite struct Diagnostics {
  @Test func allErrorsComeAtOnceInTheOrderOfTheFile() {
    let errors = #expect(throws: ConfigurationErrors.self) {
      try GatewayConfiguration.parse(text: "realtime: {cpu: x}\npaths: [{name: 1 2}]\nversion: 3\n", file: "f")
    }
    #expect(
      errors?.diagnostics.map(\.field) == ["realtime.cpu", "paths[0]", "paths[0]", "paths[0].name", "version"])
    #expect(errors?.summary == "5 errors")
  }

  @Test func theJSONFormHasEveryField() throws {
    let errors = try #require(
      #expect(throws: ConfigurationErrors.self) {
        try GatewayConfiguration.parse(text: "version: 1\ndrian: {}\n", file: "f")
      })
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let data = try encoder.encode(errors.diagnostics)
    #expect(
      String(decoding: data, as: UTF8.self).hasPrefix(
        #"[{"column":1,"expected":"one of version, "#))
    for part in [
      #""field":"""#, #""file":"f""#, #""help":"did you mean \"drain\"?""#, #""line":2"#, #""severity":"error""#
    ] {
      #expect(String(decoding: data, as: UTF8.self).contains(part))
    }
    #expect(try JSONDecoder().decode([ConfigurationDiagnostic].self, from: data) == errors.diagnostics)
  }

  @Test func aFileFullOfErrorsEndsWithACount() {
    let text = "version: 1\npaths:\n" + String(repeating: "- {a: 1}\n", count: 1000)
    let errors = #expect(throws: ConfigurationErrors.self) { try GatewayConfiguration.parse(text: text, file: "f") }
    #expect(errors?.diagnostics.count == 201)
    #expect(errors?.diagnostics.last?.message == "3800 more were left off")
  }

  @Test func aVeryLongLineIsShownAroundTheError() throws {
    let text = "version: 1\ndrain: {" + String(repeating: " ", count: 5000) + "on-stop: maybe}\n"
    let errors = #expect(throws: ConfigurationErrors.self) { try GatewayConfiguration.parse(text: text, file: "f") }
    let diagnostic = try #require(errors?.diagnostics.first)
    #expect(diagnostic.column == 5018)
    #expect(diagnostic.source?.count == 45)
    #expect(diagnostic.rendered.split(separator: "\n").allSatisfy { $0.count < 100 })
  }
}
