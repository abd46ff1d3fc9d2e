public import Addresses
import CLinux
import Glibc

/// Receive sockets that swallow, inside the kernel, what only repeats what a session expects.
///
/// A steady BFD session sends the same 24 octets for ever. A program in the kernel compares each datagram of an attached
/// socket with what its session expects, notes the arrival of one that is just that in memory of this process, and drops
/// it: nobody is woken, nothing is read. Everything else is delivered as without it.
///
/// Sessions have the numbers that their owner gave them. All calls come from one thread; after `init` none but `attach`,
/// `detach`, `add` and `remove` is a system call, and only `add` and `attach` may allocate. When this value goes, the
/// sockets deliver everything again; when they or the process go, so does the program.
public struct RepetitionFilter: ~Copyable {
  /// A socket that the program runs for.
  public struct Attachment: Hashable, Sendable {
    let number: Int
  }

  /// More than this many sessions are never asked of the kernel.
  static let capacityLimit = 1 << 20

  /// Your Discriminator, as it stands in packets, to session.
  var discriminators: KernelMap
  var records: SharedArray
  let sockets: SharedArray
  /// For how many sessions there is room; twice as many when it is not enough.
  public internal(set) var capacity: Int
  /// Of each session, as it stands in packets; 0 for none.
  var names: [UInt32]
  /// The sockets by number; -1 for none.
  var descriptors: [Int32] = []
  /// Which sockets are to drop what no session asks for.
  var wantsUnknownDropped: [Bool] = []
  /// What sockets have counted that are detached.
  var retired: (swallowed: UInt64, unknown: UInt64) = (0, 0)
  /// Sessions that there was no room for.
  var strangers: Set<Int> = []
  private var generation: UInt32 = 0

  /// Makes the maps and has the kernel verify the program; no socket is filtered yet.
  /// - Parameter capacity: for how many sessions to begin with. Each takes some 190 octets of the kernel's memory, 104 of
  ///   which are resident memory of this process too.
  /// - Throws: `EBPFError` that says what is missing.
  public init(capacity: Int = 1024) throws(EBPFError) {
    guard !TimeNamespace.isShifted else { throw EBPFError(.timeNamespace, "read arrivals") }
    let capacity = min(max(capacity, 16), Self.capacityLimit)
    let discriminators = try Self.makeDiscriminators(capacity)
    let records = try Self.makeRecords(capacity)
    let sockets = try SharedArray(
      valueSize: SocketEntry.limit * SocketEntry.size, entries: 1, name: "everway_sockets")
    _ = try Self.load(discriminators, records, sockets, number: 0)
    self.capacity = capacity
    self.discriminators = discriminators
    self.records = records
    self.sockets = sockets
    names = Array(repeating: 0, count: capacity)
  }

  deinit { for descriptor in descriptors where descriptor >= 0 { cl_bpf_detach(descriptor) } }

  static func makeDiscriminators(_ capacity: Int) throws(EBPFError) -> KernelMap {
    try KernelMap(
      type: UInt32(CL_BPF_MAP_HASH), valueSize: 4, entries: capacity, name: "everway_names")
  }

  static func makeRecords(_ capacity: Int) throws(EBPFError) -> SharedArray {
    try SharedArray(valueSize: Record.size, entries: capacity, name: "everway_records")
  }

  static func load(
    _ discriminators: borrowing KernelMap, _ records: borrowing SharedArray, _ sockets: borrowing SharedArray,
    number: Int
  ) throws(EBPFError) -> KernelProgram {
    let program = RepetitionProgram(
      discriminators: discriminators.descriptor, records: records.descriptor, sockets: sockets.descriptor,
      number: number)
    let instructions: [Instruction]
    do throws(AssemblyError) { instructions = try program.assembled() } catch {
      throw EBPFError(.other, "assemble the filter (\(error))")
    }
    return try KernelProgram(socketFilter: instructions, name: "everway_bfd")
  }

  // MARK: Sessions

  /// From now on packets with this discriminator are a session's; none is swallowed before `expect`.
  ///
  /// Where there is no room, twice as much is made, during which packets are delivered. One or two system calls.
  /// - Parameters:
  ///   - index: the session's number, 0 or more; what was known of it before is forgotten.
  ///   - discriminator: its own, not 0.
  /// - Throws: `EBPFError`; the session then does without, and so does the dropping of unknown discriminators.
  public mutating func add(_ index: Int, discriminator: UInt32) throws(EBPFError) {
    precondition(index >= 0 && discriminator != 0, "a session has a number and a discriminator")
    remove(index)
    do throws(EBPFError) {
      if index >= capacity { try grow(toHold: index) }
      // Before its name is known, so that nothing of a former session of this number is left in it.
      (records.base + index * Record.size).initializeMemory(as: UInt8.self, repeating: 0, count: Record.size)
      guard cl_bpf_map_set(discriminators.descriptor, discriminator.bigEndian, UInt32(index)) == 0 else {
        throw .failed("add a session to the filter", errno)
      }
      names[index] = discriminator.bigEndian
    } catch {
      strangers.insert(index)
      updateUnknownDropping()
      throw error
    }
  }

