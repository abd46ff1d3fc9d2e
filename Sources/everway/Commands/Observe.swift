import ArgumentParser
import CLinux
import Control
import Glibc
import Journal
import Observation
import Observer
import OpenMetrics

struct Observe: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Serve what the running everway does over HTTP: a page, an API, an event stream.",
    discussion: """
      Follows the gateway by its control socket, in a process of its own: nothing that happens here touches a BFD \
      session. Goes on when everway is restarted, and tells who watches that it is gone.

      WHO MAY WHAT
        Unix socket     who may write to it may read and change
        loopback        every process of this machine may read; changes (drain, undrain, reload, repair) need a token, or \
      --trust-loopback
        other addresses TLS only, and a token or a client certificate for everything

      PATHS
        /               the page
        /api/v1/...     status, sessions, paths, groups, node, cluster, events, stream, history, report; drain, undrain, reload, \
      repair
        /openapi.json   what the API takes and gives
        /metrics        OpenMetrics
        /livez, /readyz probes

      EXAMPLES
        everway observe
        ssh -L 9479:localhost:9479 gateway    then http://localhost:9479/
        everway observe --listen unix:/run/everway/http.sock --journal /var/lib/everway
        everway observe --listen 0.0.0.0:9479 --tls-certificate tls.crt --tls-key tls.key --token-file token
        curl -H "Authorization: Bearer $(cat token)" -d '{"target":"r1"}' -H 'Content-Type: application/json' \\
             https://gateway:9479/api/v1/drain

      EXIT CODES
        0  told to stop, and stopped
        1  an address or a file cannot be used
        2  the command line is wrong

      SIGNALS
        SIGTERM, SIGINT  stop
      """)

  @Option(
    help: ArgumentHelp(
      "Where to listen; may be given several times.",
      discussion: "An address and a port, as 127.0.0.1:9479 or [::1]:9479, or unix:/path.", valueName: "address"),
    transform: Observe.address)
  var listen: [ListenAddress] = []

  @Option(
    help: ArgumentHelp(
      "The certificate, with those that lead to its authority behind it, as PEM.", valueName: "file"))
  var tlsCertificate: String?

  @Option(help: ArgumentHelp("The certificate's private key, as PEM.", valueName: "file"))
  var tlsKey: String?

  @Option(
    help: ArgumentHelp(
      "Clients with a certificate of these authorities may read and change.", valueName: "file"))
  var clientCa: String?

  @Option(
    help: ArgumentHelp(
      "Clients that know one of these tokens may read and change.",
      discussion: "One token a line, at least 16 characters; # begins a comment. Read again when it changes.",
      valueName: "file"))
  var tokenFile: String?

  @Flag(help: "Let every process of this machine also change things, over loopback.")
  var trustLoopback = false

  @Option(
    help: ArgumentHelp(
      "A further name by which browsers may call a loopback address; may be given several times.",
      discussion: "Others than localhost are refused: an attacker's name can be made to point here.",
      valueName: "name"))
  var hostName: [String] = []

  @Option(
    help: ArgumentHelp(
      "Where another node's observer is; may be given several times. A name with many addresses stands for a node each.",
      discussion: "As https://10.0.0.2:9479. The page then shows the cluster; this node may be among them.",
      valueName: "url"))
  var peer: [String] = []

  @Option(
    help: ArgumentHelp(
      "Certificates of the authorities that the other observers' are signed by, as PEM; the system's when left out.",
      valueName: "file"))
  var peerCa: String?

  @Option(help: ArgumentHelp("A file whose first token the other observers know.", valueName: "file"))
  var peerTokenFile: String?

  @Option(
    help: ArgumentHelp(
      "The name in the other observers' certificates; the host of the URL when left out.", valueName: "name"))
  var peerServerName: String?

  @Option(
    help: ArgumentHelp("Connections to one address, 1 to 10000; more wait.", valueName: "number"))
  var connections = 128

  @Option(help: ArgumentHelp("Clients that follow a stream, 1 to 10000.", valueName: "number"))
  var streams = 64

  @Option(
    help: ArgumentHelp(
      "Bytes that wait for one client of a stream, 65536 or more; who is further behind is dropped, and resumes.",
      valueName: "bytes"))
  var backlog = 16 << 20

  @Flag(help: "Serve nothing: keep the journal only.")
  var noListen = false

  @Option(
    help: ArgumentHelp(
      "Keep the journal in this directory: what `everway history` and `everway report` read.",
      valueName: "directory"))
  var journal: String?

  @Option(help: ArgumentHelp("Bytes of the journal, 1048576 or more; the oldest events go.", valueName: "bytes"))
  var journalSize: Int64 = 256 << 20

  @Option(
    help: ArgumentHelp(
      "Older events go.", discussion: "A number with s, m, h or d, 1h to 3660d.", valueName: "age"),
    transform: Observe.age)
  var journalAge: Int64 = 90 * 86_400

  @Flag(
    help: ArgumentHelp(
      "Give up all privileges, and end when the process that started this one has.", visibility: .hidden))
  var child = false

  @OptionGroup var control: ControlOptions

  private static func address(_ text: String) throws -> ListenAddress {
    do {
      return try ListenAddress(text)
    } catch {
      throw ValidationError(error.description)
    }
  }

  /// Seconds.
  private static func age(_ text: String) throws -> Int64 {
    let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
    guard let unit = text.last.flatMap({ units[$0] }), let number = UInt32(text.dropLast()),
      case let seconds = Int64(number) * unit, (3_600...3_660 * 86_400).contains(seconds)
    else { throw ValidationError("\"\(text)\" is no age: write 1h to 3660d.") }
    return seconds
  }

  func validate() throws {
    guard journalSize >= 1 << 20 else { throw ValidationError("--journal-size must be 1048576 or more.") }
    guard !noListen || listen.isEmpty else { throw ValidationError("--no-listen and --listen do not go together.") }
    guard !noListen || journal != nil else {
      throw ValidationError("--no-listen without --journal leaves nothing to do.")
    }
    guard !peer.isEmpty || (peerCa ?? peerTokenFile ?? peerServerName) == nil else {
      throw ValidationError("--peer-ca, --peer-token-file and --peer-server-name are for --peer.")
    }
    guard backlog >= 65_536 else { throw ValidationError("--backlog must be 65536 or more.") }
    for (name, value) in [("--connections", connections), ("--streams", streams)] {
      guard (1...10_000).contains(value) else { throw ValidationError("\(name) must be 1 to 10000.") }
    }
  }

  func run() throws {
    if child, cl_give_up_privileges() != 0 {
      standardError("observe: keeps its privileges: \(String(cString: strerror(errno)))")
    }
    let kept = journal.map {
      KeptJournal(directory: $0, limits: JournalLimits(size: journalSize, age: journalAge * 1_000_000))
    }
    var options = ObserverOptions(
      socket: control.socket, listen: noListen ? [] : listen.isEmpty ? [.standard] : listen,
      version: Version.current,
      log: { standardError($0) })
    options.certificate = tlsCertificate
    options.privateKey = tlsKey
    options.clientAuthority = clientCa
    options.tokenFile = tokenFile
    options.trustsLoopback = trustLoopback
    options.hostNames = hostName
    if !peer.isEmpty {
      options.cluster = .init(
        peers: peer, authority: peerCa, tokenFile: peerTokenFile, serverName: peerServerName)
    }
    options.recorder = kept
    options.history = kept
    options.endsWithParent = child
    options.limits.connections = connections
    options.limits.streams = streams
    options.limits.backlog = backlog
    options.metrics = { request in
      let dialect = MetricsDialect(accept: request.accept ?? "")
      let findings = request.gateway.report?.findings ?? []
      let watcher = GatewayMetrics.Watcher(
        isConnected: request.isConnected, journal: kept.map { GatewayMetrics.Journal($0.health) },
        findings: findings.map { GatewayMetrics.Finding(id: $0.id, severity: $0.severity) })
      return MetricsAnswer(
        type: dialect.contentType, text: GatewayMetrics.text(request.gateway, watcher, dialect: dialect))
    }
    do throws(ObserverError) {
      try ObserverServer(options).runAndWait { address in
        standardError("observe: listens at \(address.url)")
      }
    } catch {
      throw CommandError(message: error.message, help: error.help)
    }
  }
}

extension ListenAddress {
  /// As a browser takes it; a Unix socket's path.
  fileprivate var url: String {
    switch self {
    case .unix: description
    case .tcp: "\(isLocal ? "http" : "https")://\(description)/"
    }
  }
}
