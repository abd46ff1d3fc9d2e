import Addresses

extension Draft {
  /// Reports what only shows when the file is seen as a whole: names, references, families, addresses.
  mutating func check() {
    index = DraftIndex(self)
    checkInterfaces()
    checkBFD()
    checkPaths()
    checkGroups()
    checkRoutes()
    checkRules()
    checkUplinks()
  }

  // MARK: Helpers

  /// Reports every repetition.
  func unique<T: Hashable>(_ items: [Located<T>], _ describe: (T) -> String, help: String? = nil) {
    var first: [T: Place] = [:]
    for item in items {
      if let place = first[item.value] {
        report.error(
          "\(describe(item.value)) is there twice; the first is on \(place.line)", at: item.place,
          help: help)
      } else {
        first[item.value] = item.place
      }
    }
  }

  /// Reports a reference that names nothing; silent when names are missing because they could not be read.
  func unknown(_ what: String, _ reference: Located<String>, among names: [String]) {
    if what == "path" ? hasBrokenPaths : what == "peer" && hasBrokenPeers { return }
    let expected =
      names.isEmpty
      ? "the name of a \(what); this file has none"
      : names.count <= 8 ? "one of \(names.joined(separator: ", "))" : nil
    report.error(
      "there is no \(what) \(SourceText.quoted(reference.value))", at: reference.place, expected: expected,
      help: Suggestion.help(for: reference.value, among: names))
  }

  /// An interface that is not in this file may well exist; one that is nearly the same is a slip.
  func checkInterface(_ interface: Located<String>?) {
    guard let interface, index.interfaces[interface.value] == nil, !report.isFull else { return }
    let names = index.interfaceNames
    let outside = index.inside[interface.value]
    let help = outside.map { "inside the namespace it is called \(SourceText.quoted($0))" }
    if let help = help ?? Suggestion.help(for: interface.value, among: names) {
      report.warning(
        "\(SourceText.quoted(interface.value)) is not one of this file's interfaces", at: interface.place,
        expected:
          "an interface that is in the namespace already, or one of \(names.prefix(8).joined(separator: ", "))",
        help: help)
    }
  }

  /// A neighbour that is on none of its interface's prefixes cannot be reached, one that is our own address neither.
  func checkNeighbour(_ address: Located<IPAddress>?, on interface: Located<String>?) {
    guard let address else { return }
    if let own = index.owners[address.value] {
      report.error(
        "\(address.value) is this gateway's own address on \(own)", at: address.place,
        expected: "the neighbour's address")
      return
    }
    guard let interface, !address.value.isLinkLocal || address.value.family == .ipv4,
      let prefixes = index.prefixes(on: interface.value, address.value.family),
      !prefixes.contains(where: { $0.contains(address.value) })
    else { return }
    report.warning(
      "\(address.value) is on none of the prefixes of \(interface.value)", at: address.place,
      expected: "an address in \(prefixes.prefix(4).map(\.network.description).joined(separator: ", "))")
  }

  // MARK: Interfaces

  private func checkInterfaces() {
    unique(interfaces.compactMap(\.name)) { "the interface \(SourceText.quoted($0))" }
    unique(interfaces.compactMap(\.from)) { "the outside interface \(SourceText.quoted($0))" }
    let addresses = interfaces.flatMap(\.addresses)
    unique(addresses.map { Located(value: $0.value.address, place: $0.place) }) { "the address \($0)" }
    for address in addresses
    where address.value.isNetwork && address.value.length < address.value.family.bitWidth - 1 {
      report.warning(
        "\(address.value) is the network itself, not a host in it", at: address.place,
        expected: "a host's address in \(address.value)")
    }
    for interface in interfaces {
      guard let mtu = interface.mtu, mtu.value < 1280,
        interface.addresses.contains(where: { $0.value.family == .ipv6 })
      else { continue }
      report.error(
        "an MTU of \(mtu.value) is too small for the IPv6 addresses of this interface", at: mtu.place,
        expected: "at least 1280 (RFC 8200 section 5)")
    }
    if namespace == .current {
      for interface in interfaces {
        guard let from = interface.from, let name = interface.name, from.value != name.value else { continue }
        report.warning(
          "\(SourceText.quoted(from.value)) will be renamed in the namespace it is used in", at: from.place)
      }
    }
  }

  // MARK: Paths

  private func checkPaths() {
    unique(paths.compactMap(\.name)) { "the path \(SourceText.quoted($0))" }
    var used = Set(groups.flatMap(\.members).map(\.path.value))
    for case .path(let name) in uplinks.flatMap(\.watch).map(\.value) { used.insert(name) }
    for path in paths {
      checkInterface(path.interface)
      checkNeighbour(path.via, on: path.interface)
      if let name = path.name, !used.contains(name.value) {
        report.warning("the path \(SourceText.quoted(name.value)) is in no group", at: name.place)
      }
      for reference in path.health?.peers ?? [] {
        guard let peer = index.peers[reference.value].map({ peers[$0] }) else {
          if index.allowNames.contains(reference.value) {
            report.error(
              "\(SourceText.quoted(reference.value)) accepts many peers, a path is judged by one",
              at: reference.place,
              expected: "the name of a peer under bfd.peers")
          } else {
            unknown("peer", reference, among: index.ownPeerNames)
          }
          continue
        }
        if !peer.isInline { checkSession(path, peer, reference.place) }
      }
    }
  }

  /// A path that is judged by a session with somebody else.
  private func checkSession(_ path: PathDraft, _ peer: PeerDraft, _ place: Place) {
    let name = SourceText.quoted(peer.name?.value ?? "")
    if peer.shutdown {
      report.warning("the peer \(name) is shut down, so this path never comes up", at: place)
    }
    if peer.reach.isNear, peer.seamless == nil, let via = path.via?.value, let address = peer.address?.value,
      via.family == address.family, via != address
    {
      report.warning(
        "this path goes via \(via), but the peer \(name) is \(address)", at: place,
        expected: "the session with the path's own next hop")
    }
    if let interface = path.interface?.value, let other = peer.interface?.value, interface != other {
      report.warning(
        "this path is on \(interface), but the peer \(name) is on \(other)", at: place,
        expected: "the session on the path's own interface")
    }
  }
}
