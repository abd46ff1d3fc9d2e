import CLinux
import Control
import Glibc
import Runtime
import Testing

extension AgentTests {
  @Suite("The service manager") struct TheServiceManager {
    @Test("It hears that the gateway runs, that it lives, and that it stops")
    func hears() throws {
      let stage = try Stage("notify")
      let socket = try NotifySocket("\(stage.directory)/notify")
      let process = try stage.start(
        AgentFile(), through: ["/usr/bin/env", "NOTIFY_SOCKET=\(socket.path)", "WATCHDOG_USEC=600000"])
      try stage.eventually("READY=1") { socket.receive().contains("READY=1") }
      try stage.eventually("two signs of life") { socket.receive().filter { $0 == "WATCHDOG=1" }.count >= 2 }
      process.signal(SIGTERM)
      try stage.eventually("STOPPING=1") { socket.receive().contains("STOPPING=1") }
    }

    @Test("There is none without a socket, and a watchdog of another process is not fed")
    func none() {
      #expect(ServiceManager({ _ in nil }) == nil)
      #expect(ServiceManager({ $0 == "NOTIFY_SOCKET" ? "notify" : nil }) == nil)
      let variables = ["NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "7"]
      #expect(ServiceManager({ variables[$0] }, process: 7)?.watchdogInterval == 15_000_000_000)
      #expect(ServiceManager({ variables[$0] }, process: 8)?.watchdogInterval == nil)
    }
  }

}

/// What systemd would listen on; it remembers what came.
private final class NotifySocket {
  let path: String
  private let descriptor: Int32
  private var heard: [String] = []

  init(_ path: String) throws {
    self.path = path
    descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | O_CLOEXEC | O_NONBLOCK, 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(107)) }
    // Every socket address may be read as a `sockaddr` (bind(2)).
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    try #require(result == 0)
  }

  deinit { close(descriptor) }

  func receive() -> [String] {
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      guard count > 0 else { return heard }
      heard.append(String(decoding: buffer[..<count], as: UTF8.self))
    }
  }
}
