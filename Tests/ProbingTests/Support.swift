import Addresses
import BFD
import CLinux
import PacketSockets
import Glibc
import NamespaceTestSupport
import NetworkNamespaces
import Testing

@testable import Probing

func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }
func mac(_ text: String) throws -> MACAddress { try #require(MACAddress(text)) }

/// Milliseconds after the origin.
func at(_ milliseconds: Int64) -> Instant { Instant(nanoseconds: milliseconds * 1_000_000) }

/// SplitMix64: a failing case can be found again.
struct SeededRandom: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }
}

/// Runs a command and waits for it.
func run(_ words: String...) throws {
  var arguments = words.map { strdup($0) } + [nil]
  defer { arguments.forEach { free($0) } }
  var child = pid_t()
  let code = posix_spawnp(&child, words[0], nil, nil, &arguments, environ)
  try #require(code == 0, "\(words[0]): \(String(cString: strerror(code)))")
  var status: Int32 = 0
  while waitpid(child, &status, 0) < 0, errno == EINTR {}
  try #require(status == 0, "\(words.joined(separator: " ")): status \(status)")
}

/// A prober in a namespace of its own, a gateway in another, a veth pair between them: a0 with 10.0.0.1/24 and
/// fd00::1/64 here, b0 with 10.0.0.2 and fd00::2 there. Both namespaces go with it.
final class Lab {
  let near: String
  let far: String
  let nearSpace: NetworkNamespace
  let farSpace: NetworkNamespace
  var prober: Prober
  var events: [ProbeEvent] = []

