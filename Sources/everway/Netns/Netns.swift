import ArgumentParser
import ConfigurationFile
import Glibc
import Languages
import NamespaceDiagnosis
import NetworkNamespaces

struct Netns: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "netns",
    abstract: "Look after named network namespaces: what is wrong with one, and mend it.",
    discussion: """
      `ip netns list` shows names; this says what stands behind them. A name is a mount below /run/netns. Mounts are lost, \
      made where the host cannot see them, covered and left over, and then `ip netns exec` says no more than "Invalid \
      argument". A namespace that lives is never lost by a repair.

      EXAMPLES
        everway netns list
        everway netns check ovnext
        everway netns repair ovnext
        everway netns exec ovnext -- ip addr
        everway netns selftest

      EXIT CODES
        0  all is well
        1  a name is broken, or what was asked failed
        2  the command line is wrong
        3  it could not be looked at

      docs/namespaces.md and everway(8) tell more.
      """,
    subcommands: [NetnsList.self, NetnsCheck.self, NetnsRepair.self, NetnsExec.self, NetnsSelfTest.self])
}

/// By what the right namespace is known.
struct NamespaceMarks: ParsableArguments {
  @Option(
    name: .customLong("interface"),
    help: ArgumentHelp(
      "An interface by which the right namespace is known, where several could be meant; may be given again.",
      discussion: "By default those of the configuration when it is about this name, and ovnext0 for ovnext.",
      valueName: "name"))
  var interfaces: [String] = []

  func of(_ name: String) -> [String] {
    if !interfaces.isEmpty { return interfaces }
    // Only a hint: a configuration with errors gives none.
    if let parsed = try? GatewayConfiguration.load(path: ConfigurationOption.defaultFile),
      case .named(name) = parsed.configuration.namespace
    {
      let names = parsed.configuration.interfaces.map(\.name)
      if !names.isEmpty { return names }
    }
    return name == "ovnext" ? ["ovnext0"] : []
  }
}

extension CommandError {
  init(_ error: SystemCallError) {
    var bare = error
    bare.hint = nil
    self.init(message: bare.description, help: error.hint)
  }
}

extension NamespaceState {
  /// As a word of a table.
  func styled(_ language: Language) -> Styled { Styled(label[language], style) }

  var style: Style {
    switch self {
    case .healthy: .good
    case .absent: .dim
    case .broken(let fault): fault.isUsable ? .warning : .bad
    }
  }

  /// Whether the kernel refused to let us look, so that nothing is known.
  var isUnknown: Bool {
    switch self {
    case .broken(.notPermitted), .broken(.inaccessible): true
    default: false
    }
  }
}
