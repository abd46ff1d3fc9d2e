import Addresses
import BFD
import Glibc
import NamespaceTestSupport
import NetworkNamespaces
import Testing

@testable import Speaker
@testable import XDPSockets

/// Frames leave by AF_XDP as long as a link allows it, and packets leave all the same while it does not.
@Suite(.serialized, .enabled(if: geteuid() == 0), .timeLimit(.minutes(1))) struct LinkTests {
  private let pace = SessionConfiguration(desiredMinTx: .milliseconds(50), requiredMinRx: .milliseconds(50))

  private func make(_ namespace: String) throws -> Speaker {
    var speaker = try Speaker(
      in: NetworkNamespace(named: namespace), listen: [.v4(.any), .v6(.any)], secret: (1, 2), seed: 3,
      engine: .only(.xdp), at: MonotonicClock.now())
    speaker.linkTiming.retry = (50_000_000, 200_000_000)
    speaker.linkTiming.distrust = 500_000_000
    speaker.linkTiming.idle = 200_000_000
    return speaker
  }

  /// The other end reads and sends by UDP sockets alone.
  private func plain(_ namespace: String) throws -> Speaker {
    try Speaker(
      in: NetworkNamespace(named: namespace), listen: [.v4(.any), .v6(.any)], secret: (3, 4), seed: 5,
      engine: .only(.sockets), at: MonotonicClock.now())
  }

  private func interface(_ name: String, in namespace: String) throws -> UInt32 {
    try NetworkNamespace(named: namespace).perform { if_nametoindex(name) }
  }

  @Test("a link whose queue another socket has is left alone until it is free") func taken() throws {
    let wire = try Wire("xk")
    let (name, interface) = (wire.nameA, try interface("w", in: wire.nameA))
    let holder = try XDPTransmitter(on: interface, in: NetworkNamespace(named: name))
    var a = try make(wire.nameA)
    var b = try plain(wire.nameB)
    let atA = try add(&a, "10.66.0.2", pace)
    let atB = try add(&b, "10.66.0.1", pace)
    let refused = run(&a, &b, seconds: 5) { a, _ in
      a.engineView.belowStack == 1 && a.engineView.notes.contains { $0.contains("bind to queue 0 of w") }
    }
    #expect(refused)
    let sent = a.view(atA)?.counters.transmitted ?? 0
    let went = run(&a, &b, seconds: 5) { a, b in
      (a.view(atA)?.counters.transmitted ?? 0) > sent + 8 && b.view(atB)?.session.state == .up
    }
    let view = a.engineView
    #expect(went && view.byXDP == 0 && view.engine == .packet)
    holder.endElsewhere()
    let taken = run(&a, &b, seconds: 5) { a, _ in a.engineView.byXDP == 1 }
    let (after, viewB, failures) = (a.engineView, b.view(atB), a.view(atA)?.counters.sendFailures)
    #expect(taken && after.engine == .xdp && after.notes.isEmpty)
    #expect(viewB?.counters.downs == 0 && failures == 0)
  }

  /// What happens to the near end's link, how it ends, and what the far end must be given anew.
  enum Trouble: String, CaseIterable, CustomTestStringConvertible {
    case down = "is set down"
    case carrier = "loses its carrier"
    case removed = "is removed and made anew"
    case moved = "goes to another namespace and comes back"

    var testDescription: String { rawValue }
  }

  @Test("a link is used again after it", arguments: Trouble.allCases) func trouble(_ trouble: Trouble) throws {
    let wire = try Wire("xt")
    var a = try make(wire.nameA)
    var b = try plain(wire.nameB)
    let atA = try add(&a, "10.66.0.2", pace)
    let atB = try add(&b, "10.66.0.1", pace)
    let found = run(&a, &b, seconds: 5) { a, b in a.engineView.byXDP == 1 && b.view(atB)?.session.state == .up }
    #expect(found)
    switch trouble {
    case .down: try ip("-n", wire.nameA, "link", "set", "w", "down")
    case .carrier: try ip("-n", wire.nameB, "link", "set", "w", "down")
    case .removed: try ip("-n", wire.nameA, "link", "del", "w")
    case .moved: try ip("-n", wire.nameA, "link", "set", "w", "name", "v", "netns", wire.nameB)
    }
    let fell = run(&a, &b, seconds: 5) { a, b in
      a.view(atA)?.session.state != .up && b.view(atB)?.session.state != .up && a.engineView.byXDP == 0
    }
    #expect(fell)
    switch trouble {
    case .down: try ip("-n", wire.nameA, "link", "set", "w", "up")
    case .carrier: try ip("-n", wire.nameB, "link", "set", "w", "up")
    case .removed:
      try ip("link", "add", "w", "netns", wire.nameA, "type", "veth", "peer", "name", "w", "netns", wire.nameB)
      try ip("-n", wire.nameB, "addr", "add", "10.66.0.2/24", "dev", "w")
      try ip("-n", wire.nameB, "link", "set", "w", "up")
    case .moved: try ip("-n", wire.nameB, "link", "set", "v", "name", "w", "netns", wire.nameA)
    }
    if trouble == .removed || trouble == .moved {
      try ip("-n", wire.nameA, "addr", "add", "10.66.0.1/24", "dev", "w")
      try ip("-n", wire.nameA, "link", "set", "w", "up")
    }
    let back = run(&a, &b, seconds: 8) { a, b in
      a.view(atA)?.session.state == .up && b.view(atB)?.session.state == .up && a.engineView.byXDP == 1
        && a.links.count == 1
    }
    #expect(back, "\(a.engineView.notes)")
    let heard = b.view(atB)?.counters.received ?? 0
    let goesOn = run(&a, &b, seconds: 5) { a, b in (b.view(atB)?.counters.received ?? 0) > heard + 8 }
    let state = b.view(atB)?.session.state
    #expect(goesOn && state == .up)
  }

  @Test("packets that no frame has room for leave by a packet socket, and status says so") func long() throws {
    let wire = try Wire("xl")
    for name in [wire.nameA, wire.nameB] { try ip("-n", name, "link", "set", "w", "mtu", "9000") }
    var a = try make(wire.nameA)
    var b = try plain(wire.nameB)
    var large = pace
    large.packetSize = UInt16(XDPLink.longestPacket + 1)
    var fitting = pace
    fitting.packetSize = UInt16(XDPLink.longestPacket)
    let (fourA, fourB) = (try add(&a, "10.66.0.2", large), try add(&b, "10.66.0.1", pace))
    let (sixA, sixB) = (try add(&a, "fd66::2", fitting), try add(&b, "fd66::1", pace))
    let found = run(&a, &b, seconds: 5) { a, _ in
      a.engineView.belowStack == 2 && a.engineView.byXDP == 1
        && a.engineView.notes == ["packets longer than 2034 octets leave by a packet socket (1 sessions)"]
    }
    #expect(found)
    let heard = [fourB, sixB].map { b.view($0)?.counters.received ?? 0 }
    let went = run(&a, &b, seconds: 5) { _, b in
      (b.view(fourB)?.counters.received ?? 0) > heard[0] + 8
        && (b.view(sixB)?.counters.received ?? 0) > heard[1] + 8
    }
    let failures = [fourA, sixA].map { a.view($0)?.counters.sendFailures }
    #expect(went && failures == [0, 0])
  }

  @Test(
    "a session is up whatever it leaves by",
    arguments: [("macvlan", true), ("bridge", true), ("vlan", false), ("bond", false), ("ipvlan", false)])
  func kinds(_ kind: String, _ isByXDP: Bool) throws {
    let wire = try Wire("xd")
    for name in [wire.nameA, wire.nameB] { try ip("-n", name, "addr", "flush", "dev", "w") }
    let isOnTop = kind != "bridge" && kind != "bond"
    let options = ["vlan": ["id", "7"], "macvlan": ["mode", "bridge"], "ipvlan": ["mode", "l2"]][kind] ?? []
    let device = (isOnTop ? ["add", "top", "link", "w", "type", kind] : ["add", "top", "type", kind]) + options
    // Not every kernel has every kind.
    guard (try? ip(["-n", wire.nameA, "link"] + device)) != nil else { return }
    if !isOnTop {
      try ip("-n", wire.nameA, "link", "set", "w", "down")
      try ip("-n", wire.nameA, "link", "set", "w", "master", "top")
      try ip("-n", wire.nameA, "link", "set", "w", "up")
    }
    try ip("-n", wire.nameA, "link", "set", "top", "up")
    try ip("-n", wire.nameA, "addr", "add", "10.67.0.1/24", "dev", "top")
    var far = "w"
    if kind == "vlan" {
      try ip(["-n", wire.nameB, "link"] + device)
      try ip("-n", wire.nameB, "link", "set", "top", "up")
      far = "top"
    }
    try ip("-n", wire.nameB, "addr", "add", "10.67.0.2/24", "dev", far)
    var a = try make(wire.nameA)
    var b = try plain(wire.nameB)
    _ = try add(&a, "10.67.0.2", pace)
    let atB = try add(&b, "10.67.0.1", pace)
    let found = run(&a, &b, seconds: 10) { a, b in
      b.view(atB)?.session.state == .up && a.engineView.belowStack == 1
        && (isByXDP ? a.engineView.byXDP == 1 : a.engineView.notes.contains { $0.contains("driver") })
    }
    #expect(found, "\(a.engineView)")
    let heard = b.view(atB)?.counters.received ?? 0
    let went = run(&a, &b, seconds: 5) { _, b in (b.view(atB)?.counters.received ?? 0) > heard + 20 }
    let view = b.view(atB)
    #expect(went && view?.session.state == .up && view?.counters.downs == 0)
  }

  @Test("when a peer has not heard the frames, packets leave by another socket for some time") func unheard() throws
  {
    let wire = try Wire("xu")
    var a = try make(wire.nameA)
    var b = try plain(wire.nameB)
    let atA = try add(&a, "10.66.0.2", pace)
    let atB = try add(&b, "10.66.0.1", pace)
    let found = run(&a, &b, seconds: 5) { a, b in a.engineView.byXDP == 1 && b.view(atB)?.session.state == .up }
    #expect(found)
    let rule = ["netns", "exec", wire.nameB, "nft"]
    try ip(
      rule[0], rule[1], rule[2], rule[3],
      "add table inet t; add chain inet t i { type filter hook input priority 0; }; "
        + "add rule inet t i udp dport 3784 drop")
    let left = run(&a, &b, seconds: 5) { a, _ in
      a.engineView.notes.contains { $0.contains("a peer did not hear") }
    }
    #expect(left)
    try ip(rule[0], rule[1], rule[2], rule[3], "delete table inet t")
    let back = run(&a, &b, seconds: 8) { a, _ in a.view(atA)?.session.state == .up && a.engineView.byXDP == 1 }
    #expect(back)
  }

  @Test("a link that no session uses is given back") func idle() throws {
    let wire = try Wire("xi")
    var a = try make(wire.nameA)
    var b = try plain(wire.nameB)
    let atA = try add(&a, "10.66.0.2", pace)
    _ = try add(&b, "10.66.0.1", pace)
    let found = run(&a, &b, seconds: 5) { a, _ in a.engineView.byXDP == 1 }
    #expect(found)
    a.remove(atA)
    let gone = run(&a, &b, seconds: 5) { a, _ in a.links.isEmpty }
    #expect(gone)
    let (name, interface) = (wire.nameA, try interface("w", in: wire.nameA))
    let free = run(&a, &b, seconds: 5) { _, _ in
      guard let namespace = try? NetworkNamespace(named: name) else { return false }
      return XDPTransmitter.obstacle(on: interface, in: namespace) == nil
    }
    #expect(free)
  }
}

