import Addresses
import BFD
import Glibc
import NetworkNamespaces
import Testing

@testable import Speaker

/// Two namespaces joined by a veth pair: `a` 10.66.0.1, fd66::1 and `b` 10.66.0.2, fd66::2, named after this process.
private struct Wire: ~Copyable {
  let nameA: String
  let nameB: String

  init(_ label: String) throws {
    nameA = "ewt-\(getpid())-\(label)a"
    nameB = "ewt-\(getpid())-\(label)b"
    for name in [nameA, nameB] {
      _ = try NetworkNamespace.create(named: name)
      try ip("-n", name, "link", "set", "lo", "up")
    }
    try ip("link", "add", "w", "netns", nameA, "type", "veth", "peer", "name", "w", "netns", nameB)
    for (name, last) in [(nameA, 1), (nameB, 2)] {
      try ip("-n", name, "addr", "add", "10.66.0.\(last)/24", "dev", "w")
      try ip("-n", name, "addr", "add", "fd66::\(last)/64", "dev", "w", "nodad")
      try ip("-n", name, "link", "set", "w", "up")
    }
  }

  deinit {
    try? NetworkNamespace.remove(named: nameA)
    try? NetworkNamespace.remove(named: nameB)
  }
}

private struct CommandFailed: Error { var arguments: [String] }

private func ip(_ arguments: String...) throws {
  var pid = pid_t()
  var words = (["ip"] + arguments).map { strdup($0) } + [nil]
  defer { for word in words { free(word) } }
  var status: Int32 = 0
  guard posix_spawnp(&pid, "ip", nil, nil, &words, environ) == 0, waitpid(pid, &status, 0) == pid, status == 0
  else {
    throw CommandFailed(arguments: arguments)
  }
}

/// Runs two speakers in turns until `done`, at most for the given time.
private func run(
  _ a: inout Speaker, _ b: inout Speaker, seconds: Double,
  until done: (borrowing Speaker, borrowing Speaker) -> Bool
) -> Bool {
  let end = MonotonicClock.now() + Int64(seconds * 1e9)
  while MonotonicClock.now() < end {
    a.run(at: MonotonicClock.now())
    b.run(at: MonotonicClock.now())
    if done(a, b) { return true }
    let now = MonotonicClock.now()
    let wait = min(a.nextDeadline, b.nextDeadline) - now
    var polls = (a.descriptors + b.descriptors).map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    poll(&polls, nfds_t(polls.count), Int32(max(0, min(100, wait / 1_000_000 + 1))))
  }
  return false
}

private func speaker(_ namespace: String, listen: [IPAddress] = [.v4(.any), .v6(.any)]) throws -> Speaker {
  try Speaker(
    in: NetworkNamespace(named: namespace), listen: listen, secret: (1, 2), seed: 3, at: MonotonicClock.now())
}

/// Adds a session to a speaker (the macros cannot take a noncopyable value).
private func add(_ speaker: inout Speaker, _ peer: String, _ parameters: SessionConfiguration) throws -> Int {
  let index = speaker.add(try settings(peer, parameters), at: MonotonicClock.now())
  return try #require(index)
}

private func settings(_ peer: String, _ parameters: SessionConfiguration) throws -> SessionSettings {
  let address = try #require(IPAddress(peer))
  return SessionSettings(
    key: SessionKey(peer: .address(address, interface: 0)), remoteAddress: address, parameters: parameters)
}

