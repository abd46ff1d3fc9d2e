import ArgumentParser
import CLinux
import Glibc
import NamespaceDiagnosis
import NetworkNamespaces

struct NetnsExec: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "exec",
    abstract: "Run a program in a namespace, also one that is visible only elsewhere.",
    discussion: """
      As `ip netns exec`, with two differences. A namespace that lives only in another mount namespace or in a process is \
      entered through that one. And the mount namespace stays the same: what the program mounts or names below /run/netns \
      is seen by everybody, /sys shows the devices of this namespace's maker, and files in /etc/netns/NAME are not put \
      over those in /etc.

      EXAMPLES
        everway netns exec ovnext -- ip addr
        everway netns exec ovnext -- sh -c 'ss -uan | grep 3784'

      EXIT CODES
        That of the program. 1: the namespace cannot be entered. 126: the program cannot be run. 127: there is no such \
        program.
      """)

  @Argument(help: ArgumentHelp("The namespace's name.", valueName: "name"))
  var name: String

  @OptionGroup var marks: NamespaceMarks

  @Argument(
    parsing: .captureForPassthrough,
    help: ArgumentHelp("The program and its arguments, after --.", valueName: "command"))
  var command: [String]

  func run() throws {
    var words = command
    if words.first == "--" { words.removeFirst() }
    guard let program = words.first else {
      throw ValidationError("which program? everway netns exec \(name) -- COMMAND")
    }
    do throws(SystemCallError) {
      try enter()
    } catch {
      throw CommandError(error)
    }
    var pointers: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
    pointers.append(nil)
    execvp(program, &pointers)
    let code = errno
    standardError("everway: \(program): \(String(cString: strerror(code)))")
    throw ExitCode(code == ENOENT ? 127 : 126)
  }

  /// This process has one thread: what it enters is where the program starts.
  private func enter() throws(SystemCallError) {
    let namespace: NetworkNamespace
    do throws(SystemCallError) {
      namespace = try NetworkNamespace(named: name)
    } catch {
      let evidence = try NamespaceSurvey().evidence(named: name, marks: marks.of(name))
      let sources = NamespaceRepair.make(evidence).sources
      let state = NamespaceState.judge(evidence)
      guard let path = sources.first(where: { $0.inode != nil })?.path else { throw error }
      // Never by a guess: what a command does in the wrong namespace cannot be undone.
      if case .broken(.unpinned(_, isCertain: false)) = state { throw error }
      if case .broken(.disputed) = state { throw error }
      if NamespaceRepair.make(for: state, evidence).question != nil { throw error }
      namespace = try NetworkNamespace(path: path)
    }
    guard cl_setns(namespace.descriptor, Int32(CL_CLONE_NEWNET)) == 0 else {
      throw SystemCallError(
        "enter the network namespace \(name)",
        hint: errno == EPERM ? "this needs CAP_SYS_ADMIN: run as root" : nil)
    }
  }
}
