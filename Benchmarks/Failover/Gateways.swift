import Addresses
import Control
import Glibc
import Lab
import Netlink
import NetworkNamespaces
import Processes

/// Where everyone meets.
enum Ground {
  static let gateway = IPv4Address(10, 77, 0, 1)
  static let interface = "up0"
}

/// The gateway's configuration as a file, and the program that runs it.
struct GatewayProgram {
  let scenario: Scenario
  let directory: String
  var interval: UInt32
  var multiplier: UInt8

  /// How many routes come from the configuration; the others are put beside them, as another program's would be.
  static let configuredRoutes = 10

  var controlSocket: String { "\(directory)/control.sock" }

  func command() throws -> Command {
    switch scenario.subject {
    case .everway:
      try write(everwayConfiguration(), to: "\(directory)/everway.yaml")
      return Command("/proc/\(getpid())/exe", ["agent", "\(directory)/everway.yaml", directory])
    case .bird:
      try write(birdConfiguration(), to: "\(directory)/bird.conf")
      let words = [
        "-f", "-c", "\(directory)/bird.conf", "-s", "\(directory)/bird.ctl", "-P", "\(directory)/bird.pid"
      ]
      return scenario.isRealtime ? Command("chrt", ["-f", "50", "bird"] + words) : Command("bird", words)
    }
  }

  private func everwayConfiguration() -> String {
    var text = """
      version: 1
      namespace: this
      interfaces:
        - {name: \(Ground.interface), addresses: [\(Ground.gateway)/16]}
      sysctls: {net.ipv4.nexthop_compat_mode: \(scenario.isCompatible ? 1 : 0)}
      realtime: {priority: \(scenario.isRealtime ? 50 : 0)}
      control: {socket: \(controlSocket)}
      drain: {on-stop: false}
      bfd:
        transmit-interval: \(interval)ms
        receive-interval: \(interval)ms
        detect-multiplier: \(multiplier)
        peers:

      """
    for peer in 0..<scenario.peers {
      text +=
        "    - {name: r\(peer), address: \(scenario.via(peer: peer, path: 0)), interface: \(Ground.interface)}\n"
    }
    text += "paths:\n"
    var names: [String] = []
    for peer in 0..<scenario.peers {
      for path in 0..<scenario.pathsPerPeer {
        names.append(scenario.pathName(peer: peer, path: path))
        text +=
          "  - {name: \(scenario.pathName(peer: peer, path: path)), via: \(scenario.via(peer: peer, path: path)), "
          + "interface: \(Ground.interface), hold-down: 0s, health: {bfd: r\(peer)}}\n"
      }
    }
    let routes = (0..<min(scenario.routes, Self.configuredRoutes)).map { scenario.destination($0) }
    text += """
      groups:
        - name: egress
          paths: [\(names.joined(separator: ", "))]
          type: \(scenario.isResilient ? "resilient" : "plain")
          last-path: keep
          routes: [\(routes.joined(separator: ", "))]

      """
    return text
  }

  private func birdConfiguration() -> String {
    let hops = (0..<scenario.peers).map { "via \(scenario.via(peer: $0, path: 0)) bfd" }.joined(separator: " ")
    let routes = (0..<scenario.routes).map { "  route \(scenario.destination($0)) \(hops);\n" }.joined()
    return """
      router id 10.77.0.1;
      log "\(directory)/bird.log" { warning, error, fatal, bug };
      protocol device { scan time 3600; }
      protocol bfd {
        interface "*" { min rx interval \(interval) ms; min tx interval \(interval) ms; multiplier \(multiplier); };
      }
      protocol kernel {
        scan time 3600;
        ipv4 { import none; export all; };
      }
      protocol static {
        ipv4;
      \(routes)}

      """
  }

  private func write(_ text: String, to path: String) throws {
    guard let file = fopen(path, "w") else { throw SystemCallError("write \(path)") }
    defer { fclose(file) }
    fputs(text, file)
  }

  /// The gateway's own account; nil while it does not answer.
  func status() -> StatusReport? {
    do {
      var client = try ControlClient(path: controlSocket, timeout: .seconds(2))
      if case .status(let report) = try client.send(.status, timeout: .seconds(2)) { return report }
    } catch {
      // Not there yet: asked again.
    }
    return nil
  }
}
