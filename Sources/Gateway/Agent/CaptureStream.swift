import CLinux
import Capture
import Control
import Glibc

/// One client of `everway capture`: pcapng on a connection of its own, never waited for.
final class CaptureStream {
  /// Octets that wait for a slow client at most; packets beyond them are counted as dropped.
  private static let limit = 4 << 20

  let descriptor: Int32
  let request: CaptureRequest
  private var writer: PcapngWriter
  private var outgoing = OutgoingOctets()
  private var received: UInt64 = 0
  private var dropped: UInt64 = 0
  private var isEnding = false
  private(set) var isBroken = false
  /// Until when the last octets must be gone.
  private var deadline: Duration?

  /// - Parameter descriptor: the connection, which is closed in the end.
  init(_ descriptor: Int32, _ request: CaptureRequest, application: String) {
    self.descriptor = descriptor
    self.request = request
    writer = PcapngWriter(application: application)
  }

  deinit { close(descriptor) }

  /// Whether nothing more will come of it.
  var isFinished: Bool { isBroken || (isEnding && !isSending) }
  var isSending: Bool { !outgoing.isEmpty || !writer.octets.isEmpty }

  /// Packets that were lost before they came here.
  func lost(_ count: UInt64) { dropped += count }

  func take(_ name: String?, _ packet: CapturedPacket) {
    guard !isEnding, request.wants(name) else { return }
    received += 1
    guard outgoing.count + writer.octets.count < Self.limit else {
      dropped += 1
      return
    }
    writer.append(packet, interface: name ?? "unmatched")
  }

  /// Says how many packets are missing, and ends.
  func end(now: Duration, wall: Timestamp) {
    guard !isEnding else { return }
    isEnding = true
    deadline = now + .seconds(2)
    writer.statistics(dropped: dropped, received: received, time: wall.microseconds * 1_000)
  }

  /// Sends what goes, and sees whether the client has had enough.
  func run(now: Duration, wall: Timestamp) {
    if !isEnding { listen(now: now, wall: wall) }
    flush()
    if let deadline, now >= deadline { isBroken = true }
  }

  private func listen(now: Duration, wall: Timestamp) {
    switch ClientSign.of(descriptor) {
    case .quiet: break
    case .finished: end(now: now, wall: wall)
    case .gone: isBroken = true
    }
  }

  private func flush() {
    if !writer.octets.isEmpty {
      outgoing.append(writer.octets)
      writer.octets = []
    }
    if !outgoing.flush(to: descriptor) { isBroken = true }
  }
}

extension CaptureRequest {
  /// Whether a session's packets are asked for; nil: packets of no session.
  func wants(_ name: String?) -> Bool {
    guard let name else { return discarded }
    return peers.isEmpty || peers.contains { name == $0 || name.hasPrefix("\($0) ") }
  }
}
