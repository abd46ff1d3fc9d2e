extension StatusReport {
  /// A session's state (RFC 5880 section 6.2; RFC 9127 `state`).
  public enum SessionState: String, Hashable, Sendable, Codable, CaseIterable {
    case adminDown
    case down
    case `init`
    case up
  }

  /// Who speaks first (RFC 5880 section 6.1).
  public enum Role: String, Hashable, Sendable, Codable, CaseIterable { case active, passive }

  /// RFC 9127 `detection-mode`.
  public enum DetectionMode: String, Hashable, Sendable, Codable, CaseIterable {
    case asyncWithEcho = "async-with-echo"
    case asyncWithoutEcho = "async-without-echo"
    case demandWithEcho = "demand-with-echo"
    case demandWithoutEcho = "demand-without-echo"
  }

  /// What brought a change of state about.
  public enum TransitionCause: String, Hashable, Sendable, Codable, CaseIterable {
    case handshake
    case detectionTimeExpired = "detection-time-expired"
    case echoFailed = "echo-failed"
    case neighborSignaledDown = "neighbor-signaled-down"
    case neighborAdministrativelyDown = "neighbor-administratively-down"
    case administrative
  }

  /// Why a session last changed its state (RFC 5880 section 4.1), by its name in RFC 9127's iana-bfd-types.
  public struct Diagnostic: RawRepresentable, Hashable, Sendable, Codable {
    public var rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    public static let none = Diagnostic(code: 0)

    private static let names = [
      "none", "control-expiry", "echo-failed", "neighbor-down", "forwarding-reset", "path-down",
      "concatenated-path-down", "admin-down", "reverse-concatenated-path-down", "mis-connectivity-defect"
    ]

    /// From the five bits of a packet; codes without a name become `reserved-17`.
    public init(code: UInt8) {
      rawValue = Int(code) < Self.names.count ? Self.names[Int(code)] : "reserved-\(code)"
    }
  }

  /// What stands behind the namespace's name.
  public enum NamespaceState: String, Hashable, Sendable, Codable, CaseIterable { case healthy, broken, absent }

  public enum DrainState: String, Hashable, Sendable, Codable, CaseIterable {
    /// In service.
    case none
    /// Peers have been told; traffic may still come.
    case draining
    /// Out of service.
    case drained
  }

  public enum DrainKind: String, Hashable, Sendable, Codable, CaseIterable { case path, peer }

  public enum PathState: String, Hashable, Sendable, Codable, CaseIterable {
    case up
    case down
    /// No verdict yet.
    case pending
    /// Good again, but not yet for long enough.
    case heldDown = "held-down"
    /// Taken out by an operator.
    case drained
    /// Shut down in the configuration, or by the peer's operator.
    case adminDown = "admin-down"
  }

  public enum HealthKind: String, Hashable, Sendable, Codable, CaseIterable {
    case link, bfd, icmp, neighbour, all, any
  }

  public enum Verdict: String, Hashable, Sendable, Codable, CaseIterable { case up, down, pending }

  public enum UplinkKind: String, Hashable, Sendable, Codable, CaseIterable { case interface, path }

  public enum GroupType: String, Hashable, Sendable, Codable, CaseIterable { case plain, resilient }

  /// What a group does without a working member.
  public enum LastPathPolicy: String, Hashable, Sendable, Codable, CaseIterable { case keep, withdraw, blackhole }

  public enum GroupState: String, Hashable, Sendable, Codable, CaseIterable {
    /// At least one member works.
    case normal
    /// None works; the one that failed last stays.
    case lastPathKept = "last-path-kept"
    /// None works; the routes are gone.
    case withdrawn
    /// None works; the routes drop the packets.
    case blackholed
    /// No path has a verdict yet, and nothing was there to adopt.
    case pending
  }
}
