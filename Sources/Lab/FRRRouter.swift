public import Addresses
import Glibc
import NetworkNamespaces
import Processes
import Synchronization

/// FRR's zebra and bfdd in a namespace, with sockets, pid files and configuration of their own: the machine's FRR, if
/// any, is not touched.
public final class FRRRouter: BFDPeerDaemon {
  public let kind = "FRR"
  public var role: String { namespace.role }
  public let namespace: LabNamespace

  private let lab: Lab
  private let directory: String
  private struct State {
    var peers: [BFDPeer]
    var zebra: LabProcess?
    var bfdd: LabProcess?
  }
  private let state: Mutex<State>

  /// Daemons that run there already, started by whichever process, are taken over.
  /// - Parameter peers: configured from the next start on.
  public init(lab: Lab, namespace: LabNamespace, peers: [BFDPeer] = []) {
    self.lab = lab
    self.namespace = namespace
    self.directory = "\(lab.directory)/\(namespace.role)"
    self.state = Mutex(
      State(
        peers: peers, zebra: lab.runningProcess("\(namespace.role)/zebra"),
        bfdd: lab.runningProcess("\(namespace.role)/bfdd")))
  }

  public var isRunning: Bool { state.withLock { $0.bfdd?.isRunning ?? false } }

  public func start() throws(LabError) {
    guard !isRunning else { return }
    _ = try lab.makeDirectory(namespace.role)
    guard let user = getpwnam("frr") else {
      throw LabError("there is no user 'frr' on this machine: install FRR with `apt-get install frr`")
    }
    chown(directory, user.pointee.pw_uid, user.pointee.pw_gid)
    if !state.withLock({ $0.zebra?.isRunning ?? false }) { try startZebra() }
    try startBFDD()
  }

  /// bfdd asks zebra for the interfaces.
  private func startZebra() throws(LabError) {
    let socket = "\(directory)/zserv.api"
    unlink(socket)
    try write("hostname \(role)\n", "zebra.conf")
    let zebra = try launch("zebra", ["-f", "\(directory)/zebra.conf", "-i", "\(directory)/zebra.pid"])
    state.withLock { $0.zebra = zebra }
    try wait(for: zebra) { Files.exists(socket) }
  }

  private func startBFDD() throws(LabError) {
    unlink("\(directory)/bfdd.vty")
    try write(FRRConfiguration.text(role: role, peers: state.withLock { $0.peers }), "bfdd.conf")
    let bfdd = try launch(
      "bfdd",
      ["-f", "\(directory)/bfdd.conf", "-i", "\(directory)/bfdd.pid", "--bfdctl", "\(directory)/bfdd.sock"])
    state.withLock { $0.bfdd = bfdd }
    // It opens the terminal's socket before it has read the peers, and answers after.
    try wait(for: bfdd) { Files.exists("\(directory)/bfdd.vty") && (try? vtysh(["show bfd peers json"])) != nil }
  }

  private func launch(_ program: String, _ arguments: [String]) throws(LabError) -> LabProcess {
    let common = [
      "-u", "frr", "-g", "frr", "--vty_socket", directory, "-z", "\(directory)/zserv.api", "-A", "127.0.0.1", "-P",
      "0",
      "--log", "stdout"
    ]
    return try lab.start(
      Command(program, common + arguments), in: namespace, label: "\(role)/\(program)",
      outputName: "\(role)/\(program).log")
  }

  private func wait(for process: LabProcess, _ condition: () -> Bool) throws(LabError) {
    let ready = waitUntil(timeout: .seconds(20), every: .milliseconds(10)) { condition() || !process.isRunning }
    guard process.isRunning else { throw process.error("ended while starting") }
    guard ready else { throw process.error("did not answer within 20 s") }
  }

  public func stop() {
    let (bfdd, zebra) = processes()
    bfdd?.terminate()
    zebra?.terminate()
  }

  public func kill() {
    let (bfdd, zebra) = processes()
    bfdd?.kill()
    zebra?.kill()
  }

  public func pause() { processes().bfdd?.pause() }
  public func resume() { processes().bfdd?.resume() }

  private func processes() -> (bfdd: LabProcess?, zebra: LabProcess?) { state.withLock { ($0.bfdd, $0.zebra) } }

  // MARK: Asking and changing