@Suite(.serialized, .enabled(if: geteuid() == 0), .timeLimit(.minutes(1))) struct TwoSpeakersOnAWire {
  private let fast = SessionConfiguration(desiredMinTx: .milliseconds(50), requiredMinRx: .milliseconds(50))

  @Test(arguments: [("10.66.0.2", "10.66.0.1"), ("fd66::2", "fd66::1")])
  func comeUpAndTheSilenceOfOneTakesTheOtherDown(peerOfA: String, peerOfB: String) throws {
    let wire = try Wire("up")
    var a = try speaker(wire.nameA)
    var b = try speaker(wire.nameB)
    let atA = try add(&a, peerOfA, fast)
    let atB = try add(&b, peerOfB, fast)
    let seen1 = run(&a, &b, seconds: 5) {
      $0.view(atA)?.session.state == .up && $1.view(atB)?.session.state == .up
        && $0.view(atA)?.session.isPolling == false && $1.view(atB)?.session.isPolling == false
    }
    #expect(seen1)
    let (viewA, viewB) = (a.view(atA), b.view(atB))
    #expect(viewA?.session.remote?.discriminator == viewB?.session.localDiscriminator)
    #expect(viewA?.session.detectionTime == 150_000_000)

    b.remove(atB)
    a.events.removeAll()
    let seen2 = run(&a, &b, seconds: 5) { a, _ in a.view(atA)?.session.state == .down }
    #expect(seen2)
    let transitions = a.events.compactMap { event -> Transition? in
      if case .transition(_, let transition) = event { transition } else { nil }
    }
    #expect(transitions.map(\.cause) == [.detectionTimeExpired])
    #expect(transitions.first?.isFailure == true)
  }

  @Test func anAllowRuleMakesPassiveSessionsUpToItsLimit() throws {
    let wire = try Wire("al")
    var a = try speaker(wire.nameA)
    var b = try speaker(wire.nameB)
    let prefix = try #require(IPPrefix("10.66.0.0/24"))
    b.setRules([
      AllowRule(
        prefix: prefix,
        parameters: SessionConfiguration(
          desiredMinTx: .milliseconds(50), requiredMinRx: .milliseconds(50), role: .passive))
    ])
    let atA = try add(&a, "10.66.0.2", fast)
    let v6 = try add(&a, "fd66::2", fast)
    let seen3 = run(&a, &b, seconds: 5) { a, b in
      a.view(atA)?.session.state == .up && b.counters[.noSession] > 0
    }
    #expect(seen3)
    let (sessions, refused, stateV6) = (b.indices.count, b.counters[.noSession], a.view(v6)?.session.state)
    #expect(sessions == 1)
    #expect(refused > 0, "IPv6 is not allowed")
    #expect(stateV6 == .down)
    guard case .created(_, 0, let made)? = b.events.first else {
      Issue.record("no session was made")
      return
    }
    #expect(made.remoteAddress == IPAddress("10.66.0.1"))
    #expect(made.localAddress == IPAddress("10.66.0.2"))

    b.setRules([])
    let left = b.indices
    #expect(left.isEmpty)
  }

  @Test func aTakenPortIsAnErrorThatSaysSo() throws {
    let wire = try Wire("pt")
    let first = try speaker(wire.nameA)
    _ = first.descriptors
    do {
      _ = try speaker(wire.nameA)
      Issue.record("a second speaker was opened on the same port")
    } catch let error as SpeakerError {
      #expect(error.code == EADDRINUSE)
      #expect(error.message.contains("another BFD daemon"))
    }
  }

  @Test func discriminatorsAndSourcePortSurviveARestart() throws {
    let wire = try Wire("rs")
    var seen: [UInt32] = []
    var ports: [UInt16?] = []
    for _ in 0..<2 {
      var a = try speaker(wire.nameA)
      let index = try add(&a, "10.66.0.2", fast)
      let view = a.view(index)
      seen.append(try #require(view).session.localDiscriminator)
      ports.append(a.sourcePort(.ipv4))
    }
    #expect(seen[0] == seen[1])
    #expect(ports[0] == ports[1])
    #expect(try BFDPort.sources.contains(#require(ports[0])))
  }

  @Test func clientsOfOnePeerShareOneSession() throws {
    let wire = try Wire("sh")
    var a = try speaker(wire.nameA)
    let index = a.add(try settings("10.66.0.2", fast), at: MonotonicClock.now())
    let second = a.add(try settings("10.66.0.2", fast), at: MonotonicClock.now())
    let found = a.index(of: try settings("10.66.0.2", fast).key)
    #expect(second == nil)
    #expect(found == index)
  }

  @Test func aPeerThatCannotBeReachedCountsFailuresAndDisturbsNobody() throws {
    let wire = try Wire("un")
    var a = try speaker(wire.nameA)
    var b = try speaker(wire.nameB)
    let lost = try add(&a, "192.0.2.1", fast)
    let good = try add(&a, "10.66.0.2", fast)
    _ = b.add(try settings("10.66.0.1", fast), at: MonotonicClock.now())
    let seen4 = run(&a, &b, seconds: 5) { a, _ in a.view(good)?.session.state == .up }
    #expect(seen4)
    let error = a.view(lost)?.counters.lastSendError
    #expect(error == ENETUNREACH)
  }
}
