public import Addresses
import CLinux
import Glibc
public import NetworkNamespaces
import PacketSockets

/// Sends echo requests of several sizes, none of which may be fragmented, all at once: which of them come back says how
/// large packets may be (RFC 1191, RFC 8201). Raw sockets, so that the kernel puts fragmented answers together.
public enum PathSweep {
  public struct Question: Hashable, Sendable {
    public var interface: ProbeInterface
    public var address: IPAddress
    /// Of whole IP packets, in octets; 64 to 65,535, none above the interface's MTU.
    public var sizes: [Int]

    public init(_ address: IPAddress, on interface: ProbeInterface, sizes: [Int]) {
      self.address = address
      self.interface = interface
      self.sizes = sizes
    }
  }

  public struct Outcome: Hashable, Sendable {
    /// Sizes that were answered, ascending.
    public var answered: [Int] = []
    /// The smallest MTU that an ICMP error named, in octets.
    public var reportedMTU: Int?
    /// Who named it.
    public var reporter: IPAddress?
    /// Why nothing could be sent.
    public var problem: String?
  }

  static let rounds = 2
  static let pause = Duration.milliseconds(300)

  /// Takes at most 600 ms; less when all is answered.
  /// - Returns: one outcome for each question, in their order.
  public static func run(_ questions: [Question], in namespace: borrowing NetworkNamespace) -> [Outcome] {
    var outcomes = [Outcome](repeating: Outcome(), count: questions.count)
    var sockets: [PathSocket?] = []
    for (index, question) in questions.enumerated() {
      do throws(SystemCallError) {
        sockets.append(try PathSocket(question, in: namespace))
      } catch {
        outcomes[index].problem = error.description
        sockets.append(nil)
      }
    }
    for _ in 0..<rounds {
      for (index, socket) in sockets.enumerated() {
        guard let socket else { continue }
        // Once anything could be sent, a size that the kernel refuses is one that does not pass.
        let codes = questions[index].sizes.filter { !outcomes[index].answered.contains($0) }.map(socket.send)
        if !codes.contains(0), let code = codes.first, outcomes[index].answered.isEmpty {
          outcomes[index].problem = "send on \(questions[index].interface.name): \(String(cString: strerror(code)))"
        }
      }
      listen(questions, sockets, &outcomes)
    }
    for index in outcomes.indices { outcomes[index].answered.sort() }
    return outcomes
  }

  private static func listen(_ questions: [Question], _ sockets: [PathSocket?], _ outcomes: inout [Outcome]) {
    let end = ContinuousClock.now + pause
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
      let open = questions.indices.filter { index in
        sockets[index] != nil && outcomes[index].problem == nil
          && outcomes[index].answered.count < questions[index].sizes.count
      }
      let left = end - .now
      guard !open.isEmpty, left > .zero else { return }
      var events = open.map { pollfd(fd: sockets[$0]?.descriptor.number ?? -1, events: Int16(POLLIN), revents: 0) }
      let milliseconds = left.components.attoseconds / 1_000_000_000_000_000 + 1
      guard poll(&events, nfds_t(events.count), Int32(clamping: milliseconds)) > 0 else { continue }
      for (index, event) in zip(open, events) where event.revents != 0 {
        guard let socket = sockets[index] else { continue }
        for _ in 0..<64 {
          let (count, sender) = socket.receive(&buffer)
          guard count > 0 else { break }
          socket.read(buffer[..<count], from: sender, questions[index].sizes, &outcomes[index])
        }
      }
    }
  }
}

/// A raw ICMP socket for one question.
private struct PathSocket {
  let descriptor: OwnedDescriptor
  let address: IPAddress
  let interface: ProbeInterface
  let identifier = UInt16.random(in: 1 ... .max)
  /// In the payload of every request.
  let token = UInt64.random(in: .min ... .max)

  private static let headerV4 = 20
  private static let headerV6 = 40

  init(_ question: PathSweep.Question, in namespace: borrowing NetworkNamespace) throws(SystemCallError) {
    address = question.address
    interface = question.interface
    let family = question.address.family
    let device = question.interface.name
    descriptor = OwnedDescriptor(
      try namespace.perform { () throws(SystemCallError) in
        let flags = Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let number = IPProtocol.icmp
        let fd =
          family == .ipv4
          ? socket(AF_INET, flags, Int32(number)) : socket(AF_INET6, flags, Int32(IPProtocol.icmpv6))
        guard fd >= 0 else { throw SystemCallError("open a raw socket") }
        do throws(SystemCallError) {
          try Self.configure(fd, family, device)
        } catch {
          close(fd)
          throw error
        }
        return fd
      })
  }

