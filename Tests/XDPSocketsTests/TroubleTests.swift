import CLinux
import Glibc
import NetworkNamespaces
import Processes
import Testing

@testable import XDPSockets

@Suite(.enabled(if: geteuid() == 0), .serialized) struct TroubleTests {
  private static func reason(_ body: () throws(XDPError) -> Void) -> XDPError.Reason? {
    do throws(XDPError) {
      try body()
      return nil
    } catch { return error.reason }
  }

  @Test(
    "what a device needs that AF_XDP does not give",
    arguments: [
      (1, "veth", nil), (1, "", nil), (1, "macvlan", nil), (772, "", .linkKind(772)),
      (1, "bonding", .driver("bonding")),
      (1, "ipvlan", .driver("ipvlan")), (1, "802.1Q VLAN Support", .driver("802.1Q VLAN Support"))
    ] as [(Int32, String, XDPError.Reason?)])
  func kinds(_ kind: Int32, _ driver: String, _ reason: XDPError.Reason?) {
    #expect(XDPTransmitter.obstacle(kind: kind, driver: driver) == reason)
  }

  @Test func aLinkThatIsDownKeepsFramesUntilItIsUp() throws {
    let wire = try Wire("xtd")
    let transmitter = try wire.transmitter()
    try run("ip", "-n", wire.nearName, "link", "set", "w", "down")
    for number in 0..<40 { #expect(transmitter.put(frame(number))) }
    #expect(transmitter.flush() == .init(obstacle: .linkDown, waiting: 40, refused: 0))
    #expect(transmitter.flush() == .init(obstacle: .linkDown, waiting: 40, refused: 0))
    try run("ip", "-n", wire.nearName, "link", "set", "w", "up")
    #expect(transmitter.flush() == .init(obstacle: nil, waiting: 0, refused: 0))
    #expect(wire.receive(40) == (0..<40).map { frame($0) })
  }

  @Test func framesWithoutACarrierAreCountedAsRefused() throws {
    let wire = try Wire("xtc")
    let transmitter = try wire.transmitter()
    try run("ip", "-n", wire.farName, "link", "set", "w", "down")
    for number in 0..<70 { #expect(transmitter.put(frame(number))) }
    #expect(transmitter.flush() == .init(obstacle: nil, waiting: 0, refused: 70))
    #expect(transmitter.refused == 70)
    try run("ip", "-n", wire.farName, "link", "set", "w", "up")
    #expect(eventually { transmitter.put(frame(100)) })
    #expect(transmitter.flush().obstacle == nil)
    #expect(wire.receive() == frame(100))
  }

  @Test func aDeletedLinkIsGone() throws {
    let wire = try Wire("xtg")
    let transmitter = try wire.transmitter(frames: 8)
    #expect(transmitter.put(frame(1)) && transmitter.flush().obstacle == nil)
    #expect(transmitter.put(frame(2)))
    try run("ip", "-n", wire.nearName, "link", "del", "w")
    while transmitter.put(frame(3)) {}
    let outcome = transmitter.flush()
    #expect(outcome.obstacle == .linkGone && outcome.waiting == transmitter.waiting && outcome.waiting > 0)
    #expect(!transmitter.hasRoom && transmitter.flush().obstacle == .linkGone)
  }

  @Test func aLinkThatMovesToAnotherNamespaceIsGone() throws {
    let wire = try Wire("xtm")
    let transmitter = try wire.transmitter()
    try run("ip", "-n", wire.nearName, "link", "set", "w", "name", "v", "netns", wire.farName)
    #expect(transmitter.put(frame(1)) && transmitter.flush().obstacle == .linkGone)
  }

  @Test func anInterfaceThatIsMadeAnewCanBeOpenedWhileTheOldOneIsHeld() throws {
    let wire = try Wire("xtn")
    let old = try wire.transmitter()
    try run("ip", "-n", wire.nearName, "link", "del", "w")
    try run(
      "ip", "link", "add", "w", "netns", wire.nearName, "type", "veth", "peer", "name", "w", "netns", wire.farName)
    for name in [wire.nearName, wire.farName] { try run("ip", "-n", name, "link", "set", "w", "up") }
    let interface = try wire.near.perform { if_nametoindex("w") }
    let transmitter = Sender(try XDPTransmitter(on: interface, in: wire.near))
    #expect(transmitter.put(frame(5)) && transmitter.flush().obstacle == nil)
    #expect(wire.receive() == frame(5))
    // By its number the old one may be the new one's; it is not given its packets.
    #expect(old.put(frame(6)) && old.flush().obstacle == .linkGone)
  }

  @Test func aNamespaceWhoseNameIsTakenAwayLivesAsLongAsItsSockets() throws {
    let wire = try Wire("xts")
    let name = wire.nearName
    let transmitter = try wire.transmitter()
    try NetworkNamespace.remove(named: name)
    #expect(transmitter.put(frame(1)) && transmitter.flush().obstacle == nil)
    #expect(wire.receive() == frame(1))
  }

  @Test func aSecondSocketOnALinkIsRefusedUntilTheFirstIsClosed() throws {
    let wire = try Wire("xt2")
    func second() -> XDPError.Reason? { Self.reason { () throws(XDPError) in _ = try wire.transmitter() } }
    try {
      let first = try wire.transmitter()
      #expect(second() == .inUse)
      // The first one is none the worse for it.
      #expect(first.put(frame(1)) && first.flush().obstacle == nil)
      #expect(wire.receive() == frame(1))
    }()
    #expect(eventually { second() == nil })
  }

  @Test func aTransmitterThatEndsElsewhereFreesTheLinkToo() throws {
    let wire = try Wire("xth")
    var transmitter = try XDPTransmitter(on: wire.interface, in: wire.near)
    // Committed, never flushed.
    let hasRoom = transmitter.nextFrame() != nil
    if hasRoom { transmitter.commit(length: 60) }
    transmitter.endElsewhere()
    #expect(hasRoom)
    #expect(eventually { XDPTransmitter.obstacle(on: wire.interface, in: wire.near) == nil })
    #expect(wire.receive(milliseconds: 0) == nil)
  }

  @Test func aLinkIsFreeAgainAfterItsProcessWasKilled() throws {
    let wire = try Wire("xtk")
    let interface = wire.interface
    var ends: [Int32] = [0, 0]
    try #require(cl_pipe2(&ends, O_CLOEXEC) == 0)
    let holder = try spawn(
      path: Self.holder, arguments: [wire.nearName, "\(interface)"], environment: [], input: 0, output: ends[1],
      errorOutput: 2)
    close(ends[1])
    defer { close(ends[0]) }
    var buffer = [UInt8](repeating: 0, count: 6)
    #expect(read(ends[0], &buffer, 6) == 6)
    #expect(XDPTransmitter.obstacle(on: interface, in: wire.near)?.reason == .inUse)
    kill(holder, SIGKILL)
    var status: Int32 = 0
    waitpid(holder, &status, 0)
    #expect(eventually { XDPTransmitter.obstacle(on: interface, in: wire.near) == nil })
  }

  /// Beside this test bundle.
  private static var holder: String {
    var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = readlink("/proc/self/exe", &buffer, buffer.count)
    let program = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    for candidate in [program] + CommandLine.arguments.filter({ $0.hasSuffix(".xctest") }) {
      let beside = candidate.prefix(upTo: candidate.lastIndex(of: "/") ?? candidate.startIndex) + "/XDPHolder"
      if access(String(beside), X_OK) == 0 { return String(beside) }
    }
    return ".build/debug/XDPHolder"
  }

  @Test func onlyEthernetLinksThatAreThereCanBeUsed() throws {
    let wire = try Wire("xte")
    let loopback = XDPTransmitter.obstacle(on: 1, in: wire.near)
    #expect(loopback?.reason == .linkKind(772) && loopback?.description.contains("Ethernet") == true)
    #expect(XDPTransmitter.obstacle(on: 9_999, in: wire.near)?.reason == .noLink)
    #expect(XDPTransmitter.obstacle(on: wire.interface, in: wire.near) == nil)
  }

  @Test func aLinkThatIsDownCanBeOpened() throws {
    let wire = try Wire("xtu")
    try run("ip", "-n", wire.nearName, "link", "set", "w", "down")
    let transmitter = try wire.transmitter()
    #expect(transmitter.put(frame(1)) && transmitter.flush().obstacle == .linkDown)
  }

  @Test func withoutTheCapabilityThisIsSaid() throws {
    let here = try NetworkNamespace.current()
    let code = try here.perform { () throws(SystemCallError) -> Int32 in
      guard cl_give_up_privileges() == 0 else { throw SystemCallError("give up capabilities") }
      let descriptor = cl_xdp_socket()
      return descriptor < 0 ? errno : 0
    }
    let error = XDPError.failed("open an AF_XDP socket", code)
    #expect(error.reason == .notPermitted)
    #expect(error.description.contains("CAP_NET_RAW"))
  }

  @Test(
    "An error says what to do",
    arguments: [
      (EAFNOSUPPORT, "CONFIG_XDP_SOCKETS"), (EAFNOSUPPORT, "RestrictAddressFamilies="), (EPERM, "CAP_NET_RAW"),
      (ENOTSUP, "Linux 5.4"), (ENOBUFS, "LimitMEMLOCK="), (EBUSY, "another AF_XDP socket"),
      (ENODEV, "no such interface")
    ])
  func words(_ code: Int32, _ part: String) {
    #expect(XDPError.failed("bind", code).description.contains(part))
  }
}
