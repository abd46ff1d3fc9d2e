import BFD
import ConfigurationFile
import Control

extension GatewayCore {
  /// Records a path's new phase.
  mutating func report(_ number: Int, at now: Instant) {
    let name = model.paths[number].name
    let event =
      switch paths[number].phase {
      case .pending:
        GatewayEvent(
          at: now, level: .warning, .path, of: name, to: "pending",
          "path \(name): no verdict within the startup grace")
      case .adopted:
        GatewayEvent(at: now, .path, of: name, to: "up", "path \(name) keeps its place without a fresh verdict")
      case .up: GatewayEvent(at: now, .path, of: name, to: "up", "path \(name) is up")
      case .waiting:
        GatewayEvent(
          at: now, .path, of: name, to: "held-down",
          "path \(name) is good again, hold-down \(model.paths[number].configuration.holdDown)")
      case .down(let reason):
        GatewayEvent(at: now, level: .warning, .path, of: name, to: "down", "path \(name) is down: \(reason)")
      case .left(let reason):
        GatewayEvent(at: now, level: .warning, .path, of: name, to: "admin-down", "path \(name) is left: \(reason)")
      }
    append(event)
  }

  /// A group's new state in words.
  func describe(_ group: GatewayModel.Group, _ decision: GroupDecision, at now: Instant) -> GatewayEvent {
    let names = decision.members.map { model.paths[$0.path].name }.joined(separator: ", ")
    return switch decision {
    case .members: GatewayEvent(at: now, .group, of: group.name, to: "normal", "group \(group.name) uses \(names)")
    case .kept:
      GatewayEvent(
        at: now, level: .warning, .group, of: group.name, to: "last-path-kept",
        "group \(group.name) has no working path and keeps \(names)")
    case .withdrawn:
      GatewayEvent(
        at: now, level: .warning, .group, of: group.name, to: "withdrawn",
        "group \(group.name) has no working path: routes withdrawn")
    case .blackhole:
      GatewayEvent(
        at: now, level: .warning, .group, of: group.name, to: "blackholed",
        "group \(group.name) has no working path: traffic is dropped")
    }
  }
}
