import Control
import ControlTestSupport
import Glibc
import Testing

/// Requests and answers, driven from one thread: `now` is the test's.
@Suite struct ServerTests {
  let directory = TemporaryDirectory()

  private func server(clients: Int = 64) throws -> ControlServer {
    try ControlServer(.init(path: directory.socket, maximumClients: clients, idleTimeout: .seconds(10)))
  }

  @Test(
    "Each command arrives as what it means",
    arguments: [
      (#"{"version":1,"command":"status"}"#, ControlCommand.status),
      (#"{"command":"ping"}"#, .ping),
      (#"{"version":1,"command":"drain"}"#, .drain(target: nil)),
      (#"{"version":1,"command":"drain","target":"r1"}"#, .drain(target: "r1")),
      (#"{"version":1,"command":"undrain","target":"é"}"#, .undrain(target: "é")),
      (#"{"version":1,"command":"reload"}"#, .reload),
      (#"{"version":1,"command":"repair","finding":"EW-NS-03"}"#, .repair(finding: "EW-NS-03")),
      (#"{"version":1,"command":"version","colour":"blue"}"#, .version)
    ]
  )
  func commands(line: String, command: ControlCommand) throws {
    var server = try server()
    let client = RawClient(directory.socket)
    client.say(line + "\r\n")
    _ = server.run(now: .zero)
    #expect(server.run(now: .zero).map(\.command) == [command])
  }

  @Test(
    "What is no request is answered with the reason, and the next line is heard",
    arguments: [
      ("hello", "bad-request"), ("[]", "bad-request"), ("{}", "bad-request"), ("{\"command\":7}", "bad-request"),
      (#"{"command":"repair"}"#, "bad-request"), (#"{"command":"repair","finding":"--fix"}"#, "bad-request"),
      (#"{"command":"repair","finding":"EW-NS-03 x"}"#, "bad-request"),
      (#"{"command":"reboot"}"#, "unsupported"), (#"{"version":2,"command":"ping"}"#, "unsupported"),
      (String(repeating: "[", count: 60_000), "bad-request"), ("\u{0}\u{1}", "bad-request")
    ]
  )
  func garbage(line: String, code: String) throws {
    var server = try server()
    let client = RawClient(directory.socket)
    client.say(line + "\n")
    client.say("{\"command\":\"ping\"}\n")
    var requests: [ControlRequest] = []
    for _ in 0..<10 { requests += server.run(now: .zero) }
    #expect(client.hear().contains(#""code":"\#(code)""#))
    #expect(requests.map(\.command) == [.ping])
  }

  @Test func `Bytes that are no UTF-8 are a bad request`() throws {
    var server = try server()
    let client = RawClient(directory.socket)
    client.say([0x7b, 0xff, 0xfe, 0x7d, 0x0a])
    for _ in 0..<3 { #expect(server.run(now: .zero).isEmpty) }
    #expect(client.hear().contains("bad-request"))
  }

  @Test func `A request knows who asks`() throws {
    var server = try server()
    let client = RawClient(directory.socket)
    client.say("{\"command\":\"ping\"}\n")
    _ = server.run(now: .zero)
    let request = try #require(server.run(now: .zero).first)
    #expect(request.from == PeerCredentials(pid: getpid(), uid: geteuid(), gid: getegid()))
  }

  @Test func `Half a line waits for the other half`() throws {
    var server = try server()
    let client = RawClient(directory.socket)
    client.say("{\"command\":")
    for _ in 0..<3 { #expect(server.run(now: .zero).isEmpty) }
    client.say("\"ping\"}\n")
    #expect(server.run(now: .zero).map(\.command) == [.ping])
  }

  @Test func `A line that is cut off is not carried out`() throws {
    var server = try server()
    let client = RawClient(directory.socket)
    client.say("{\"command\":\"drain\"}")
    client.hangUpWriting()
    for _ in 0..<5 { #expect(server.run(now: .zero).isEmpty) }
    #expect(client.hear().contains("without a newline"))
    #expect(client.closed)
    #expect(server.clientCount == 0)
  }

  @Test func `A client that sends no more still gets its answer`() throws {
    var server = try server()
    let client = RawClient(directory.socket)
    client.say("{\"command\":\"ping\"}\n")
    client.hangUpWriting()
    _ = server.run(now: .zero)
    let request = try #require(server.run(now: .zero).first)
    server.respond(request.token, .pong, now: .zero)
    for _ in 0..<3 { _ = server.run(now: .zero) }
    #expect(client.hear() == "{\"ok\":true,\"version\":1}\n" || client.closed)
    #expect(server.clientCount == 0)
  }

  @Test func `The second request of a client waits for the first one's answer`() throws {
    var server = try server()
    let client = RawClient(directory.socket)
    client.say("{\"command\":\"ping\"}\n{\"command\":\"status\"}\n")
    _ = server.run(now: .zero)
    let first = server.run(now: .zero)
    #expect(first.map(\.command) == [.ping])
    for _ in 0..<3 { #expect(server.run(now: .zero).isEmpty) }
    server.respond(try #require(first.first).token, .pong, now: .zero)
    #expect(server.run(now: .zero).map(\.command) == [.status])
  }

  @Test func `An answer to a client that has left is forgotten`() throws {
    var server = try server()
    var client: RawClient? = RawClient(directory.socket)
    client?.say("{\"command\":\"ping\"}\n")
    _ = server.run(now: .zero)
    let request = try #require(server.run(now: .zero).first)
    client = nil
    server.respond(request.token, .pong, now: .zero)
    _ = server.run(now: .zero)
    #expect(server.clientCount == 0)
  }

  @Test func `A client that floods without a newline is told, and let go`() throws {
    var server = try server()
    let client = RawClient(directory.socket)
    let flood = [UInt8](repeating: UInt8(ascii: "a"), count: 16_384)
    var said = 0
    for _ in 0..<100 {
      said += client.say(flood)
      #expect(server.run(now: .zero).isEmpty)
    }
    #expect(client.hear().contains("too-large"))
    #expect(client.closed)
    #expect(server.clientCount == 0)
    #expect(said < 600_000)  // what the kernel buffers, not what was wanted
  }

  @Test func `A request of exactly 64 KiB is heard, one byte more is not`() throws {
    var server = try server()
    for (size, expected) in [(65_536, 1), (65_537, 0)] {
      let client = RawClient(directory.socket)
      var line = Array("{\"command\":\"ping\",\"x\":\"".utf8)
      line += [UInt8](repeating: UInt8(ascii: "x"), count: size - line.count - 2)
      line += Array("\"}\n".utf8)
      var requests = 0
      for _ in 0..<20 {
        if !line.isEmpty { line.removeFirst(client.say(line)) }
        requests += server.run(now: .zero).count
      }
      #expect(requests == expected, "\(size) bytes")
    }
  }

  @Test func `A client that sends many requests at once gets them one by one`() throws {
    var server = try server()
    let client = RawClient(directory.socket)
    client.say(String(repeating: "{\"command\":\"ping\"}\n", count: 500))
    var answered = 0
    for _ in 0..<600 {
      let requests = server.run(now: .zero)
      #expect(requests.count <= 1)
      for request in requests {
        server.respond(request.token, .pong, now: .zero)
        if client.hear().contains("\"ok\":true") { answered += 1 }
      }
    }
    #expect(answered == 500)
  }

  @Test func `A client that reads nothing keeps one answer at most, and is let go`() throws {
    var server = try server()
    let client = RawClient(directory.socket)
    client.say("{\"command\":\"reload\"}\n{\"command\":\"reload\"}\n")
    _ = server.run(now: .zero)
    let request = try #require(server.run(now: .zero).first)
    let much = ReloadOutcome(changes: [String](repeating: String(repeating: "x", count: 1_000), count: 2_000))
    server.respond(request.token, .reload(much), now: .seconds(1))
    for _ in 0..<5 { #expect(server.run(now: .seconds(2)).isEmpty) }
    #expect(server.nextDeadline == .seconds(11))
    _ = server.run(now: .seconds(11))
    #expect(server.clientCount == 0)
    #expect(server.counters.timedOut == 1)
    _ = client.hear()
    #expect(client.closed)
  }

  @Test func `An answer larger than any should be becomes a failure`() throws {
    var server = try server()
    let client = RawClient(directory.socket)
    client.say("{\"command\":\"reload\"}\n")
    _ = server.run(now: .zero)
    let request = try #require(server.run(now: .zero).first)
    let much = ReloadOutcome(changes: [String](repeating: String(repeating: "x", count: 1_000), count: 17_000))
    server.respond(request.token, .reload(much), now: .zero)
    #expect(client.hear().contains("too large"))
  }

  @Test func `A client that says nothing, or a byte now and then, is let go in time`() throws {
    var server = try server()
    let silent = RawClient(directory.socket)
    let dripping = RawClient(directory.socket)
    _ = server.run(now: .zero)
    for second in 1..<10 {
      dripping.say("x")
      _ = server.run(now: .seconds(second))
    }
    #expect(server.clientCount == 2)
    _ = server.run(now: .seconds(10))
    #expect(server.clientCount == 0)
    _ = silent.hear()
    #expect(silent.closed)
  }

  @Test func `A client that waits for its answer is not let go`() throws {
    var server = try server()
    let client = RawClient(directory.socket)
    client.say("{\"command\":\"reload\"}\n")
    _ = server.run(now: .zero)
    let request = try #require(server.run(now: .zero).first)
    _ = server.run(now: .seconds(1_000))
    server.respond(request.token, .reload(ReloadOutcome(changes: [])), now: .seconds(1_000))
    #expect(client.hear().contains("\"ok\":true"))
  }

  @Test func `64 clients are served, the 65th is told to come again`() throws {
    var server = try server()
    let clients = (0..<64).map { _ in RawClient(directory.socket) }
    for _ in 0..<5 { _ = server.run(now: .zero) }
    #expect(server.clientCount == 64)
    let late = RawClient(directory.socket)
    _ = server.run(now: .zero)
    #expect(late.hear().contains("\"busy\""))
    #expect(late.closed)
    for client in clients { client.say("{\"command\":\"ping\"}\n") }
    var served = 0
    for _ in 0..<20 {
      for request in server.run(now: .zero) {
        server.respond(request.token, .pong, now: .zero)
        served += 1
      }
    }
    #expect(served == 64)
    #expect(clients.allSatisfy { $0.hear().contains("\"ok\":true") })
  }

  @Test func `Clients that come and go at once take up no place`() throws {
    var server = try server()
    for _ in 0..<50 {
      for _ in 0..<10 { _ = RawClient(directory.socket) }
      _ = server.run(now: .zero)
    }
    for _ in 0..<3 { _ = server.run(now: .zero) }
    #expect(server.clientCount == 0)
    #expect(server.counters.refused == 0)
    #expect(server.counters.accepted == 500)
  }

  @Test func `One call takes up a few requests only, and the rest with the next`() throws {
    var server = try server()
    let clients = (0..<30).map { _ in RawClient(directory.socket) }
    for _ in 0..<3 { _ = server.run(now: .zero) }
    for client in clients { client.say("{\"command\":\"ping\"}\n") }
    var most = 0
    var total = 0
    for _ in 0..<10 {
      let count = server.run(now: .zero).count
      most = max(most, count)
      total += count
    }
    #expect(most == 8)
    #expect(total == 30)
  }

  @Test func `The descriptor is readable exactly while there is something to do`() throws {
    var server = try server()
    func readable(_ fd: Int32) -> Bool {
      var watched = pollfd(fd: fd, events: Int16(POLLIN), revents: 0)
      return poll(&watched, 1, 0) == 1
    }
    #expect(!readable(server.descriptor))
    let client = RawClient(directory.socket)
    #expect(readable(server.descriptor))
    _ = server.run(now: .zero)
    #expect(!readable(server.descriptor))
    client.say("{\"command\":\"ping\"}\n{\"command\":\"ping\"}\n")
    #expect(readable(server.descriptor))
    let request = try #require(server.run(now: .zero).first)
    #expect(!readable(server.descriptor))
    server.respond(request.token, .pong, now: .zero)
    #expect(readable(server.descriptor))
  }
}