  /// Forgets a session.
  public mutating func remove(_ index: Int) {
    if !strangers.isEmpty, strangers.remove(index) != nil { updateUnknownDropping() }
    guard knows(index) else { return }
    pass(index)
    cl_bpf_map_remove(discriminators.descriptor, names[index])
    names[index] = 0
  }

  /// Whether a session was added, and there was room for it.
  public func knows(_ index: Int) -> Bool { index >= 0 && index < capacity && names[index] != 0 }

  /// The part of the memory that is a session's; nil for one that is not known.
  @inline(__always) func record(_ index: Int) -> UnsafeMutableRawPointer? {
    knows(index) ? records.base + index * Record.size : nil
  }

  /// From now on packets that are equal to this one are swallowed; nothing when the session is not known.
  ///
  /// Plain writes to memory. A packet that comes in meanwhile is delivered.
  /// - Parameters:
  ///   - payload: the 24 octets of the UDP payload, without authentication.
  ///   - source: where from.
  ///   - destination: where to; nil for anywhere.
  ///   - interface: by which device, as `struct __sk_buff` says it; 0 for any. In a VRF that is the VRF's device, not the
  ///     one that IP_PKTINFO tells.
  ///   - minimumTimeToLive: the least TTL or Hop Limit.
  ///   - attachment: on which socket.
  ///   - lastArrival: when the last packet of the session arrived, nanoseconds of CLOCK_MONOTONIC.
  ///   - longestGap: nanoseconds; a packet that comes later than this after the one before it is delivered, and so are all
  ///     behind it until the next `expect`: a reader who sleeps still sees that the peer was silent.
  public mutating func expect(
    _ index: Int, payload: RawSpan, from source: IPAddress, to destination: IPAddress? = nil, interface: UInt32 = 0,
    minimumTimeToLive: UInt8, on attachment: Attachment, lastArrival: Int64, longestGap: Int64 = .max
  ) {
    precondition(payload.byteCount == 24, "a packet without authentication has 24 octets")
    guard let record = record(index) else { return }
    generation = generation == .max ? 1 : generation + 1
    cl_store_before_u32(record + Record.generation, 0)
    record.storeBytes(of: interface, toByteOffset: Record.interface, as: UInt32.self)
    record.storeBytes(of: minimumTimeToLive, toByteOffset: Record.timeToLive, as: UInt8.self)
    record.storeBytes(of: destination == nil ? 0 : 1, toByteOffset: Record.comparesDestination, as: UInt8.self)
    record.storeBytes(of: UInt32(attachment.number), toByteOffset: Record.socket, as: UInt32.self)
    for offset in stride(from: 0, to: 24, by: 8) {
      let octets = payload.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)  // 24 octets, checked above
      record.storeBytes(of: octets, toByteOffset: Record.payload + offset, as: UInt64.self)
    }
    let ethertype = source.family == .ipv4 ? EtherType.ipv4 : EtherType.ipv6
    record.storeBytes(of: UInt16(truncatingIfNeeded: ethertype), toByteOffset: Record.ethertype, as: UInt16.self)
    Self.store(source, to: record + Record.source)
    if let destination { Self.store(destination, to: record + Record.destination) }
    record.storeBytes(of: longestGap, toByteOffset: Record.longestGap, as: Int64.self)
    record.storeBytes(of: lastArrival, toByteOffset: Record.arrival, as: Int64.self)
    cl_store_release_u32(record + Record.generation, generation)
  }

  /// In network order; IPv4 in the first four octets.
  private static func store(_ address: IPAddress, to octets: UnsafeMutableRawPointer) {
    switch address {
    case .v4(let address): octets.storeBytes(of: address.bits.bigEndian, as: UInt32.self)
    case .v6(let address):
      octets.storeBytes(of: address.high.bigEndian, as: UInt64.self)
      octets.storeBytes(of: address.low.bigEndian, toByteOffset: 8, as: UInt64.self)
    }
  }

  /// From now on every packet of the session is delivered.
  public mutating func pass(_ index: Int) {
    guard let record = record(index) else { return }
    cl_store_before_u32(record + Record.generation, 0)
  }

  /// Whether packets of a session may be swallowed.
  public func isExpecting(_ index: Int) -> Bool {
    guard let record = record(index) else { return false }
    return cl_load_relaxed_u32(record + Record.generation) != 0
  }
}
