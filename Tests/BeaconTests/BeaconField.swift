import Addresses
import CLinux
import Glibc
import Lab
import NetworkNamespaces
import Processes
import Testing

/// Two hosts on a wire, and this program under OpenBFDD's names.
final class BeaconField {
  let lab: Lab
  /// Where our beacon runs, as `ovnext` or an egress gateway's pod: 10.1.0.2, fd00:1::2.
  let us: LabNamespace
  /// Its peer: 10.1.0.1, fd00:1::1.
  let them: LabNamespace

  static func with(_ tag: String, _ body: (BeaconField) throws -> Void) throws {
    let lab = try Lab.up("bcn\(tag)\(getpid())")
    defer { lab.down() }
    try body(try BeaconField(lab))
  }

  /// A real OVN instead of the peer, whose gateway chassis has `ovnext0` in our namespace, as Kube-OVN plugs it.
  /// - Parameter timers: of OVN's BFD row.
  static func withOVN(
    _ tag: String, _ timers: BFDTimers, _ body: (BeaconField, OVNCentral) throws -> Void
  ) throws {
    let lab = try Lab.up("bcn\(tag)\(getpid())")
    defer { lab.down() }
    let us = try lab.makeNamespace("us")
    let central = OVNCentral(lab: lab)
    try central.start()
    let chassis = OVNChassis(namespace: try lab.makeNamespace("gw1"), central: central)
    try chassis.start()
    let network = OVNNetwork(central: central)
    try network.make(.distributed(gateways: [chassis.name]))
    try network.plug(1, into: us, at: chassis)
    try network.watch(OVNNetwork.gatewayAddress(1, .ipv4), timers)
    try central.sync()
    try body(BeaconField(lab, us: us, them: chassis.namespace), central)
  }

  private convenience init(_ lab: Lab) throws {
    let us = try lab.makeNamespace("us")
    let them = try lab.makeNamespace("them")
    try us.ip("link add wire type veth peer name wire netns \(them.name)")
    for (place, host) in [(them, 1), (us, 2)] {
      try place.ip(
        "link set wire up", "addr add 10.1.0.\(host)/24 dev wire", "addr add fd00:1::\(host)/64 dev wire")
    }
    try us.waitUntilRunning(["wire"])
    try them.waitUntilRunning(["wire"])
    self.init(lab, us: us, them: them)
  }

  private init(_ lab: Lab, us: LabNamespace, them: LabNamespace) {
    self.lab = lab
    self.us = us
    self.them = them
    for name in ["bfdd-beacon", "bfdd-control"] { symlink(Self.program, "\(lab.directory)/\(name)") }
  }

  /// The program as it was built, beside this test bundle.
  private static let program: String = {
    var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = readlink("/proc/self/exe", &buffer, buffer.count)
    for place in [String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)] + CommandLine.arguments {
      guard let slash = place.lastIndex(of: "/") else { continue }
      let path = place[..<slash] + "/everway"
      if access(String(path), X_OK) == 0 { return String(path) }
    }
    return "everway"
  }()

  var beaconPath: String { "\(lab.directory)/bfdd-beacon" }
  var controlPath: String { "\(lab.directory)/bfdd-control" }

  /// What the lab needs to find a beacon that went into the background, and to keep it from the machine's own secret.
  var environment: [String: String] {
    [
      "EVERWAY_LAB": lab.name, "EVERWAY_BFDD_STATE_DIRECTORY": "\(lab.directory)/state",
      "PATH": "\(lab.directory):/usr/sbin:/usr/bin:/sbin:/bin"
    ]
  }

  func capture(_ place: LabNamespace, _ program: String, _ arguments: [String]) throws -> CommandResult {
    try Command(program, arguments, environment: environment).capture(in: place, timeout: .seconds(60))
  }

  /// Runs `bfdd-beacon` to its end: of its parent, when it goes into the background.
  func beacon(_ arguments: String..., on place: LabNamespace? = nil) throws -> CommandResult {
    try capture(place ?? us, beaconPath, arguments)
  }

  /// Runs `bfdd-beacon --nofork`.
  func startBeacon(on place: LabNamespace, _ arguments: String..., prefix: [String] = []) throws -> LabProcess {
    let all = prefix + [beaconPath, "--nofork", "--tee"] + arguments
    let process = try lab.start(
      Command(all[0], Array(all.dropFirst()), environment: environment), in: place,
      label: "\(place.role)/beacon", outputName: "\(place.role)-beacon.log")
    let isReady = waitUntil(timeout: .seconds(30)) {
      !process.isRunning || (try? control(["status"], on: place))?.status == .exited(0)
    }
    try #require(isReady && process.isRunning, "\(process.lastLines())")
    return process
  }

  /// Runs `bfdd-control`.
  func control(_ words: [String], on place: LabNamespace? = nil) throws -> CommandResult {
    try capture(place ?? us, controlPath, words)
  }

  /// Runs `bfdd-control` with a line's words; its output. It must exit 0.
  @discardableResult func ask(_ line: String, on place: LabNamespace? = nil) throws -> String {
    let result = try control(line.split(separator: " ").map(String.init), on: place)
    #expect(result.status == .exited(0), "\(line): \(result.output)\(result.errorOutput)")
    return result.output
  }

  /// Runs a script of Kube-OVN's images, where its programs are ours.
  func script(_ text: String, _ variables: [String: String] = [:]) throws -> CommandResult {
    try Command("/bin/bash", ["-c", text], environment: environment.merging(variables) { $1 })
      .capture(in: us, timeout: .seconds(60))
  }

  /// Waits until `status` says something.
  func wait(
    for text: String, on place: LabNamespace? = nil, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    var seen = ""
    let held = waitUntil(timeout: .seconds(40), every: .milliseconds(50)) {
      seen = (try? control(["status"], on: place).output) ?? ""
      return seen.contains(text)
    }
    try #require(held, "no \"\(text)\" in: \(seen)", sourceLocation: sourceLocation)
  }

  /// Where a session has been, the latest state first.
  func history(_ place: LabNamespace) throws -> String {
    let status = try control(["status", "all", "level", "4", "compact"], on: place).output
    return status.split(separator: " ").filter { $0.contains("(") && $0.contains(":") }
      .map { $0.split(separator: "(")[0].split(separator: "=").last ?? "" }.joined(separator: " ")
  }
}

func address(_ text: String) -> IPAddress { IPAddress(text) ?? .any(.ipv4) }
