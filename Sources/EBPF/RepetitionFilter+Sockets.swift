import CLinux
import Glibc

extension RepetitionFilter {
  /// Filters a UDP socket from now on, in place of the filter that it may have had. The socket is detached before it is
  /// closed: its number may be another's by then.
  ///
  /// A socket with a filter has the kernel check UDP checksums when packets come in, not when they are read.
  /// - Returns: what sessions of this socket expect their packets on.
  /// - Throws: `EBPFError`; the socket is as it was.
  public mutating func attach(to socket: Int32) throws(EBPFError) -> Attachment {
    let number = descriptors.firstIndex(of: -1) ?? descriptors.count
    guard number < SocketEntry.limit else { throw EBPFError(.full, "attach the filter to one more socket") }
    entry(number).initializeMemory(as: UInt8.self, repeating: 0, count: SocketEntry.size)
    let program = try Self.load(discriminators, records, sockets, number: number)
    guard cl_bpf_attach(socket, program.descriptor) == 0 else { throw .failed("attach the filter", errno) }
    if number == descriptors.count {
      descriptors.append(socket)
      wantsUnknownDropped.append(false)
    } else {
      descriptors[number] = socket
    }
    return Attachment(number: number)
  }

  /// The socket delivers everything again. Sessions that expected something on it expect nothing.
  public mutating func detach(_ attachment: Attachment) {
    let number = attachment.number
    guard number < descriptors.count, descriptors[number] >= 0 else { return }
    cl_bpf_detach(descriptors[number])
    retired.swallowed &+= swallowed(on: attachment)
    retired.unknown &+= unknown(on: attachment)
    descriptors[number] = -1
    wantsUnknownDropped[number] = false
    updateUnknownDropping()
    for index in names.indices where names[index] != 0 {
      let record = records.base + index * Record.size
      if record.load(fromByteOffset: Record.socket, as: UInt32.self) == UInt32(number) { pass(index) }
    }
  }

  /// Repetitions that a socket has swallowed.
  public func swallowed(on attachment: Attachment) -> UInt64 {
    cl_load_relaxed_u64(entry(attachment.number) + SocketEntry.swallowed)
  }

  /// Packets that a socket has dropped because no session asks for them.
  public func unknown(on attachment: Attachment) -> UInt64 {
    cl_load_relaxed_u64(entry(attachment.number) + SocketEntry.unknown)
  }

  /// Repetitions that all sockets have swallowed, those that are detached by now too.
  public var swallowed: UInt64 { retired.swallowed &+ sum(SocketEntry.swallowed) }

  /// Packets that all sockets have dropped because no session asks for them, likewise.
  public var unknown: UInt64 { retired.unknown &+ sum(SocketEntry.unknown) }

  private func sum(_ counter: Int) -> UInt64 {
    var sum: UInt64 = 0
    for number in descriptors.indices where descriptors[number] >= 0 {
      sum &+= cl_load_relaxed_u64(entry(number) + counter)
    }
    return sum
  }

  /// Datagrams that a socket really lost: what the kernel says it did, less what the filter dropped.
  ///
  /// The kernel counts both as one (`sk_drops`). It counts behind the filter, so this never says too many; what the filter
  /// drops between the kernel's count and this call is taken for nothing lost, until a later call.
  /// - Parameter reported: SO_RXQ_OVFL of a datagram, or SK_MEMINFO_DROPS of SO_MEMINFO, which wrap at 2^32.
  public func lost(of reported: UInt32, on attachment: Attachment) -> UInt32 {
    let own = UInt32(truncatingIfNeeded: swallowed(on: attachment) &+ unknown(on: attachment))
    return UInt32(max(0, Int32(bitPattern: reported &- own)))
  }

  /// Has a socket drop, or not, what a reader would discard because its Your Discriminator is no session's; everything
  /// else that he would discard he gets. Never where discriminators are not sessions (seamless BFD's reflectors).
  ///
  /// As long as there is a session that `add` found no room for, nothing is dropped.
  public mutating func setDropsUnknown(_ drops: Bool, on attachment: Attachment) {
    guard attachment.number < descriptors.count, descriptors[attachment.number] >= 0 else { return }
    wantsUnknownDropped[attachment.number] = drops
    updateUnknownDropping()
  }

  mutating func updateUnknownDropping() {
    for number in wantsUnknownDropped.indices {
      let drops = wantsUnknownDropped[number] && strangers.isEmpty
      cl_store_release_u32(entry(number) + SocketEntry.dropsUnknown, drops ? 1 : 0)
    }
  }

  func entry(_ number: Int) -> UnsafeMutableRawPointer {
    precondition(number < SocketEntry.limit)
    return sockets.base + number * SocketEntry.size
  }
}
