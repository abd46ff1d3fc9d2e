/// What a model peer does that a `Session` does not. The facts behind each are the other speakers' code as of 2025,
/// and what was seen of OVN 23.03 on Debian 12.
public struct Quirks: OptionSet, Sendable, CustomStringConvertible {
  public let rawValue: Int
  public init(rawValue: Int) { self.rawValue = rawValue }

  /// A packet with your discriminator 0 is ignored (OVN).
  public static let needsDiscriminator = Quirks(rawValue: 1 << 0)
  /// No slow start: the configured rate also while Down (OVN).
  public static let alwaysFast = Quirks(rawValue: 1 << 1)
  /// The next packet is scheduled when one is sent; nothing heard meanwhile moves it (OVN).
  public static let schedulesAhead = Quirks(rawValue: 1 << 2)
  /// Once the peer said required min RX 0, never a packet again, until one of the peer's that it takes says more (OVN).
  public static let latchesZeroRx = Quirks(rawValue: 1 << 3)
  /// The peer's discriminator outlives the detection time (OVN).
  public static let keepsDiscriminator = Quirks(rawValue: 1 << 4)
  /// Unless Up it falls asleep after three packets until one reaches it (OVN 23.03).
  public static let drowsy = Quirks(rawValue: 1 << 5)
  /// Unless Up it announces required min RX 1 s, and polls when that changes (FRR).
  public static let slowRx = Quirks(rawValue: 1 << 6)
  /// On leaving it says AdminDown with required min RX 0 (BIRD).
  public static let farewell = Quirks(rawValue: 1 << 7)
  /// Sends nothing before it was spoken to (OpenBFDD).
  public static let passive = Quirks(rawValue: 1 << 8)
  /// Always diagnostic 0 (OVN).
  public static let noDiagnostic = Quirks(rawValue: 1 << 9)

  public static let ovn: Quirks = [
    .needsDiscriminator, .alwaysFast, .schedulesAhead, .latchesZeroRx, .keepsDiscriminator, .noDiagnostic
  ]
  public static let frr: Quirks = [.slowRx]
  public static let bird: Quirks = [.farewell]
  public static let openBFDD: Quirks = [.passive]

  public var description: String {
    if contains(.ovn) { return contains(.drowsy) ? "(OVN, drowsy)" : "(OVN)" }
    if contains(.slowRx) { return "(FRR)" }
    if contains(.farewell) { return "(BIRD)" }
    return contains(.passive) ? "(OpenBFDD)" : "(plain)"
  }
}
