/// Why a system's session last changed its state: five bits of every packet (RFC 5880 section 4.1).
/// Codes 9 to 31 are reserved; they are kept as received.
public struct Diagnostic: Hashable, Sendable {
  /// 0 to 31.
  public let code: UInt8

  /// The low five bits of `code`.
  public init(code: UInt8) { self.code = code & 0x1f }

  public static let none = Diagnostic(code: 0)
  public static let controlDetectionTimeExpired = Diagnostic(code: 1)
  public static let echoFunctionFailed = Diagnostic(code: 2)
  public static let neighborSignaledSessionDown = Diagnostic(code: 3)
  public static let forwardingPlaneReset = Diagnostic(code: 4)
  public static let pathDown = Diagnostic(code: 5)
  public static let concatenatedPathDown = Diagnostic(code: 6)
  public static let administrativelyDown = Diagnostic(code: 7)
  public static let reverseConcatenatedPathDown = Diagnostic(code: 8)
}

extension Diagnostic: CustomStringConvertible {
  /// The RFC's words.
  public var description: String {
    switch code {
    case 0: "No Diagnostic"
    case 1: "Control Detection Time Expired"
    case 2: "Echo Function Failed"
    case 3: "Neighbor Signaled Session Down"
    case 4: "Forwarding Plane Reset"
    case 5: "Path Down"
    case 6: "Concatenated Path Down"
    case 7: "Administratively Down"
    case 8: "Reverse Concatenated Path Down"
    default: "Reserved (\(code))"
    }
  }
}
