import Control
import ControlTestSupport
import Glibc
import NIOCore
import Observation
import Synchronization
import Testing

@testable import Observer

/// An API over a follower of a played gateway.
private final class Stage {
  let directory = TemporaryDirectory()
  let gateway: PlayedGateway
  let follower: GatewayFollower
  let api: ObserverAPI

  init(
    first: [ObservationMessage] = [.status(Made.report())], recorder: (any ObservationRecorder)? = nil,
    history: (any HistorySource)? = nil, backlog: Int = 1 << 20
  ) throws {
    gateway = PlayedGateway(directory.socket, first: first)
    var options = ObserverOptions(socket: directory.socket, version: "t")
    options.history = history
    options.limits.backlog = backlog
    options.limits.streams = 2
    follower = GatewayFollower(socket: directory.socket, recorder: recorder)
    api = ObserverAPI(
      options: options, follower: follower, rules: AccessRules(), tokens: nil, page: Page(),
      wait: { body throws(Problem) in try body() })
    try follower.start()
  }

  deinit {
    follower.stop()
    gateway.stop()
  }

  func ask(
    _ target: String, method: String = "GET", headers: [String: String] = [:], body: String = "",
    origin: Question.Origin = .unix
  ) async throws -> (status: Int, text: String, answer: Answer) {
    let question = try Question(
      method: method, target: target, authority: "localhost", headers: headers, body: Array(body.utf8),
      origin: origin)
    let answer = await api.answer(question)
    guard case .octets(let octets) = answer.body else { return (answer.status, "", answer) }
    return (answer.status, String(decoding: octets, as: UTF8.self), answer)
  }

  func isHeard() async -> Bool {
    await eventually { self.follower.connection.isConnected && self.follower.gateway.report != nil }
  }
}

private final class Recorded: ObservationRecorder {
  let endings = Mutex<[Bool]>([])
  let messages = Mutex(0)
  let isClosed = Mutex(false)
  var cursor: EventCursor? { nil }
  func turn(now: Timestamp, report: StatusReport?) {}
  func close(now: Timestamp, report: StatusReport?) { isClosed.withLock { $0 = true } }
  func take(_ message: ObservationMessage) { messages.withLock { $0 += 1 } }
  func ended(at: Timestamp, wasAnnounced: Bool) { endings.withLock { $0.append(wasAnnounced) } }
}

private struct Past: HistorySource {
  func events(_ query: EventQuery) throws -> [Event] {
    [Event(at: Made.epoch, kind: .path, name: query.subject, "told")]
  }
  func report(since: Timestamp, until: Timestamp) throws -> [UInt8] { Array("{}".utf8) }
}

@Suite("The API", .timeLimit(.minutes(2)))
struct ObserverAPITests {
  @Test("What is read is what the gateway said, with the counters of the last samples")
  func reading() async throws {
    let stage = try Stage(first: [.status(Made.report()), Made.samples([1: 70_000, 2: 80_000]), Made.event(1)])
    #expect(await eventually { stage.follower.gateway.events.count == 1 })
    let status = try await stage.ask("/api/v1/status")
    #expect(status.status == 200 && status.text.contains(#""host-name":"node-a""#))
    #expect(status.text.contains(#""receive-packet-count":1000"#))
    #expect(try await stage.ask("/api/v1/sessions/2").text.contains(#""name":"r2""#))
    #expect(try await stage.ask("/api/v1/sessions/2/gaps").text.contains(#""gaps":[80000]"#))
    #expect(try await stage.ask("/api/v1/sessions?state=down").text == #"{"sessions":[]}"#)
    #expect(try await stage.ask("/api/v1/paths").text == #"{"paths":[]}"#)
    #expect(try await stage.ask("/api/v1/events?kind=session").text.contains(#""sequence":1"#))
    #expect(try await stage.ask("/api/v1/events?kind=group").text == #"{"events":[]}"#)
    #expect(try await stage.ask("/readyz").status == 200)
  }

