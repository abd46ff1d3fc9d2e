package import CLinux

/// A batch of received packets: one recvmmsg, no allocation.
package struct FrameBatch: ~Copyable {
  // Owned, allocated once, freed in deinit; every use is through a method of this value.
  private let batch: OpaquePointer
  package private(set) var count = 0

  package init() {
    guard let batch = cl_frame_batch_create() else { preconditionFailure("out of memory") }
    self.batch = batch
  }

  deinit { cl_frame_batch_destroy(batch) }

  /// Reads what waits, at most 32 packets. Zero when nothing waits, or the socket has an error to tell.
  package mutating func receive(from descriptor: Int32) -> Int {
    count = max(0, Int(cl_frame_batch_receive(batch, descriptor)))
    return count
  }

  /// Whether the batch was full, so that more may wait.
  package var isFull: Bool { count == Int(CL_FRAME_BATCH) }

  /// What the kernel says of packet `index`.
  package func frame(_ index: Int) -> cl_frame {
    precondition(index < count)
    return cl_frame_batch_frame(batch, Int32(index)).pointee
  }

  /// The packet from its network header on, or as much of it as the buffer holds. Valid until the next receive.
  package func packet(_ index: Int) -> UnsafeRawBufferPointer {
    let length = min(Int(frame(index).length), Int(CL_FRAME_PAYLOAD))
    return UnsafeRawBufferPointer(start: cl_frame_batch_payload(batch, Int32(index)), count: length)
  }

  /// Calls `body` with the packet from its network header on; one longer than 512 octets is cut, and so will not
  /// parse.
  package func withPacket<T>(_ index: Int, _ body: (RawSpan) -> T) -> T {
    let length = min(Int(frame(index).length), Int(CL_FRAME_PAYLOAD))
    // The pointer is valid until the next receive, which needs exclusive access to this value.
    return body(UnsafeRawBufferPointer(start: cl_frame_batch_payload(batch, Int32(index)), count: length).bytes)
  }
}
