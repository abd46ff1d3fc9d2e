public import BFD

/// One direction of a link.
public struct LinkPlan: Sendable {
  public var isUp = true
  public var loss = 0  // permille
  /// No more than so many packets lost in a row; 0 for any number.
  public var lossesInARow = 0
  public var duplication = 0  // permille
  /// Nanoseconds from one end to the other.
  public var least: Int64 = 50_000
  public var most: Int64 = 200_000
  /// Packets do not overtake each other, and a duplicate comes right behind the first.
  public var isOrdered = true
}

/// One end of a session.
public enum Side: Int, Sendable {
  case hub
  case leaf

  var other: Side { self == .hub ? .leaf : .hub }
}

/// A session between the hub and a leaf.
public struct LeafPlan: Sendable {
  public var hub: SessionConfiguration
  public var leaf: SessionConfiguration
  /// Nil for a leaf that is a `Session` like the hub's.
  public var quirks: Quirks?
  public var link: LinkPlan
  /// Nil for none; only between two `Session`s.
  public var authentication: AuthenticationPlan?
}

/// A packet that section 6.8.6, or RFC 5881 or 5883, wants discarded.
public enum Forgery: CaseIterable, Sendable {
  case truncated, version, shortLength, longLength, multiplierZero, multipoint, myDiscriminatorZero
  case initWithoutDiscriminator, upWithoutDiscriminator, unknownDiscriminator, authenticated
  case timeToLive, multihopPort, stranger
  /// For authenticated sessions: a packet of the peer's with a bit changed, and one from before.
  case tampered, replayed

  /// Those that need no recording of earlier packets.
  public static let invented = allCases.filter { $0 != .tampered && $0 != .replayed }
}

public enum Action: Sendable {
  case link(leaf: Int, to: Side, LinkPlan)
  case configure(leaf: Int, Side, SessionConfiguration)
  case hold(leaf: Int, Side, Session.Hold)
  case release(leaf: Int, Side)
  /// Node 0 is the hub, node n + 1 leaf n. All state is lost.
  case restart(node: Int, newDiscriminator: Bool)
  /// The node stops, as under SIGSTOP; what arrives meanwhile waits with its arrival times. Nanoseconds.
  case freeze(node: Int, Int64)
  /// A model peer says farewell with required min RX 0, and is gone for so many nanoseconds.
  case leave(leaf: Int, Int64)
  case forge(leaf: Int, to: Side, Forgery)
  /// Whether a side loops the other's echoes.
  case loop(leaf: Int, at: Side, Bool)
}

/// Everything that will happen in a run: a pure function of its seed.
public struct Scenario: Sendable {
  public enum Kind: String, Sendable, CaseIterable {
    /// Delays and losses stay below the detection time: nothing may flap.
    case calm
    /// Anything may happen, until the path is good again.
    case storm
    /// Other people's speakers, in calm weather with interruptions.
    case quirk
    /// What facts about OVN say nobody gets out of who keeps to RFC 5880 alone.
    case deadEnd
  }

  public var seed: UInt64
  public var kind: Kind
  public var leaves: [LeafPlan]
  /// Parts per million by which each node's clock is off; nanoseconds that it shows at 0.
  public var clocks: [(ppm: Int64, offset: Int64)]
  public var actions: [(time: Int64, action: Action)]
  /// Finals can be told apart by time: delays are short or steady. See `Oracle`.
  public var isStrict: Bool
  /// Of a dead end: the hub knows that its peer is OVN, and must get out.
  public var isRescued = false
  /// From here on all paths are good and nobody is disturbed; nanoseconds.
  public var goodFrom: Int64
  /// After so many nanoseconds of that all sessions must be Up, and stay so.
  public var bound: Int64
  public var end: Int64

  public var description: String {
    let ends = leaves.map { leaf in
      "\(Self.text(leaf.hub)) <-> \(Self.text(leaf.leaf))\(leaf.quirks.map { " \($0)" } ?? "")"
        + (leaf.authentication.map { " \($0.first), then \($0.second)" } ?? "")
    }
    return """
      \(kind.rawValue), \(leaves.count) session(s): \(ends.joined(separator: "; ")); \
      \(actions.count) actions, good from \(seconds(goodFrom)), up by \(seconds(goodFrom + bound))
      """
  }

  static func text(_ c: SessionConfiguration) -> String {
    "tx \(c.desiredMinTx) rx \(c.requiredMinRx) x \(c.detectMultiplier)\(c.role == .passive ? " passive" : "")"
      + (c.demand.map { " demand \($0.verificationInterval.map(\.description) ?? "-")" } ?? "")
      + (c.echo.map { " echo \($0.transmitInterval)" } ?? "")
      + (c.requiredMinEchoRx == .zero ? "" : " loops \(c.requiredMinEchoRx)")
  }
}

/// Nanoseconds as a person reads them.
func seconds(_ nanoseconds: Int64) -> String {
  let micros = nanoseconds / 1_000
  let fraction = String(1_000_000 + micros % 1_000_000).dropFirst()
  return "\(micros / 1_000_000).\(fraction)s"
}