  private static func configure(_ fd: Int32, _ family: AddressFamily, _ device: String) throws(SystemCallError) {
    let name = Array(device.utf8)
    guard setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, socklen_t(name.count)) == 0 else {
      throw SystemCallError("bind to device \(device)")
    }
    // Don't Fragment, and never mind what the kernel has learnt of the path.
    var probe = family == .ipv4 ? Int32(IP_PMTUDISC_PROBE) : Int32(IPV6_PMTUDISC_PROBE)
    let size = socklen_t(MemoryLayout<Int32>.size)
    let code =
      family == .ipv4
      ? setsockopt(fd, Int32(IPPROTO_IP), IP_MTU_DISCOVER, &probe, size)
      : setsockopt(fd, Int32(IPPROTO_IPV6), IPV6_MTU_DISCOVER, &probe, size)
    guard code == 0 else { throw SystemCallError("forbid fragments on \(device)") }
  }

  /// - Returns: 0, or errno.
  func send(size: Int) -> Int32 {
    let isIPv4 = address.family == .ipv4
    let length = size - (isIPv4 ? Self.headerV4 : Self.headerV6)
    var message: [UInt8] = []
    message.reserveCapacity(length)
    message.append(isIPv4 ? EchoMessage.requestV4 : EchoMessage.requestV6)
    message.append(0)
    message.append(bigEndian: UInt16(0))
    message.append(bigEndian: identifier)
    message.append(bigEndian: UInt16(truncatingIfNeeded: size))
    message.append(bigEndian: token)
    message += [UInt8](repeating: 0, count: max(0, length - message.count))
    if isIPv4 {
      // The kernel does it for ICMPv6 alone.
      var checksum = InternetChecksum()
      checksum.add(message.span.bytes)
      message.set(checksum.value, at: 2)
    }
    let count = withDestination { name, length in
      sendto(descriptor.number, message, message.count, Int32(MSG_NOSIGNAL), name, length)
    }
    return count == message.count ? 0 : errno
  }

  private func withDestination<R>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
    // Every socket address may be read as a `sockaddr`: that is how the call is defined (bind(2)).
    switch address {
    case .v4(let address):
      var name = sockaddr_in()
      name.sin_family = sa_family_t(AF_INET)
      name.sin_addr.s_addr = address.bits.bigEndian
      return withUnsafePointer(to: &name) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
      }
    case .v6(let v6):
      var name = sockaddr_in6()
      name.sin6_family = sa_family_t(AF_INET6)
      withUnsafeMutableBytes(of: &name.sin6_addr) { $0.copyBytes(from: address.octets) }
      if v6.isLinkLocal { name.sin6_scope_id = interface.index }
      return withUnsafePointer(to: &name) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          body($0, socklen_t(MemoryLayout<sockaddr_in6>.size))
        }
      }
    }
  }

  /// - Returns: how many octets, 0 when nothing waits; from whom.
  func receive(_ buffer: inout [UInt8]) -> (Int, IPAddress?) {
    var name = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let count = withUnsafeMutablePointer(to: &name) {
      // As above.
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        recvfrom(descriptor.number, &buffer, buffer.count, 0, $0, &length)
      }
    }
    guard count > 0 else { return (0, nil) }
    let octets = withUnsafeBytes(of: &name) { Array($0) }
    let sender = address.family == .ipv4 ? IPAddress(octets: octets[4..<8]) : IPAddress(octets: octets[8..<24])
    return (count, sender)
  }

  /// Takes note of an answer, or of an error about one of our requests.
  func read(
    _ packet: ArraySlice<UInt8>, from sender: IPAddress?, _ sizes: [Int], _ outcome: inout PathSweep.Outcome
  ) {
    let bytes = packet.span.bytes
    let isIPv4 = address.family == .ipv4
    // A raw IPv4 socket is given the IP header too.
    let start = isIPv4 ? bytes.byteCount > 0 ? Int(bytes.octet(0) & 0xf) * 4 : 0 : 0
    guard bytes.byteCount >= start + 16 else { return }
    let type = bytes.octet(start)
    if type == (isIPv4 ? EchoMessage.replyV4 : EchoMessage.replyV6) {
      let size = bytes.byteCount + (isIPv4 ? 0 : Self.headerV6)
      guard sender == address, bytes.half(start + 4) == identifier, bytes.doubleWord(start + 8) == token,
        sizes.contains(size), !outcome.answered.contains(size)
      else { return }
      outcome.answered.append(size)
      return
    }
    // Fragmentation needed (RFC 1191 section 4); packet too big (RFC 4443 section 3.2).
    guard isIPv4 ? type == 3 && bytes.octet(start + 1) == 4 : type == 2 else { return }
    let mtu = isIPv4 ? Int(bytes.half(start + 6)) : Int(clamping: bytes.word(start + 4))
    let quote = start + 8
    guard bytes.byteCount >= quote + (isIPv4 ? Self.headerV4 : Self.headerV6) + 8 else { return }
    let inner = quote + (isIPv4 ? Int(bytes.octet(quote) & 0xf) * 4 : Self.headerV6)
    guard bytes.byteCount >= inner + 8, bytes.half(inner + 4) == identifier, mtu >= 68,
      outcome.reportedMTU.map({ mtu < $0 }) ?? true
    else { return }
    outcome.reportedMTU = mtu
    outcome.reporter = sender
  }
}
