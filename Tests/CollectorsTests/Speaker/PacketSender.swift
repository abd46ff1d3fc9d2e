import BFD
import CLinux
import Glibc
@testable import Lab
import NetworkNamespaces
import Synchronization

/// Sends the same octets to our side every so often, until it is gone: a peer without a BFD implementation.
final class PacketSender {
  private let descriptor: Int32
  private let stop = Flag()
  private var thread: LabThread<Bool>?

  final class Flag: Sendable {
    let isSet = Atomic(false)
  }

  /// - Parameter source: one of the namespace's addresses.
  init(
    _ place: LabNamespace, _ octets: [UInt8], to destination: String = SpeakerField.us,
    from source: String = SpeakerField.peer, port: UInt16 = 3784, ttl: Int32 = 255,
    every interval: Duration = .milliseconds(200)
  ) throws {
    let fd = try place.perform { () throws(SystemCallError) in
      let fd = socket(AF_INET, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
      var ttl = ttl
      setsockopt(fd, Int32(IPPROTO_IP), IP_TTL, &ttl, socklen_t(MemoryLayout<Int32>.size))
      guard Self.call(source, 50_000, { bind(fd, $0, $1) }) == 0,
        Self.call(destination, port, { connect(fd, $0, $1) }) == 0
      else { throw SystemCallError("make a sender") }
      return fd
    }
    descriptor = fd
    let stop = stop
    thread = LabThread(name: "sender") {
      while !stop.isSet.load(ordering: .relaxed) {
        _ = octets.withUnsafeBytes { send(fd, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        usleep(useconds_t(interval / .microseconds(1)))
      }
      return true
    }
  }

  deinit {
    stop.isSet.store(true, ordering: .relaxed)
    _ = thread?.join()
    close(descriptor)
  }

  private static func call(_ address: String, _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32)
    -> Int32
  {
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_port = port.bigEndian
    inet_pton(AF_INET, address, &name.sin_addr)
    // bind(2) and connect(2) take every kind of address through sockaddr; the pointer lives for the call only.
    return withUnsafePointer(to: &name) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }

  /// A packet of a peer that has heard nothing.
  static func down(
    your: UInt32 = 0, minTx: Interval = .slow, minRx: Interval = .slow
  ) -> ControlPacket {
    ControlPacket(
      state: .down, detectMultiplier: 3, myDiscriminator: 22, yourDiscriminator: your, desiredMinTx: minTx,
      requiredMinRx: minRx)
  }
}
