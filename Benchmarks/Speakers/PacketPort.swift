import CLinux
import Glibc
import NetworkNamespaces
import SpeakerLoad
import Synchronization

/// The generator's end of the wire: one packet socket, received from by a ring in shared memory, sent to in batches.
///
/// A ring costs no system call a packet, so that one CPU suffices for the generator where the daemon has another. Its
/// times are the kernel's, so what is measured does not depend on when this program gets to look.
struct PacketPort: ~Copyable {
  private static let frameLength = 256
  private static let blockLength = 1 << 20
  private static let blocks = 16
  private static let frames = blockLength / frameLength * blocks

  private let descriptor: Int32
  // The kernel's memory, mapped until deinit.
  private let ring: UnsafeMutableRawPointer
  private var position = 0
  // For sendmmsg, filled in once: the outbox's frames do not move.
  private let messages: UnsafeMutablePointer<cl_mmsghdr>
  private let vectors: UnsafeMutablePointer<iovec>

  /// Opens the socket in a namespace; `init(descriptor:outbox:)` owns it then.
  static func open(in namespace: borrowing NetworkNamespace, interface: String) throws(SystemCallError) -> Int32 {
    try namespace.perform { () throws(SystemCallError) in
      let type = Int32(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue)
      let fd = socket(AF_PACKET, type, 0)
      guard fd >= 0 else { throw SystemCallError("open a packet socket") }
      do throws(SystemCallError) {
        try set(fd, PACKET_VERSION, Int32(TPACKET_V2.rawValue), "choose a ring's version")
        try set(fd, PACKET_IGNORE_OUTGOING, 1, "ignore what is sent")
        try set(fd, PACKET_QDISC_BYPASS, 1, "bypass the queue")
        var request = tpacket_req(
          tp_block_size: UInt32(blockLength), tp_block_nr: UInt32(blocks), tp_frame_size: UInt32(frameLength),
          tp_frame_nr: UInt32(frames))
        guard
          setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &request, socklen_t(MemoryLayout<tpacket_req>.size)) == 0
        else { throw SystemCallError("make a ring of \(frames) frames") }
        var address = sockaddr_ll()
        address.sll_family = sa_family_t(AF_PACKET)
        address.sll_protocol = UInt16(ETH_P_IP).bigEndian
        address.sll_ifindex = Int32(if_nametoindex(interface))
        let length = socklen_t(MemoryLayout<sockaddr_ll>.size)
        let bound = withUnsafePointer(to: &address) {
          $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(fd, $0, length) }
        }
        guard bound == 0 else { throw SystemCallError("bind to \(interface)") }
      } catch {
        close(fd)
        throw error
      }
      return fd
    }
  }

  private static func set(_ fd: Int32, _ option: Int32, _ value: Int32, _ what: String) throws(SystemCallError) {
    var value = value
    guard setsockopt(fd, SOL_PACKET, option, &value, socklen_t(MemoryLayout<Int32>.size)) == 0 else {
      throw SystemCallError(what)
    }
  }

  /// - Parameter frames: of the outbox that will be sent.
  init(descriptor: Int32, frames: UnsafeMutableRawPointer) throws(SystemCallError) {
    let memory = mmap(nil, Self.blockLength * Self.blocks, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
    guard let memory, memory != MAP_FAILED else { throw SystemCallError("map the ring") }
    self.descriptor = descriptor
    ring = memory
    messages = .allocate(capacity: Outbox.capacity)
    vectors = .allocate(capacity: Outbox.capacity)
    for index in 0..<Outbox.capacity {
      vectors[index] = iovec(iov_base: frames + index * Outbox.stride, iov_len: Frame.length)
      (messages + index).initialize(to: cl_mmsghdr())
      messages[index].msg_hdr.msg_iov = vectors + index
      messages[index].msg_hdr.msg_iovlen = 1
    }
  }

  deinit {
    munmap(ring, Self.blockLength * Self.blocks)
    close(descriptor)
    messages.deallocate()
    vectors.deallocate()
  }

  /// The kernel's packets that found no room in the ring, since the last call.
  func drops() -> Int {
    var statistics = tpacket_stats()
    var length = socklen_t(MemoryLayout<tpacket_stats>.size)
    guard getsockopt(descriptor, SOL_PACKET, PACKET_STATISTICS, &statistics, &length) == 0 else { return 0 }
    return Int(statistics.tp_drops)
  }

  /// Hands over all frames that are there.
  mutating func receive(into load: inout Load, now: Int64) {
    // The ring's times are of the clock that can be set; this one's are not. Taken with each batch.
    let offset = Self.clock(CLOCK_REALTIME) - Self.clock(CLOCK_MONOTONIC)
    while true {
      let frame = ring + position * Self.frameLength
      // The kernel's writes to the frame come before this word.
      let word = frame.assumingMemoryBound(to: Atomic<UInt32>.self)
      let status = word.pointee.load(ordering: .acquiring)
      guard status & UInt32(TP_STATUS_USER) != 0 else { return }
      let header = frame.assumingMemoryBound(to: tpacket2_hdr.self)
      let time = Int64(header.pointee.tp_sec) * 1_000_000_000 + Int64(header.pointee.tp_nsec) - offset
      load.receive(
        frame + Int(header.pointee.tp_mac), length: Int(header.pointee.tp_snaplen),
        hasChecksum: status & UInt32(TP_STATUS_CSUMNOTREADY) == 0, at: time, now: now)
      word.pointee.store(UInt32(TP_STATUS_KERNEL), ordering: .releasing)
      position = position + 1 == Self.frames ? 0 : position + 1
      if load.outbox.isFull { send(from: &load) }
    }
  }

  /// Empties the outbox.
  mutating func send(from load: inout Load) {
    let count = load.outbox.count
    guard count > 0 else { return }
    let start = Self.clock(CLOCK_MONOTONIC)
    let sent = cl_sendmmsg(descriptor, messages, UInt32(count), 0)
    load.sent(max(0, Int(sent)), from: start, until: Self.clock(CLOCK_MONOTONIC))
  }

  static func clock(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
