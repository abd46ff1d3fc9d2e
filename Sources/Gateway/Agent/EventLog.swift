import BFD
import ConfigurationFile
public import Control
import Glibc
import Languages
import NamespaceDiagnosis
import NetworkNamespaces
import Speaker

/// The log: lines for people or for what collects logs, see ``LogFormat``. Colour only where the caller says that a terminal
/// is there. What is written also goes to those who watch the gateway.
public struct EventLog: Sendable {
  private let descriptor: Int32
  private let isColoured: Bool
  private let format: LogFormat
  /// Nil: not written to.
  private let journal: JournalSocket?
  /// Nil: nobody can watch.
  let events: Mailbox<Event>?

  /// - Parameter descriptor: where lines go; 2 is standard error.
  public init(descriptor: Int32 = 2, isColoured: Bool = false, format: LogFormat = .text) {
    self.init(descriptor: descriptor, isColoured: isColoured, format: format, journal: JournalSocket.defaultPath)
  }

  init(descriptor: Int32, isColoured: Bool = false, format: LogFormat, journal: String) {
    self.descriptor = descriptor
    self.format = format
    self.journal = format == .journald ? JournalSocket(path: journal) : nil
    self.isColoured = isColoured
    // Only descriptors can run out here, and then nothing else works either.
    events = try? Mailbox()
  }

  /// An event of the engine, with the time at which it happened.
  ///
  /// - Parameter packets: of a session that left Up, its last packets.
  func write(_ event: GatewayEvent, packets: [Event.Packet]? = nil) {
    let age = max(0, MonotonicClock.now() - event.at)
    var event = event.event(at: Timestamp(microseconds: Timestamp.now().microseconds - age / 1_000))
    event.packets = packets
    write(event)
  }

  /// - Parameter name: of what it is about; nil: the gateway as a whole.
  public func write(
    _ level: Event.Level, _ kind: Event.Kind, of name: String? = nil, to: String? = nil, _ text: String
  ) {
    write(Event(at: .now(), level: level, kind: kind, name: name, to: to, text))
  }

  private func write(_ event: Event) {
    line(event)
    events?.send(event)
  }

  /// A namespace that the host cannot see is the commonest reason for "Invalid argument" there.
  func warnOfHiddenNamespace(_ namespace: GatewayConfiguration.Namespace) {
    guard case .named(let name) = namespace, let barrier = NamespaceSurvey().surroundings.barrierToHost else {
      return
    }
    write(
      .warning, .namespace, of: name, to: "hidden",
      "this process has a mount namespace of its own, and \(barrier.words.en): outside, namespace \(name) will be an empty "
        + "file, and 'ip netns exec \(name)' will say \"Invalid argument\""
        + (barrier.remedy.map { "; \($0.en)" } ?? ""))
  }

  func line(_ event: Event) {
    let line = LogLine(event: event)
    // What the journal does not take it may still read from standard error.
    if let journal, journal.send(line.journalFields) { return }
    let bytes = format == .json ? line.json : text(event)
    // A log that cannot be written must not stop the gateway.
    Glibc.write(descriptor, bytes, bytes.count)
  }

  private func text(_ event: Event) -> [UInt8] {
    var word = event.level == .warning ? "warning" : "info   "
    if isColoured, event.level == .warning { word = "\u{1b}[33m\(word)\u{1b}[0m" }
    return Array("\(event.at) \(word) \(event.text)\n".utf8)
  }
}
