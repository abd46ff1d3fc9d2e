public import Addresses
import CLinux
import Glibc
public import NetworkNamespaces

/// Sends whole Ethernet frames by one link, written into memory that the kernel reads (AF_XDP, copy mode).
///
/// Nothing is received, and no XDP program is loaded. The kernel copies each frame and gives it to the driver inside
/// `flush`, in this thread, past IP stack, netfilter, traffic control and captures (packet(7) does not see it leave).
/// All calls come from one thread; in use nothing is allocated, counted or locked, and `flush` alone is a system call.
///
/// What was committed is sent in that order. A frame is in one of four states: free, in the ring (`waiting`), with the
/// kernel until the far end or the hardware is done with it, or being written.
public struct XDPTransmitter: ~Copyable {
  /// Octets of a frame's room, header included; longer ones go by another socket. The least that the kernel allows.
  public static let frameSize = 2048
  /// What the kernel sends for one sendto: TX_BATCH_SIZE of net/xdp/xsk.c.
  static let kickLimit = 32

  /// ifindex.
  public let interface: UInt32
  /// The link's when this was opened.
  public let name: String
  /// How many frames there are.
  public let capacity: Int
  /// Frames that the driver refused and the kernel dropped (EBUSY), since the start: no carrier, or a queue that is full.
  public private(set) var refused: UInt64 = 0
  private var socket: RingSocket
  private var memory: FrameMemory
  /// Frames committed since the start, modulo 2^32: the index of the next one.
  private var committed: UInt32
  /// Where the completion ring has been read to.
  private var reclaimed: UInt32

  /// Opens a socket on queue 0 of a link. Some 0.1 ms to enter the namespace, and it waits for the kernel's RTNL lock.
  ///
  /// The link may be down. Closing (the value's end) discards what was not sent, and waits for RCU, some 10 ms:
  /// `endElsewhere` does it on another thread.
  /// - Parameters:
  ///   - interface: ifindex in that namespace.
  ///   - frames: how many at most are on their way at once: a power of two, 2...4096. Each takes 2 KiB of locked memory.
  /// - Throws: `XDPError` that says what is missing. `inUse` also stands for some milliseconds after the link's last such
  ///   socket was closed, or its process died.
  public init(
    on interface: UInt32, in namespace: borrowing NetworkNamespace, frames: Int = 128
  ) throws(XDPError) {
    precondition((2...4096).contains(frames) && frames & (frames - 1) == 0, "a power of two, 2...4096")
    let memory = try FrameMemory(count: frames)
    let opened = try Self.open(interface, namespace)
    var socket = RingSocket(owning: opened.descriptor)
    let count = UInt32(frames)
    guard cl_xdp_register(socket.descriptor, memory.base, UInt64(memory.byteCount), UInt32(Self.frameSize)) == 0
    else {
      throw .failed("lock \(memory.byteCount) octets for frames", errno)
    }
    guard cl_xdp_make_rings(socket.descriptor, count) == 0,
      cl_xdp_map_rings(socket.descriptor, count, &socket.transmit, &socket.completion) == 0
    else { throw .failed("make rings of \(frames) frames", errno) }
    guard cl_xdp_bind(socket.descriptor, interface, 0) == 0 else {
      throw .failed("bind to queue 0 of \(opened.name)", errno)
    }
    self.interface = interface
    name = opened.name
    capacity = frames
    committed = socket.transmit.producer.pointee
    reclaimed = socket.completion.consumer.pointee
    self.memory = memory
    self.socket = socket
  }

  /// Why a link cannot be used, nil when it can: opens a socket and closes it. For checks before a start, not for the
  /// thread that sends.
  public static func obstacle(on interface: UInt32, in namespace: borrowing NetworkNamespace) -> XDPError? {
    do throws(XDPError) {
      _ = try XDPTransmitter(on: interface, in: namespace, frames: 2)
      return nil
    } catch { return error }
  }

  /// Devices on top of others that look into headers which the kernel does not point to in these packets: bonds and teams
  /// choose the member by them, ipvlan drops what it cannot read. VLANs (that is their driver's name) have not been tried.
  private static let unsuited = ["bonding", "team", "ipvlan", "802.1Q VLAN Support"]

  /// What a link's kind (ARPHRD_…) and driver speak against.
  static func obstacle(kind: Int32, driver: String) -> XDPError.Reason? {
    if kind != Int32(CL_ARPHRD_ETHER) { return .linkKind(UInt16(truncatingIfNeeded: kind)) }
    return unsuited.contains(driver) ? .driver(driver) : nil
  }

  private static func open(
    _ interface: UInt32, _ namespace: borrowing NetworkNamespace
  ) throws(XDPError) -> (descriptor: Int32, name: String) {
    let link: (kind: Int32, name: String, driver: String)
    let descriptor: Int32
    do throws(SystemCallError) {
      (link, descriptor) = try namespace.perform { () throws(SystemCallError) in
        let link = Self.link(interface)
        guard link.kind >= 0 else { throw SystemCallError("find interface \(interface)") }
        let descriptor = cl_xdp_socket()
        guard descriptor >= 0 else { throw SystemCallError("open an AF_XDP socket") }
        return (link, descriptor)
      }
    } catch { throw .failed(error.operation, error.code) }
    guard let obstacle = obstacle(kind: link.kind, driver: link.driver) else { return (descriptor, link.name) }
    close(descriptor)
    throw XDPError(obstacle, "use \(link.name)")
  }

