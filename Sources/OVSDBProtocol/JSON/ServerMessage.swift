/// What a server sends: JSON-RPC 1.0 (RFC 7047 section 4).
package enum ServerMessage: Hashable, Sendable {
  /// The answer to a request of ours. `error` is nil when it succeeded.
  case response(id: JSONValue, result: JSONValue, error: JSONValue?)
  /// A request to us; only `echo` is one.
  case request(id: JSONValue, method: String, params: JSONValue)
  /// Wants no answer: its id is null.
  case notification(method: String, params: [JSONValue])

  /// - Throws: words about what is wrong with it.
  package init(_ message: JSONValue) throws(MalformedMessage) {
    let id = message["id"] ?? .null
    if let method = message["method"] {
      guard let method = method.string else { throw MalformedMessage("a method that is no string", message) }
      guard let params = message["params"], let list = params.array else {
        throw MalformedMessage("'\(method)' without an array of params", message)
      }
      self =
        id == .null ? .notification(method: method, params: list) : .request(id: id, method: method, params: params)
      return
    }
    guard id != .null else { throw MalformedMessage("a message with neither method nor id", message) }
    let error = message["error"].flatMap { $0 == .null ? nil : $0 }
    guard error != nil || message["result"] != nil else {
      throw MalformedMessage("an answer with neither result nor error", message)
    }
    self = .response(id: id, result: message["result"] ?? .null, error: error)
  }
}

/// Something that RFC 7047 does not allow.
package struct MalformedMessage: Error, Hashable, Sendable, CustomStringConvertible {
  package var description: String

  package init(_ description: String) { self.description = description }

  package init(_ description: String, _ value: JSONValue) {
    self.description = "\(description): \(value.excerpt())"
  }
}
