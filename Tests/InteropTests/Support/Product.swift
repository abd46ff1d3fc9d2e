import BFD
import Control
import Glibc
import Lab
import Processes
import Testing

/// The product itself, `everway run`, at our end of a field: asked and changed over its control socket.
final class Product {
  private let field: Field
  private(set) var process: LabProcess
  private var configuration: String { "\(field.lab.directory)/gateway.yaml" }
  var socket: String { "\(field.lab.directory)/control.sock" }

  /// Runs `body` with the product configured for all lines.
  static func with(_ tag: String, _ body: (Product, Field) throws -> Void) throws {
    try Field.with(tag, ours: .nothing) { field in try body(try Product(field), field) }
  }

  private init(_ field: Field) throws {
    self.field = field
    try Self.write("\(field.lab.directory)/gateway.yaml", Self.text(field) { $0.pace.timers })
    process = try Self.launch(field)
  }

  /// The program as it was built, beside this test bundle.
  static let program: String = {
    var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = readlink("/proc/self/exe", &buffer, buffer.count)
    // Where the test runner is a program of its own, the bundle is among its arguments.
    let places = [String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)] + CommandLine.arguments
    for place in places {
      guard let slash = place.lastIndex(of: "/") else { continue }
      let path = place[..<slash] + "/everway"
      if access(String(path), X_OK) == 0 { return String(path) }
    }
    return "everway"
  }()

  private static func launch(_ field: Field) throws -> LabProcess {
    let folder = field.lab.directory
    return try field.lab.start(
      Command(
        program, ["run", "--config", "\(folder)/gateway.yaml", "--state-directory", "\(folder)/state"]),
      in: field.us, label: "us/everway", outputName: "everway.log")
  }

  private static func text(_ field: Field, _ timers: (Line) -> BFDTimers) -> String {
    let peers = field.lines.map { line in
      let timers = timers(line)
      return """
            - name: \(line.name)
              address: "\(line.theirs)"
              local-address: "\(line.ours)"
              interface: \(line.ourInterface)
              transmit-interval: \(timers.transmitMilliseconds)ms
              receive-interval: \(timers.receiveMilliseconds)ms
              detect-multiplier: \(timers.multiplier)
        """
    }
    return """
      version: 1
      namespace: this
      control: {socket: \(field.lab.directory)/control.sock}
      bfd:
        peers:
      \(peers.joined(separator: "\n"))

      """
  }

  // MARK: Its life

  /// SIGKILL.
  func kill() { process.kill() }

  /// Starts it again, with what it kept.
  func restart() throws { process = try Self.launch(field) }

  // MARK: Asking

  func ask(_ command: ControlCommand) throws -> ControlResponse {
    var client = try ControlClient(path: socket)
    return try client.send(command)
  }

  /// Its view of every line.
  func sessions() throws -> [Line: StatusReport.Session] {
    guard case .status(let report) = try ask(.status) else { throw LabError("no status") }
    var views: [Line: StatusReport.Session] = [:]
    for line in field.lines { views[line] = report.sessions.first { $0.name == line.name } }
    return views
  }

  /// Writes a new configuration and has it read.
  func reload(_ timers: (Line) -> BFDTimers) throws -> ControlResponse {
    try Self.write(configuration, Self.text(field, timers))
    return try ask(.reload)
  }

  /// Waits until `condition` holds for all lines.
  func wait(
    for what: String, sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: (Line, StatusReport.Session, PeerSessionView) -> Bool
  ) throws {
    var open: [Line: String] = [:]
    waitUntil(timeout: .seconds(40), every: .milliseconds(50)) {
      open = [:]
      let (ours, peers) = ((try? sessions()) ?? [:], (try? field.peerViews()) ?? [:])
      for line in field.lines {
        guard let own = ours[line], let peer = peers[line] else {
          open[line] = "one end does not answer"
          continue
        }
        if !condition(line, own, peer) { open[line] = "we \(own), they \(peer)" }
      }
      return open.isEmpty
    }
    for (line, text) in open {
      Issue.record("\(line), waiting for \(what): \(text)", sourceLocation: sourceLocation)
    }
    if !open.isEmpty {
      let log = process.lastLines(30).joined(separator: "\n")
      try #require(Bool(false), "everway: \(log)", sourceLocation: sourceLocation)
    }
  }

  /// Waits until both ends of all lines are Up and say the same numbers.
  func settle(
    ours: (Line) -> BFDTimers = { $0.pace.timers }, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    try wait(for: "agreement", sourceLocation: sourceLocation) { line, own, peer in
      Agreement(ours: own, peer: peer) == Agreement(ours: ours(line), peer: line.pace.timers)
    }
  }

  static func write(_ path: String, _ text: String) throws {
    let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw LabError("cannot write \(path)") }
    defer { close(file) }
    let bytes = Array(text.utf8)
    guard Glibc.write(file, bytes, bytes.count) == bytes.count else { throw LabError("cannot write \(path)") }
  }
}
