import Testing

@testable import KubernetesProtocol

struct Thing: Codable, Hashable, Sendable {
  var metadata: ObjectMetadata
  var size: Int
}

@Suite struct Answers {
  private func error(_ code: Int, _ reason: String, _ more: String = "") -> KubernetesError {
    .refused(
      code: code, body: Array(#"{"kind":"Status","message":"m","reason":"\#(reason)"\#(more)}"#.utf8),
      request: "GET /x")
  }

  @Test("Refusals are told apart")
  func refusals() {
    let words = ServerRefusal(code: 409, reason: "Conflict", message: "m", request: "GET /x")
    #expect(error(409, "Conflict") == .conflict(words))
    if case .alreadyExists = error(409, "AlreadyExists") {} else { Issue.record("no alreadyExists") }
    if case .expired = error(504, "Timeout", #","details":{"causes":[{"reason":"ResourceVersionTooLarge"}]}"#) {
    } else {
      Issue.record("a version from the future is no reason to list anew")
    }
    #expect(error(429, "TooManyRequests", #","details":{"retryAfterSeconds":7}"#).retryAfter == .seconds(7))
    #expect(
      error(429, "TooManyRequests", #","details":{"retryAfterSeconds":999999999}"#).retryAfter == .seconds(300))
    let proxy = KubernetesError.refused(
      code: 502, body: Array("<html>\u{1b}[31m bad\ngateway".utf8), request: "GET /x")
    #expect(proxy.refusal?.message == "<html> [31m bad gateway")
  }

  @Test("A page's objects that cannot be read are told by name, the others are there")
  func lossy() throws {
    let body =
      #"{"metadata":{"resourceVersion":"7"},"items":[{"metadata":{"name":"a"},"size":1},{"metadata":{"name":"b"},"size":"x"}]}"#
    let request = KubernetesRequest.list(Thing.self, .nodes)
    guard case .done(.success(let list)) = request.next(.success(Array(body.utf8))) else {
      Issue.record("no list")
      return
    }
    #expect(list.items.map(\.metadata.name) == ["a"])
    #expect(list.undecodable == [UndecodableObject(key: ObjectKey("b"), reason: "size is no Int")])
    #expect(list.resourceVersion == "7")
  }

  @Test("Pages follow each other; one that has expired starts over without pages, and too much ends it")
  func pages() throws {
    let first = Array(#"{"metadata":{"resourceVersion":"7","continue":"to ken"},"items":[]}"#.utf8)
    let request = KubernetesRequest.list(Thing.self, .nodes, pageSize: 2)
    #expect(request.http.target == "/api/v1/nodes?limit=2")
    guard case .request(let second) = request.next(.success(first)) else { throw KubernetesError.closed }
    #expect(second.http.target == "/api/v1/nodes?limit=2&continue=to%20ken")
    let gone = ServerRefusal(code: 410, reason: "Expired", message: "", request: "")
    guard case .request(let again) = second.next(.failure(.expired(gone))) else { throw KubernetesError.closed }
    #expect(again.http.target == "/api/v1/nodes")
    let small = KubernetesRequest.list(Thing.self, .nodes, longest: 10)
    guard case .done(.failure(.tooLarge)) = small.next(.success(first)) else {
      Issue.record("too much was taken")
      return
    }
  }

  @Test("A watch's lines are events; a broken one is an error, and so is one that is too long")
  func lines() throws {
    var splitter = LineSplitter(longest: 8)
    #expect(try splitter.take(Array("ab\n\ncd".utf8)).map { String(decoding: $0, as: UTF8.self) } == ["ab"])
    #expect(try splitter.take(Array("e\n".utf8)).map { String(decoding: $0, as: UTF8.self) } == ["cde"])
    #expect(throws: KubernetesError.tooLarge(what: "an event of a watch", limit: 8)) {
      try splitter.take(Array("123456789".utf8))
    }
    let bookmark = #"{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"12"}}}"#
    #expect(try WatchEvent<Thing>(Array(bookmark.utf8), request: "w").resourceVersion == "12")
    let expired = #"{"type":"ERROR","object":{"code":410,"reason":"Expired","message":"too old"}}"#
    guard case .error(.expired) = try WatchEvent<Thing>(Array(expired.utf8), request: "w") else {
      Issue.record("410 is not expired")
      return
    }
    #expect(throws: KubernetesError.self) { try WatchEvent<Thing>(Array("{".utf8), request: "w") }
  }

  @Test("A replica tells each change once, and keeps what it could read when the next form cannot be read")
  func replica() throws {
    func object(_ text: String) throws -> LossyObject<Thing> {
      try JSONText.decode(LossyObject<Thing>.self, Array(text.utf8), what: "")
    }
    let one = try object(#"{"metadata":{"name":"a","resourceVersion":"1"},"size":1}"#)
    let broken = try object(#"{"metadata":{"name":"a","resourceVersion":"2"}}"#)
    var replica = ObjectReplica<Thing>(most: 1)
    #expect(try replica.replace(with: [one]).changes.map(\.new?.size) == [1])
    #expect(try replica.replace(with: [one]).changes.isEmpty)
    #expect(try replica.replace(with: [broken]).undecodable.map(\.reason) == ["size is missing"])
    #expect(replica.values[ObjectKey("a")]?.size == 1)
    #expect(throws: KubernetesError.self) { try replica.replace(with: [one, one]) }
    #expect(try replica.replace(with: []).changes.map(\.key.name) == ["a"])
  }

  @Test("What an exec plugin writes is taken as it is meant, or refused with words")
  func exec() throws {
    let plugin = ExecPlugin(apiVersion: "client.authentication.k8s.io/v1", command: "p")
    func text(_ status: String, _ version: String = "v1") -> String {
      #"{"apiVersion":"client.authentication.k8s.io/\#(version)","kind":"ExecCredential","status":\#(status)}"#
    }
    let credential = try ExecCredential(
      text(#"{"token":"t","expirationTimestamp":"2026-11-23T00:00:20Z"}"#), of: plugin)
    let expiry = try #require(credential.expires)
    #expect(credential.isExpired(at: expiry - 9) && !credential.isExpired(at: expiry - 11))
    for wrong in [text("{}"), text(#"{"token":"t"}"#, "v1beta1"), "", text(#"{"clientKeyData":"k"}"#)] {
      #expect(throws: KubernetesError.self) { try ExecCredential(wrong, of: plugin) }
    }
  }
}
