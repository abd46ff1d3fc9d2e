import Control
import FoundationEssentials
import NIOCore
import Observation

/// One server-sent event, as it goes to every client.
struct Frame: Sendable {
  var octets: ByteBuffer
  /// What it tells, when that is an event of the gateway's.
  var event: Event?

  /// - Parameters:
  ///   - name: of the server-sent event.
  ///   - id: what a client resumes after.
  ///   - data: JSON without a newline.
  init(_ name: String, id: String? = nil, data: [UInt8], event: Event? = nil) {
    var buffer = ByteBufferAllocator().buffer(capacity: data.count + 96)
    buffer.writeStaticString("event: ")
    buffer.writeString(name)
    if let id {
      buffer.writeStaticString("\nid: ")
      buffer.writeString(id)
    }
    buffer.writeStaticString("\ndata: ")
    buffer.writeBytes(data)
    buffer.writeStaticString("\n\n")
    octets = buffer
    self.event = event
  }

  /// A comment, so that both ends notice a connection that is gone.
  static let heartbeat = Frame(comment: ())

  private init(comment: Void) { octets = ByteBuffer(staticString: ":\n\n") }

  /// - Parameter run: when the run began that the message is of.
  init(_ message: ObservationMessage, run: Timestamp?) {
    switch message {
    case .status(let report): self.init("status", data: Self.json(report))
    case .change(let change): self.init("change", data: Self.json(change))
    case .samples(let samples): self.init("samples", data: samples.json)
    case .event(let event): self.init(event, run: run)
    }
  }

  init(_ event: Event, run: Timestamp?) {
    let id = run.map { EventCursor(run: $0, sequence: event.sequence).text }
    self.init("event", id: id, data: Self.json(event), event: event)
  }

  static func json(_ value: some Encodable) -> [UInt8] { (try? JSON.octets(value)) ?? Array("null".utf8) }
}

extension EventCursor {
  /// `RUN-SEQUENCE`, the run in microseconds since 1970: what `Last-Event-ID` carries.
  var text: String { "\(run.microseconds)-\(sequence)" }

  init?(text: some StringProtocol) {
    let parts = text.split(separator: "-")
    guard parts.count == 2, let run = Int64(parts[0]), let sequence = UInt64(parts[1]) else { return nil }
    self.init(run: Timestamp(microseconds: run), sequence: sequence)
  }
}