  /// A link of the calling thread's namespace; a negative kind and errno when there is none.
  private static func link(_ interface: UInt32) -> (kind: Int32, name: String, driver: String) {
    var name = [CChar](repeating: 0, count: Int(CL_LINK_NAME))
    var driver = name
    let kind = cl_link_kind(interface, &name, &driver)
    func text(_ octets: [CChar]) -> String {
      String(decoding: octets.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
    return (kind, text(name), text(driver))
  }

  // MARK: Frames

  /// Frames that can be written now. Those that the kernel is done with come back in `flush` and `reclaim`.
  public var free: Int { memory.free }

  /// Committed, but not known to be taken by the kernel; the next `flush` sends them. It may be too high by those that
  /// were taken by a `flush` that ended early (the kernel says so later), never too low.
  public var waiting: Int {
    Int(committed &- cl_load_acquire_u32(socket.transmit.consumer))
  }

  /// Room for one frame, `frameSize` octets with the contents of an earlier one; nil when all are on their way.
  ///
  /// The same room until `commit`. Valid until then, or until this value ends: the memory is mapped as long as it lives.
  @inline(__always) public mutating func nextFrame() -> UnsafeMutableRawPointer? {
    if memory.free == 0 { reclaim() }
    guard let number = memory.next else { return nil }
    return memory.base + number * Self.frameSize
  }

  /// What stands in the room that `nextFrame` gave is a frame, to be sent by the next `flush`.
  /// - Parameter length: octets of the frame with its Ethernet header, 14...2048.
  @inline(__always) public mutating func commit(length: Int) {
    precondition(length >= EthernetHeader.length && length <= Self.frameSize, "a frame has 14 to 2048 octets")
    guard let number = memory.next else { preconditionFailure("commit follows nextFrame") }
    memory.take()
    // Fits: the ring has as many entries as there are frames.
    cl_xdp_describe(&socket.transmit, committed, UInt64(number * Self.frameSize), UInt32(length))
    committed &+= 1
  }

  /// Copies an IP packet behind an Ethernet header into the next frame.
  /// - Returns: false when all frames are on their way, or the packet is longer than 2034 octets.
  public mutating func add(
    _ packet: RawSpan, family: AddressFamily, to destination: MACAddress, from source: MACAddress
  ) -> Bool {
    guard packet.byteCount <= Self.frameSize - EthernetHeader.length, let frame = nextFrame() else { return false }
    EthernetHeader.write(to: destination, from: source, family: family, at: frame)
    packet.withUnsafeBytes { bytes in
      (frame + EthernetHeader.length).copyMemory(
        from: bytes.baseAddress ?? UnsafeRawPointer(frame), byteCount: bytes.count)
    }
    commit(length: EthernetHeader.length + packet.byteCount)
    return true
  }

  /// Takes back the frames that the kernel is done with. A read of memory; no system call.
  public mutating func reclaim() {
    let end = cl_load_acquire_u32(socket.completion.producer)
    guard reclaimed != end else { return }
    while reclaimed != end {
      memory.giveBack(cl_xdp_completed(&socket.completion, reclaimed))
      reclaimed &+= 1
    }
    cl_xdp_publish(socket.completion.consumer, end)
  }

  // MARK: Sending

  /// What became of the frames of a `flush`.
  public struct Outcome: Hashable, Sendable {
    public enum Obstacle: Hashable, Sendable {
      /// The socket's buffer, the driver's queue or the ring of completions is full, or memory is short: flush again later.
      case busy
      /// The link is set down. Waiting frames leave when it is up again and `flush` is called, however old they are: end
      /// this value to discard them.
      case linkDown
      /// The link was deleted or went to another namespace: this value sends nothing any more.
      case linkGone
      /// errno that none of the others stands for.
      case other(Int32)
    }

    /// Why frames are left in the ring; nil when none are.
    public var obstacle: Obstacle?
    /// Frames left in the ring, as `waiting` says it; 0 without an obstacle.
    public var waiting: Int
    /// Frames that the driver refused; they are lost.
    public var refused: Int
  }

  /// Has the kernel send what was committed, 32 frames a system call; none when nothing waits.
  ///
  /// Frames that were neither refused nor left in the ring were given to the driver. What becomes of them there nobody
  /// says, as with any other socket.
  public mutating func flush() -> Outcome {
    var outcome = Outcome(obstacle: nil, waiting: 0, refused: 0)
    cl_xdp_publish(socket.transmit.producer, committed)
    outcome.waiting = waiting
    // Progress cannot be asked for: kernels before 6.17 tell what they took only when they come to the end of the ring.
    var kicks = outcome.waiting / Self.kickLimit + 2
    while outcome.waiting > 0, outcome.obstacle == nil {
      let code = cl_xdp_kick(socket.descriptor)
      reclaim()
      outcome.waiting = waiting
      kicks -= 1
      switch code {
      case 0, EAGAIN, ENOBUFS, ENOMEM: break
      case EBUSY where outcome.refused < capacity:
        // One frame, taken and dropped; those behind it were not tried.
        outcome.refused += 1
        refused &+= 1
        kicks += 1
      case EBUSY: break
      case ENETDOWN: outcome.obstacle = .linkDown
      case ENXIO: outcome.obstacle = .linkGone
      default: outcome.obstacle = .other(code)
      }
      if kicks == 0, outcome.waiting > 0, outcome.obstacle == nil { outcome.obstacle = .busy }
    }
    // A kick that took the last frame may have had something to say all the same.
    if outcome.waiting == 0 { outcome.obstacle = nil }
    return outcome
  }
}
