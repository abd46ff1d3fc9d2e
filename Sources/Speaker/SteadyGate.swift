import BFD
import CLinux
import Glibc

/// Whether packets that only say once more that all is well wake their reader.
///
/// Nearly all packets of BFD are such. They are read when the next timer fires anyhow, and nothing is late by that:
/// arrival is what the kernel stamped, and a peer is judged only when everything it sent has been read. So a steady
/// session costs one wake-up for each packet that leaves, shared with others, and none for those that arrive.
///
/// It is an epoll descriptor, and so can be waited for itself: readable while it is open and there is such a packet.
final class SteadyGate: Sendable {
  let descriptor: Int32

  deinit { close(descriptor) }

  /// Nil when the process has no descriptor left for it; then such packets wait for the next timer, or a second.
  init?() {
    descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
    guard descriptor >= 0 else { return nil }
  }

  func set(_ socket: Int32, isOpen: Bool) {
    var event = epoll_event(events: EPOLLIN.rawValue, data: epoll_data_t(fd: socket))
    epoll_ctl(descriptor, isOpen ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, socket, &event)
  }
}

extension Speaker {
  /// Nanoseconds after which packets that can wait are read all the same.
  private static let patience: Int64 = 1_000_000_000

  /// The same where CPU time is limited and a session wants them at once: there is always one while many come up, and
  /// packets of all the others would wake the reader by that.
  private static let limitedPatience: Int64 = 10_000_000

  /// Until when they may wait.
  var patienceEnds: Instant {
    drainedAt + (cpuAllowance > 0 && impatient > 0 ? Self.limitedPatience : Self.patience)
  }

  /// A session wants every packet at once while the next one may bring it up, and a watcher wants to see them.
  private var wantsEverything: Bool { impatient > 0 && cpuAllowance == 0 || tap != nil }

  /// Lets packets that can wait wake the reader, or no more.
  mutating func openGate() {
    guard let gate, wantsEverything != isGateOpen || receivers.count != gatedReceivers else { return }
    isGateOpen = wantsEverything
    gatedReceivers = receivers.count
    // Asking twice, or to forget what was never known, does no harm.
    for receiver in receivers where receiver.steady >= 0 { gate.set(receiver.steady, isOpen: isGateOpen) }
  }

  /// A session in Init comes up by a packet that says Up; one whose peer may speak with a stale discriminator learns
  /// from such packets too (`Compatibility.ovn`).
  @inline(__always) mutating func noteImpatience(_ slot: UnsafeMutablePointer<Slot>) {
    let state = slot.pointee.session.state
    let isNow = state == .`init` || hasHintedSessions && state == .down && slot.pointee.session.hold == nil
    guard isNow != slot.pointee.isImpatient else { return }
    slot.pointee.isImpatient = isNow
    impatient += isNow ? 1 : -1
  }
}
