public import Addresses
import Glibc
import NetworkNamespaces
import Processes
import Synchronization

/// One node of an OVN cluster in a namespace: ovsdb-server, ovs-vswitchd with the userspace datapath (no kernel module
/// is needed), and ovn-controller.
public final class OVNChassis: Sendable {
  public let namespace: LabNamespace
  /// Its name in OVN: the namespace's role.
  public var name: String { namespace.role }
  public let central: OVNCentral

  private let directory: String
  private let options: Options
  private let processes: Mutex<[String: LabProcess]>

  public struct Options: Sendable {
    /// May be named as a gateway chassis.
    public var isGateway: Bool
    /// OVN's name of each physical network that reaches this node, and the bridge it ends at. The bridge is made.
    public var bridgeMappings: [String: String]
    /// Where other chassis send their Geneve packets to. With several chassis it must be on a bridge of the userspace
    /// datapath in this namespace; one that is alone needs none.
    public var tunnelAddress: IPAddress

    public init(
      isGateway: Bool = true, bridgeMappings: [String: String] = [:],
      tunnelAddress: IPAddress = .v4(IPv4Address(127, 0, 0, 1))
    ) {
      self.isGateway = isGateway
      self.bridgeMappings = bridgeMappings
      self.tunnelAddress = tunnelAddress
    }
  }

  private static let daemons = ["ovsdb", "vswitchd", "controller"]

  /// Daemons that run there already, started by whichever process, are taken over.
  public init(namespace: LabNamespace, central: OVNCentral, options: Options = Options()) {
    self.namespace = namespace
    self.central = central
    self.options = options
    directory = "\(central.lab.directory)/\(namespace.role)"
    var running: [String: LabProcess] = [:]
    for name in Self.daemons { running[name] = central.lab.runningProcess("\(namespace.role)/\(name)") }
    processes = Mutex(running)
  }

  // MARK: Its life

  /// Starts what does not run.
  public func start() throws(LabError) {
    _ = try central.lab.makeDirectory(name)
    if !isRunning("ovsdb") { try startDatabase() }
    if !isRunning("vswitchd") {
      try start(
        "vswitchd", "ovs-vswitchd", ["unix:\(directory)/db.sock", "--unixctl=\(directory)/vswitchd.ctl"])
    }
    // vsctl waits for vswitchd to have made the bridges.
    try vsctl(
      "--may-exist", "add-br", "br-int", "--", "set", "bridge", "br-int", "datapath_type=netdev",
      "fail-mode=secure",
      "other-config:disable-in-band=true")
    for bridge in Set(options.bridgeMappings.values).sorted() {
      try vsctl("--may-exist", "add-br", bridge, "--", "set", "bridge", bridge, "datapath_type=netdev")
    }
    try startController()
  }

  private func startDatabase() throws(LabError) {
    let file = "\(directory)/conf.db"
    if !Files.exists(file) {
      try Command("ovsdb-tool", ["create", file, "/usr/share/openvswitch/vswitch.ovsschema"]).run()
    }
    unlink("\(directory)/db.sock")  // a killed one leaves it
    try start(
      "ovsdb", "ovsdb-server",
      [file, "--remote=punix:\(directory)/db.sock", "--unixctl=\(directory)/ovsdb.ctl"])
    try OVSProcess.wait(for: processes.withLock { $0["ovsdb"] }) { Files.exists("\(directory)/db.sock") }
    try vsctl("--no-wait", "init")
    let mappings = options.bridgeMappings.map { "\($0.key):\($0.value)" }.sorted().joined(separator: ",")
    var settings = [
      "system-id=\(name)", "hostname=\(name)", "ovn-remote=\"\(central.southbound)\"", "ovn-encap-type=geneve",
      "ovn-encap-ip=\(options.tunnelAddress)", "ovn-bridge-datapath-type=netdev"
    ]
    if !mappings.isEmpty { settings.append("ovn-bridge-mappings=\"\(mappings)\"") }
    if options.isGateway { settings.append("ovn-cms-options=enable-chassis-as-gw") }
    try vsctl(["--no-wait", "set", "Open_vSwitch", "."] + settings.map { "external_ids:\($0)" })
  }

  /// Starts ovn-controller alone, which is the one that speaks BFD.
  public func startController() throws(LabError) {
    guard !isRunning("controller") else { return }
    try start("controller", "ovn-controller", ["unix:\(directory)/db.sock"])
  }

  /// SIGTERM: it takes its ports and its row with it, as for an upgrade without `--restart`.
  public func stopController() { process("controller")?.terminate() }
  /// SIGKILL: its rows stay as they are.
  public func killController() { process("controller")?.kill() }
  /// SIGSTOP: alive, but silent.
  public func pauseController() { process("controller")?.pause() }
  /// SIGCONT.
  public func resumeController() { process("controller")?.resume() }

