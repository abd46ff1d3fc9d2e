import Addresses
import BFD
import ConfigurationFile
import OpenBFDD

/// What a program that takes this gateway for OpenBFDD's beacon may ask of it (`bfd.openbfdd-control`). It may look, and
/// allow; what would take the sessions out of the configuration's hands is refused, in words that bfdd-control and
/// kube-ovn-bfdd-supervisor know for a refusal.
struct BeaconPort: Hashable, Sendable {
  /// Whom `allow` has let in beside the configuration.
  private(set) var allowed: [GatewayConfiguration.BFDAllow] = []
  /// What `session new set` has said for those that are let in from now on.
  private var settings: [SessionSetting] = []
  /// Kept as it is set; this port writes no log of its own.
  private var log = LogSettings()

  enum Answer: Hashable, Sendable {
    case text(String)
    case status(SessionSelector, StatusFormat)
    /// The same, and what the gateway is has changed.
    case changed(String)
  }

  /// - Parameters:
  ///   - configuration: what the gateway was asked to be, without what came by this port.
  ///   - hasSession: whether there is a session with an address.
  ///   - isHeard: whether that peer speaks.
  ///   - product: `everway 1.2.3`.
  mutating func answer(
    _ command: Command, configuration: GatewayConfiguration, product: String, hasSession: (IPAddress) -> Bool,
    isHeard: (IPAddress) -> Bool
  ) -> Answer {
    switch command {
    case .status(let selector, let format): return .status(selector, format)
    case .version: return .text("\(OpenBFDDRelease.beacon) v\(OpenBFDDRelease.version)\n\(product)\n")
    case .log(let command): return .text(log.apply(command))
    case .allow(let address):
      let reply = "Allowing connections from \(address)\n"
      guard !hasSession(address), let entry = entry(for: address, configuration) else { return .text(reply) }
      allowed.append(entry)
      return .changed(reply)
    case .block(let address):
      guard configuration.names(address) == nil else {
        return .text(Self.refusal("block", "\(address) is named in its configuration"))
      }
      let reply = "Blocking connections from \(address). This will not terminate any ongoing session.\n"
      let kept = allowed.filter { $0.prefix != IPPrefix(host: address) || isHeard(address) }
      guard kept != allowed else { return .text(reply) }
      allowed = kept
      return .changed(reply)
    case .setDefault(let setting):
      settings.append(setting)
      return .text(setting.announcement)
    case .stop: return .text(Self.refusal("stop", "stop its service, or `everway drain`"))
    case .connect: return .text(Self.refusal("connect", "name the peer in its configuration"))
    case .session(_, let action): return .text(Self.refusal("session", action.everwayWay))
    }
  }

  /// What the gateway is to be, with those that were let in. Where there is one set of uplinks, they hear of it too.
  func applied(to configuration: GatewayConfiguration) -> GatewayConfiguration {
    guard configuration.bfd.openBFDDControl else { return configuration }
    var result = configuration
    for entry in allowed where !configuration.names(exactly: entry.prefix.address) {
      result.bfd.allow.append(entry)
      if result.uplinks.count == 1 { result.uplinks[0].peers.append(entry.name) }
    }
    return result
  }

  /// Nil for one that is let in already: by name, or by this port.
  private func entry(
    for address: IPAddress, _ configuration: GatewayConfiguration
  ) -> GatewayConfiguration.BFDAllow? {
    let host = IPPrefix(host: address)
    guard !address.isUnspecified, !address.isMulticast, !configuration.names(exactly: address),
      !allowed.contains(where: { $0.prefix == host })
    else { return nil }
    var entry: GatewayConfiguration.BFDAllow
    if let wider = configuration.names(address) {
      entry = wider
      entry.prefix = host
    } else {
      // 254: OVN's ports `bfd@VPC` are a hop further away; see docs/openbfdd.md.
      entry = GatewayConfiguration.BFDAllow(prefix: host, timers: configuration.bfd.timers, minimumTTL: 254)
      entry.compatibility = .ovn
      for setting in settings { entry.timers.set(setting) }
    }
    entry.name = "bfdd-control:\(address)"
    // Who asks for it knows that the peer is there, and OVN may wait to be spoken to.
    entry.mode = address.isLinkLocal || entry.reach.multihop ? .passive : .active
    return entry
  }

  static func refusal(_ command: String, _ instead: String) -> String {
    "Unable to complete '\(command)': everway runs the sessions here; \(instead)\n"
  }
}

extension GatewayConfiguration {
  /// The allow entry, one for each host included, that lets an address in.
  fileprivate func names(_ address: IPAddress) -> BFDAllow? {
    if bfd.peers.contains(where: { $0.address == address && $0.reach.domain == .main }) {
      return BFDAllow(prefix: IPPrefix(host: address))
    }
    return bfd.allow.filter { $0.prefix.contains(address) && $0.reach.domain == .main }
      .max { $0.prefix.length < $1.prefix.length }
  }

  /// Whether a peer, or an entry for this host alone, has the address.
  fileprivate func names(exactly address: IPAddress) -> Bool {
    bfd.peers.contains { $0.address == address && $0.reach.domain == .main }
      || bfd.allow.contains { $0.prefix == IPPrefix(host: address) && $0.reach.domain == .main }
  }
}

extension GatewayConfiguration.BFDTimers {
  fileprivate mutating func set(_ setting: SessionSetting) {
    switch setting {
    case .minTx(let value): transmitInterval = .microseconds(Int64(value.microseconds))
    case .minRx(let value): receiveInterval = .microseconds(Int64(value.microseconds))
    case .multiplier(let value): detectMultiplier = Int(value)
    case .controlPlaneIndependent, .adminUpPoll: break
    }
  }
}

extension SessionAction {
  /// How an operator does the same here.
  fileprivate var everwayWay: String {
    switch self {
    case .forceDown, .forceAdminDown, .kill, .suspend: "`everway drain PEER` takes one out of service"
    case .allowUp, .resume: "`everway undrain PEER` puts one back"
    case .reset: "they recover by themselves"
    case .set: "timers come from its configuration"
    }
  }
}
