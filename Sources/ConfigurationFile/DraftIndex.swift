import Addresses

/// What the checks look up, made once: a file of a mebibyte has ten thousands of names.
struct DraftIndex {
  /// Interfaces by their names inside the namespace.
  private(set) var interfaces: [String: InterfaceEntry] = [:]
  /// Their names, sorted, for suggestions.
  private(set) var interfaceNames: [String] = []
  /// The name inside, by the name outside.
  private(set) var inside: [String: String] = [:]
  /// The interface that has an address, by address.
  private(set) var owners: [IPAddress: String] = [:]
  private(set) var paths: [String: PathDraft] = [:]
  private(set) var pathNames: [String] = []
  /// Numbers of peers: a draft takes a kibibyte.
  private(set) var peers: [String: Int] = [:]
  private(set) var ownPeerNames: [String] = []
  /// Peers, then named allow entries.
  private(set) var peerNames: [String] = []
  private(set) var allowNames: Set<String> = []

  struct InterfaceEntry {
    var prefixes: [IPPrefix] = []
    var hasBrokenAddresses = false
  }

  init() {}

  init(_ draft: Draft) {
    for interface in draft.interfaces {
      guard let name = interface.name?.value else { continue }
      var entry = interfaces[name] ?? InterfaceEntry()
      entry.prefixes += interface.addresses.map(\.value)
      entry.hasBrokenAddresses = entry.hasBrokenAddresses || interface.hasBrokenAddresses
      interfaces[name] = entry
      if let from = interface.from?.value, inside[from] == nil { inside[from] = name }
      for address in interface.addresses where owners[address.value.address] == nil {
        owners[address.value.address] = name
      }
    }
    interfaceNames = interfaces.keys.sorted()
    for path in draft.paths {
      guard let name = path.name?.value else { continue }
      pathNames.append(name)
      if paths[name] == nil { paths[name] = path }
    }
    for (number, peer) in draft.peers.enumerated() {
      guard let name = peer.name?.value else { continue }
      ownPeerNames.append(name)
      if peers[name] == nil { peers[name] = number }
    }
    let allowed = draft.allow.compactMap(\.name?.value)
    peerNames = ownPeerNames + allowed
    allowNames = Set(allowed)
  }

  /// The prefixes that this file puts on an interface, at most 256; nil when nothing can be said about it.
  func prefixes(on interface: String, _ family: AddressFamily) -> [IPPrefix]? {
    guard let entry = interfaces[interface], !entry.hasBrokenAddresses else { return nil }
    let prefixes = entry.prefixes.filter { $0.family == family }
    return prefixes.isEmpty || prefixes.count > 256 ? nil : prefixes
  }
}
