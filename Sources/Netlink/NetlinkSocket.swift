package import CLinux
import Glibc
public import NetworkNamespaces

/// A conversation with the kernel's rtnetlink in one namespace: requests, dumps, batches.
///
/// One thread at a time. Requests block until the kernel has answered, usually microseconds, at most 10 s.
/// Source: netlink(7), rtnetlink(7), Documentation/userspace-api/netlink/intro.rst.
public struct NetlinkSocket: ~Copyable, Sendable {
  public let descriptor: Int32
  /// The number of the request sent last; answers are matched by it.
  var sequence: UInt32 = 0
  /// What is received; allocated once.
  var buffer: [UInt8]
  /// How many acknowledgements surely fit the receive buffer at once.
  let batchLimit: Int

  /// Opens a socket in the namespace of the calling thread.
  public init() throws(NetlinkError) {
    do throws(SystemCallError) {
      try self.init(owning: Self.open(SOCK_RAW))
    } catch {
      throw NetlinkError(error)
    }
  }

  /// Opens a socket inside a namespace; it stays there wherever it is used from.
  public init(in namespace: borrowing NetworkNamespace) throws(NetlinkError) {
    do throws(SystemCallError) {
      try self.init(owning: namespace.perform { () throws(SystemCallError) in try Self.open(SOCK_RAW) })
    } catch {
      throw NetlinkError(error)
    }
  }

  private init(owning fd: Int32) {
    descriptor = fd
    // The kernel sends at most 32 kB at a time to a reader with a larger buffer (netlink_dump).
    buffer = [UInt8](repeating: 0, count: 65536)
    var size: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, &length)
    // An acknowledgement with the kernel's words is charged with at most 2 kB.
    batchLimit = max(1, min(512, Int(size) / 2048))
  }

  deinit { close(descriptor) }

  /// Opens a bound rtnetlink socket with extended acknowledgements and strict checking.
  package static func open(_ type: __socket_type, flags: Int32 = 0) throws(SystemCallError) -> Int32 {
    let fd = socket(AF_NETLINK, Int32(type.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | flags, NETLINK_ROUTE)
    guard fd >= 0 else { throw SystemCallError("open a netlink socket") }
    var on: Int32 = 1
    let size = socklen_t(MemoryLayout<Int32>.size)
    // Strict checking: without it the kernel ignores a dump's filters and unknown fields in silence.
    for option in [NETLINK_EXT_ACK, NETLINK_CAP_ACK, NETLINK_GET_STRICT_CHK] {
      guard setsockopt(fd, SOL_NETLINK, option, &on, size) == 0 else {
        let error = SystemCallError("configure a netlink socket", hint: "Linux 4.20 or newer is needed")
        Glibc.close(fd)
        throw error
      }
    }
    var bytes: Int32 = 1 << 20
    // Forced beyond net.core.rmem_max where we may; else what the kernel grants.
    if setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, size) != 0 {
      setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, size)
    }
    var limit = timeval(tv_sec: 10, tv_usec: 0)
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    var address = sockaddr_nl()
    address.nl_family = sa_family_t(AF_NETLINK)
    let code = withUnsafePointer(to: &address) { pointer in
      // bind(2) takes every kind of address through sockaddr; the pointer lives for the call only.
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(fd, $0, socklen_t(MemoryLayout<sockaddr_nl>.size))
      }
    }
    guard code == 0 else {
      let error = SystemCallError("bind a netlink socket")
      Glibc.close(fd)
      throw error
    }
    return fd
  }

  func transmit(_ bytes: [UInt8], _ operation: () -> String) throws(NetlinkError) {
    while true {
      let count = bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, 0) }
      if count == bytes.count { return }
      guard count < 0, errno == EINTR else { throw NetlinkError(operation(), code: count < 0 ? errno : EMSGSIZE) }
    }
  }

  /// Waits for one datagram; returns its length, at most the buffer's.
  mutating func receive(_ operation: () -> String) throws(NetlinkError) -> Int {
    while true {
      let fd = descriptor
      let count = buffer.withUnsafeMutableBytes { recv(fd, $0.baseAddress, $0.count, Int32(MSG_TRUNC)) }
      if count >= 0 {
        guard count <= buffer.count else { throw NetlinkError(operation(), code: EMSGSIZE) }
        return count
      }
      switch errno {
      case EINTR: continue
      case EAGAIN: throw NetlinkError(operation(), code: ETIMEDOUT)
      default: throw NetlinkError(operation(), code: errno)
      }
    }
  }

  /// Waits for the acknowledgement of request `sequence`.
  mutating func awaitAck(_ operation: () -> String) throws(NetlinkError) {
    while true {
      let count = try receive(operation)
      for message in NetlinkMessages(buffer[..<count])
      where message.sequence == sequence && message.type == UInt16(NLMSG_ERROR) {
        guard let answer = Acknowledgement(message) else { throw NetlinkError(operation(), code: EBADMSG) }
        guard answer.code == 0 else { throw answer.error(operation()) }
        return
      }
    }
  }

  /// Sends one request that is answered by one object.
  /// - Returns: nil when nothing was decoded.
  mutating func get<Value>(
    _ operation: String, encode: (inout MessageWriter, UInt32) -> Void, decode: (NetlinkMessage) -> Value?
  ) throws(NetlinkError) -> Value? {
    sequence &+= 1
    var writer = MessageWriter()
    encode(&writer, sequence)
    try transmit(writer.bytes) { operation }
    while true {
      let count = try receive { operation }
      for message in NetlinkMessages(buffer[..<count]) where message.sequence == sequence {
        guard message.type == UInt16(NLMSG_ERROR) else { return decode(message) }
        guard let answer = Acknowledgement(message) else { throw NetlinkError(operation, code: EBADMSG) }
        throw answer.error(operation)
      }
    }
  }

  /// Reads a whole table, again when it changed meanwhile (NLM_F_DUMP_INTR).
  mutating func dump<Value>(
    _ operation: String, encode: (inout MessageWriter, UInt32) -> Void, decode: (NetlinkMessage) -> Value?
  ) throws(NetlinkError) -> [Value] {
    for _ in 0..<10 {
      if let values = try dumpOnce(operation, encode: encode, decode: decode) { return values }
    }
    throw NetlinkError(operation, code: EBUSY)
  }

  /// - Returns: nil when the table changed meanwhile.
  private mutating func dumpOnce<Value>(
    _ operation: String, encode: (inout MessageWriter, UInt32) -> Void, decode: (NetlinkMessage) -> Value?
  ) throws(NetlinkError) -> [Value]? {
    sequence &+= 1
    var writer = MessageWriter()
    encode(&writer, sequence)
    try transmit(writer.bytes) { operation }
    var values: [Value] = []
    var interrupted = false
    while true {
      let count: Int
      do throws(NetlinkError) {
        count = try receive { operation }
      } catch {
        // Something was dropped: what follows is drained, then read anew.
        guard error.code == ENOBUFS else { throw error }
        interrupted = true
        continue
      }
      for message in NetlinkMessages(buffer[..<count]) where message.sequence == sequence {
        if message.flags & UInt16(NLM_F_DUMP_INTR) != 0 { interrupted = true }
        switch message.type {
        case UInt16(NLMSG_DONE), UInt16(NLMSG_ERROR):
          if let answer = Acknowledgement(message), answer.code != 0 { throw answer.error(operation) }
          return interrupted ? nil : values
        default:
          if let value = decode(message) { values.append(value) }
        }
      }
    }
  }
}
