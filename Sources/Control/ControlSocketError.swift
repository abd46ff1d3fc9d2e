/// Why there is no control socket to serve or to talk to, and what to do.
public struct ControlSocketError: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Kind: Hashable, Sendable {
    /// Another process serves the socket.
    case alreadyRunning
    /// Nobody serves it.
    case notRunning
    case permissionDenied
    /// The path is too long, relative, or leads to something else than a socket of this kind.
    case wrongPath
    /// No user or group of that name.
    case unknownOwner
    case timedOut
    /// The other side closed, or spoke something else.
    case broken
    /// The kernel refused; errno.
    case system(Int32)
  }

  public var kind: Kind
  /// One sentence without a full stop.
  public var message: String
  /// A phrase: what to do.
  public var help: String?

  public init(_ kind: Kind, _ message: String, help: String? = nil) {
    self.kind = kind
    self.message = message
    self.help = help
  }

  public var description: String { help.map { "\(message); \($0)" } ?? message }
}
