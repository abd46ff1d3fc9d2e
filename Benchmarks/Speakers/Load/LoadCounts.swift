/// What was measured. Copied out whole; times are milliseconds unless a name says otherwise.
public struct LoadCounts: Sendable {
  public var sent = 0
  public var received = 0
  public var finals = 0
  public var violations = Array(repeating: 0, count: Violation.allCases.count)
  /// Sessions with both ends Up now, and how many peers ever were.
  public var up = 0
  public var everUp = 0
  /// From the generator's first packet until every session was Up at both ends; nil while they are not.
  public var allUp: Double?

  /// Peers that left Up outside of their own trials, by phase: before the steady phase, in it, after it.
  public var falls = [Falls(), Falls(), Falls()]

  public var intervals = Intervals()
  /// By how much periodic packets of the peers left late, microseconds, in the steady phase.
  public var lateness = Histogram(bins: 20_000, width: 1)
  /// The longest gap between two packets of one peer in the steady phase, as a share of its interval.
  public var longestOwnGap = 0.0
  /// Packets that the kernel did not take.
  public var unsent = 0

  public var muted = 0
  public var undetected = 0
  public var notReturned = 0
  /// Detections with another diagnostic than 1, Control Detection Time Expired.
  public var otherDiagnostics = 0
  /// First Down packet, less the last packet of the peer, less the detection time.
  public var overshoot: [Double] = []
  /// From the first packet after the silence until both ends were Up.
  public var returns: [Double] = []
  /// Trials that have not ended.
  public var trialsLeft = 0

  public init() {}

  public struct Falls: Hashable, Sendable {
    /// The daemon said Down or AdminDown.
    public var announced = 0
    /// Of those, with diagnostic 1: the daemon claims not to have heard the peer.
    public var announcedUnheard = 0
    /// The peer's own detection time ended: the daemon was silent.
    public var silent = 0
    /// The generator had been silent for so long that the daemon was right.
    public var generator = 0

    /// Charged to the daemon.
    public var total: Int { announced + silent }
  }

  public enum Phase: Int, Sendable { case before, steady, after }

  public subscript(_ phase: Phase) -> Falls {
    get { falls[phase.rawValue] }
    set { falls[phase.rawValue] = newValue }
  }

  /// Of kinds that RFC 5880, 5881 or the Internet's checksums forbid.
  public var violationCount: Int { violations.reduce(0, +) }
  public var violationText: String {
    Violation.allCases.filter { violations[$0.rawValue] > 0 }.map { "\(violations[$0.rawValue]) \($0.name)" }
      .joined(separator: ", ")
  }
}
