import ConfigurationFile

/// What `everway check` says to a person.
struct CheckText {
  var file: String
  var diagnostics: [ConfigurationDiagnostic]
  /// Nil when the file is refused.
  var configuration: GatewayConfiguration?
  var isGood: Bool

  /// Every diagnostic with its place, then how many there are.
  func problems(color: Bool) -> String {
    let count = ConfigurationErrors(diagnostics).summary
    let texts = diagnostics.map { color ? colored($0.rendered, $0.severity) : $0.rendered }
    let errors = diagnostics.contains { $0.severity == .error }
    let total = errors ? count : Quantities.count(diagnostics.count, "warning")
    return (texts + ["\(file): \(total)"]).joined(separator: "\n")
  }

  /// `gateway.yaml is good: 1 interface, 3 peers, ...`
  var summary: String {
    guard let configuration else { return "\(file) is not good" }
    let parts = [
      (configuration.interfaces.count, "interface"), (configuration.bfd.peers.count, "BFD peer"),
      (configuration.bfd.allow.count, "allow entry"), (configuration.paths.count, "path"),
      (configuration.groups.count, "group"),
      (configuration.routes.count + configuration.groups.reduce(0) { $0 + $1.routes.count }, "route")
    ]
    let inventory = parts.filter { $0.0 > 0 }
      .map { Quantities.count($0.0, $0.1, $0.1 == "allow entry" ? "allow entries" : nil) }
    return "\(file) is good: " + (inventory.isEmpty ? "it configures nothing" : inventory.joined(separator: ", "))
  }

  /// The first line stands out; what is below explains it.
  private func colored(_ text: String, _ severity: ConfigurationDiagnostic.Severity) -> String {
    let lines = text.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
    guard let first = lines.first else { return text }
    let head = "\u{1b}[\((severity == .error ? Style.bad : .warning).rawValue)m\(first)\u{1b}[0m"
    return lines.count > 1 ? head + "\n" + lines[1] : head
  }
}
