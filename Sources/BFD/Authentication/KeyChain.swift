/// Keys that follow one another, so that both ends can change keys at their leisure: the new one is accepted
/// before anyone sends with it, the old one for a while after.
public struct KeyChain: Hashable, Sendable {
  /// In the order in which they were given; no id occurs twice.
  public let keys: [AuthenticationKey]

  /// - Throws: when two keys have one id: a packet says nothing else about its key.
  public init(_ keys: [AuthenticationKey]) throws(KeyChainError) {
    var seen = Set<UInt8>()
    for key in keys {
      guard seen.insert(key.id).inserted else { throw KeyChainError(id: key.id) }
    }
    self.keys = keys
  }

  /// The keys that may be used at a time, in seconds since 1970.
  public func usableKeys(at seconds: Int64) -> UsableKeys {
    var sending: AuthenticationKey?
    for key in keys where key.send.contains(seconds) {
      if let best = sending, !key.supersedes(best) { continue }
      sending = key
    }
    let changes = keys.flatMap { [$0.send.nextChange(after: seconds), $0.accept.nextChange(after: seconds)] }
    return UsableKeys(
      sending: sending, accepting: keys.filter { $0.accept.contains(seconds) },
      changesAt: changes.compactMap { $0 }.min())
  }
}

/// Two keys of a chain have the same id.
public struct KeyChainError: Error, Hashable, Sendable, CustomStringConvertible {
  public var id: UInt8
  public var description: String { "two keys have the id \(id)" }
}

extension AuthenticationKey {
  /// Of two keys that may both be sent with, the one whose send lifetime began last; of two that began together, the
  /// one with the higher id. A newer key takes over as soon as it may; the older ones are there for when it ends.
  fileprivate func supersedes(_ other: Self) -> Bool {
    let (mine, theirs) = (send.start ?? .min, other.send.start ?? .min)
    return mine == theirs ? id > other.id : mine > theirs
  }
}

/// What a key chain comes to at one time: at most one key to send with, any number to accept.
///
/// A session that has none to send with sends nothing, and one that has none to accept accepts nothing: that a key
/// cannot be used never means that none is needed.
public struct UsableKeys: Hashable, Sendable {
  public let sending: AuthenticationKey?
  public let accepting: [AuthenticationKey]
  /// When to ask the chain again, in seconds since 1970; nil for never.
  public let changesAt: Int64?

  /// No key at all: nothing is sent, nothing is accepted.
  public static let none = UsableKeys(sending: nil, accepting: [], changesAt: nil)

  /// Why a packet that has no session yet cannot begin an authenticated one; nil when it can. Its sequence number, which
  /// nothing is known of, is not looked at.
  public func objection(to packet: ControlPacket, _ payload: RawSpan) -> DiscardReason? {
    guard packet.authenticationPresent else { return .authenticationMissing }
    do throws(PacketDiscarded) {
      let claim = try AuthenticationSection.claim(in: payload, self)
      return AuthenticationSection.verifies(claim, payload) ? nil : .authenticationFailed
    } catch {
      return error.reason
    }
  }

  /// The key that a packet claims to be made with.
  func accepted(id: UInt8) -> AuthenticationKey? {
    for key in accepting where key.id == id { return key }
    return nil
  }
}
