import Addresses
import BFD
import ConfigurationFile

@testable import Gateway

/// Seconds on the test's clock.
func at(_ seconds: Double) -> Instant { Instant(nanoseconds: Int64(seconds * 1e9)) }

/// Three paths a, b, c on net1, net2, net3, each judged by a BFD peer of the same name with a `p` before it, in group g.
func threePaths(
  lastPath: GatewayConfiguration.LastPath = .keep, holdDown: Duration = .seconds(5),
  _ change: (inout GatewayConfiguration) -> Void = { _ in }
) -> GatewayConfiguration {
  var configuration = GatewayConfiguration()
  for (number, name) in ["a", "b", "c"].enumerated() {
    let via = IPAddress.v4(IPv4Address(10, 77, UInt8(number + 1), 2))
    configuration.bfd.peers.append(.init(name: "p\(name)", address: via, interface: "net\(number + 1)"))
    configuration.paths.append(
      .init(
        name: name, via: via, interface: "net\(number + 1)", holdDown: holdDown, health: .bfd(peer: "p\(name)")))
  }
  configuration.groups = [
    .init(name: "g", members: ["a", "b", "c"].map { .init(path: $0) }, lastPath: lastPath)
  ]
  change(&configuration)
  return configuration
}

/// A core driven as the engine drives it, with names for numbers.
struct DrivenCore {
  var core: GatewayCore
  private(set) var events: [String] = []
  private(set) var groupEffects = 0
  private(set) var holds: [String: Session.Hold?] = [:]
  private(set) var order: [String] = []

  init(_ configuration: GatewayConfiguration, linksUp: Bool = true) {
    core = GatewayCore(configuration, at: at(0))
    if linksUp {
      for number in core.model.interfaces.indices { core.linkChanged(number, .up, at: at(0)) }
      for number in core.model.paths.indices { core.nextHopChanged(number, isPresent: true, at: at(0)) }
    }
    settle(0)
  }

  mutating func settle(_ seconds: Double) {
    core.settle(at: at(seconds))
    for effect in core.takeEffects() {
      switch effect {
      case .group: groupEffects += 1; order.append("group")
      case .hold(let peer, let hold): holds[core.model.peers[peer]] = hold; order.append("hold")
      case .event(let event): events.append(event.text)
      }
    }
  }

  mutating func peer(_ name: String, _ verdict: Verdict, _ seconds: Double) {
    core.peerChanged(core.model.peers.firstIndex(of: name) ?? -1, verdict, at: at(seconds))
    settle(seconds)
  }

  mutating func link(_ name: String, up: Bool, _ seconds: Double) {
    let number = core.model.interfaces.firstIndex(of: name) ?? -1
    core.linkChanged(number, up ? .up : .down("\(name) has no carrier"), at: at(seconds))
    for (path, model) in core.model.paths.enumerated() where model.interface == number {
      core.nextHopChanged(path, isPresent: up, at: at(seconds))
    }
    settle(seconds)
  }

  mutating func drain(_ target: GatewayCore.Target, _ seconds: Double, drained: Bool = true) {
    core.setDrained(target, drained, at: at(seconds))
    settle(seconds)
  }

  /// Names of the paths in the first group.
  var members: [String] { core.decisions[0].members.map { core.model.paths[$0.path].name } }
  func phase(_ path: String) -> PathState.Phase? {
    core.model.paths.firstIndex { $0.name == path }.map { core.paths[$0].phase }
  }
}
