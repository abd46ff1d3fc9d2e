public import Addresses

/// Finds the session that a packet belongs to (RFC 5880 section 6.3, RFC 5881 sections 3 and 6, RFC 5883 section 5).
///
/// A non-zero Your Discriminator decides alone. Only a packet that carries none is matched by its addresses.
/// Sessions are named by an index that the owner chose.
public struct Demultiplexer: Sendable {
  /// What an entry demands of packets, beside belonging to the session.
  public struct Entry: Hashable, Sendable {
    public var key: SessionKey
    public var localDiscriminator: UInt32
    /// The address that packets must be sent to; nil for any.
    public var localAddress: IPAddress?
    /// The least TTL accepted: 255 on a single hop (RFC 5881 section 5), less for a peer behind a router.
    public var minimumTimeToLive: UInt8

    public init(
      key: SessionKey, localDiscriminator: UInt32, localAddress: IPAddress? = nil, minimumTimeToLive: UInt8 = 255
    ) {
      self.key = key
      self.localDiscriminator = localDiscriminator
      self.localAddress = localAddress
      self.minimumTimeToLive = minimumTimeToLive
    }
  }

  public enum Match: Hashable, Sendable {
    case session(Int)
    case discarded(DiscardReason)
  }

  /// One without a discriminator is free.
  private var entries: [Entry] = []
  private var byKey: [SessionKey: Int] = [:]
  private var byDiscriminator = DiscriminatorTable()

  public init() {}

  /// How many sessions there are.
  public var count: Int { byKey.count }

  /// Whether a discriminator is in use.
  public func contains(discriminator: UInt32) -> Bool { byDiscriminator[discriminator] != nil }

  /// The session that an echo names: its own discriminator comes back in it.
  public func index(discriminator: UInt32) -> Int? { byDiscriminator[discriminator].map(Int.init) }

  /// The session with just this key.
  public func index(of key: SessionKey) -> Int? { byKey[key] }

  /// Registers a session under the index its owner gave it. False when key or discriminator is taken.
  public mutating func insert(_ entry: Entry, index: Int) -> Bool {
    guard byKey[entry.key] == nil, byDiscriminator[entry.localDiscriminator] == nil else { return false }
    while entries.count <= index { entries.append(Entry.free) }
    precondition(entries[index].localDiscriminator == 0, "one index, one session")
    entries[index] = entry
    byKey[entry.key] = index
    byDiscriminator.insert(entry.localDiscriminator, value: Int32(index))
    return true
  }

  public mutating func remove(index: Int) {
    guard entries.indices.contains(index), entries[index].localDiscriminator != 0 else { return }
    let entry = entries[index]
    entries[index] = Entry.free
    byKey[entry.key] = nil
    byDiscriminator.remove(entry.localDiscriminator)
  }

  /// The session for a packet that parsed. Section 6.8.6: a discriminator that names no session is the end of it;
  /// there is no falling back to addresses.
  public func match(_ packet: ControlPacket, from source: PacketSource) -> Match {
    let index: Int
    if packet.yourDiscriminator != 0 {
      guard let found = byDiscriminator[packet.yourDiscriminator] else {
        return .discarded(.yourDiscriminatorUnknown)
      }
      index = Int(found)
    } else {
      guard let found = indexByAddress(source) else { return .discarded(.noSession) }
      index = found
    }
    if let reason = entries[index].objection(to: source) { return .discarded(reason) }
    return .session(index)
  }

  /// The session with the sender of a packet that `match` discarded for its Your Discriminator, as though it had carried
  /// none. For hints only: RFC 5880 section 6.8.6 forbids to accept the packet.
  public func sender(of source: PacketSource) -> Int? {
    guard let index = indexByAddress(source), entries[index].objection(to: source) == nil else { return nil }
    return index
  }

  /// The most particular session that fits: both addresses, address and interface, address, point-to-point interface.
  private func indexByAddress(_ source: PacketSource) -> Int? {
    index(.pair(local: source.destination, remote: source.source), source)
      ?? index(.address(source.source, interface: source.interface), source)
      ?? index(.address(source.source, interface: 0), source)
      ?? index(.pointToPoint(interface: source.interface), source)
  }

  private func index(_ peer: SessionKey.Peer, _ source: PacketSource) -> Int? {
    byKey[SessionKey(peer: peer, pathType: source.pathType, domain: source.domain)]
  }
}

extension Demultiplexer.Entry {
  fileprivate static let free = Self(key: SessionKey(peer: .pointToPoint(interface: 0)), localDiscriminator: 0)

  /// Why a packet that names this session still is not for it; nil when it is.
  func objection(to source: PacketSource) -> DiscardReason? {
    if source.domain != key.domain { return .wrongDomain }
    if source.pathType != key.pathType { return .wrongPort }
    if key.interface != 0, key.interface != source.interface { return .wrongInterface }
    if case .pair(let local, _) = key.peer, local != source.destination { return .wrongDestination }
    if let localAddress, localAddress != source.destination { return .wrongDestination }
    if source.timeToLive < minimumTimeToLive { return .timeToLive }
    return nil
  }
}
