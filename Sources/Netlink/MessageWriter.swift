import CLinux

/// Writes netlink messages one after another into one buffer that is kept between uses.
struct MessageWriter {
  private(set) var bytes: [UInt8]
  /// Where the message being written starts; its length is filled in by `end()`.
  private var start = 0
  /// An attribute did not fit its 16-bit length; the message must not be sent.
  private(set) var overflowed = false

  init(capacity: Int = 512) {
    bytes = []
    bytes.reserveCapacity(capacity)
  }

  /// Empties the buffer and keeps its memory.
  mutating func reset() {
    bytes.removeAll(keepingCapacity: true)
    start = 0
    overflowed = false
  }

  /// Begins a message: the netlink header, then the family's fixed header.
  mutating func begin<Header: BitwiseCopyable>(
    _ type: some KernelConstant, flags: Int32, sequence: UInt32, _ header: Header
  ) {
    start = bytes.count
    overflowed = false
    append(
      nlmsghdr(
        nlmsg_len: 0, nlmsg_type: type.number,
        nlmsg_flags: UInt16(truncatingIfNeeded: flags | NLM_F_REQUEST), nlmsg_seq: sequence, nlmsg_pid: 0))
    append(header)
    pad()
  }

  /// Ends the message begun last.
  mutating func end() {
    patch(UInt32(truncatingIfNeeded: bytes.count - start), at: start)
  }

  /// Takes back the message begun last.
  mutating func cancel() {
    bytes.removeLast(bytes.count - start)
    overflowed = false
  }

  /// Asks for an acknowledgement of the message written last.
  mutating func requestAck() {
    guard bytes.count >= start + 8 else { return }
    bytes[start + 6] |= UInt8(NLM_F_ACK)
  }

  mutating func put<Value: BitwiseCopyable>(_ type: some KernelConstant, _ value: Value) {
    let place = open(type)
    append(value)
    close(place)
  }

  mutating func put(_ type: some KernelConstant, bytes octets: some Sequence<UInt8>) {
    let place = open(type)
    bytes.append(contentsOf: octets)
    close(place)
  }

  /// A string with the terminating zero the kernel expects.
  mutating func put(_ type: some KernelConstant, text: String) {
    let place = open(type)
    bytes.append(contentsOf: text.utf8)
    bytes.append(0)
    close(place)
  }

  mutating func put(flag type: some KernelConstant) { close(open(type)) }

  mutating func nest(_ type: some KernelConstant, _ body: (inout MessageWriter) -> Void) {
    let place = open(type, flags: UInt16(NLA_F_NESTED))
    body(&self)
    close(place)
  }

  /// Begins an attribute by hand; returns its place for `close`.
  mutating func open(_ type: some KernelConstant, flags: UInt16 = 0) -> Int {
    let place = bytes.count
    append(nlattr(nla_len: 0, nla_type: type.number | flags))
    return place
  }

  mutating func close(_ place: Int) {
    let length = bytes.count - place
    if length > Int(UInt16.max) { overflowed = true }
    patch(UInt16(truncatingIfNeeded: length), at: place)
    pad()
  }

  mutating func append<Value: BitwiseCopyable>(_ value: Value) {
    // The pointer lives for the call only; a BitwiseCopyable value is its bytes.
    withUnsafeBytes(of: value) { bytes.append(contentsOf: $0) }
  }

  mutating func append(octets: some Sequence<UInt8>) { bytes.append(contentsOf: octets) }

  private mutating func pad() {
    while bytes.count & 3 != 0 { bytes.append(0) }
  }

  private mutating func patch<Value: FixedWidthInteger>(_ value: Value, at place: Int) {
    withUnsafeBytes(of: value) { source in
      for (offset, byte) in source.enumerated() { bytes[place + offset] = byte }
    }
  }

  /// Gives the message at the start of the buffer a new sequence number.
  mutating func renumber(_ sequence: UInt32) { patch(sequence, at: 8) }
}
