public import Addresses
import Glibc
import NetworkNamespaces
import Processes
import Synchronization

/// BIRD 2 in a namespace, with a control socket and configuration of its own, running protocol bfd alone.
///
/// BIRD has its intervals on the interface, not on the neighbour: `setIntervals` changes all peers of that interface.
public final class BIRDRouter: BFDPeerDaemon {
  public let kind = "BIRD"
  public var role: String { namespace.role }
  public let namespace: LabNamespace

  private let lab: Lab
  private let directory: String
  private struct State {
    var peers: [BFDPeer]
    var authentication: [String: BIRDAuthentication] = [:]
    var bird: LabProcess?
  }
  private let state: Mutex<State>

  /// A daemon that runs there already, started by whichever process, is taken over.
  /// - Parameter peers: configured from the next start on.
  public init(lab: Lab, namespace: LabNamespace, peers: [BFDPeer] = []) {
    self.lab = lab
    self.namespace = namespace
    self.directory = "\(lab.directory)/\(namespace.role)"
    self.state = Mutex(State(peers: peers, bird: lab.runningProcess("\(namespace.role)/bird")))
  }

  public var isRunning: Bool { process?.isRunning ?? false }
  private var process: LabProcess? { state.withLock { $0.bird } }

  public func start() throws(LabError) {
    guard !isRunning else { return }
    _ = try lab.makeDirectory(role)
    unlink("\(directory)/bird.ctl")
    try writeConfiguration()
    let bird = try lab.start(
      Command(
        "bird",
        ["-f", "-c", "\(directory)/bird.conf", "-s", "\(directory)/bird.ctl", "-P", "\(directory)/bird.pid"]),
      in: namespace, label: "\(role)/bird", outputName: "\(role)/bird.out")
    state.withLock { $0.bird = bird }
    let ready = waitUntil(timeout: .seconds(20), every: .milliseconds(10)) {
      !bird.isRunning || (Files.exists("\(directory)/bird.ctl") && (try? sessions()) != nil)
    }
    guard bird.isRunning else { throw bird.error("ended while starting") }
    guard ready else { throw bird.error("did not answer within 20 s") }
  }

  public func stop() { process?.terminate() }
  public func kill() { process?.kill() }
  public func pause() { process?.pause() }
  public func resume() { process?.resume() }

  // MARK: Asking and changing

  public func sessions() throws(LabError) -> [PeerSessionView] {
    BIRDSessions.parse(try birdc("show bfd sessions"))
  }

  /// Runs one command of BIRD's shell.
  /// - Throws: `LabError` with what it said when it refuses.
  @discardableResult public func birdc(_ command: String) throws(LabError) -> String {
    let output = try Command("birdc", ["-s", "\(directory)/bird.ctl", command]).run()
    let refusals = ["syntax error", "Unable to", "Reconfiguration failed", "/bird.conf:"]
    if let line = Files.lines(output).first(where: { line in refusals.contains { line.contains($0) } }) {
      throw LabError("BIRD in \(role) refuses `\(command)`: \(line)", output: Files.lines(output).suffix(5))
    }
    return output
  }

  /// Changes the numbers of all peers on the peer's interface.
  public func setIntervals(_ timers: BFDTimers, of peer: IPAddress) throws(LabError) {
    try reconfigure { peers in
      guard let interface = peers.first(where: { $0.address == peer })?.interface else { return false }
      for index in peers.indices where peers[index].interface == interface { peers[index].timers = timers }
      return true
    }
  }

  /// - Throws: always. BIRD 2.0 has no way to take one session administratively down.
  public func adminDown(_ peer: IPAddress) throws(LabError) {
    throw LabError("BIRD cannot take a session administratively down; use `disable` for the whole protocol")
  }

  /// - Throws: always, see `adminDown`.
  public func adminUp(_ peer: IPAddress) throws(LabError) { try adminDown(peer) }

