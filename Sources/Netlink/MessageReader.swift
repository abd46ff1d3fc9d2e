import CLinux

/// Octets of a received message. Everything read from them is checked against their end.
typealias Octets = ArraySlice<UInt8>

extension ArraySlice<UInt8> {
  /// The first octets as a value; nil when there are too few.
  func load<Value: BitwiseCopyable>(_ type: Value.Type) -> Value? {
    guard count >= MemoryLayout<Value>.size else { return nil }
    // The size was checked just now; the pointer lives for the call only.
    return withUnsafeBytes { $0.loadUnaligned(as: Value.self) }
  }

  /// Text up to the first zero.
  var text: String { String(decoding: prefix { $0 != 0 }, as: UTF8.self) }
}

/// One netlink message, header taken off.
struct NetlinkMessage {
  var type: UInt16
  var flags: UInt16
  var sequence: UInt32
  var payload: Octets

  /// The family's fixed header, and the attributes behind it.
  func header<Header: BitwiseCopyable>(_ type: Header.Type) -> (Header, Attributes)? {
    guard let header = payload.load(type) else { return nil }
    return (header, Attributes(payload.dropFirst((MemoryLayout<Header>.size + 3) & ~3)))
  }
}

/// The messages of one datagram; ends at the first whose length is impossible.
struct NetlinkMessages: Sequence, IteratorProtocol {
  private var rest: Octets

  init(_ octets: Octets) { rest = octets }

  mutating func next() -> NetlinkMessage? {
    guard let header = rest.load(nlmsghdr.self), header.nlmsg_len >= 16, header.nlmsg_len <= rest.count else {
      return nil
    }
    let length = Int(header.nlmsg_len)
    let message = NetlinkMessage(
      type: header.nlmsg_type, flags: header.nlmsg_flags, sequence: header.nlmsg_seq,
      payload: rest.prefix(length).dropFirst(16))
    rest = rest.dropFirst((length + 3) & ~3)
    return message
  }
}

/// A run of attributes; ends at the first whose length is impossible.
struct Attributes: Sequence, IteratorProtocol {
  /// One attribute: its type without the flags, and its value.
  struct Attribute {
    var type: UInt16
    var value: Octets

    var u8: UInt8? { value.load(UInt8.self) }
    var u16: UInt16? { value.load(UInt16.self) }
    var u32: UInt32? { value.load(UInt32.self) }
    var s32: Int32? { value.load(Int32.self) }
    var u64: UInt64? { value.load(UInt64.self) }
    var text: String { value.text }
    var nested: Attributes { Attributes(value) }
  }

  private var rest: Octets

  init(_ octets: Octets) { rest = octets }

  mutating func next() -> Attribute? {
    guard let header = rest.load(nlattr.self), header.nla_len >= 4, header.nla_len <= rest.count else { return nil }
    let length = Int(header.nla_len)
    let attribute = Attribute(
      type: header.nla_type & UInt16(CL_NLA_TYPE_MASK), value: rest.prefix(length).dropFirst(4))
    rest = rest.dropFirst((length + 3) & ~3)
    return attribute
  }
}