  @Test(
    "What is not there is said in a problem",
    arguments: [
      ("GET", "/api/v1/sessions/77", 404), ("GET", "/api/v1/sessions/01", 404), ("GET", "/api/v1/sessions/x", 404),
      ("GET", "/api/v2/status", 404), ("GET", "/api/v1/status/x", 404), ("POST", "/api/v1/status", 405),
      ("DELETE", "/", 405),
      ("GET", "/api/v1/drain", 405), ("GET", "/api/v1/sessions?state=gone", 400),
      ("GET", "/api/v1/sessions/1/gaps?last=0", 400),
      ("POST", "/api/v1/repair", 400), ("GET", "/api/v1/history", 501), ("GET", "/metrics", 501),
      ("GET", "/api/v1/stream?after=x", 400)
    ])
  func problems(_ method: String, _ target: String, _ status: Int) async throws {
    let stage = try Stage()
    #expect(await stage.isHeard())
    let answer = try await stage.ask(target, method: method)
    #expect(answer.status == status)
    #expect(answer.answer.type == "application/problem+json")
  }

  @Test("A gateway that is gone is not told of as if it were there")
  func gone() async throws {
    let stage = try Stage()
    #expect(await stage.isHeard())
    stage.gateway.stop()
    #expect(try await eventually { try await stage.ask("/api/v1/status").status == 503 })
    let answer = try await stage.ask("/readyz")
    #expect(answer.status == 503 && answer.text.contains("gateway-unreachable"))
    #expect(try await stage.ask("/livez").status == 200)
  }

