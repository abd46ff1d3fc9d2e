import OVSDBProtocol

/// Why something could not be written.
public struct ClusterWriteError: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Kind: Hashable, Sendable {
    /// Somebody else changed what the change stood on: look again, then decide.
    case conflict
    /// What was to be changed is not there.
    case notFound
    /// The connection broke behind it: whether it was done is not known.
    case outcomeUnknown
    case failed
  }

  public var kind: Kind
  /// One sentence without a full stop.
  public var message: String

  public init(_ message: String, _ kind: Kind = .failed) {
    self.kind = kind
    self.message = message
  }

  public var description: String { message }

  init(_ what: String, _ error: OVSDBError) {
    switch error {
    // A `wait` that was to hold at once.
    case .transaction(let failure) where failure.kind == .timedOut && failure.operation?.hasPrefix("wait") == true:
      self.init("\(what): somebody else changed it at the same moment (\(failure.operation ?? ""))", .conflict)
    case .transaction(let failure) where failure.kind == .constraintViolation:
      self.init("\(what): \(error)", .conflict)
    case .outcomeUnknown: self.init("\(what): \(error)", .outcomeUnknown)
    default: self.init("\(what): \(error)")
    }
  }
}
