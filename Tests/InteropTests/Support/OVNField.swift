import Addresses
import BFD
import Glibc
import Lab
import NetworkNamespaces
import Speaker
import Testing

/// Our side at `ovnext0` of a real OVN: one gateway chassis whose logical router port speaks BFD with us.
final class OVNField {
  let lab: Lab
  let us: LabNamespace
  let central: OVNCentral
  let chassis: OVNChassis
  let network: OVNNetwork
  private var speaker: OwnSide?
  private(set) var session = -1

  /// Where our side stands, as OVN sees it.
  enum Place {
    /// `ovnext0`, a logical port on the gateway chassis, as Kube-OVN has it.
    case port
    /// On the physical network behind the gateway chassis, where a router would be.
    case wire
    /// The same, and the router is a gateway router, for whose port OVN announces no address (no gratuitous ARP). It
    /// has nothing to do then but BFD.
    case wireOfGatewayRouter
  }

  static let ours = OVNNetwork.gatewayAddress(1, .ipv4)
  static let theirs = OVNNetwork.routerAddresses[0]

  /// Runs `body` on a field of its own, gone at the end however it ends. Nobody speaks to OVN yet.
  /// - Parameters:
  ///   - tag: at most 8 lower-case letters.
  ///   - timers: of OVN's row.
  ///   - place: where we stand.
  static func with(
    _ tag: String, _ timers: BFDTimers, at place: Place = .port, _ body: (OVNField) throws -> Void
  ) throws {
    Lab.sweep()
    let lab = try Lab.up("i\(getpid())\(tag)")
    defer { lab.down() }
    let field = try OVNField(lab, place)
    defer { field.killOurs() }
    try field.network.watch(ours, timers)
    try field.central.sync()
    try body(field)
  }

  private let interface: String

  private init(_ lab: Lab, _ place: Place) throws {
    self.lab = lab
    us = try lab.makeNamespace("us")
    central = OVNCentral(lab: lab)
    try central.start()
    chassis = OVNChassis(
      namespace: try lab.makeNamespace("gw1"), central: central,
      options: .init(bridgeMappings: [OVNNetwork.physicalNetwork: "br-ex"]))
    try chassis.start()
    network = OVNNetwork(central: central)
    try network.make(
      place == .wireOfGatewayRouter
        ? .gatewayRouter(chassis: chassis.name) : .distributed(gateways: [chassis.name]))
    switch place {
    case .port:
      interface = "ovnext0"
      try network.plug(1, into: us, at: chassis)
    case .wire, .wireOfGatewayRouter:
      interface = "wire"
      try chassis.addWire(
        interface, to: us, bridge: "br-ex",
        addresses: ["\(Self.ours)/24", "\(OVNNetwork.gatewayAddress(1, .ipv6))/64"])
    }
    hurryOVN()
  }

  /// Puts what carries OVN's packets ahead of ordinary work.
  func hurryOVN() {
    for name in ["vswitchd", "controller"] { hurry(lab.runningProcess("gw1/\(name)")) }
  }

  // MARK: OVN

  /// What the databases say of the session with us.
  func ovn() throws -> OVNSessionView { try #require(try central.session(with: Self.ours)) }

  // MARK: Our side

  var own: OwnSide { get throws { try #require(speaker) } }
  func view() throws -> SessionView { try own.view(session) }

  /// Starts our side with nothing to do yet.
  func startSpeaker(secret: UInt64 = 1) throws -> OwnSide {
    let own = try OwnSide(in: us, secret: secret)
    speaker = own
    return own
  }

  /// Makes a session of ours the one that `view` and `settle` look at.
  func adopt(_ session: Int) { self.session = session }

  /// Starts our side with one session, to OVN's router port.
  /// - Parameter secret: another one than before is what a node without its state directory comes back with.
  func startOurs(_ parameters: SessionConfiguration, secret: UInt64 = 1) throws {
    let own = try startSpeaker(secret: secret)
    let name = interface
    let index = try us.perform { () throws(SystemCallError) in if_nametoindex(name) }
    let settings = SessionSettings(
      key: SessionKey(peer: .address(Self.theirs, interface: index)), remoteAddress: Self.theirs,
      localAddress: Self.ours, parameters: parameters)
    session = try #require(try own.perform { $0.add(settings, at: MonotonicClock.now()) })
  }

  /// Our process dies without a word.
  func killOurs() {
    speaker?.stop()
    speaker = nil
  }

  /// Waits until both ends and both databases say Up.
  func settle(_ timeout: Duration = .seconds(30), sourceLocation: SourceLocation = #_sourceLocation) throws {
    let held = waitUntil(timeout: timeout, every: .milliseconds(5)) { (try? view())?.session.state == .up }
    if !held { Issue.record("not Up: \(describe())", sourceLocation: sourceLocation) }
    try #require(held, sourceLocation: sourceLocation)
    try central.wait(for: "up", of: Self.ours)
  }

  /// Both views, for messages.
  func describe() -> String {
    let own = (try? view()).map { "we \($0.session)" } ?? "we do not answer"
    return "\(own); OVN \((try? ovn()).map { "\($0)" } ?? "?")"
  }
}

extension OVNField {
  /// Sends one packet from our address, as some other speaker there would.
  func say(_ packet: ControlPacket) throws {
    let bytes = [UInt8](unsafeUninitializedCapacity: ControlPacket.length) { buffer, count in
      // Exclusively ours until this returns.
      var span = UnsafeMutableRawBufferPointer(buffer).mutableBytes
      packet.write(to: &span)
      count = ControlPacket.length
    }
    try us.perform { () throws(SystemCallError) in
      let fd = socket(AF_INET, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), Int32(IPPROTO_UDP))
      guard fd >= 0 else { throw SystemCallError("open a socket") }
      defer { close(fd) }
      var ttl: Int32 = 255
      setsockopt(fd, Int32(IPPROTO_IP), IP_TTL, &ttl, 4)
      func name(_ address: IPAddress, _ port: UInt16) -> sockaddr_in {
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = port.bigEndian
        withUnsafeMutableBytes(of: &name.sin_addr) { $0.copyBytes(from: address.octets) }
        return name
      }
      func call(
        _ name: sockaddr_in, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int, _ what: String
      ) throws(SystemCallError) {
        let result = withUnsafePointer(to: name) {
          // A sockaddr_in is passed as the sockaddr that it is.
          $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
          }
        }
        guard result >= 0 else { throw SystemCallError(what) }
      }
      try call(name(Self.ours, 49_200), { Int(bind(fd, $0, $1)) }, "bind")
      try call(name(Self.theirs, 3784), { sendto(fd, bytes, bytes.count, 0, $0, $1) }, "send")
    }
  }
}
