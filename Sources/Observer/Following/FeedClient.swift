import Control
import NIOCore
import Synchronization

/// One client of a stream. Frames wait here, up to a bound: a client that is further behind is dropped.
final class FeedClient: Sendable {
  /// Nil: everything; otherwise only the gateway's events that match.
  let filter: EventQuery?
  let frames: AsyncStream<ByteBuffer>
  private let input: AsyncStream<ByteBuffer>.Continuation
  private let limit: Int
  private let waiting = Atomic<Int>(0)
  private let isDropped = Atomic<Bool>(false)

  init(filter: EventQuery?, limit: Int) {
    self.filter = filter
    self.limit = limit
    (frames, input) = AsyncStream.makeStream(of: ByteBuffer.self, bufferingPolicy: .bufferingOldest(65_536))
  }

  func wants(_ frame: Frame) -> Bool {
    guard let filter else { return true }
    return frame.event.map(filter.matches) ?? (frame.octets == Frame.heartbeat.octets)
  }

  /// - Returns: false once the client is too far behind, or gone: it gets nothing more.
  func put(_ octets: ByteBuffer) -> Bool {
    let count = octets.readableBytes
    guard waiting.add(count, ordering: .relaxed).newValue <= limit + count else {
      drop()
      return false
    }
    guard case .enqueued = input.yield(octets) else {
      drop()
      return false
    }
    return true
  }

  /// What `put` brought in has been written.
  func written(_ octets: ByteBuffer) { waiting.subtract(octets.readableBytes, ordering: .relaxed) }

  private func drop() {
    isDropped.store(true, ordering: .relaxed)
    input.finish()
  }

  /// Ends the stream after what waits.
  func finish() { input.finish() }

  /// Whether it was too slow; what waits is then of no more use.
  var wasDropped: Bool { isDropped.load(ordering: .relaxed) }
}
