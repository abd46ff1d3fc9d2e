import YAML

extension GatewayConfiguration {
  /// Parses the text of a configuration file; reads no file itself.
  ///
  /// - Parameter file: The name to show in diagnostics.
  /// - Throws: ``ConfigurationErrors`` with every error found, not only the first.
  public static func parse(text: String, file: String) throws(ConfigurationErrors) -> ParsedConfiguration {
    try parse(bytes: Array(text.utf8), file: file)
  }

  /// Parses the bytes of a configuration file, which need not be a text at all.
  ///
  /// - Parameter file: The name to show in diagnostics.
  /// - Throws: ``ConfigurationErrors`` with every error found, not only the first.
  public static func parse(bytes: [UInt8], file: String) throws(ConfigurationErrors) -> ParsedConfiguration {
    let document = YAMLDocument(parsing: bytes)
    let report = Report(file: file, text: bytes)
    for problem in document.problems { report.error(problem) }
    guard let root = document.root else {
      if !report.hasErrors {
        let start = YAMLPosition(line: 1, column: 1)
        report.error(
          "the file is empty", at: Place(field: "", start: start, end: start), expected: "a configuration",
          help: "begin the file with `version: 1`")
      }
      throw ConfigurationErrors(report.sorted())
    }
    var draft = Draft(root, report)
    draft?.check()
    guard !report.hasErrors, let configuration = draft?.build() else { throw ConfigurationErrors(report.sorted()) }
    return ParsedConfiguration(configuration: configuration, warnings: report.sorted())
  }
}
