public import BFD

/// One packet in a session's ring: 40 octets.
public struct PacketRecord: Hashable, Sendable {
  /// On the owner's monotonic clock.
  public var at: Instant
  public var octets: CapturedPacket.Octets
  public var sourcePort: UInt16
  /// Of the UDP payload.
  public var length: UInt16
  public var timeToLive: UInt8
  public var authenticationType: UInt8
  /// 0: sent. 1: received and taken. 2 and more: received and discarded, `DiscardReason.rawValue` + 2.
  public var fate: UInt8

  @inlinable public init(
    at: Instant, octets: CapturedPacket.Octets, sourcePort: UInt16, timeToLive: UInt8, length: Int,
    authenticationType: UInt8, fate: UInt8
  ) {
    self.at = at
    self.octets = octets
    self.sourcePort = sourcePort
    self.timeToLive = timeToLive
    self.length = UInt16(clamping: length)
    self.authenticationType = authenticationType
    self.fate = fate
  }

  public static let sent: UInt8 = 0
  public static let taken: UInt8 = 1
  @inlinable public static func discarded(_ reason: DiscardReason) -> UInt8 { reason.rawValue &+ 2 }

  public var direction: CapturedPacket.Direction { fate == Self.sent ? .sent : .received }
  public var discarded: DiscardReason? { fate < 2 ? nil : DiscardReason(rawValue: fate - 2) }
}

/// The last packets of every session, in one buffer that grows with the sessions and never with the packets.
public struct PacketRings: Sendable {
  /// Packets kept of each session; 0 keeps none.
  public let depth: Int
  // One after the other: session n has `depth` records from n * depth on.
  @usableFromInline var records: [PacketRecord] = []
  /// Where each session writes next, and whether it has been around.
  @usableFromInline var next: [UInt16] = []
  @usableFromInline var isFull: [Bool] = []

  /// - Parameter depth: 0 to 1024.
  public init(depth: Int) {
    precondition((0...1024).contains(depth), "a ring keeps at most 1024 packets")
    self.depth = depth
  }

  /// Octets that a session costs.
  public static func octets(depth: Int) -> Int { depth * MemoryLayout<PacketRecord>.stride + (depth > 0 ? 3 : 0) }

  /// Makes room for sessions 0 ..< count.
  public mutating func reserve(_ count: Int) {
    guard depth > 0, count > next.count else { return }
    let more = count - next.count
    let empty = PacketRecord(
      at: Instant(nanoseconds: 0), octets: CapturedPacket.Octets(RawSpan()), sourcePort: 0, timeToLive: 0,
      length: 0,
      authenticationType: 0, fate: 0)
    records.append(contentsOf: repeatElement(empty, count: more * depth))
    next.append(contentsOf: repeatElement(0, count: more))
    isFull.append(contentsOf: repeatElement(false, count: more))
  }

  /// Forgets a session's packets: another one gets its number.
  public mutating func clear(_ session: Int) {
    guard next.indices.contains(session) else { return }
    next[session] = 0
    isFull[session] = false
  }

  /// Keeps a packet, and forgets the oldest.
  @inlinable public mutating func append(_ record: PacketRecord, session: Int) {
    guard session < next.count else { return }
    let position = Int(next[session])
    records[session &* depth &+ position] = record
    let following = position &+ 1
    if following == depth {
      next[session] = 0
      isFull[session] = true
    } else {
      next[session] = UInt16(truncatingIfNeeded: following)
    }
  }

  /// A session's packets, oldest first.
  public func packets(of session: Int) -> [PacketRecord] {
    guard next.indices.contains(session) else { return [] }
    let start = session * depth
    let position = Int(next[session])
    let newer = records[start..<start + position]
    return isFull[session] ? Array(records[start + position..<start + depth] + newer) : Array(newer)
  }
}
