import Addresses
import BFD
import Glibc
import NamespaceTestSupport
import NetworkNamespaces
import Testing
import Ways

@testable import Speaker

/// Packets of sessions that are Up leave below the UDP stack; what they say and when is tested by all other suites too.
@Suite(.serialized, .enabled(if: geteuid() == 0), .timeLimit(.minutes(1))) struct WayTests {
  private let pace = SessionConfiguration(desiredMinTx: .milliseconds(50), requiredMinRx: .milliseconds(50))

  private func make(_ namespace: String, _ engine: SpeakerEngine = .packet) throws -> Speaker {
    try Speaker(
      in: NetworkNamespace(named: namespace), listen: [.v4(.any), .v6(.any)], secret: (1, 2), seed: 3,
      engine: .only(engine), at: MonotonicClock.now())
  }

  /// Datagrams that a namespace's UDP stack has sent, from /proc/net/snmp and snmp6.
  private func sentByUDP(_ name: String) throws -> Int {
    let namespace = try NetworkNamespace(named: name)
    return try namespace.perform { () throws(SystemCallError) in
      let old = text("/proc/thread-self/net/snmp").split(separator: "\n").filter { $0.hasPrefix("Udp:") }
      let new = text("/proc/thread-self/net/snmp6").split(separator: "\n").first {
        $0.hasPrefix("Udp6OutDatagrams")
      }
      let fields = old.map { $0.split(separator: " ") }
      let place = fields.first?.firstIndex(of: "OutDatagrams") ?? 0
      return (fields.last.flatMap { Int($0[place]) } ?? 0)
        + (new.flatMap { $0.split(separator: " ").last }.flatMap { Int($0) } ?? 0)
    }
  }

  private func text(_ path: String) -> String {
    guard let file = fopen(path, "r") else { return "" }
    defer { fclose(file) }
    var text = ""
    var line = [CChar](repeating: 0, count: 4096)
    while fgets(&line, 4096, file) != nil {
      text += String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
    return text
  }

  @Test(
    "a session that is up leaves below the UDP stack, whole and padded",
    arguments: [("10.66.0.2", "10.66.0.1"), ("fd66::2", "fd66::1")],
    [(SpeakerEngine.packet, 0), (.packet, 400), (.xdp, 0), (.xdp, 400)])
  func leaves(_ peers: (String, String), _ sending: (engine: SpeakerEngine, size: Int)) throws {
    let (engine, size) = sending
    let wire = try Wire("wl")
    var parameters = pace
    parameters.packetSize = UInt16(size)
    var a = try make(wire.nameA, engine)
    var b = try make(wire.nameB, .sockets)
    let atA = try add(&a, peers.0, parameters)
    let atB = try add(&b, peers.1, pace)
    let found = run(&a, &b, seconds: 5) { a, b in
      a.engineView.leaving(by: engine) == 1 && b.view(atB)?.session.state == .up
        && b.view(atB)?.session.isPolling == false
    }
    #expect(found)
    // The first packet after the way was found goes by the socket.
    let start = a.view(atA)?.counters.transmitted ?? 0
    _ = run(&a, &b, seconds: 1) { a, _ in (a.view(atA)?.counters.transmitted ?? 0) > start }
    let (udp, sent, heard) = (
      try sentByUDP(wire.nameA), a.view(atA)?.counters.transmitted ?? 0, b.view(atB)?.counters.received ?? 0
    )
    let went = run(&a, &b, seconds: 5) { a, _ in (a.view(atA)?.counters.transmitted ?? 0) > sent + 10 }
    #expect(went)
    #expect(try sentByUDP(wire.nameA) == udp)
    let (viewA, viewB, events) = (a.view(atA), b.view(atB), b.events)
    #expect(viewA?.counters.sendFailures == 0)
    #expect((viewB?.counters.received ?? 0) > heard + 8)
    #expect(viewB?.session.state == .up)
    #expect(events.count { if case .transition(_, let change) = $0 { change.from == .up } else { false } } == 0)
  }

  @Test("so does one over several hops, by the router", arguments: [SpeakerEngine.packet, .xdp])
  func leavesByARouter(_ engine: SpeakerEngine) throws {
    let wire = try Wire("wr")
    // b has an address behind itself: a sees it over a router.
    try ip("-n", wire.nameB, "addr", "add", "10.99.0.1/32", "dev", "lo")
    try ip("-n", wire.nameA, "route", "add", "10.99.0.1/32", "via", "10.66.0.2")
    var a = try make(wire.nameA, engine)
    var b = try make(wire.nameB, engine)
    for (name, address) in [(wire.nameA, "10.66.0.1"), (wire.nameB, "10.99.0.1")] {
      let local = try #require(IPAddress(address))
      let endpoint = Endpoint(local, pathType: .multihop)
      let namespace = try NetworkNamespace(named: name)
      if name == wire.nameA { try a.open([endpoint], in: namespace) } else { try b.open([endpoint], in: namespace) }
    }
    func multihop(_ local: String, _ remote: String) throws -> SessionSettings {
      let (local, remote) = (try #require(IPAddress(local)), try #require(IPAddress(remote)))
      return SessionSettings(
        key: SessionKey(peer: .pair(local: local, remote: remote), pathType: .multihop), remoteAddress: remote,
        localAddress: local, minimumTimeToLive: 250, parameters: pace)
    }
    let there = a.add(try multihop("10.66.0.1", "10.99.0.1"), at: MonotonicClock.now())
    let back = b.add(try multihop("10.99.0.1", "10.66.0.1"), at: MonotonicClock.now())
    let (atA, atB) = (try #require(there), try #require(back))
    let found = run(&a, &b, seconds: 5) {
      $0.engineView.leaving(by: engine) == 1 && $1.engineView.leaving(by: engine) == 1
    }
    #expect(found)
    let (sentA, sentB) = (a.view(atA)?.counters.transmitted ?? 0, b.view(atB)?.counters.transmitted ?? 0)
    let went = run(&a, &b, seconds: 5) {
      ($0.view(atA)?.counters.transmitted ?? 0) > sentA + 8 && ($1.view(atB)?.counters.transmitted ?? 0) > sentB + 8
    }
    #expect(went)
    let (stateA, stateB) = (a.view(atA)?.session.state, b.view(atB)?.session.state)
    #expect(stateA == .up && stateB == .up)
  }

  @Test(
    "what the firewall refuses on its way out is noticed, and then the session goes by its socket",
    arguments: [SpeakerEngine.packet, .xdp])
  func refusal(_ engine: SpeakerEngine) throws {
    let wire = try Wire("wf")
    var a = try make(wire.nameA, engine)
    var b = try make(wire.nameB, .sockets)
    a.closeWays(.main)
    a.wayTiming.refresh = 300_000_000
    a.openWays(.main, in: try NetworkNamespace(named: wire.nameA))
    let atA = try add(&a, "10.66.0.2", pace)
    let atB = try add(&b, "10.66.0.1", pace)
    let found = run(&a, &b, seconds: 5) { a, _ in a.engineView.leaving(by: engine) == 1 }
    #expect(found)
    try ip(
      "netns", "exec", wire.nameA, "nft",
      "add table inet t; add chain inet t o { type filter hook output priority 0; }; "
        + "add rule inet t o udp dport 3784 drop")
    let fell = run(&a, &b, seconds: 5) { _, b in b.view(atB)?.session.state == .down }
    #expect(fell)
    let view = a.view(atA)
    #expect((view?.counters.sendFailures ?? 0) > 0)
    #expect(view?.counters.lastSendError == EPERM)
  }

  @Test(
    "a peer whose link-layer address changes is followed, and none is lost", arguments: [SpeakerEngine.packet, .xdp]
  )
  func newAddress(_ engine: SpeakerEngine) throws {
    let wire = try Wire("wa")
    var a = try make(wire.nameA, engine)
    var b = try make(wire.nameB, engine)
    let atA = try add(&a, "10.66.0.2", pace)
    let atB = try add(&b, "10.66.0.1", pace)
    let found = run(&a, &b, seconds: 5) {
      $0.engineView.leaving(by: engine) == 1 && $1.engineView.leaving(by: engine) == 1
    }
    #expect(found)
    try ip("-n", wire.nameB, "link", "set", "w", "address", "02:00:00:00:00:77")
    try ip("-n", wire.nameA, "neigh", "replace", "10.66.0.2", "lladdr", "02:00:00:00:00:77", "dev", "w")
    let sent = a.view(atA)?.counters.transmitted ?? 0
    let went = run(&a, &b, seconds: 5) { a, _ in
      (a.view(atA)?.counters.transmitted ?? 0) > sent + 8 && a.engineView.leaving(by: engine) == 1
    }
    #expect(went)
    let (stateA, stateB, downs) = (
      a.view(atA)?.session.state, b.view(atB)?.session.state, b.view(atB)?.counters.downs
    )
    #expect(stateA == .up && stateB == .up && downs == 0)
  }

  @Test("with IPsec policies packets stay with the IP stack", arguments: [SpeakerEngine.packet, .xdp])
  func policies(_ engine: SpeakerEngine) throws {
    let wire = try Wire("wx")
    var a = try make(wire.nameA, engine)
    var b = try make(wire.nameB, engine)
    _ = try add(&a, "10.66.0.2", pace)
    _ = try add(&b, "10.66.0.1", pace)
    let found = run(&a, &b, seconds: 5) {
      $0.engineView.leaving(by: engine) == 1 && $1.engineView.leaving(by: engine) == 1
    }
    #expect(found)
    try ip(
      "-n", wire.nameA, "xfrm", "policy", "add", "src", "192.0.2.0/24", "dst", "198.51.100.0/24", "dir", "out",
      "action", "allow")
    let left = run(&a, &b, seconds: 5) { a, _ in a.engineView.belowStack + a.engineView.byXDP == 0 }
    #expect(left)
    try ip("-n", wire.nameA, "xfrm", "policy", "flush")
    let back = run(&a, &b, seconds: 5) { a, _ in a.engineView.leaving(by: engine) == 1 }
    #expect(back)
  }

  @Test(
    "a session that ends, and a domain that closes, give their ways back", arguments: [SpeakerEngine.packet, .xdp])
  func ends(_ engine: SpeakerEngine) throws {
    let wire = try Wire("we")
    var a = try make(wire.nameA, engine)
    var b = try make(wire.nameB, engine)
    let atA = try add(&a, "10.66.0.2", pace)
    _ = try add(&a, "fd66::2", pace)
    _ = try add(&b, "10.66.0.1", pace)
    _ = try add(&b, "fd66::1", pace)
    let found = run(&a, &b, seconds: 5) { a, _ in a.engineView.leaving(by: engine) == 2 }
    #expect(found)
    a.remove(atA)
    let one = a.engineView.leaving(by: engine)
    a.close(.main)
    let isLinkGone = a.links.isEmpty
    #expect(isLinkGone)
    let (none, descriptors) = (a.engineView.belowStack, a.descriptors.count)
    #expect(one == 1 && none == 0)
    #expect(descriptors <= 1)  // the gate
  }
}

extension SpeakerEngineView {
  /// How many sessions do what an engine is for.
  func leaving(by engine: SpeakerEngine) -> Int { engine == .xdp ? byXDP : belowStack - byXDP }
}
