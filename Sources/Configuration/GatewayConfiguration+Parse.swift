extension GatewayConfiguration {
  /// Parses the text of a configuration file; reads no file itself.
  ///
  /// - Parameter file: The name to show in diagnostics.
  /// - Throws: ``ConfigurationErrors`` with every error found, not only the first.
  public static func parse(text: String, file: String) throws(ConfigurationErrors) -> ParsedConfiguration {
    throw ConfigurationErrors([ConfigurationDiagnostic(file: file, message: "not implemented yet")])
  }

  /// Reads and parses a configuration file.
  ///
  /// - Throws: ``ConfigurationErrors``, also when the file is missing, unreadable, a directory or larger than 1 MiB.
  public static func load(path: String) throws(ConfigurationErrors) -> ParsedConfiguration {
    throw ConfigurationErrors([ConfigurationDiagnostic(file: path, message: "not implemented yet")])
  }
}
