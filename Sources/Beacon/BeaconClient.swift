import BFD
public import OpenBFDD
import Speaker

/// Asks a beacon, OpenBFDD's or ours, what bfdd-control asks.
public enum BeaconClient {
  /// Why there is no answer, in bfdd-control's words: `Error connecting to beacon on 127.0.0.1:957: Connection refused`.
  public struct Failure: Error, Hashable, Sendable {
    public var message: String
  }

  /// Sends one command from the namespace of the calling thread, and waits for all of the answer.
  ///
  /// Somebody else's beacon serves one client at a time, for up to ten seconds each, and dies of SIGPIPE when a client
  /// has gone before its answer: be patient with it.
  /// - Parameter patience: for all of it.
  public static func ask(
    _ words: [String], at beacon: ControlAddress = .standard, patience: Duration
  ) throws(Failure) -> String {
    guard let request = WireProtocol.request(words) else { throw Failure(message: "Command too long. Not Sent.") }
    do throws(ExchangeError) {
      let deadline = MonotonicClock.now() + Int64(patience / .nanoseconds(1))
      var exchange = try Exchange(beacon, until: deadline)
      try exchange.send(request)
      while try exchange.receive() != nil {}
      guard !exchange.reply.isEmpty else {
        throw ExchangeError(message: "Beacon closed the control connection without a reply.")
      }
      return String(decoding: exchange.reply, as: UTF8.self)
    } catch {
      throw Failure(message: error.message)
    }
  }
}
