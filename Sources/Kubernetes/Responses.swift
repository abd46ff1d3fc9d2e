import AsyncHTTPClient
import KubernetesProtocol
import NIOCore
import NIOHTTP1

/// A whole answer, no longer than allowed.
///
/// `@unchecked Sendable` holds because a delegate is only called on its request's event loop.
final class AnswerCollector: HTTPClientResponseDelegate, @unchecked Sendable {
  struct Response: Sendable {
    var code: Int
    var retryAfter: String?
    var octets: [UInt8]

    /// - Throws: what the server refused.
    func body(of request: String) -> Result<[UInt8], KubernetesError> {
      (200...299).contains(code)
        ? .success(octets)
        : .failure(.refused(code: code, body: octets, retryAfter: retryAfter, request: request))
    }
  }

  private let limit: Int
  private let request: String
  private var code = 0
  private var retryAfter: String?
  private var octets: [UInt8] = []

  init(limit: Int, request: String) {
    self.limit = limit
    self.request = request
  }

  func didReceiveHead(task: HTTPClient.Task<Response>, _ head: HTTPResponseHead) -> EventLoopFuture<Void> {
    code = Int(head.status.code)
    retryAfter = head.headers.first(name: "Retry-After")
    return task.eventLoop.makeSucceededVoidFuture()
  }

  func didReceiveBodyPart(task: HTTPClient.Task<Response>, _ buffer: ByteBuffer) -> EventLoopFuture<Void> {
    guard octets.count + buffer.readableBytes <= limit else {
      return task.eventLoop.makeFailedFuture(
        KubernetesError.tooLarge(what: "the answer to \(request)", limit: limit))
    }
    octets += buffer.readableBytesView
    return task.eventLoop.makeSucceededVoidFuture()
  }

  func didFinishRequest(task: HTTPClient.Task<Response>) throws -> Response {
    Response(code: code, retryAfter: retryAfter, octets: octets)
  }
}

/// A watch: lines while it runs, then why it ended.
///
/// `@unchecked Sendable` holds because a delegate is only called on its request's event loop.
final class WatchReader: HTTPClientResponseDelegate, @unchecked Sendable {
  typealias Response = KubernetesError?

  private let request: String
  private let opened: @Sendable () -> Void
  private let line: @Sendable ([UInt8]) throws(KubernetesError) -> Void
  private var splitter: LineSplitter
  private var code = 0
  private var retryAfter: String?
  /// Of a refusal; more of it than this is of no use.
  private var refusal: [UInt8] = []
  private static let longestRefusal = 1 << 16

  init(
    longest: Int, request: String, opened: @escaping @Sendable () -> Void,
    line: @escaping @Sendable ([UInt8]) throws(KubernetesError) -> Void
  ) {
    self.request = request
    self.opened = opened
    self.line = line
    splitter = LineSplitter(longest: longest)
  }

  func didReceiveHead(task: HTTPClient.Task<Response>, _ head: HTTPResponseHead) -> EventLoopFuture<Void> {
    code = Int(head.status.code)
    retryAfter = head.headers.first(name: "Retry-After")
    if code == 200 { opened() }
    return task.eventLoop.makeSucceededVoidFuture()
  }

  func didReceiveBodyPart(task: HTTPClient.Task<Response>, _ buffer: ByteBuffer) -> EventLoopFuture<Void> {
    guard code == 200 else {
      if refusal.count < Self.longestRefusal { refusal += buffer.readableBytesView }
      return task.eventLoop.makeSucceededVoidFuture()
    }
    do throws(KubernetesError) {
      for octets in try splitter.take(buffer.readableBytesView) { try line(octets) }
    } catch {
      return task.eventLoop.makeFailedFuture(error)
    }
    return task.eventLoop.makeSucceededVoidFuture()
  }

  func didFinishRequest(task: HTTPClient.Task<Response>) throws -> Response {
    code == 200 ? nil : .refused(code: code, body: refusal, retryAfter: retryAfter, request: request)
  }
}
