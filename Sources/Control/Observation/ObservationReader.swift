import CLinux
import Glibc

/// A running gateway watched by its control socket, on the thread of who reads.
public struct ObservationReader: ~Copyable {
  private var client: ControlClient
  private var cutter = LineCutter()
  private let path: String

  /// Connects and asks.
  /// - Parameter after: events that this reader has; those that came since, and that the gateway still has, come first.
  /// - Throws: ``ControlSocketError``; a gateway that refuses is of kind `broken`.
  public init(path: String, after: EventCursor? = nil, timeout: Duration = .seconds(5)) throws(ControlSocketError) {
    var client = try ControlClient(path: path, timeout: timeout)
    switch try client.send(.observe(after: after), timeout: timeout) {
    case .streaming: break
    case .failure(let failure): throw ControlSocketError(.broken, failure.message, help: failure.help)
    default:
      throw ControlSocketError(
        .broken, "the everway behind \(path) does not answer with a stream",
        help: "it may be of another version: `everway version --running` tells")
    }
    self.client = client
    self.path = path
  }

  /// Waits for messages, up to `timeout`.
  /// - Returns: those that came, in order; none when nothing came; nil when the gateway has ended the stream.
  /// - Throws: ``ControlSocketError``.
  public mutating func next(timeout: Duration) throws(ControlSocketError) -> [ObservationMessage]? {
    guard let octets = try client.readStream(timeout: timeout) else { return nil }
    cutter.append(octets)
    guard !cutter.isOverlong else {
      throw ControlSocketError(.broken, "a line from \(path) is too long", help: "is this everway's socket?")
    }
    return cutter.lines().compactMap { ObservationMessage($0) }
  }

  /// Readable when `next` has something.
  public var descriptor: Int32 { client.socket }
}
