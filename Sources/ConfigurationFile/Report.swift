import YAML

/// Where something stands: the field it belongs to, and the text to underline.
struct Place: Hashable {
  var field: String
  var start: YAMLPosition
  /// Characters to underline, at least 1.
  var length: Int

  init(field: String, start: YAMLPosition, end: YAMLPosition) {
    self.field = field
    self.start = start
    length = start.line == end.line ? max(1, end.column - start.column) : 1
  }

  init(_ node: YAMLNode, field: String) { self.init(field: field, start: node.start, end: node.end) }

  /// As other messages refer to it.
  var line: String { "line \(start.line)" }
}

/// A value with the place it was written at, kept until references and families are checked.
struct Located<Value> {
  var value: Value
  var place: Place
}

/// Collects what is wrong with one file. A class, since every decoding function adds to the same list.
final class Report {
  /// More are not worth reading, and a hostile file could have a hundred thousand.
  static let mostDiagnostics = 200

  let file: String
  private let lines: [String]
  private(set) var diagnostics: [ConfigurationDiagnostic] = []
  private(set) var hasErrors = false
  private var leftOff = 0
  /// What was said, and where: a profile is read for each peer that uses it, its errors are told once.
  private var said: Set<Said> = []

  private struct Said: Hashable {
    var start: YAMLPosition
    var message: String
  }
  /// Values that the YAML layer has already complained about: nothing more is said about those.
  private var faulty: Set<YAMLPosition> = []

  init(file: String, text: [UInt8]) {
    self.file = file
    lines = SourceText.lines(of: text)
  }

  func error(_ problem: YAMLProblem) {
    faulty.insert(problem.start)
    error(problem.message, at: Place(field: "", start: problem.start, end: problem.end), help: problem.help)
  }

  func isFaulty(_ node: YAMLNode) -> Bool { faulty.contains(node.start) }

  /// `help` is made only when it is shown: looking for similar words is what costs most.
  func error(
    _ message: String, at place: Place, expected: String? = nil, help: @autoclosure () -> String? = nil
  ) {
    add(.error, message, place, expected, help)
  }

  func warning(
    _ message: String, at place: Place, expected: String? = nil, help: @autoclosure () -> String? = nil
  ) {
    add(.warning, message, place, expected, help)
  }

  private func add(
    _ severity: ConfigurationDiagnostic.Severity, _ message: String, _ place: Place, _ expected: String?,
    _ help: () -> String?
  ) {
    if severity == .error { hasErrors = true }
    guard said.insert(Said(start: place.start, message: message)).inserted else { return }
    guard !isFull else {
      leftOff += 1
      return
    }
    let index = place.start.line - 1
    let excerpt = SourceText.excerpt(
      lines.indices.contains(index) ? lines[index] : "", column: place.start.column, length: place.length)
    diagnostics.append(
      ConfigurationDiagnostic(
        severity: severity, file: file, line: place.start.line, column: place.start.column, field: place.field,
        message: message, expected: expected, help: help(), source: excerpt.text, sourceColumn: excerpt.column,
        length: excerpt.length))
  }

  /// Nothing more will be shown.
  var isFull: Bool { diagnostics.count >= Self.mostDiagnostics }

  /// In the order of the file.
  func sorted() -> [ConfigurationDiagnostic] {
    var all = diagnostics.enumerated().sorted { a, b in
      (a.element.line ?? 0, a.element.column ?? 0, a.offset) < (
        b.element.line ?? 0, b.element.column ?? 0, b.offset
      )
    }.map(\.element)
    if leftOff > 0 {
      let severity: ConfigurationDiagnostic.Severity = hasErrors ? .error : .warning
      all.append(ConfigurationDiagnostic(severity: severity, file: file, message: "\(leftOff) more were left off"))
    }
    return all
  }
}
