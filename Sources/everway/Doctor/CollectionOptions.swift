import Cluster
import ClusterSources
import ArgumentParser
import Collectors
import ConfigurationFile
import Doctor
import Glibc

/// What to look at: shared by doctor, collect and preflight.
struct CollectionOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The gateway's namespace.", discussion: "By default the configuration's, or ovnext where there is one.",
      valueName: "name"))
  var namespace: String?

  @Option(
    help: ArgumentHelp(
      "The interface towards OVN.", discussion: "By default the configuration's first, or ovnext0 in ovnext.",
      valueName: "name"))
  var interface: String?

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "Everway's configuration: what this node is meant to be.",
      discussion: "\(ConfigurationOption.defaultFile) when it is there.", valueName: "file"),
    completion: .file(extensions: ["yaml", "yml"]))
  var config: String?

  @OptionGroup var control: ControlOptions

  @OptionGroup(title: "The cluster") var cluster: ClusterConnectionOptions

  @Flag(help: "Send nothing to find out: no ARP, no echo request.")
  var passive = false

  func collection() throws(CommandError) -> Collection {
    var collection = Collection(everwayVersion: Version.current)
    collection.namespace = namespace
    collection.interface = interface
    collection.sendsProbes = !passive
    collection.clusterOptions = cluster.cluster
    let file = config ?? ConfigurationOption.defaultFile
    if config != nil || access(file, F_OK) == 0 {
      do throws(ConfigurationErrors) {
        collection.configuration = try GatewayConfiguration.load(path: file).configuration
        collection.configurationFile = file
      } catch {
        standardError(error.rendered)
        throw CommandError(message: "\(file) was refused", exitCode: ExitStatus.unreachable)
      }
    }
    collection.controlSocket =
      control.socket == ControlOptions.defaultSocket
      ? collection.configuration?.control.socket ?? control.socket : control.socket
    return collection
  }
}

/// Facts from a file or standard input.
enum BundleInput {
  static func read(_ path: String) throws(CommandError) -> Facts {
    let name = path == "-" ? "<stdin>" : path
    let fd = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
    guard fd >= 0 else {
      throw CommandError(
        message: "\(path) cannot be read: \(String(cString: strerror(errno)))", exitCode: ExitStatus.unreachable)
    }
    defer { if fd != STDIN_FILENO { close(fd) } }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while bytes.count <= BundleFile.maximumSize {
      let count = Glibc.read(fd, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else {
        throw CommandError(
          message: "\(name) cannot be read: \(String(cString: strerror(errno)))", exitCode: ExitStatus.unreachable)
      }
      if count == 0 { break }
      bytes += chunk[..<count]
    }
    guard bytes.count <= BundleFile.maximumSize else {
      throw CommandError(
        message: "\(name) is no bundle: it is larger than \(BundleFile.maximumSize >> 20) MiB",
        exitCode: ExitStatus.unreachable)
    }
    do throws(BundleFile.Failure) {
      return try BundleFile.decode(bytes)
    } catch {
      throw CommandError(
        message: "\(name) cannot be used: \(error.message)", help: "write one with `everway collect -o FILE`",
        exitCode: ExitStatus.unreachable)
    }
  }
}

/// Says on a terminal what is being looked at.
enum Progress {
  static func gather(_ collection: Collection) -> Facts {
    guard isatty(STDERR_FILENO) == 1 else { return collection.gather() }
    defer { writeAll(STDERR_FILENO, "\r\u{1b}[K") }
    return collection.gather { writeAll(STDERR_FILENO, "\r\u{1b}[Klooking at \($0)...") }
  }
}
