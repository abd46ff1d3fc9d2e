import ArgumentParser
import Control

/// What every command that talks to the running everway takes.
struct ControlOptions: ParsableArguments {
  static let defaultSocket = ControlClient.defaultPath

  @Option(
    name: .customLong("socket"),
    help: ArgumentHelp(
      "The control socket of the running everway.",
      discussion: "As `control: {socket: ...}` in its configuration says; whoever may write to it may use it.",
      valueName: "path"))
  var socket = ControlOptions.defaultSocket

  func connect(timeout: Duration = .seconds(5)) throws(CommandError) -> ControlClient {
    do {
      return try ControlClient(path: socket, timeout: timeout)
    } catch {
      throw CommandError(error)
    }
  }

  /// Connects, asks, and makes errors of failures.
  func ask(_ command: ControlCommand, timeout: Duration = .seconds(10)) throws(CommandError) -> ControlResponse {
    let response: ControlResponse
    do {
      var client = try ControlClient(path: socket, timeout: timeout)
      response = try client.send(command, timeout: timeout)
    } catch {
      throw CommandError(error)
    }
    if case .failure(let failure) = response { throw CommandError(failure) }
    return response
  }
}

extension CommandError {
  init(_ error: ControlSocketError) {
    self.init(message: error.message, help: error.help, exitCode: ExitStatus.unreachable)
  }

  init(_ failure: ControlFailure) {
    let code = failure.code == .busy ? ExitStatus.unreachable : ExitStatus.bad
    self.init(message: failure.message, help: failure.help, details: failure.details, exitCode: code)
  }

  /// An answer to another question: the other side is broken, or of another version.
  static let unexpectedAnswer = CommandError(
    message: "the running everway gave an answer to another question",
    help: "see `everway version`; restart it after an upgrade", exitCode: ExitStatus.unreachable)
}
