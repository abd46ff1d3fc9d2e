import Addresses
import BFD

/// What is known of a next hop on its link, learnt by our own questions alone: the kernel's neighbour cache is neither
/// read nor written, so a wrong entry in it does not make a living gateway look dead, nor the reverse.
struct NextHop: Hashable, Sendable {
  /// How old an answer may get before echo probes ask again beside their own question.
  static let refreshAfter: Int64 = 10_000_000_000
  /// Unicast questions in vain, each followed by a broadcast one that was answered, until only broadcast is used:
  /// some devices do not answer the former.
  static let unicastRefusals = 2

  let address: IPAddress
  /// The interface's number in the prober.
  let link: Int
  /// Probes that go this way.
  var probes: [Int] = []

  private(set) var linkAddress: MACAddress?
  private(set) var answeredAt: Instant?
  /// The source of the last question, which an answer must be addressed to.
  private(set) var askedFrom: IPAddress?
  private var askedAt: Instant?
  private var askedUnicast = false
  private var isOpen = false
  private var unicastInVain = false
  private var refusals = 0

  init(_ address: IPAddress, link: Int) {
    self.address = address
    self.link = link
  }

  /// Whether an echo probe should ask, beside its own question.
  /// - Parameter doubtful: its last question was not answered, or this one decides.
  func wantsQuestion(doubtful: Bool, patience: Int64, at now: Instant) -> Bool {
    if isOpen, let askedAt, now - askedAt < patience { return false }
    guard linkAddress != nil, let answeredAt else { return true }
    return doubtful || now - answeredAt >= Self.refreshAfter
  }

  /// Whether to ask the known address alone; otherwise everybody.
  /// - Parameter patience: nanoseconds after which an open question counts as in vain.
  func asksUnicast(patience: Int64, at now: Instant) -> Bool {
    guard linkAddress != nil, refusals < Self.unicastRefusals else { return false }
    if isOpen, let askedAt, now - askedAt >= patience { return false }
    return true
  }

  /// Whether another probe has asked in this turn: one answer serves both.
  func wasJustAsked(at now: Instant) -> Bool {
    guard isOpen, let askedAt else { return false }
    return now - askedAt < 1_000_000
  }

  mutating func asked(from source: IPAddress, unicast: Bool, at now: Instant) {
    // Only a unicast question whose time was over is followed by one to all.
    if isOpen, askedUnicast, !unicast { unicastInVain = true }
    askedFrom = source
    askedAt = now
    askedUnicast = unicast
    isOpen = true
  }

  /// - Parameter linkAddress: nil when the answer did not say; what is known then stays.
  mutating func answered(_ linkAddress: MACAddress?, at arrival: Instant) {
    if isOpen, askedUnicast {
      refusals = 0
      unicastInVain = false
    } else if isOpen, unicastInVain {
      refusals += 1
      unicastInVain = false
    }
    isOpen = false
    answeredAt = arrival
    if let linkAddress { self.linkAddress = linkAddress }
  }
}

/// Which of an interface's addresses a question comes from.
enum SourceSelection {
  /// For ARP or neighbour discovery of `via`: one in its prefix, else one of the same scope.
  static func resolving(_ via: IPAddress, from addresses: [IPPrefix]) -> IPAddress? {
    let own = addresses.filter { $0.family == via.family }
    if let near = own.first(where: { $0.contains(via) }) { return near.address }
    // A node always has a link-local IPv6 address to ask from; the neighbour always can answer it.
    return (own.first { $0.address.isLinkLocal } ?? own.first)?.address
  }

  /// For an echo to `target` through `via`: one in the next hop's prefix, else one in the target's, else any. A
  /// link-local IPv6 address serves only a link-local target: its answer could not be routed back.
  static func echo(to target: IPAddress, via: IPAddress, from addresses: [IPPrefix]) -> IPAddress? {
    let own = addresses.filter {
      $0.family == target.family && (target.family == .ipv4 || $0.address.isLinkLocal == target.isLinkLocal)
    }
    return (own.first { $0.contains(via) } ?? own.first { $0.contains(target) } ?? own.first)?.address
  }
}