  public func sessions() throws(LabError) -> [PeerSessionView] {
    try FRRSessions.parse(
      peers: vtysh(["show bfd peers json"]), counters: vtysh(["show bfd peers counters json"]))
  }

  /// Runs commands of FRR's shell against bfdd.
  /// - Returns: what it printed.
  @discardableResult public func vtysh(_ commands: [String]) throws(LabError) -> String {
    let arguments = ["--vty_socket", directory, "-d", "bfdd"] + commands.flatMap { ["-c", $0] }
    let output = try Command("vtysh", arguments).run()
    if let complaint = Files.lines(output).first(where: { $0.hasPrefix("%") }) {
      throw LabError("FRR in \(role) refuses `\(commands.joined(separator: "; "))`: \(complaint)")
    }
    return output
  }

  public func setIntervals(_ timers: BFDTimers, of peer: IPAddress) throws(LabError) {
    try change(peer) { $0.timers = timers }
  }

  public func adminDown(_ peer: IPAddress) throws(LabError) { try change(peer) { $0.isShutDown = true } }
  public func adminUp(_ peer: IPAddress) throws(LabError) { try change(peer) { $0.isShutDown = false } }

  /// Changes a peer in the running daemon, and for its next start.
  public func change(_ address: IPAddress, _ edit: (inout BFDPeer) -> Void) throws(LabError) {
    let changed = state.withLock { state -> BFDPeer? in
      guard let index = state.peers.firstIndex(where: { $0.address == address }) else { return nil }
      edit(&state.peers[index])
      return state.peers[index]
    }
    guard let changed else { throw LabError("FRR in \(role) has no peer \(address)") }
    guard isRunning else { return }
    try vtysh(
      ["configure terminal", "bfd", FRRConfiguration.heading(changed)] + FRRConfiguration.settings(changed))
  }

  /// Adds a peer to the running daemon, and for its next start.
  public func add(_ peer: BFDPeer) throws(LabError) {
    state.withLock { $0.peers.append(peer) }
    guard isRunning else { return }
    try vtysh(["configure terminal", "bfd", FRRConfiguration.heading(peer)] + FRRConfiguration.settings(peer))
  }

  /// Removes a peer.
  public func remove(_ address: IPAddress) throws(LabError) {
    let gone = state.withLock { state -> BFDPeer? in
      guard let index = state.peers.firstIndex(where: { $0.address == address }) else { return nil }
      return state.peers.remove(at: index)
    }
    guard let gone, isRunning else { return }
    try vtysh(["configure terminal", "bfd", "no " + FRRConfiguration.heading(gone)])
  }

  private func write(_ text: String, _ name: String) throws(LabError) {
    try systemCall { () throws(SystemCallError) in try Files.write(text, to: "\(directory)/\(name)") }
  }
}

/// FRR's configuration language, as far as the lab speaks it.
enum FRRConfiguration {
  static func text(role: String, peers: [BFDPeer]) -> String {
    var lines = ["hostname \(role)", "bfd"]
    for peer in peers {
      lines.append(" " + heading(peer))
      lines += settings(peer).map { "  " + $0 }
      lines.append(" exit")
    }
    return (lines + ["exit"]).joined(separator: "\n") + "\n"
  }

  /// The line that names a peer; the same line enters it in the running daemon.
  static func heading(_ peer: BFDPeer) -> String {
    var words = ["peer \(peer.address)"]
    if peer.isMultihop { words.append("multihop") }
    if let local = peer.local { words.append("local-address \(local)") }
    if let interface = peer.interface { words.append("interface \(interface)") }
    return words.joined(separator: " ")
  }

  /// Every setting, also those with default values: so the same lines change a peer that had others.
  static func settings(_ peer: BFDPeer) -> [String] {
    var lines = [
      "transmit-interval \(peer.timers.transmitMilliseconds)",
      "receive-interval \(peer.timers.receiveMilliseconds)",
      "detect-multiplier \(peer.timers.multiplier)",
      peer.isPassive ? "passive-mode" : "no passive-mode",
      peer.isShutDown ? "shutdown" : "no shutdown"
    ]
    if let ttl = peer.minimumTTL, peer.isMultihop { lines.append("minimum-ttl \(ttl)") }
    return lines
  }
}
