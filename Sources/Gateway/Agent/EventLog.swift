import BFD
import ConfigurationFile
import Control
import Glibc
import Languages
import NamespaceDiagnosis
import NetworkNamespaces
import Speaker

/// Log lines for people: time, level, text. Colour only where the caller says that a terminal is there.
public struct EventLog: Sendable {
  private let descriptor: Int32
  private let isColoured: Bool

  /// - Parameter descriptor: where lines go; 2 is standard error.
  public init(descriptor: Int32 = 2, isColoured: Bool = false) {
    self.descriptor = descriptor
    self.isColoured = isColoured
  }

  /// An event of the engine, with the time at which it happened.
  mutating func write(_ event: GatewayEvent) {
    let age = max(0, MonotonicClock.now() - event.at)
    line(event.level, event.text, Timestamp(microseconds: Timestamp.now().microseconds - age / 1_000))
  }

  public mutating func write(_ level: GatewayEvent.Level, _ text: String) { line(level, text, .now()) }

  /// A namespace that the host cannot see is the commonest reason for "Invalid argument" there.
  mutating func warnOfHiddenNamespace(_ namespace: GatewayConfiguration.Namespace) {
    guard case .named(let name) = namespace, let barrier = NamespaceSurvey().surroundings.barrierToHost else {
      return
    }
    write(
      .warning,
      "this process has a mount namespace of its own, and \(barrier.words.en): outside, namespace \(name) will be an empty "
        + "file, and 'ip netns exec \(name)' will say \"Invalid argument\""
        + (barrier.remedy.map { "; \($0.en)" } ?? ""))
  }

  private func line(_ level: GatewayEvent.Level, _ text: String, _ at: Timestamp) {
    var word = level == .warning ? "warning" : "info   "
    if isColoured, level == .warning { word = "\u{1b}[33m\(word)\u{1b}[0m" }
    var bytes = Array("\(at) \(word) \(text)\n".utf8)
    // A log that cannot be written must not stop the gateway.
    Glibc.write(descriptor, &bytes, bytes.count)
  }
}