/// What a link makes of what became of its frames.
@Suite struct LinkOutcomes {
  private let start = Instant(nanoseconds: 1_000_000_000)

  private func link(_ frames: Int) -> XDPLink {
    var link = XDPLink(.main, 7, XDPLink.Timing(), at: start)
    link.enter(.ready, at: start)
    for owner in 0..<frames { link.commit(length: 60, owner: owner) }
    return link
  }

  private func owners(_ link: borrowing XDPLink) -> [Int] { link.failures.map(\.owner) }

  @Test func framesThatWereSentAreForgotten() {
    var link = link(5)
    link.settle(.init(obstacle: nil, waiting: 0, refused: 0), at: start)
    let (pending, failures, state) = (link.pending, link.failures.count, link.state)
    #expect(pending == 0 && failures == 0 && state == .ready)
  }

  @Test func refusedFramesCountAgainstTheLastSessions() {
    var link = link(5)
    link.forget(4)
    link.settle(.init(obstacle: nil, waiting: 0, refused: 2), at: start)
    let (lost, pending) = (owners(link), link.pending)
    #expect(lost == [3] && pending == 0)
  }

  @Test func framesThatWaitTooLongAreDiscardedAndCounted() {
    var link = link(5)
    link.settle(.init(obstacle: .busy, waiting: 3, refused: 0), at: start)
    let (state, pending, hasRoom, deadline) = (
      link.state, link.pending, link.nextFrame() != nil, link.deadline(after: start)
    )
    #expect(state == .busy && pending == 3 && !hasRoom && deadline == start + 1_000_000)
    link.settle(.init(obstacle: .busy, waiting: 2, refused: 0), at: start + link.timing.patience)
    let early = link.failures.count
    #expect(early == 0)
    link.settle(.init(obstacle: .busy, waiting: 2, refused: 0), at: start + link.timing.patience + 1)
    let (after, lost, codes, problem) = (link.state, owners(link), link.failures.map(\.code), link.problem)
    #expect(after == .closed && lost == [3, 4] && codes == [ENOBUFS, ENOBUFS] && problem != nil)
  }

