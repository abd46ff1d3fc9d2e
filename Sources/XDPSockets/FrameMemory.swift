import CLinux
import Glibc

/// Frames that this process writes and the kernel reads, and which of them are free. Mapped from `init` to `deinit`.
struct FrameMemory: ~Copyable {
  let base: UnsafeMutableRawPointer
  let count: Int
  /// Numbers of frames, the free ones first. The one that came back last goes first: it is still in the cache.
  private let stack: UnsafeMutablePointer<UInt32>
  private(set) var free: Int

  var byteCount: Int { count * XDPTransmitter.frameSize }

  init(count: Int) throws(XDPError) {
    let byteCount = count * XDPTransmitter.frameSize
    guard
      let base = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
      base != MAP_FAILED
    else { throw .failed("map \(byteCount) octets", errno) }
    // A forked child must not make the kernel's pages others than ours.
    madvise(base, byteCount, MADV_DONTFORK)
    self.base = base
    self.count = count
    stack = .allocate(capacity: count)
    for number in 0..<count { stack[number] = UInt32(count - 1 - number) }
    free = count
  }

  deinit {
    munmap(base, byteCount)
    stack.deallocate()
  }

  /// The number of a free frame, which stays free until `take`.
  @inline(__always) var next: Int? { free > 0 ? Int(stack[free - 1]) : nil }

  @inline(__always) mutating func take() { free -= 1 }

  /// Takes a frame back, named by its offset as in a descriptor.
  @inline(__always) mutating func giveBack(_ address: UInt64) {
    // The kernel gives back what it was given; memory stays ours even if it does not.
    guard free < count, address < UInt64(byteCount) else { return }
    stack[free] = UInt32(truncatingIfNeeded: address / UInt64(XDPTransmitter.frameSize))
    free += 1
  }
}

/// A socket and its rings, closed and unmapped with this value. Mappings hold the socket too, and so its queue.
struct RingSocket: ~Copyable {
  let descriptor: Int32
  var transmit = cl_xdp_ring()
  var completion = cl_xdp_ring()

  init(owning descriptor: Int32) { self.descriptor = descriptor }

  deinit {
    var rings = (transmit, completion)
    cl_xdp_unmap(&rings.0)
    cl_xdp_unmap(&rings.1)
    close(descriptor)
  }
}
