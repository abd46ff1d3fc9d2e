import FoundationEssentials

/// `Status` (meta/v1): the body of a refusal, and the object of a watch's ERROR event.
struct ServerStatus: Decodable {
  var code: Int?
  var reason: String?
  var message: String?
  var details: Details?

  struct Details: Decodable {
    var retryAfterSeconds: Int?
    var causes: [Cause]?
  }

  struct Cause: Decodable {
    var reason: String?
  }

  /// A resourceVersion that this server has not reached yet: it was restored, or is behind another one.
  var isFromTheFuture: Bool { details?.causes?.contains { $0.reason == "ResourceVersionTooLarge" } ?? false }
}

extension KubernetesError {
  /// What a refusal means.
  /// - Parameters:
  ///   - code: HTTP's status, or the one in a watch's ERROR event.
  ///   - body: a `Status`, or whatever a proxy wrote.
  ///   - retryAfter: the header of this name, if there was one.
  ///   - request: for the message.
  package static func refused(
    code: Int, body: [UInt8], retryAfter: String? = nil, request: String
  ) -> KubernetesError {
    let status = try? JSONDecoder().decode(ServerStatus.self, from: Data(body))
    return refused(code: code, status: status, body: body, retryAfter: retryAfter, request: request)
  }

  static func refused(
    code: Int, status: ServerStatus?, body: [UInt8] = [], retryAfter: String? = nil, request: String
  ) -> KubernetesError {
    let text = status?.message ?? excerpt(body)
    let refusal = ServerRefusal(
      code: code, reason: status?.reason ?? "", message: text.isEmpty ? "no words" : text, request: request)
    // A server that says years is not believed.
    let seconds = retryAfter.flatMap { Int($0) } ?? status?.details?.retryAfterSeconds
    let after = seconds.flatMap { $0 > 0 ? Duration.seconds(min($0, 300)) : nil }
    // "Too large resource version" is a 504 that only a list without one cures.
    if status?.isFromTheFuture == true { return .expired(refusal) }
    switch code {
    case 401: return .unauthorized(refusal)
    case 403: return .forbidden(refusal)
    case 404: return .notFound(refusal)
    case 409: return status?.reason == "AlreadyExists" ? .alreadyExists(refusal) : .conflict(refusal)
    case 410: return .expired(refusal)
    case 429: return .throttled(refusal, retryAfter: after)
    case 500...599: return .server(refusal, retryAfter: after)
    default: return .invalid(refusal)
    }
  }

  /// The beginning of a text for people: no control characters.
  private static func excerpt(_ body: [UInt8]) -> String {
    let text = String(decoding: body.prefix(800), as: UTF8.self)
    let safe = text.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : String($0) }.joined()
    return String(safe.prefix(200)).split(separator: " ").joined(separator: " ")
  }
}

/// JSON to values, with words that say where it does not fit.
enum JSONText {
  static func decode<T: Decodable>(_ type: T.Type, _ body: [UInt8], what: String) throws(KubernetesError) -> T {
    do { return try JSONDecoder().decode(type, from: Data(body)) } catch {
      throw .decoding(what: what, reason: reason(error))
    }
  }

  static func encode<T: Encodable>(_ value: T, what: String) throws(KubernetesError) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do { return [UInt8](try encoder.encode(value)) } catch { throw .encoding(what: what, reason: reason(error)) }
  }

  /// - Parameter depth: so many parts of the path are known to the reader, such as `items[3]`.
  static func reason(_ error: any Error, below depth: Int = 0) -> String {
    func path(_ keys: [any CodingKey]) -> String { Self.path(Array(keys.dropFirst(depth))) }
    return switch error {
    case EncodingError.invalidValue(_, let context): context.debugDescription
    case DecodingError.keyNotFound(let key, let context): "\(path(context.codingPath + [key])) is missing"
    case DecodingError.typeMismatch(let type, let context):
      "\(path(context.codingPath)) is no \(type)"
    case DecodingError.valueNotFound(let type, let context):
      "\(path(context.codingPath)) is null, a \(type) is expected"
    case DecodingError.dataCorrupted(let context):
      context.codingPath.isEmpty ? "this is no JSON" : "\(path(context.codingPath)): \(context.debugDescription)"
    default: "\(error)"
    }
  }

  private static func path(_ keys: [any CodingKey]) -> String {
    var text = ""
    for key in keys {
      if let index = key.intValue {
        text += "[\(index)]"
      } else {
        text += (text.isEmpty ? "" : ".") + key.stringValue
      }
    }
    return text.isEmpty ? "the whole" : text
  }
}
