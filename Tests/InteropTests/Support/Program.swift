import Addresses
import Control
import Glibc
import Lab
import Processes
import Testing

/// `everway run` in a namespace of the lab, with a configuration of the test's own.
struct Program {
  let socket: String
  let process: LabProcess

  init(_ lab: Lab, in place: LabNamespace, _ bfd: String) throws {
    socket = "\(lab.directory)/\(place.role).sock"
    let file = "\(lab.directory)/\(place.role).yaml"
    let text = "version: 1\nnamespace: this\ncontrol: {socket: \(socket)}\nbfd:\n\(bfd)\n"
    try Product.write(file, text)
    process = try lab.start(
      Command(
        Product.program, ["run", "--config", file, "--state-directory", "\(lab.directory)/\(place.role)-state"]),
      in: place, label: "\(place.role)/everway", outputName: "\(place.role)-everway.log")
  }

  func sessions() throws -> [String: StatusReport.Session] {
    var client = try ControlClient(path: socket)
    guard case .status(let report) = try client.send(.status) else { throw LabError("no status") }
    return Dictionary(report.sessions.map { ($0.name, $0) }) { first, _ in first }
  }

  func discards() throws -> [String: UInt64] {
    var client = try ControlClient(path: socket)
    guard case .status(let report) = try client.send(.status) else { throw LabError("no status") }
    return Dictionary(report.speaker.discards.map { ($0.reason, $0.count) }) { first, _ in first }
  }

  /// Waits until the sessions are in these states.
  func wait(_ states: [String: StatusReport.SessionState]) throws {
    var seen: [String: StatusReport.SessionState] = [:]
    let held = waitUntil(timeout: .seconds(40), every: .milliseconds(50)) {
      seen = ((try? sessions()) ?? [:]).mapValues(\.sessionState)
      return states.allSatisfy { seen[$0.key] == $0.value }
    }
    if !held { Issue.record("sessions are \(seen), not \(states); the log: \(process.lastLines())") }
  }
}

func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }

/// A wire between two namespaces: `wNa` with 10.N.0.1 and fd00:N::1, `wNb` with 10.N.0.2 and fd00:N::2.
func wire(_ a: LabNamespace, _ b: LabNamespace, _ subnet: Int) throws {
  try a.ip("link add w\(subnet)a type veth peer name w\(subnet)b netns \(b.name)")
  for (place, end, host) in [(a, "a", 1), (b, "b", 2)] {
    try place.ip(
      "link set w\(subnet)\(end) up", "addr add 10.\(subnet).0.\(host)/24 dev w\(subnet)\(end)",
      "addr add fd00:\(subnet)::\(host)/64 dev w\(subnet)\(end) nodad")
  }
}
