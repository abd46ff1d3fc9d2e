@testable import ConfigurationFile
@testable import Control
@testable import YAML

extension FuzzTarget {
  /// Any octets as YAML: a tree or problems, each at a place in the text.
  static let yaml = FuzzTarget(name: "yaml", longestInput: 4_096) { octets in
    let document = YAMLDocument(parsing: octets)
    let lines = octets.count { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") } + 2
    for problem in document.problems {
      try require(!problem.message.isEmpty, "a problem without words")
      let isInside =
        problem.start.line >= 1 && problem.start.column >= 1 && problem.end.line <= lines + octets.count / 2
      try require(isInside, "a problem outside of the text: \(problem)")
      try require(
        (problem.start.line, problem.start.column) <= (problem.end.line, problem.end.column),
        "a problem that ends before it begins: \(problem)")
    }
  }

  /// Any octets as a configuration: one that holds together, or errors that can be shown.
  static let configuration = FuzzTarget(name: "configuration", longestInput: 4_096) { octets in
    do {
      let parsed = try GatewayConfiguration.parse(bytes: octets, file: "fuzz.yaml")
      for warning in parsed.warnings { try require(!warning.rendered.isEmpty, "a warning without words") }
      let again = try GatewayConfiguration.parse(bytes: octets, file: "fuzz.yaml")
      try require(again.configuration == parsed.configuration, "read twice it is another configuration")
    } catch let errors as ConfigurationErrors {
      try require(!errors.diagnostics.isEmpty, "refused without a reason")
      for diagnostic in errors.diagnostics { try require(!diagnostic.rendered.isEmpty, "an error without words") }
    }
  }

  /// A line on the control socket, as a request, and as the answer of something that is no everway.
  static let controlRequest = FuzzTarget(name: "control-request", longestInput: 1_024) { octets in
    do {
      let command = try ControlCoding.command(octets)
      var line = ControlCoding.encode(command)
      try require(line.popLast() == UInt8(ascii: "\n"), "a request that is not one line")
      try require(!line.contains(UInt8(ascii: "\n")), "a request of several lines")
      try require(try ControlCoding.command(line) == command, "written again it is another request")
    } catch let failure as ControlFailure {
      try require(!failure.message.isEmpty, "refused without a reason")
    }
    _ = ControlCoding.response(octets)
  }
}
