/// Follows a stream of pcapng blocks as it comes, to count what is in it. Takes what `PcapngWriter` writes.
public struct PcapngScanner: Sendable {
  /// Packets seen whole.
  public private(set) var packets: UInt64 = 0
  /// The last count of dropped packets that the stream told.
  public private(set) var dropped: UInt64 = 0
  /// The stream is no pcapng, or not of ours.
  public private(set) var isBroken = false
  /// Whether all blocks so far are whole.
  public var isComplete: Bool { rest.isEmpty }
  private var rest: [UInt8] = []
  /// Blocks are a few hundred octets.
  private static let longestBlock = 1 << 20

  public init() {}

  /// Takes octets, and gives back the whole blocks that are complete now.
  /// - Parameter limit: packets in all; the blocks behind the last of them are kept back.
  public mutating func take(_ octets: some Collection<UInt8>, limit: UInt64 = .max) -> [UInt8] {
    guard !isBroken else { return [] }
    rest += octets
    var end = 0
    while rest.count - end >= 12, packets < limit {
      let type = word(end)
      let length = Int(word(end + 4))
      guard length >= 12, length % 4 == 0, length <= Self.longestBlock else {
        isBroken = true
        break
      }
      guard rest.count - end >= length else { break }
      if type == 6 { packets += 1 }
      if type == 5 { readStatistics(end + 20, end + length - 4) }
      end += length
    }
    let whole = Array(rest[..<end])
    rest.removeFirst(end)
    return whole
  }

  private mutating func readStatistics(_ start: Int, _ end: Int) {
    var position = start
    while position + 4 <= end {
      let code = word(position) & 0xffff
      let length = Int(word(position) >> 16)
      guard code != 0, position + 4 + length <= end else { return }
      if code == 5, length == 8 { dropped = UInt64(word(position + 4)) | UInt64(word(position + 8)) << 32 }
      position += 4 + (length + 3) & ~3
    }
  }

  private func word(_ offset: Int) -> UInt32 {
    (0..<4).reduce(0) { $0 | UInt32(rest[offset + $1]) << UInt32(8 * $1) }
  }
}
