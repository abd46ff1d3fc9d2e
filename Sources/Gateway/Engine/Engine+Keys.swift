import BFD
import ConfigurationFile
import Control
import Speaker

extension Engine {
  /// Gives the speaker the chains that the configuration names, with the keys that could be loaded, and takes back the
  /// others. Sessions go on with them.
  mutating func syncKeys(at now: Instant) {
    for chain in configuration.bfd.keyChains {
      // New keys may come just before the configuration that names them.
      guard let keys = keyChains[chain.name] else { continue }
      speaker.setKeyChain(number(ofKeyChain: chain.name), keys, at: now)
    }
    let names = Set(configuration.bfd.keyChains.map(\.name))
    for (name, number) in keyChainNumbers where !names.contains(name) {
      speaker.setKeyChain(number, nil, at: now)
      keyProblems[number] = nil
    }
  }

  mutating func number(ofKeyChain name: String) -> Int {
    if let known = keyChainNumbers[name] { return known }
    let number = keyChainNumbers.count
    keyChainNumbers[name] = number
    return number
  }

  /// A chain has come to other keys: a lifetime has begun or ended, or files were read again.
  mutating func keysChanged(_ number: Int, _ keys: KeyChainView, at now: Instant) {
    guard let name = keyChainNumbers.first(where: { $0.value == number })?.key,
      configuration.bfd.keyChains.contains(where: { $0.name == name })
    else { return }
    let accepted = keys.accepting.map { "\($0.id)" }.joined(separator: ", ")
    guard keys.isLacking else {
      keyProblems[number] = nil
      let sending = keys.sending.map { "key \($0.id) (\($0.type))" } ?? "nothing"
      log(.info, .configuration, of: name, "BFD key chain \(name): sending with \(sending), accepting \(accepted)")
      return
    }
    var lacks: [String] = []
    if keys.sending == nil { lacks.append("no key to send with now, so its sessions send nothing") }
    if keys.accepting.isEmpty { lacks.append("no key to accept now, so its sessions hear nothing") }
    let what = "BFD key chain \(name): \(lacks.joined(separator: "; "))"
    keyProblems[number] = EngineProblem(
      what: what, help: "correct its key files or lifetimes, then `everway reload`",
      since: keyProblems[number]?.since ?? now)
    log(.warning, .problem, what)
  }
}
