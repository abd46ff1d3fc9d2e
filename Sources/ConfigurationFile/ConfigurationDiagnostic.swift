/// One thing that is wrong with a configuration file, where it is, and what to do about it.
///
/// Codable: this is also its JSON form.
public struct ConfigurationDiagnostic: Hashable, Sendable, Codable {
  public enum Severity: String, Hashable, Sendable, Codable {
    /// The file is refused.
    case error
    /// The file is accepted.
    case warning
  }

  public var severity: Severity
  /// As given to `parse` or `load`.
  public var file: String
  /// 1-based; nil when the whole file is meant (it cannot be read).
  public var line: Int?
  /// 1-based, in characters; nil with `line`.
  public var column: Int?
  /// The field, as `groups[0].paths[2]`; empty for the whole file.
  public var field: String
  /// What is wrong.
  public var message: String
  /// What should be there instead.
  public var expected: String?
  /// What to do: a suggestion for a misspelt word, the corrected value.
  public var help: String?
  /// The offending line, made safe for a terminal; of a very long line the piece around `column`.
  public var source: String?
  /// Where `column` is in `source`, 1-based; nil with `source`.
  public var sourceColumn: Int?
  /// How many characters to underline from `column`: at least 1.
  public var length: Int

  public init(
    severity: Severity = .error, file: String, line: Int? = nil, column: Int? = nil, field: String = "",
    message: String, expected: String? = nil, help: String? = nil, source: String? = nil,
    sourceColumn: Int? = nil, length: Int = 1
  ) {
    self.severity = severity
    self.file = file
    self.line = line
    self.column = column
    self.field = field
    self.message = message
    self.expected = expected
    self.help = help
    self.source = source
    self.sourceColumn = sourceColumn
    self.length = length
  }
}

/// Why a configuration was refused: at least one error, and the warnings beside it, in the order of the file.
public struct ConfigurationErrors: Error, Hashable, Sendable {
  public var diagnostics: [ConfigurationDiagnostic]

  public init(_ diagnostics: [ConfigurationDiagnostic]) { self.diagnostics = diagnostics }
}

/// A configuration that was accepted.
public struct ParsedConfiguration: Hashable, Sendable {
  public var configuration: GatewayConfiguration
  /// In the order of the file.
  public var warnings: [ConfigurationDiagnostic]

  public init(configuration: GatewayConfiguration, warnings: [ConfigurationDiagnostic] = []) {
    self.configuration = configuration
    self.warnings = warnings
  }
}
