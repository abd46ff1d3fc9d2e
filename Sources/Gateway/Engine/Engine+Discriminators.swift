import BFD
import ConfigurationFile
import Control
import Speaker

/// Discriminators of peers that take no packet without their own (`Compatibility.ovn`): the agent keeps them for the next
/// start, since such a peer may be silent by then.
extension Engine {
  /// Tells a new session what its peer had for a discriminator.
  mutating func suggestDiscriminator(to session: Int) {
    guard let view = speaker.view(session), view.settings.parameters.compatibility.contains(.ovn),
      let known = memoryKey(of: session, view).flatMap({ rememberedDiscriminators[$0] })
    else { return }
    speaker.suggest(remoteDiscriminator: known, to: session)
  }

  /// Tells a peer's session what the configuration has for the peer's discriminator: what OVN says itself goes before what
  /// is remembered. One that is Up is not disturbed.
  mutating func publishDiscriminator(of peer: Int) {
    let settings = configuration.bfd.peers[peer]
    guard settings.compatibility == .ovn, let session = installedPeers[peer]?.session,
      speaker.publish(remoteDiscriminator: settings.remoteDiscriminator ?? 0, to: session),
      let known = settings.remoteDiscriminator, speaker.view(session)?.session.remote == nil
    else { return }
    log(
      .info, .session, of: settings.name,
      "BFD \(settings.name): trying discriminator \(known), which it is said to have")
  }

  /// Has the agent keep the discriminator of a peer that has come up.
  mutating func rememberDiscriminator(of session: Int) {
    guard let view = speaker.view(session), view.settings.parameters.compatibility.contains(.ovn),
      let discriminator = view.session.remote?.discriminator, let key = memoryKey(of: session, view),
      rememberedDiscriminators[key] != discriminator
    else { return }
    rememberedDiscriminators[key] = discriminator
    report(.remoteDiscriminator(key, discriminator))
  }

  /// The peer's or the allow entry's name, and the address; without white space in either.
  private func memoryKey(of session: Int, _ view: SessionView) -> String? {
    guard let peer = peerOfSession[session], let address = view.settings.remoteAddress else { return nil }
    return "\(core.model.peers[peer]) \(address)"
  }
}

extension Compatibility {
  init(_ compatibility: GatewayConfiguration.BFDCompatibility) {
    switch compatibility {
    case .none: self = []
    case .ovn: self = .ovn
    }
  }
}
