import ConfigurationFile
import Gateway
import Glibc

// What `everway run` does, and no more, for tests that need it in a process of its own.
// Arguments: the configuration file, the directory for the secret.

func fail(_ message: String, _ code: Int32) -> Never {
  let text = "\(message)\n"
  write(2, text, text.utf8.count)
  exit(code)
}

// The doctor that the agent starts: a shell script, which gets its arguments.
if CommandLine.arguments.dropFirst().first == "doctor", let script = getenv("EVERWAY_DOCTOR") {
  let words = ["sh", String(cString: script)] + CommandLine.arguments.dropFirst()
  execv("/bin/sh", words.map { strdup($0) } + [nil])
  fail("cannot start \(words)", 3)
}
guard CommandLine.arguments.count == 3 else { fail("usage: AgentHost CONFIGURATION STATE-DIRECTORY", 64) }
runAwayOnSignal()
do throws(AgentError) {
  var agent = try GatewayAgent(
    GatewayAgent.Options(
      source: .file(CommandLine.arguments[1]), stateDirectory: CommandLine.arguments[2], version: "test"),
    log: EventLog())
  agent.run()
} catch {
  switch error.kind {
  case .configuration(let errors): fail(errors.diagnostics.map(\.rendered).joined(separator: "\n"), 2)
  case .alreadyRunning, .other: fail("\(error)", 1)
  }
}
