import BFD

extension Draft {
  func checkKeys() {
    unique(keyChains.compactMap(\.name)) { "the key chain \(SourceText.quoted($0))" }
    let names = keyChains.compactMap(\.name?.value)
    var used = Set<String>()
    for case .chain(let reference) in peers.compactMap(\.authentication) + allow.compactMap(\.authentication) {
      used.insert(reference.value)
      guard !names.contains(reference.value), !hasBrokenKeyChains else { continue }
      report.error(
        "there is no key chain \(SourceText.quoted(reference.value))", at: reference.place,
        expected: names.isEmpty
          ? "the name of a key chain under bfd.key-chains; this file has none"
          : names.count <= 8 ? "one of \(names.joined(separator: ", "))" : nil,
        help: Suggestion.help(for: reference.value, among: names))
    }
    for chain in keyChains {
      unique(chain.keys.compactMap(\.id)) { "the key id \($0)" }
      if let name = chain.name, !used.contains(name.value) {
        report.warning("nobody uses the key chain \(SourceText.quoted(name.value))", at: name.place)
      }
      guard !chain.hasBrokenKeys else { continue }
      warnAboutGap(chain)
      for key in chain.keys where !key.accept.covers(key.send) {
        report.warning(
          "this key is sent with at times when it is not accepted, so two ends with this chain fall apart",
          at: key.place, expected: "an accept-lifetime around the send-lifetime, with room for clocks that differ")
      }
    }
  }

  /// Warns when there is a time between the first key and the last at which none is sent with.
  private func warnAboutGap(_ chain: KeyChainDraft) {
    let keys = chain.keys.sorted { $0.send.start ?? .min < $1.send.start ?? .min }
    var end = keys.first?.send.end
    for key in keys.dropFirst() {
      guard let covered = end else { return }  // a key without an end covers all that follows
      if let start = key.send.start, start > covered {
        report.warning(
          "no key is sent with from \(CalendarText.text(covered)) to \(CalendarText.text(start)): sessions go down",
          at: key.place, expected: "send-lifetimes that overlap")
      }
      end = key.send.end.map { max($0, covered) }
    }
  }
}

extension Lifetime {
  fileprivate func covers(_ other: Lifetime) -> Bool {
    let startsInTime = start.map { mine in other.start.map { mine <= $0 } ?? false } ?? true
    let endsInTime = end.map { mine in other.end.map { mine >= $0 } ?? false } ?? true
    return startsInTime && endsInTime
  }
}
