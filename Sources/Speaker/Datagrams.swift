import Addresses
import CLinux
import Glibc

/// A batch of received datagrams: one recvmmsg, no allocation.
struct ReceiveBatch: ~Copyable {
  // Owned, allocated once, freed in deinit; every use is through a method of this value.
  private let batch: OpaquePointer
  private(set) var count = 0

  init() {
    guard let batch = cl_rx_batch_create() else { preconditionFailure("out of memory") }
    self.batch = batch
  }

  deinit { cl_rx_batch_destroy(batch) }

  /// Reads what waits, at most 64 datagrams. Zero when nothing waits.
  mutating func receive(from descriptor: Int32) -> Int {
    count = max(0, Int(cl_rx_batch_receive(batch, descriptor)))
    return count
  }

  /// Whether the batch was full, so that more may wait.
  var isFull: Bool { count == Int(CL_RX_BATCH) }

  /// What the kernel says of datagram `index`.
  func datagram(_ index: Int) -> cl_datagram {
    precondition(index < count)
    return cl_rx_batch_datagram(batch, Int32(index)).pointee
  }

  /// The payload, or as much of it as the buffer holds (256 octets; what counts of a BFD packet has 52 at most). Valid
  /// until the next receive.
  func payload(_ index: Int) -> UnsafeRawBufferPointer {
    let length = min(Int(datagram(index).length), Int(CL_RX_PAYLOAD))
    return UnsafeRawBufferPointer(start: cl_rx_batch_payload(batch, Int32(index)), count: length)
  }
}

extension cl_datagram {
  var sourceAddress: IPAddress { Self.address(source, isIPv6: is_ipv6 != 0) }
  var destinationAddress: IPAddress { Self.address(destination, isIPv6: is_ipv6 != 0) }

  private typealias Octets = (
    UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8
  )

  private static func address(_ octets: Octets, isIPv6: Bool) -> IPAddress {
    withUnsafeBytes(of: octets) { raw in
      // 16 octets, read as two or one big-endian words.
      if isIPv6 {
        .v6(
          IPv6Address(
            high: UInt64(bigEndian: raw.loadUnaligned(as: UInt64.self)),
            low: UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self))))
      } else {
        .v4(IPv4Address(bits: UInt32(bigEndian: raw.loadUnaligned(as: UInt32.self))))
      }
    }
  }
}

extension UnsafeMutablePointer<cl_tx_route> {
  /// Where one session's packets go, in memory of its own that stays in place, because batches refer to it.
  /// The caller deallocates it.
  static func route(
    to destination: IPAddress, port: UInt16, from source: IPAddress?, interface: UInt32
  ) -> Self {
    let route = Self.allocate(capacity: 1)
    route.initialize(to: cl_tx_route())
    cl_tx_route_set(route, destination.family == .ipv6, destination.octets, port, source?.octets, interface)
    return route
  }
}

/// Datagrams on their way out: one sendmmsg for up to 64.
struct TransmitBatch: ~Copyable {
  // Owned, allocated once, freed in deinit.
  private let batch: OpaquePointer
  /// Who sends each datagram, for counting failures.
  private var owners: [Int32] = []
  /// The socket each leaves by.
  private var descriptors: [Int32] = []
  /// Datagrams that the kernel refused in the last `send`: who wanted to send, and errno.
  private(set) var failures: [(owner: Int, code: Int32)] = []

  init() {
    guard let batch = cl_tx_batch_create() else { preconditionFailure("out of memory") }
    self.batch = batch
    owners.reserveCapacity(Int(CL_TX_BATCH))
    descriptors.reserveCapacity(Int(CL_TX_BATCH))
  }

  deinit { cl_tx_batch_destroy(batch) }

  var isEmpty: Bool { owners.isEmpty }
  var isFull: Bool { owners.count == Int(CL_TX_BATCH) }

  /// Adds a datagram that `write` fills in, and that octets of 0 follow. The batch must not be full.
  mutating func add(
    by exit: Exit, length: Int, padding: Int = 0, owner: Int, _ write: (inout MutableRawSpan) -> Void
  ) {
    guard let buffer = cl_tx_batch_add(batch, exit.route, UInt32(length), UInt32(padding)) else {
      preconditionFailure("a full batch must be sent first")
    }
    owners.append(Int32(owner))
    descriptors.append(exit.descriptor)
    // `length` octets of the batch's own buffer, exclusively ours until it is sent.
    var span = UnsafeMutableRawBufferPointer(start: buffer, count: length).mutableBytes
    write(&span)
  }

  /// Sends everything, one call for each run of datagrams with the same socket; what the kernel refused is in
  /// `failures`.
  mutating func send() {
    failures.removeAll(keepingCapacity: true)
    var first = 0
    while first < descriptors.count {
      var end = first + 1
      while end < descriptors.count, descriptors[end] == descriptors[first] { end += 1 }
      let sent = Int(cl_tx_batch_send(batch, descriptors[first], Int32(first), Int32(end - first)))
      if sent > 0 {
        first += sent
      } else if sent < 0, errno == EINTR {
        continue
      } else {
        failures.append((Int(owners[first]), sent < 0 ? errno : EIO))
        first += 1  // the one in the way; the others still go
      }
    }
    cl_tx_batch_clear(batch)
    owners.removeAll(keepingCapacity: true)
    descriptors.removeAll(keepingCapacity: true)
  }
}
