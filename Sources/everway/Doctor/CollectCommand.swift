import Cluster
import ArgumentParser
import Collectors
import Doctor
import Glibc

struct CollectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "collect",
    abstract: "Write everything that doctor looks at to a file.",
    discussion: """
      For somebody who answers from afar: `everway doctor --bundle FILE` gives the same answer there as here. It is \
      JSON; docs/bundle.md says what is in it. Keys and other secrets are not; addresses and names are.

      EXAMPLES
        everway collect -o node1.json
        kubectl exec -n kube-system POD -- everway collect -o - > node1.json

      EXIT CODES
        0  written; what could not be looked at is noted in it
        2  the command line is wrong
        3  it could not be written
      """)

  @Option(
    name: .shortAndLong, help: ArgumentHelp("Where to write; `-` is standard output.", valueName: "file"),
    completion: .file(extensions: ["json"]))
  var output: String

  @OptionGroup var place: CollectionOptions

  func run() throws {
    let bytes = BundleFile.encode(Progress.gather(try place.collection()))
    if output == "-" {
      writeAll(STDOUT_FILENO, String(decoding: bytes, as: UTF8.self))
    } else if let problem = Self.replace(output, with: bytes) {
      throw CommandError(message: "\(output) could not be written: \(problem)", exitCode: ExitStatus.unreachable)
    }
  }

  /// In one step: nobody sees half of it, and a full disk leaves what was there before.
  /// - Returns: what went wrong.
  static func replace(_ path: String, with bytes: [UInt8]) -> String? {
    let draft = "\(path).\(getpid())"
    let fd = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard fd >= 0 else { return String(cString: strerror(errno)) }
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(fd, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { break }
      rest = rest.dropFirst(count)
    }
    let isWritten = rest.isEmpty && fsync(fd) == 0
    let code = errno
    close(fd)
    guard isWritten, rename(draft, path) == 0 else {
      let text = String(cString: strerror(isWritten ? errno : code))
      unlink(draft)
      return text
    }
    return nil
  }
}