  /// Authenticates all peers on an interface; nil ends that. Counts from the next start on, or at once when it runs.
  public func authenticate(_ interface: String, _ authentication: BIRDAuthentication?) throws(LabError) {
    state.withLock { $0.authentication[interface] = authentication }
    guard isRunning else { return }
    try writeConfiguration()
    try birdc("configure")
  }

  /// Shuts protocol bfd down, with what BIRD says to its peers when it goes.
  public func disable() throws(LabError) { try birdc("disable lab") }
  /// Starts protocol bfd again.
  public func enable() throws(LabError) { try birdc("enable lab") }

  /// Adds a peer to the running daemon, and for its next start.
  public func add(_ peer: BFDPeer) throws(LabError) {
    try reconfigure { peers in
      peers.append(peer)
      return true
    }
  }

  /// Removes a peer.
  public func remove(_ address: IPAddress) throws(LabError) {
    try reconfigure { peers in
      peers.removeAll { $0.address == address }
      return true
    }
  }

  /// - Parameter edit: says whether it found what it wanted to change.
  private func reconfigure(_ edit: (inout [BFDPeer]) -> Bool) throws(LabError) {
    guard state.withLock({ edit(&$0.peers) }) else { throw LabError("BIRD in \(role) has no such peer") }
    try writeConfiguration()
    if isRunning { try birdc("configure") }
  }

  private func writeConfiguration() throws(LabError) {
    let (peers, authentication) = state.withLock { ($0.peers, $0.authentication) }
    let text = BIRDConfiguration.text(
      logPath: "\(directory)/bird.log", peers: peers, authentication: authentication)
    try systemCall { () throws(SystemCallError) in try Files.write(text, to: "\(directory)/bird.conf") }
  }
}

/// BIRD's configuration language, as far as the lab speaks it.
enum BIRDConfiguration {
  static func text(
    logPath: String, peers: [BFDPeer], authentication: [String: BIRDAuthentication] = [:]
  ) -> String {
    var lines = [
      "router id 10.255.255.1;", "log \"\(logPath)\" all;", "protocol device { }", "protocol bfd lab {"
    ]
    var seen: Set<String> = []
    for peer in peers {
      let place = peer.isMultihop ? "multihop" : "interface \"\(peer.interface ?? "*")\""
      guard seen.insert(place).inserted else { continue }
      lines += [
        "  \(place) {"
      ]
      if let interface = peer.interface { lines += authentication[interface]?.lines ?? [] }
      lines += [
        "    min tx interval \(peer.timers.transmitMilliseconds) ms;",
        "    min rx interval \(peer.timers.receiveMilliseconds) ms;",
        "    idle tx interval 1 s;", "    multiplier \(peer.timers.multiplier);",
        "    passive \(peer.isPassive ? "yes" : "no");", "  };"
      ]
    }
    for peer in peers {
      var words = ["  neighbor \(peer.address)"]
      if let interface = peer.interface, !peer.isMultihop { words.append("dev \"\(interface)\"") }
      if let local = peer.local { words.append("local \(local)") }
      if peer.isMultihop { words.append("multihop yes") }
      lines.append(words.joined(separator: " ") + ";")
    }
    return (lines + ["}"]).joined(separator: "\n") + "\n"
  }
}

/// Reads what BIRD prints for `show bfd sessions` (BIRD 2.0).
enum BIRDSessions {
  /// Lines are `ADDRESS INTERFACE STATE SINCE INTERVAL TIMEOUT`, the last two in seconds; all others are headings.
  static func parse(_ text: String) -> [PeerSessionView] {
    Files.lines(text).compactMap { line -> PeerSessionView? in
      let words = line.split(separator: " ")
      guard words.count >= 6, let peer = IPAddress(words[0]), let state = PeerState(rawValue: String(words[2]))
      else { return nil }
      var view = PeerSessionView(peer: peer, state: state)
      view.interface = words[1] == "---" ? nil : String(words[1])
      view.transmitMilliseconds = Double(words[words.count - 2]).map { $0 * 1000 }
      view.detectionMilliseconds = Double(words[words.count - 1]).map { $0 * 1000 }
      return view
    }.sorted { $0.peer < $1.peer }
  }
}
