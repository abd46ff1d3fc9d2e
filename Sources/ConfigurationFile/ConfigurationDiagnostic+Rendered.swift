extension ConfigurationDiagnostic: CustomStringConvertible {
  /// For a person:
  ///
  ///     gateway.yaml:12:5: error: paths[0]: unknown key "intreface"
  ///        12 |     intreface: net1
  ///           |     ^~~~~~~~~
  ///       expected: one of name, via, interface, weight, hold-down, health
  ///       help: did you mean "interface"?
  public var rendered: String {
    var text = file
    if let line { text += ":\(line):\(column ?? 1)" }
    text += ": \(severity.rawValue): "
    if !field.isEmpty { text += "\(field): " }
    text += message
    if let source, let line {
      let number = String(line)
      let margin = String(repeating: " ", count: max(0, 5 - number.count))
      text += "\n\(margin)\(number) | \(source)"
      text += "\n\(String(repeating: " ", count: margin.count + number.count)) | \(underline(source))"
    }
    if let expected { text += "\n  expected: \(expected)" }
    if let help { text += "\n  help: \(help)" }
    return text
  }

  public var description: String { rendered }

  /// Blanks up to the column, as wide as the text above (tabs stay tabs), then `^~~~`.
  private func underline(_ source: String) -> String {
    let start = (sourceColumn ?? 1) - 1
    var text = ""
    for scalar in source.unicodeScalars.prefix(start) {
      text += scalar == "\t" ? "\t" : String(repeating: " ", count: SourceText.columns(scalar))
    }
    let marked = source.unicodeScalars.dropFirst(start).prefix(length).reduce(0) { $0 + SourceText.columns($1) }
    return text + "^" + String(repeating: "~", count: max(0, marked - 1))
  }
}

extension ConfigurationErrors: CustomStringConvertible {
  /// Every diagnostic as ``ConfigurationDiagnostic/rendered``, then how many there are.
  public var rendered: String {
    (diagnostics.map(\.rendered) + [summary]).joined(separator: "\n")
  }

  public var description: String { rendered }

  /// `2 errors, 1 warning`.
  public var summary: String {
    let errors = diagnostics.count { $0.severity == .error }
    let warnings = diagnostics.count - errors
    let first = errors == 1 ? "1 error" : "\(errors) errors"
    return warnings == 0 ? first : first + (warnings == 1 ? ", 1 warning" : ", \(warnings) warnings")
  }
}
