import ArgumentParser
import ClusterAgent
import ClusterSources
import ConfigurationFile
import Gateway
import Glibc
import Runtime

struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Be the gateway that a configuration file describes, until told to stop.",
    discussion: """
      Makes the namespace, interfaces, routes and next-hop groups what the file asks for, speaks BFD with every peer, \
      and keeps every group down to the paths that work. Stays in the foreground; what happens is written to standard \
      error. What cannot be done is told, with what to do, and tried again; the rest goes on.

      Needs root, or CAP_NET_ADMIN and CAP_SYS_ADMIN, with probes also CAP_NET_RAW, with real-time scheduling also \
      CAP_SYS_NICE.

      SIGNALS
        SIGTERM, SIGINT  drain first, then stop; once more: stop at once
        SIGHUP           read the configuration again, as `everway reload`
        After SIGKILL routes stay in place, and the next start adopts them.

      EXAMPLES
        everway check gateway.yaml && everway run --config gateway.yaml
        everway run --kube-ovn --node node1

      EXIT CODES
        0  told to stop, and stopped
        1  could not start; nothing has been changed
        2  the command line is wrong

      FILES
        \(ConfigurationOption.defaultFile)
                       the configuration
        \(ControlOptions.defaultSocket)
                       the control socket, unless the configuration moves it
        \(Run.defaultStateDirectory)
                       the secret that BFD discriminators derive from
      """)

  static let defaultStateDirectory = "/var/lib/everway"

  @OptionGroup var file: ConfigurationOption

  @Option(
    help: ArgumentHelp(
      "Where to keep what outlives a restart.",
      discussion: "Peers do not notice a restart while the secret in here is the same.", valueName: "directory"))
  var stateDirectory = Run.defaultStateDirectory

  @Option(
    help: ArgumentHelp(
      "How to write the log: auto, text, json or journald.",
      discussion: """
        auto: with fields of its own to systemd's journal where standard error leads there, else text. json is one \
        object a line.
        """, valueName: "format"))
  var logFormat = LogFormatChoice.auto

  @Option(
    help: ArgumentHelp(
      "How BFD packets go in and out: auto, sockets, packet or xdp.",
      discussion: """
        auto takes the fastest that the kernel and this process's capabilities allow; status shows which, and why not \
        more. Without the option what realtime.engine of the configuration says.
        """, valueName: "engine"))
  var engine: EngineChoice?

  @Option(help: ArgumentHelp("When to use colour in the log.", valueName: "when"))
  var color = ColorChoice.auto

  @OptionGroup(title: "A node of a Kube-OVN cluster") var kubeOVN: KubeOVNArguments

  func run() throws {
    MemoryUse.returnLargeBlocks()
    let log = EventLog(
      descriptor: STDERR_FILENO, isColoured: color.applies(to: STDERR_FILENO),
      format: logFormat.format(of: STDERR_FILENO))
    guard kubeOVN.isKubeOVN else { return try run(.file(file.config), log) {} }
    // Only a file that was asked for must be there.
    let hasFile = file.config != ConfigurationOption.defaultFile || access(file.config, F_OK) == 0
    let options = try kubeOVN.options(base: hasFile ? try file.load() : GatewayConfiguration())
    let name = "Kube-OVN, node \(options.cluster.nodeName)"
    let live = try LiveConfiguration(base: options.liveBase, name: name)
    let agent = ClusterAgent(options, configuration: live, log: log)
    try run(.live(live), log) { try agent.start() }
    agent.stop()
  }

  /// - Parameter start: called once the gateway's agent has taken the signals.
  private func run(_ source: ConfigurationSource, _ log: EventLog, start: () throws -> Void) throws {
    let options = GatewayAgent.Options(
      source: source, stateDirectory: stateDirectory, version: Version.current, engine: engine?.engine)
    do throws(AgentError) {
      var agent = try GatewayAgent(options, log: log)
      do { try start() } catch { throw AgentError(.other, "\(error)") }
      agent.run()
    } catch {
      if case .configuration(let errors) = error.kind { standardError(errors.rendered) }
      throw CommandError(message: error.message)
    }
  }
}

/// `--engine`.
enum EngineChoice: String, ExpressibleByArgument, CaseIterable {
  case auto, sockets, packet, xdp

  var engine: GatewayConfiguration.Engine {
    switch self {
    case .auto: .auto
    case .sockets: .sockets
    case .packet: .packet
    case .xdp: .xdp
    }
  }
}

/// `--log-format`.
enum LogFormatChoice: String, ExpressibleByArgument, CaseIterable {
  case auto, text, json, journald

  func format(of descriptor: Int32) -> LogFormat {
    switch self {
    case .auto: LogFormat.suiting(descriptor, journalStream: getenv("JOURNAL_STREAM").map { String(cString: $0) })
    case .text: .text
    case .json: .json
    case .journald: .journald
    }
  }
}

/// `--config`.
struct ConfigurationOption: ParsableArguments {
  static let defaultFile = "/etc/everway/gateway.yaml"

  @Option(
    name: .shortAndLong, help: ArgumentHelp("The configuration file.", valueName: "file"),
    completion: .file(extensions: ["yaml", "yml"]))
  var config = ConfigurationOption.defaultFile

  /// The file's content; its warnings go to standard error.
  func load() throws(CommandError) -> GatewayConfiguration {
    do {
      let parsed = try GatewayConfiguration.load(path: config)
      for warning in parsed.warnings { standardError(warning.rendered) }
      return parsed.configuration
    } catch {
      standardError(error.rendered)
      throw CommandError(message: "\(config) was refused")
    }
  }
}
