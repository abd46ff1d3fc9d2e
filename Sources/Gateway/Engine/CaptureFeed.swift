import BFD
import CLinux
import Capture
import Glibc
import NetworkNamespaces
import Synchronization

/// Packets on their way from the engine to whoever watches: bounded, and the engine never waits.
final class CaptureFeed: Sendable {
  /// Some megabytes.
  static let limit = 16_384

  struct Entry: Sendable {
    /// The peer's name; nil for a packet of no session.
    var name: String?
    var packet: CapturedPacket
  }

  private struct State {
    var entries: [Entry] = []
    var dropped: UInt64 = 0
  }

  private let state = Mutex(State())
  /// An eventfd to poll for input.
  let descriptor: Int32

  init() throws(SystemCallError) {
    descriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
    guard descriptor >= 0 else { throw SystemCallError("create eventfd") }
  }

  deinit { close(descriptor) }

  /// - Parameter dropped: packets that were lost before they came here.
  func offer(_ new: [Entry], dropped: UInt64) {
    let isNews = state.withLock { state in
      let wasEmpty = state.entries.isEmpty && state.dropped == 0
      let room = Self.limit - state.entries.count
      state.entries.append(contentsOf: new.prefix(room))
      state.dropped += dropped + UInt64(max(0, new.count - room))
      return wasEmpty
    }
    guard isNews else { return }
    var one: UInt64 = 1
    write(descriptor, &one, 8)
  }

  /// Everything that waits, and how many packets are missing since the last call.
  func take() -> (entries: [Entry], dropped: UInt64) {
    var count: UInt64 = 0
    read(descriptor, &count, 8)
    return state.withLock { state in
      defer { state = State() }
      return (state.entries, state.dropped)
    }
  }
}

/// A session's last packets, and what they lead up to.
struct KeptPackets: Sendable {
  /// The peer's name.
  var name: String
  var packets: [CapturedPacket]
  /// Nil: somebody has asked for them.
  var transition: Transition?
}
