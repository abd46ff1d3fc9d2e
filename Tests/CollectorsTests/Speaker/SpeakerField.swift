import Cluster
import Addresses
import Doctor
import Glibc
import Lab
import NetworkNamespaces
import Processes
import Testing

@testable import Collectors

/// Two hosts on a wire: ours, 10.1.0.2 and fd00:1::2, at which doctor looks, and its peer, 10.1.0.1 and fd00:1::1.
final class SpeakerField {
  static let us = "10.1.0.2"
  static let peer = "10.1.0.1"

  let lab: Lab
  let us: LabNamespace
  let them: LabNamespace
  var expectation: Doctor.Expectation
  /// Of an everway in our namespace.
  var controlSocket: String { "\(lab.directory)/control.sock" }

  static func with(_ tag: String, _ body: (SpeakerField) throws -> Void) throws {
    let lab = try Lab.up("spk\(tag)\(getpid())")
    defer { lab.down() }
    try body(try SpeakerField(lab))
  }

  private init(_ lab: Lab) throws {
    self.lab = lab
    us = try lab.makeNamespace("us")
    them = try lab.makeNamespace("them")
    expectation = Doctor.Expectation(source: "the test", namespace: us.name)
    var interface = Doctor.Expectation.Interface(name: "wire")
    interface.addresses = try ["\(Self.us)/24", "fd00:1::2/64"].map { try #require(IPPrefix($0)) }
    expectation.interfaces = [interface]
    try us.ip("link add wire type veth peer name wire netns \(them.name)")
    for (place, host) in [(them, 1), (us, 2)] {
      try place.ip(
        "link set wire up", "addr add 10.1.0.\(host)/24 dev wire", "addr add fd00:1::\(host)/64 dev wire")
    }
    try us.waitUntilRunning(["wire"])
    try them.waitUntilRunning(["wire"])
    try expect(Self.peer)
    for name in ["bfdd-beacon", "bfdd-control"] { symlink(Self.program, "\(lab.directory)/\(name)") }
  }

  func expect(_ address: String) throws {
    expectation.peers.append(.init(address: try #require(IPAddress(address)), interface: "wire", isPassive: true))
  }

  /// The program as it was built, beside this test bundle.
  static let program: String = {
    var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = readlink("/proc/self/exe", &buffer, buffer.count)
    for place in [String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)] + CommandLine.arguments {
      guard let slash = place.lastIndex(of: "/") else { continue }
      let path = place[..<slash] + "/everway"
      if access(String(path), X_OK) == 0 { return String(path) }
    }
    return "everway"
  }()

  // MARK: Beacons

  /// - Parameter priority: of SCHED_FIFO; 0 for none, as a control group with a quota wants it.
  @discardableResult func startBeacon(
    on place: LabNamespace, _ arguments: String..., priority: Int = 50
  ) throws -> LabProcess {
    let state = [
      "EVERWAY_BFDD_STATE_DIRECTORY": "\(lab.directory)/\(place.role)-state", "EVERWAY_BFDD_PRIORITY": "\(priority)"
    ]
    let process = try lab.start(
      Command("\(lab.directory)/bfdd-beacon", ["--nofork", "--tee"] + arguments, environment: state), in: place,
      label: "\(place.role)/beacon", outputName: "\(place.role)-beacon.log")
    let port = arguments.contains { $0.hasPrefix("--control") } ? arguments : []
    let isReady = waitUntil(timeout: .seconds(30)) {
      if !port.isEmpty { return process.lastLines(20).contains { $0.contains("istening") } || !process.isRunning }
      return !process.isRunning || (try? control(on: place, "status"))?.status == .exited(0)
    }
    try #require(isReady && process.isRunning, "\(process.lastLines())")
    return process
  }

  func control(on place: LabNamespace, _ line: String) throws -> CommandResult {
    try Command("\(lab.directory)/bfdd-control", line.split(separator: " ").map(String.init))
      .capture(in: try NetworkNamespace(named: place.name), timeout: .seconds(60))
  }

  func ask(on place: LabNamespace, _ lines: String...) throws {
    for line in lines {
      let result = try control(on: place, line)
      try #require(result.status == .exited(0), "\(line): \(result.output)\(result.errorOutput)")
    }
  }

  /// Waits until `status` on our side says something.
  func wait(for text: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
    var seen = ""
    let held = waitUntil(timeout: .seconds(40), every: .milliseconds(50)) {
      seen = (try? control(on: us, "status").output) ?? ""
      return seen.contains(text)
    }
    try #require(held, "no \"\(text)\" in: \(seen)", sourceLocation: sourceLocation)
  }

  /// A beacon at each end, and the session Up.
  /// - Returns: ours.
  @discardableResult
  func bringUp(priority: Int = 50) throws -> LabProcess {
    let beacon = try startBeacon(on: us, priority: priority)
    try startBeacon(on: them)
    try ask(on: us, "allow \(Self.peer)")
    try ask(on: them, "allow \(Self.us)")
    try wait(for: "remote=\(Self.peer) state=Up ")
    return beacon
  }

  // MARK: Looking

  func diagnose() throws -> Diagnosis {
    var subject = Facts.Subject(node: "here", namespace: us.name, interface: "wire")
    subject.namespace = us.name
    var context = CollectionContext(subject: subject, controlSocket: controlSocket)
    context.expectation = .value(expectation)
    var facts = Facts(takenAt: 0, everwayVersion: "test", subject: subject)
    facts.expectation = .value(expectation)
    facts.firewall = FirewallCollector.gather(context)
    facts.speaker = SpeakerFacts.gather(context)
    // What goes through a bundle says the same.
    #expect(try BundleFile.decode(BundleFile.encode(facts)) == facts)
    return Diagnosis(facts)
  }

  /// Looks until exactly these are found, causes alone: a session may be on its way.
  @discardableResult func expect(
    _ found: [FindingID], sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> Diagnosis {
    var last: Diagnosis?
    waitUntil(timeout: .seconds(40), every: .milliseconds(100)) {
      last = try? diagnose()
      return last?.findings.map(\.id) == found
    }
    let diagnosis = try #require(last, sourceLocation: sourceLocation)
    #expect(diagnosis.findings.map(\.id) == found, "\(Self.words(diagnosis))", sourceLocation: sourceLocation)
    return diagnosis
  }

  /// Carries out what the first finding asks for, and waits until nothing is found any more.
  func repair(_ diagnosis: Diagnosis, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let finding = try #require(diagnosis.findings.first, sourceLocation: sourceLocation)
    #expect(!finding.remedy.actions.isEmpty, sourceLocation: sourceLocation)
    for action in finding.remedy.actions { try Repairs.apply(action) }
    try expect([], sourceLocation: sourceLocation)
  }

  static func words(_ diagnosis: Diagnosis) -> String {
    diagnosis.all.map { finding in
      "\(finding.id) \(finding.subject): "
        + finding.evidence.map { "\($0.source): \($0.value)" }.joined(separator: "; ")
    }.joined(separator: "\n")
  }
}
