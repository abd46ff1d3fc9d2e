import Glibc
import HTTPTypes
import HummingbirdCore
import NIOCore

/// One request and its answer, between Hummingbird and the API.
struct HTTPExchange: Sendable {
  let api: ObserverAPI
  let limits: ObserverOptions.Limits
  let isSecure: Bool

  @concurrent
  func respond(
    _ request: Request, _ writer: consuming ResponseWriter, _ channel: any Channel, _ origin: Question.Origin
  ) async throws {
    let answer = await answer(request, origin)
    let head = HTTPResponse(status: .init(code: answer.status), headerFields: fields(answer, request))
    let isHead = request.method == .head
    switch answer.body {
    case .octets(let octets):
      // Who does not read is cut off.
      let idle = Int64(limits.idle / .seconds(1))
      let limit = channel.eventLoop.scheduleTask(in: .seconds(idle)) { channel.close(promise: nil) }
      defer { limit.cancel() }
      let isEmpty = isHead || answer.status == 304
      try await writer.write(
        response: head, body: isEmpty ? ResponseBody() : ResponseBody(byteBuffer: ByteBuffer(bytes: octets)))
    case .feed(let client, let first):
      defer { api.follower.leave(client) }
      guard !isHead else { return try await writer.writeResponse(head) }
      // A client that is gone is noticed at the next write, which is a heartbeat's distance away at most.
      var body = try await writer.writeHead(head)
      try await body.write(contentsOf: first)
      for await octets in client.frames {
        if client.wasDropped { break }
        try await body.write(octets)
        client.written(octets)
      }
      if client.wasDropped {
        channel.close(promise: nil)
        return
      }
      try await body.finish(nil)
    }
  }

  private func answer(_ request: Request, _ origin: Question.Origin) async -> Answer {
    do throws(Problem) {
      var headers: [String: String] = [:]
      for field in request.headers where headers[field.name.canonicalName] == nil {
        headers[field.name.canonicalName] = field.value
      }
      let body = try await body(request)
      let question = try Question(
        method: request.method.rawValue, target: request.head.path ?? "", authority: request.head.authority,
        headers: headers, body: body, origin: origin)
      let answer = await api.answer(question)
      if let tag = answer.headers["ETag"], answer.status == 200, headers["if-none-match"] == tag {
        return Answer(status: 304, type: answer.type, headers: answer.headers, [])
      }
      return answer
    } catch {
      var answer = error.answer
      // What is left of the body is not read.
      if error.status == .contentTooLarge { answer.headers["Connection"] = "close" }
      return answer
    }
  }

  private func body(_ request: Request) async throws(Problem) -> [UInt8] {
    guard request.method == .post else { return [] }
    do {
      let buffer = try await request.body.collect(upTo: limits.body)
      return Array(buffer.readableBytesView)
    } catch is NIOTooManyBytesError {
      throw Problem(.contentTooLarge, "The body is longer than \(limits.body) octets.")
    } catch {
      throw Problem(.badRequest, "The body did not come.")
    }
  }

  private func fields(_ answer: Answer, _ request: Request) -> HTTPFields {
    var fields = HTTPFields()
    fields[.contentType] = answer.type
    // The page is asked for again each time, and told not to have changed.
    fields[.cacheControl] = answer.headers["ETag"] == nil ? "no-store" : "no-cache"
    fields[.date] = Self.date()
    fields[.xContentTypeOptions] = "nosniff"
    fields[.referrerPolicy] = "no-referrer"
    fields[.crossOriginResourcePolicy] = "same-origin"
    fields[.crossOriginOpenerPolicy] = "same-origin"
    if isSecure { fields[.strictTransportSecurity] = "max-age=31536000" }
    fields[.contentSecurityPolicy] = "default-src 'none'; frame-ancestors 'none'"
    for (name, value) in answer.headers {
      if let name = HTTPField.Name(name) { fields[name] = value }
    }
    if case .octets(let octets) = answer.body {
      if answer.status != 304 { fields[.contentLength] = String(octets.count) }
    } else {
      // Proxies are not to wait for more.
      fields[.xAccelBuffering] = "no"
    }
    return fields
  }
}

extension HTTPExchange {
  /// Now, as RFC 9110 section 5.6.7 writes it.
  fileprivate static func date() -> String {
    var now = time(nil)
    var parts = tm()
    gmtime_r(&now, &parts)
    var text = [CChar](repeating: 0, count: 64)
    let count = strftime(&text, text.count, "%a, %d %b %Y %H:%M:%S GMT", &parts)
    return String(decoding: text.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

extension HTTPField.Name {
  // All are tokens of RFC 9110, so none of these is nil; `Server` stands in for the impossible.
  fileprivate static let referrerPolicy = Self("Referrer-Policy") ?? .server
  fileprivate static let crossOriginResourcePolicy = Self("Cross-Origin-Resource-Policy") ?? .server
  fileprivate static let crossOriginOpenerPolicy = Self("Cross-Origin-Opener-Policy") ?? .server
  fileprivate static let xAccelBuffering = Self("X-Accel-Buffering") ?? .server
}
