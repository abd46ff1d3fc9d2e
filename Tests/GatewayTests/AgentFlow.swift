import Addresses
import Glibc
import NetworkNamespaces

import Synchronization
import Testing

@testable import Gateway
@testable import Lab
@testable import Speaker

/// Numbered packets out of the gateway to 10.50.0.1, which every router has: one every 2 ms, from a new port each time,
/// so that all members of the group are used.
final class Flow: Sendable {
  struct Outcome: Sendable {
    var sent = 0
    var received = 0
    /// errno, by how often the kernel refused to send.
    var refused: [Int32: Int] = [:]
    var lost: Int { sent - received }
  }

  private let thread: LabThread<Outcome>

  /// Starts, and waits until every link has its neighbour.
  init(_ stage: Stage) throws {
    let senders = try NetworkNamespace(named: stage.gateway).perform { () throws(SystemCallError) in
      try (0..<32).map { _ throws(SystemCallError) in try Self.open() }
    }
    var receivers: [Int32] = []
    for router in stage.routers {
      receivers.append(
        try NetworkNamespace(named: router.namespace).perform { () throws(SystemCallError) in
          let fd = try Self.open()
          var size: Int32 = 8 << 20
          setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, 4)
          try bindSocket(fd, .any(.ipv4), 5000)
          return fd
        })
    }
    let stopped = Stopper()
    let inputs = receivers
    self.stopper = stopped
    thread = LabThread(name: "flow") { Self.run(senders, inputs, stopped) }
    usleep(200_000)
  }

  private let stopper: Stopper
  private final class Stopper: Sendable { let isSet = Mutex(false) }

  private static func open() throws(SystemCallError) -> Int32 {
    let fd = socket(AF_INET, Int32(SOCK_DGRAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard fd >= 0 else { throw SystemCallError("open a socket") }
    return fd
  }

  private static func run(_ senders: [Int32], _ receivers: [Int32], _ stopper: Stopper) -> Outcome {
    var outcome = Outcome()
    var target = sockaddr_in()
    target.sin_family = sa_family_t(AF_INET)
    target.sin_port = UInt16(5000).bigEndian
    target.sin_addr.s_addr = UInt32(0x0a32_0001).bigEndian
    var buffer = [UInt8](repeating: 0, count: 64)
    func drain() {
      for receiver in receivers { while recv(receiver, &buffer, 64, 0) > 0 { outcome.received += 1 } }
    }
    var turn = 0
    while !stopper.isSet.withLock({ $0 }) {
      turn += 1
      let count = withUnsafePointer(to: target) { pointer in
        // sendto reads a sockaddr of the length given.
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          sendto(senders[turn % senders.count], buffer, 32, 0, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
      outcome.sent += 1
      if count < 0 { outcome.refused[errno, default: 0] += 1 }
      drain()
      usleep(2_000)
    }
    usleep(100_000)
    drain()
    for descriptor in senders + receivers { close(descriptor) }
    return outcome
  }

  /// Ends it; what became of the packets.
  func finish() -> Outcome {
    stopper.isSet.withLock { $0 = true }
    return thread.join() ?? Outcome()
  }
}
