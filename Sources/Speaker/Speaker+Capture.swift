import Addresses
import BFD
public import Capture
import Glibc

/// Copies of packets for whoever watches: bounded, so that a watcher who is slow costs packets and not memory.
struct PacketTap {
  /// Between two turns of the owner.
  static let limit = 4_096
  let includesDiscarded: Bool
  var packets: [TappedPacket] = []
  var dropped: UInt64 = 0

  init(includesDiscarded: Bool) {
    self.includesDiscarded = includesDiscarded
    packets.reserveCapacity(Self.limit)
  }

  mutating func append(_ packet: CapturedPacket, session: Int?) {
    guard packets.count < Self.limit else {
      dropped &+= 1
      return
    }
    packets.append(TappedPacket(session: session, packet: packet))
  }
}

/// A packet, and whose it is.
public struct TappedPacket: Sendable {
  /// Nil: it belongs to no session.
  public var session: Int?
  public var packet: CapturedPacket
}

extension Speaker {
  /// Keeps the last packets of every session from now on; those kept so far are forgotten.
  /// - Parameter depth: packets of each session, 0 to 1024; 0 keeps none. 40 octets each.
  public mutating func keepPackets(depth: Int) {
    rings = PacketRings(depth: depth)
    rings.reserve(slots.count)
  }

  /// How many packets of each session are kept.
  public var keptPackets: Int { rings.depth }

  /// The last packets of a session, oldest first.
  public func lastPackets(of index: Int) -> [CapturedPacket] {
    guard let settings = slots[index]?.pointee.settings else { return [] }
    let offset = WallClock.offset()
    let local = slots[index]?.pointee.heardAt
    return rings.packets(of: index).map { captured($0, settings, local, offset) }
  }

  /// Copies packets from now on, to be taken with `takeTapped` after every `run`; nil copies none.
  /// - Parameter includingDiscarded: also those that belong to no session.
  public mutating func tap(includingDiscarded: Bool?) {
    tap = includingDiscarded.map { PacketTap(includesDiscarded: $0) }
    if tap != nil { expectNothing() }
    updateUnknownDropping()
  }

  /// The copies since the last call, and how many there was no room for.
  public mutating func takeTapped() -> (packets: [TappedPacket], dropped: UInt64) {
    guard let taken = tap, !taken.packets.isEmpty || taken.dropped > 0 else { return ([], 0) }
    tap?.packets.removeAll(keepingCapacity: false)
    tap?.dropped = 0
    return (taken.packets, taken.dropped)
  }

  /// A packet of a session has come in.
  mutating func keepReceived(
    _ payload: RawSpan, _ index: Int, _ source: PacketSource, fate: UInt8, at arrival: Instant
  ) {
    guard rings.depth > 0 || tap != nil else { return }
    let record = PacketRecord(
      at: arrival, octets: CapturedPacket.Octets(payload), sourcePort: reading.sourcePort,
      timeToLive: source.timeToLive,
      length: max(payload.byteCount, reading.length), authenticationType: Self.authenticationType(payload),
      fate: fate)
    rings.append(record, session: index)
    if fate == PacketRecord.taken, slots[index]?.pointee.settings.localAddress == nil {
      slots[index]?.pointee.heardAt = source.destination
    }
    guard tap != nil else { return }
    let copy = captured(record, source, WallClock.offset())
    tap?.append(copy, session: index)
  }

  /// A packet of a session leaves.
  mutating func keepSent(_ octets: CapturedPacket.Octets, length: Int, authenticationType: UInt8, _ index: Int) {
    let record = PacketRecord(
      at: turnAt, octets: octets, sourcePort: 0, timeToLive: 255, length: length,
      authenticationType: authenticationType, fate: PacketRecord.sent)
    rings.append(record, session: index)
    if tap != nil, let settings = slots[index]?.pointee.settings {
      let copy = captured(record, settings, slots[index]?.pointee.heardAt, WallClock.offset())
      tap?.append(copy, session: index)
    }
  }

  /// Whether packets are kept or copied at all.
  var isCapturing: Bool { rings.depth > 0 || tap != nil }

  /// A packet is discarded that belongs to no session, as far as can be told.
  mutating func discard(
    _ reason: DiscardReason, _ payload: RawSpan, from source: PacketSource, at arrival: Instant
  ) {
    count(reason)
    guard tap?.includesDiscarded == true else { return }
    let record = PacketRecord(
      at: arrival, octets: CapturedPacket.Octets(payload), sourcePort: reading.sourcePort,
      timeToLive: source.timeToLive,
      length: max(payload.byteCount, reading.length), authenticationType: Self.authenticationType(payload),
      fate: PacketRecord.discarded(reason))
    let copy = captured(record, source, WallClock.offset())
    tap?.append(copy, session: nil)
  }

  /// Auth Type, where the A bit is set and the octet is there.
  private static func authenticationType(_ payload: RawSpan) -> UInt8 {
    guard payload.byteCount > 24, payload.unsafeLoad(fromByteOffset: 1, as: UInt8.self) & 0x04 != 0 else {
      return 0
    }
    return payload.unsafeLoad(fromByteOffset: 24, as: UInt8.self)
  }

  /// One that came in, with the addresses it came with.
  private func captured(_ record: PacketRecord, _ source: PacketSource, _ offset: Int64) -> CapturedPacket {
    CapturedPacket(
      time: record.at.nanoseconds + offset, direction: .received, discarded: record.discarded,
      source: source.source,
      destination: source.destination, sourcePort: record.sourcePort,
      destinationPort: BFDPort.destination(source.pathType), timeToLive: record.timeToLive,
      length: Int(record.length), octets: record.octets, authenticationType: record.authenticationType)
  }

  /// One of a session's, with the session's addresses; where the kernel chooses the local one, it is the one that
  /// the peer sends to, and unspecified before it has.
  private func captured(
    _ record: PacketRecord, _ settings: SessionSettings, _ heardAt: IPAddress?, _ offset: Int64
  ) -> CapturedPacket {
    let family = settings.remoteAddress?.family ?? .ipv4
    let remote = settings.remoteAddress ?? .any(family)
    let local = settings.localAddress ?? heardAt ?? .any(family)
    let isSent = record.direction == .sent
    return CapturedPacket(
      time: record.at.nanoseconds + offset, direction: record.direction, discarded: record.discarded,
      source: isSent ? local : remote, destination: isSent ? remote : local,
      sourcePort: isSent ? sourcePort(family, in: settings.key.domain) ?? 0 : record.sourcePort,
      destinationPort: BFDPort.destination(settings.key.pathType), timeToLive: record.timeToLive,
      length: Int(record.length), octets: record.octets, authenticationType: record.authenticationType)
  }
}

/// The calendar's time beside the monotonic one.
enum WallClock {
  /// Nanoseconds to add to a monotonic instant.
  static func offset() -> Int64 {
    MonotonicClock.nanoseconds(CLOCK_REALTIME) - MonotonicClock.nanoseconds(CLOCK_MONOTONIC)
  }
}