  @Test func framesThatTheKernelTakesAfterAllAreNotCounted() {
    var link = link(5)
    link.settle(.init(obstacle: .busy, waiting: 3, refused: 0), at: start)
    link.settle(.init(obstacle: nil, waiting: 0, refused: 0), at: start + 1_000_000)
    let (state, failures) = (link.state, link.failures.count)
    #expect(state == .ready && failures == 0)
  }

  @Test("what cannot be used is tried again, less and less often", arguments: [Int32(ENETDOWN), ENODEV, EIO])
  func rests(_ code: Int32) {
    var link = link(0)
    link.users = 1
    var now = start
    for wait in [1, 2, 4, 8, 16, 32, 60, 60] as [Int64] {
      link.enter(.ready, at: now)
      link.commit(length: 60, owner: 9)
      let obstacle: XDPTransmitter.Outcome.Obstacle =
        code == ENETDOWN ? .linkDown : code == ENODEV ? .linkGone : .other(code)
      link.settle(.init(obstacle: obstacle, waiting: 1, refused: 0), at: now)
      let (lost, deadline) = (link.failures.map(\.code), link.deadline(after: now))
      #expect(lost.last == code && deadline == now + wait * 1_000_000_000)
      let (early, due) = (link.isDue(at: deadline + -1), link.isDue(at: deadline))
      #expect(!early && due)
      now = deadline
    }
  }
}
