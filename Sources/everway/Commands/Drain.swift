import ArgumentParser
import ConfigurationFile
import Control
import Glibc

struct Drain: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Take this node, a path or a peer out of service without losing a packet.",
    discussion: """
      Without a name, the whole node: its BFD peers are told AdminDown, or for OVN hear nothing more, and move their \
      traffic away, while this node goes on forwarding until they have. With the name of a path or peer, only that: the path leaves its groups, the \
      peer is told.

      It stays so until `everway undrain`, or until everway is started anew. `everway status` shows it.

      EXAMPLES
        everway drain --wait && systemctl stop everway
        everway drain r1

      EXIT CODES
        0  out of service, or on its way there
        1  no such path or peer; with --wait also: not out of service in time
        2  the command line is wrong
        3  the running everway cannot be reached
      """)

  @Argument(help: ArgumentHelp("A path or peer, by its name in the configuration.", valueName: "name"))
  var name: String?

  @Flag(name: .shortAndLong, help: "Come back when it is out of service.")
  var wait = false

  @Option(help: ArgumentHelp("How long to wait at most with --wait.", valueName: "time"))
  var timeout = PollInterval.minute

  @OptionGroup var control: ControlOptions

  func run() throws {
    guard case .drain(let outcome) = try control.askAboutTarget(.drain(target: name)) else {
      throw CommandError.unexpectedAnswer
    }
    outcome.show()
    guard wait, outcome.state != .drained else { return }
    var waited = Duration.zero
    let step = Duration.milliseconds(200)
    while waited < timeout.duration {
      usleep(200_000)
      waited += step
      guard case .status(let report) = try control.ask(.status) else { throw CommandError.unexpectedAnswer }
      switch report.drainState(of: name) {
      case .drained:
        writeAll(STDOUT_FILENO, "\(name ?? "this node") is out of service\n")
        return
      case .draining: continue
      case .none:
        throw CommandError(message: "\(name ?? "this node") is back in service: somebody has undrained it")
      }
    }
    throw CommandError(
      message: "\(name ?? "this node") is still being drained",
      help: "wait longer with --timeout, or see everway status")
  }
}

struct Undrain: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Bring back what was drained.",
    discussion: """
      Without a name, the whole node and everything on it that was drained by name. BFD sessions come up again, paths \
      return after their hold-down.

      EXAMPLES
        everway undrain
        everway undrain r1

      EXIT CODES
        0  in service, or on its way there
        1  no such path or peer
        2  the command line is wrong
        3  the running everway cannot be reached
      """)

  @Argument(help: ArgumentHelp("A path or peer, by its name in the configuration.", valueName: "name"))
  var name: String?

  @OptionGroup var control: ControlOptions

  func run() throws {
    guard case .drain(let outcome) = try control.askAboutTarget(.undrain(target: name)) else {
      throw CommandError.unexpectedAnswer
    }
    outcome.show()
  }
}

extension PollInterval {
  static let minute = PollInterval(argument: "1m") ?? .second
}

extension StatusReport {
  /// Of a path or peer; nil: of the node.
  func drainState(of target: String?) -> DrainState {
    guard let target else { return drain.state }
    return drain.targets.first { $0.name == target }?.state ?? .none
  }
}

extension DrainOutcome {
  fileprivate func show() {
    writeAll(STDOUT_FILENO, ([message] + notes.map { "  \($0)" }).joined(separator: "\n") + "\n")
  }
}

extension ControlOptions {
  /// Adds a suggestion to the error about a name that there is not.
  fileprivate func askAboutTarget(_ command: ControlCommand) throws(CommandError) -> ControlResponse {
    let response: ControlResponse
    do {
      var client = try ControlClient(path: socket)
      response = try client.send(command)
    } catch {
      throw CommandError(error)
    }
    guard case .failure(let failure) = response else { return response }
    throw CommandError(failure, to: command)
  }
}

extension CommandError {
  /// For a name that there is not: what was meant, and what there is.
  init(_ failure: ControlFailure, to command: ControlCommand) {
    self.init(failure)
    let target: String?
    switch command {
    case .drain(let name), .undrain(let name): target = name
    case .capture(let request): target = request.peers.first { !failure.details.contains($0) }
    case .status, .reload, .repair, .observe, .version, .ping: target = nil
    }
    guard failure.code == .unknownTarget, let target else { return }
    let names = failure.details
    details =
      names.isEmpty ? ["  there are no paths and no peers"] : ["  there are: \(names.joined(separator: ", "))"]
    help = Suggestion.help(for: target, among: names) ?? failure.help
  }
}
