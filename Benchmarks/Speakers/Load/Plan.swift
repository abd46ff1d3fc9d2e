/// What is emulated: groups of peers, each with its timers, all at one daemon.
public struct LoadPlan: Sendable {
  public struct Group: Hashable, Sendable {
    public var count: Int
    /// Desired Min TX and Required Min RX of the peers, microseconds.
    public var interval: UInt32
    public var multiplier: UInt8

    public init(count: Int, interval: UInt32, multiplier: UInt8) {
      self.count = count
      self.interval = interval
      self.multiplier = multiplier
    }
  }

  public var groups: [Group]
  /// The daemon's address, and the first /24 of the peers, which have 250 addresses each.
  public var daemon: UInt32
  public var base: UInt32
  public var link: LinkAddresses
  /// Nanoseconds over which the first packets of the peers are spread.
  public var spread: Int64 = 1_000_000_000
  public var seed: UInt64 = 1

  public init(groups: [Group], daemon: UInt32, base: UInt32, link: LinkAddresses) {
    self.groups = groups
    self.daemon = daemon
    self.base = base
    self.link = link
  }

  public var count: Int { groups.reduce(0) { $0 + $1.count } }

  static let perNetwork = 250

  /// 10.97.0.1 for 0, 10.97.0.250 for 249, 10.97.1.1 for 250, with 10.97.0.0 as the base.
  public func address(_ index: Int) -> UInt32 {
    base + UInt32(index / Self.perNetwork) << 8 + UInt32(index % Self.perNetwork) + 1
  }

  /// The other way; nil for an address that is no peer's.
  func index(_ address: UInt32) -> Int? {
    let offset = address &- base
    let host = Int(offset & 0xff)
    guard (1...Self.perNetwork).contains(host) else { return nil }
    return Int(offset >> 8) * Self.perNetwork + host - 1
  }

  /// As people write it.
  public static func text(_ address: UInt32) -> String {
    [24, 16, 8, 0].map { "\(address >> $0 & 0xff)" }.joined(separator: ".")
  }
}