  /// SIGKILL of ovs-vswitchd, which has the internal ports of the userspace datapath; `start` starts another.
  public func killSwitch() { process("vswitchd")?.kill() }

  /// SIGKILL of all three daemons.
  public func kill() { for name in Self.daemons.reversed() { process(name)?.kill() } }

  /// Prints a line with `event=` for each OpenFlow rule of br-int that comes, changes or goes; on its standard error.
  var flowMonitor: Command {
    Command(
      "ovs-ofctl", ["monitor", "br-int", "watch:!initial"],
      environment: ["OVS_RUNDIR": directory, "OVN_RUNDIR": directory])
  }

  /// The last lines that ovn-controller wrote.
  public func controllerLog(_ lines: Int = 20) -> [String] { process("controller")?.lastLines(lines) ?? [] }

  private func process(_ name: String) -> LabProcess? { processes.withLock { $0[name] } }
  private func isRunning(_ name: String) -> Bool { process(name)?.isRunning ?? false }

  private func start(_ name: String, _ program: String, _ arguments: [String]) throws(LabError) {
    let process = try central.lab.start(
      OVSProcess.command(
        program, arguments + ["--pidfile=\(directory)/\(name).pid", "--overwrite-pidfile"], directory: directory),
      in: namespace, label: "\(self.name)/\(name)", outputName: "\(self.name)/\(name).log")
    processes.withLock { $0[name] = process }
  }

  // MARK: Ports

  /// Puts the address of this node's end of the Geneve tunnels on a bridge of the datapath, with `interface` as its way to
  /// the other nodes: the userspace datapath sends tunnels by its own bridges only. Doing it twice is fine.
  public func connectTunnels(by interface: String) throws(LabError) {
    try vsctl(
      "--may-exist", "add-br", "br-phy", "--", "set", "bridge", "br-phy", "datapath_type=netdev", "--",
      "--may-exist",
      "add-port", "br-phy", interface)
    try namespace.ip("addr replace \(options.tunnelAddress)/24 dev br-phy", "link set br-phy up")
    try Self.finishChecksums("br-phy", in: namespace)
  }

  /// `ovs-vsctl` on this node's database.
  @discardableResult public func vsctl(_ arguments: String...) throws(LabError) -> String {
    try vsctl(arguments)
  }

  @discardableResult public func vsctl(_ arguments: [String]) throws(LabError) -> String {
    try Command("ovs-vsctl", ["--timeout=20", "--db=unix:\(directory)/db.sock"] + arguments)
      .run(timeout: .seconds(25))
  }

  /// Makes an internal port of br-int and moves it into another namespace, as Kube-OVN does with `ovnext0`.
  /// - Parameters:
  ///   - interface: its name in both namespaces.
  ///   - logicalPort: OVN's name of the port that it is.
  public func addInternalPort(
    _ interface: String, logicalPort: String, to place: LabNamespace, mac: MACAddress, addresses: [String]
  ) throws(LabError) {
    try vsctl(
      "add-port", "br-int", interface, "--", "set", "interface", interface, "type=internal",
      "external_ids:iface-id=\(logicalPort)")
    try namespace.ip("link set \(interface) netns \(place.name)")
    try place.ip(
      ["link set \(interface) address \(mac) mtu 1400 up"]
        + addresses.map { "addr add \($0) dev \(interface)\($0.contains(":") ? " nodad" : "")" })
    try Self.finishChecksums(interface, in: place)
  }

  /// Lays a wire from another namespace to one of this node's bridges: that is where a physical router stands.
  /// - Parameter interface: its name in `place`; the bridge's port is `to-` and the namespace's role.
  public func addWire(
    _ interface: String, to place: LabNamespace, bridge: String, addresses: [String]
  ) throws(LabError) {
    let port = "to-\(place.role)"
    try namespace.ip("link add \(port) type veth peer name \(interface) netns \(place.name)", "link set \(port) up")
    try place.ip(
      ["link set \(interface) up"]
        + addresses.map { "addr add \($0) dev \(interface)\($0.contains(":") ? " nodad" : "")" })
    try Self.finishChecksums(interface, in: place)
    try Self.finishChecksums(port, in: namespace)
    try vsctl("add-port", bridge, port)
    try place.waitUntilRunning([interface])
  }

  /// The userspace datapath passes on what it gets: a checksum that was left to the hardware stays unfinished.
  static func finishChecksums(_ interface: String, in place: LabNamespace) throws(LabError) {
    try place.run("ethtool", "-K", interface, "tx", "off")
  }
}