  init(_ tag: String) throws {
    near = NamespaceNames.make("pr-\(tag)-a")
    far = NamespaceNames.make("pr-\(tag)-b")
    nearSpace = try NetworkNamespace.create(named: near)
    farSpace = try NetworkNamespace.create(named: far)
    prober = try Prober(in: nearSpace)
    for sysctl in ["net.ipv6.conf.default.accept_dad", "net.ipv6.conf.default.router_solicitations"] {
      try nearSpace.write(#require(Sysctl(sysctl)), "0")
      try farSpace.write(#require(Sysctl(sysctl)), "0")
    }
    try run("ip", "-n", near, "link", "add", "a0", "type", "veth", "peer", "name", "b0", "netns", far)
    for (space, device, host) in [(near, "a0", "1"), (far, "b0", "2")] {
      try run("ip", "-n", space, "address", "add", "10.0.0.\(host)/24", "dev", device)
      try run("ip", "-n", space, "address", "add", "fd00::\(host)/64", "dev", device, "nodad")
      try run("ip", "-n", space, "link", "set", device, "up")
    }
    // The kernel starts to send up to a second after the carrier is there (linkwatch); until then it drops.
    for (space, device) in [(near, "a0"), (far, "b0")] {
      let up = "until ip -n \(space) link show \(device) | grep -q 'state UP'; do sleep 0.02; done"
      try run("timeout", "20", "sh", "-c", up)
    }
  }

  deinit {
    try? NetworkNamespace.remove(named: near)
    try? NetworkNamespace.remove(named: far)
  }

  func index(_ device: String, far isFar: Bool = false) throws -> UInt32 {
    let body = { @Sendable () throws(SystemCallError) in if_nametoindex(device) }
    return isFar ? try farSpace.perform(body) : try nearSpace.perform(body)
  }

  var interface: ProbeInterface { get throws { ProbeInterface(index: try index("a0"), name: "a0") } }

  /// Fast enough to wait for, slow enough for a busy machine.
  static let settings = ProbeSettings(
    interval: .milliseconds(100), timeout: .milliseconds(100), downAfter: 3, upAfter: 2)

  func addEcho(
    _ target: String, via: String? = nil, source: String? = nil, _ settings: ProbeSettings = Lab.settings
  ) throws -> Int {
    try prober.add(
      .echo(
        address: address(target), via: address(via ?? target), interface, source: source.map { try address($0) }),
      settings, at: monotonicNow())
  }

  func addNeighbour(_ via: String, _ settings: ProbeSettings = Lab.settings) throws -> Int {
    try prober.add(.neighbour(via: address(via), interface), settings, at: monotonicNow())
  }

  /// Turns the loop until `condition` holds, for at most 20 s.
  func drive(peer: HandmadePeer? = nil, until condition: () throws -> Bool) rethrows -> Bool {
    let end = monotonicNow() + 20_000_000_000
    while monotonicNow() < end {
      if try condition() { return true }
      let wait = min(100_000_000, max(0, prober.nextDeadline - monotonicNow()))
      var descriptors = prober.descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
      if let peer { descriptors.append(pollfd(fd: peer.descriptor, events: Int16(POLLIN), revents: 0)) }
      poll(&descriptors, nfds_t(descriptors.count), Int32(wait / 1_000_000 + 1))
      peer?.serve()
      prober.run(at: monotonicNow())
      events += prober.events
      prober.events.removeAll()
    }
    return try condition()
  }

  func becomes(_ verdict: Verdict, _ probe: Int, peer: HandmadePeer? = nil) -> Bool {
    drive(peer: peer) { view(probe)?.state.verdict == verdict }
  }

  func view(_ probe: Int) -> ProbeView? { prober.view(probe) }

  func reason(_ probe: Int) -> String { view(probe)?.reason ?? "" }
}

/// A gateway that answers IPv4 echo as the test says: its kernel does not.
final class HandmadePeer {
  let descriptor: Int32
  private let interface: UInt32
  private var batch = FrameBatch()
  /// The replies to send to one request, each a whole packet.
  private let replies: ([UInt8]) -> [[UInt8]]

  init(_ lab: Lab, _ replies: @escaping ([UInt8]) -> [[UInt8]]) throws {
    try lab.farSpace.write(#require(Sysctl("net.ipv4.icmp_echo_ignore_all")), "1")
    let index = try lab.index("b0", far: true)
    descriptor = try lab.farSpace.perform { () throws(SystemCallError) in
      let fd = socket(AF_PACKET, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
      guard fd >= 0, cl_probe_bind(fd, UInt16(ETH_P_IP), index) == 0 else { throw SystemCallError("peer") }
      return fd
    }
    interface = index
    self.replies = replies
  }

  deinit { close(descriptor) }

  func serve() {
    while batch.receive(from: descriptor) > 0 {
      for position in 0..<batch.count {
        let frame = batch.frame(position)
        let request = batch.withPacket(position) { packet in (0..<packet.byteCount).map { packet.octet($0) } }
        guard request.count >= 28, request[9] == 1, request[20] == 8 else { continue }
        for reply in replies(request) {
          _ = withUnsafeBytes(of: frame.source) {
            cl_probe_send(
              descriptor, interface, UInt16(ETH_P_IP), $0.baseAddress?.assumingMemoryBound(to: UInt8.self), reply,
              UInt32(reply.count))
          }
        }
      }
    }
  }

  /// The honest reply, with what `change` does to it before the checksums are computed.
  static func reply(_ request: [UInt8], _ change: (inout [UInt8]) -> Void = { _ in }) -> [UInt8] {
    var reply = request
    reply.replaceSubrange(12..<16, with: request[16..<20])
    reply.replaceSubrange(16..<20, with: request[12..<16])
    reply[20] = 0
    change(&reply)
    seal(&reply)
    return reply
  }

  /// Computes both checksums of an IPv4 packet with ICMP in it.
  static func seal(_ packet: inout [UInt8]) {
    packet.set(0, at: 10)
    packet.set(0, at: 22)
    var header = InternetChecksum()
    header.add(packet.span.bytes.extracting(0..<20))
    packet.set(header.value, at: 10)
    var message = InternetChecksum()
    message.add(packet.span.bytes.extracting(20..<packet.count))
    packet.set(message.value, at: 22)
  }
}