  @Test("A change is handed on to the gateway, and its answer back")
  func change() async throws {
    let stage = try Stage()
    let json = ["content-type": "application/json; charset=utf-8"]
    let done = try await stage.ask("/api/v1/drain", method: "POST", headers: json, body: #"{"target":"r1"}"#)
    #expect(done.status == 200 && done.text.contains(#""message":"Done.""#))
    #expect(stage.gateway.requests.contains { $0.contains(#""target":"r1""#) && $0.contains(#""drain""#) })
    let unknown = try await stage.ask(
      "/api/v1/undrain", method: "POST", headers: json, body: #"{"target":"nowhere"}"#)
    #expect(unknown.status == 404 && unknown.text.contains(#""code":"unknown-target""#))
  }

  @Test(
    "A change that is not well asked for does not reach the gateway",
    arguments: [
      ("{\"target\":\"r1\"}", "text/plain", Question.Origin.unix, 415), ("[]", "application/json", .unix, 400),
      ("{\"target\":1}", "application/json", .unix, 400), ("{\"target\":\"\"}", "application/json", .unix, 400),
      ("{\"target\":\"r1\"}", "application/json", .loopback, 403)
    ])
  func badChange(_ body: String, _ type: String, _ origin: Question.Origin, _ status: Int) async throws {
    let stage = try Stage()
    let answer = try await stage.ask(
      "/api/v1/drain", method: "POST", headers: ["content-type": type], body: body, origin: origin)
    #expect(answer.status == status)
    #expect(!stage.gateway.requests.contains { $0.contains("drain") })
  }

  @Test("The journal answers when there is one")
  func journal() async throws {
    let stage = try Stage(history: Past())
    let answer = try await stage.ask("/api/v1/history?subject=r9")
    #expect(answer.status == 200 && answer.text.contains(#""name":"r9""#))
    #expect(try await stage.ask("/api/v1/report").text == "{}")
  }
}

@Suite("The follower and its streams", .timeLimit(.minutes(2)))
struct FollowerTests {
  /// Frames as they come, until one contains `end`.
  private func read(_ answer: Answer, until end: String) async -> String {
    guard case .feed(let client, let first) = answer.body else { return "" }
    var text = first.map { String(buffer: $0) }.joined()
    if text.contains(end) { return text }
    for await frames in client.frames {
      client.written(frames)
      text += String(buffer: frames)
      if text.contains(end) { break }
    }
    return text
  }

  @Test("A stream begins with everything, and goes on with what happens")
  func stream() async throws {
    let stage = try Stage(first: [.status(Made.report()), Made.event(1)])
    #expect(await eventually { stage.follower.gateway.events.count == 1 })
    let answer = try await stage.ask("/api/v1/stream").answer
    stage.gateway.send(Made.event(2, to: "up"))
    let text = await read(answer, until: "r1 is up")
    let names = text.split(separator: "\n").filter { $0.hasPrefix("event: ") }.map { $0.dropFirst(7) }
    #expect(names.prefix(4) == ["hello", "connection", "status", "gaps"])
    #expect(names.suffix(2) == ["event", "event"])
    #expect(text.contains("id: 1780000000000000-2\n"))
  }

  @Test("A client that was away gets what it missed, and nothing twice")
  func resuming() async throws {
    let stage = try Stage(first: [
      .status(Made.report()), Made.event(1), Made.event(2, name: "r2"), Made.event(3, .path, name: "r3")
    ])
    #expect(await eventually { stage.follower.gateway.events.count == 3 })
    let headers = ["accept": "text/event-stream", "last-event-id": "1780000000000000-1"]
    let answer = try await stage.ask("/api/v1/events", headers: headers).answer
    stage.gateway.send(Made.event(4, name: "r4"))
    let text = await read(answer, until: "r4 is down")
    #expect(!text.contains("r1 is down") && text.contains("r2 is down") && text.contains("r3 is down"))
    #expect(text.components(of: "event: event") == 3)
  }

  @Test("A filter lets through what was asked for only")
  func filtered() async throws {
    let stage = try Stage()
    #expect(await stage.isHeard())
    let answer = try await stage.ask("/api/v1/events?kind=path", headers: ["accept": "text/event-stream"]).answer
    stage.gateway.send(Made.event(1))
    stage.gateway.send(Made.samples([1: 1]))
    stage.gateway.send(Made.event(2, .path, name: "p"))
    let text = await read(answer, until: "p is down")
    #expect(!text.contains("r1") && !text.contains("samples"))
  }

  @Test("A client that does not read is dropped, the others go on")
  func slowClient() async throws {
    let stage = try Stage(backlog: 4_096)
    #expect(await stage.isHeard())
    guard case .feed(let slow, _) = try await stage.ask("/api/v1/stream").answer.body else { return }
    for number in 1...200 { stage.gateway.send(Made.event(UInt64(number))) }
    #expect(await eventually { slow.wasDropped })
    #expect(await eventually { stage.follower.clientCount == 0 && stage.follower.gateway.events.count == 200 })
  }

  @Test("There are only so many places")
  func places() async throws {
    let stage = try Stage()
    #expect(await stage.isHeard())
    for expected in [200, 200, 503] { #expect(try await stage.ask("/api/v1/stream").status == expected) }
  }

  @Test("A gateway that went without a word is noted as that, and followed again by what was known last")
  func reconnect() async throws {
    let recorded = Recorded()
    let stage = try Stage(first: [.status(Made.report()), Made.event(5)], recorder: recorded)
    #expect(await eventually { stage.gateway.clientCount == 1 && stage.follower.gateway.events.count == 1 })
    stage.gateway.hangUp()
    #expect(await eventually { stage.gateway.clientCount == 1 && stage.gateway.requests.count == 2 })
    #expect(recorded.endings.withLock { $0 } == [false])
    #expect(stage.gateway.requests.last?.contains(#""sequence":5"#) == true)
    stage.gateway.send(Made.event(6, .program, name: "everway", to: "stopping"))
    #expect(await eventually { stage.follower.gateway.events.count == 2 })
    stage.gateway.hangUp()
    #expect(await eventually { recorded.endings.withLock { $0 } == [false, true] })
  }
}

extension String {
  fileprivate func components(of word: String) -> Int { ranges(of: word).count }
}
