import Addresses
import BFD
import Glibc
import NamespaceTestSupport
import NetworkNamespaces
import Testing

@testable import Speaker

/// Two namespaces joined by a veth pair: `a` 10.66.0.1, fd66::1 and `b` 10.66.0.2, fd66::2, named after this process.
struct Wire: ~Copyable {
  let nameA: String
  let nameB: String

  init(_ label: String) throws {
    nameA = NamespaceNames.make("\(label)a")
    nameB = NamespaceNames.make("\(label)b")
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

func ip(_ arguments: String...) throws { try ip(arguments) }

func ip(_ arguments: [String]) throws {
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
func run(
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

/// With the engine that EVERWAY_TEST_ENGINE names, so that the whole suite can be run with each.
func speaker(_ namespace: String, listen: [IPAddress] = [.v4(.any), .v6(.any)]) throws -> Speaker {
  let wanted = getenv("EVERWAY_TEST_ENGINE").map { String(cString: $0) }.flatMap { SpeakerEngine(rawValue: $0) }
  return try Speaker(
    in: NetworkNamespace(named: namespace), listen: listen, secret: (1, 2), seed: 3,
    engine: wanted.map { .only($0) } ?? .automatic, at: MonotonicClock.now())
}

/// Adds a session to a speaker (the macros cannot take a noncopyable value).
func add(_ speaker: inout Speaker, _ peer: String, _ parameters: SessionConfiguration) throws -> Int {
  let index = speaker.add(try settings(peer, parameters), at: MonotonicClock.now())
  return try #require(index)
}

func settings(_ peer: String, _ parameters: SessionConfiguration) throws -> SessionSettings {
  let address = try #require(IPAddress(peer))
  return SessionSettings(
    key: SessionKey(peer: .address(address, interface: 0)), remoteAddress: address, parameters: parameters)
}
