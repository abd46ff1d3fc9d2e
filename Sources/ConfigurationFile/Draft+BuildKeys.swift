import BFD

extension Draft {
  /// The chains of the file, then one for each key that a peer or an allow entry has to itself.
  func buildKeyChains() -> [GatewayConfiguration.BFDKeyChain]? {
    var chains: [GatewayConfiguration.BFDKeyChain] = []
    for draft in keyChains {
      guard let name = draft.name?.value else { return nil }
      let keys = draft.keys.compactMap(\.built)
      guard keys.count == draft.keys.count else { return nil }
      chains.append(GatewayConfiguration.BFDKeyChain(name: name, keys: keys))
    }
    for peer in peers {
      guard case .key(let draft)? = peer.authentication, let name = peer.name?.value else { continue }
      guard let key = draft.built else { return nil }
      chains.append(GatewayConfiguration.BFDKeyChain(name: "peer \(name)", keys: [key]))
    }
    for entry in allow {
      guard case .key(let draft)? = entry.authentication, let prefix = entry.prefix?.value else { continue }
      guard let key = draft.built else { return nil }
      let name = GatewayConfiguration.BFDAllow(
        name: entry.name?.value, prefix: prefix, interface: entry.interface?.value
      ).name
      chains.append(GatewayConfiguration.BFDKeyChain(name: "allow \(name)", keys: [key]))
    }
    return chains
  }
}

extension KeyDraft {
  var built: GatewayConfiguration.BFDKey? {
    guard let id, let type, let file else { return nil }
    return GatewayConfiguration.BFDKey(
      id: UInt8(clamping: id.value), type: type, file: file, send: send, accept: accept)
  }
}

extension AuthenticationDraft {
  /// The name of the chain; `kind` and `owner` name the one that a single key makes.
  func chainName(of kind: String, _ owner: String) -> String? {
    switch self {
    case .chain(let name): name.value
    case .key: "\(kind) \(owner)"
    case .broken: nil
    }
  }
}
