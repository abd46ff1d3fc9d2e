import Addresses
import CLinux
import Glibc
import NetworkNamespaces

/// Two namespaces joined by a veth pair: a peer with many addresses sends, a gateway receives.
struct FilterWire: ~Copyable {
  static let gateway = IPAddress.v4(IPv4Address(10, 68, 255, 1))
  static let peer = IPAddress.v4(IPv4Address(10, 68, 0, 1))

  private let names: [String]
  let near: NetworkNamespace
  let far: NetworkNamespace
  let interface: UInt32

  init() throws {
    let names = ["near", "far"].map { "everway-filter\(getpid())-\($0)" }
    let near = try NetworkNamespace.create(named: names[0])
    let far = try NetworkNamespace.create(named: names[1])
    try ip("link", "add", "w", "netns", names[0], "type", "veth", "peer", "name", "w", "netns", names[1])
    for (name, address) in [(names[0], Self.gateway), (names[1], Self.peer)] {
      try ip("-n", name, "addr", "add", "\(address)/16", "dev", "w")
      try ip("-n", name, "link", "set", "w", "up")
    }
    interface = try near.perform { if_nametoindex("w") }
    self.names = names
    self.near = near
    self.far = far
  }

  deinit { for name in names { try? NetworkNamespace.remove(named: name) } }

  /// As the speaker's: bound to port 3784 of all addresses, told of TTL, destination and time of each packet.
  func receiver() throws -> Int32 {
    try near.perform { () throws(SystemCallError) in
      let socket = try Self.socket(.any(.ipv4), 3784)
      var one: Int32 = 1
      for option in [SO_TIMESTAMPNS, SO_RXQ_OVFL] { setsockopt(socket, SOL_SOCKET, option, &one, 4) }
      for option in [IP_PKTINFO, IP_RECVTTL] { setsockopt(socket, Int32(IPPROTO_IP), option, &one, 4) }
      return socket
    }
  }

  func sender() throws -> Int32 {
    try far.perform { () throws(SystemCallError) in
      let socket = try Self.socket(Self.peer, 49_152)
      var timeToLive: Int32 = 255
      setsockopt(socket, Int32(IPPROTO_IP), IP_TTL, &timeToLive, 4)
      return socket
    }
  }

  private static func socket(_ address: IPAddress, _ port: UInt16) throws(SystemCallError) -> Int32 {
    let socket = Glibc.socket(AF_INET, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_port = port.bigEndian
    withUnsafeMutableBytes(of: &name.sin_addr) { $0.copyBytes(from: address.octets) }
    let code = withUnsafePointer(to: name) {
      // bind reads a sockaddr of the length given.
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard socket >= 0, code == 0 else { throw SystemCallError("open a socket on \(address)") }
    return socket
  }
}

struct CommandFailed: Error { var arguments: [String] }

private func ip(_ arguments: String...) throws {
  var pid = pid_t()
  var words = (["ip"] + arguments).map { strdup($0) } + [nil]
  defer { for word in words { free(word) } }
  var status: Int32 = 0
  guard posix_spawnp(&pid, "ip", nil, nil, &words, environ) == 0, waitpid(pid, &status, 0) == pid, status == 0
  else { throw CommandFailed(arguments: arguments) }
}
