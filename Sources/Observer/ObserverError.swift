/// Why the observer cannot start, and what to do.
public struct ObserverError: Error, Hashable, Sendable, CustomStringConvertible {
  /// One sentence without a full stop.
  public var message: String
  /// A phrase: what to do.
  public var help: String?

  public init(_ message: String, help: String? = nil) {
    self.message = message
    self.help = help
  }

  public var description: String { help.map { "\(message); \($0)" } ?? message }
}
