/// One line of a watch.
package enum WatchEvent<T: Decodable & Sendable>: Sendable {
  /// ADDED and MODIFIED are told apart by what is known, not by the server's word.
  case present(LossyObject<T>)
  case gone(ObjectHeader)
  /// Nothing has changed up to here.
  case bookmark(resourceVersion: String)
  /// The watch is over.
  case error(KubernetesError)

  /// - Parameter request: for messages, such as `watch nodes`.
  package init(_ line: [UInt8], request: String) throws(KubernetesError) {
    let read = try JSONText.decode(Line.self, line, what: "an event of \(request)")
    switch read.content {
    case .present(let object): self = .present(object)
    case .gone(let header): self = .gone(header)
    case .bookmark(let version): self = .bookmark(resourceVersion: version)
    case .error(let status):
      self = .error(.refused(code: status.code ?? 500, status: status, request: request))
    }
  }

  /// Goes on from here; nil for an error.
  package var resourceVersion: String? {
    switch self {
    case .present(let object): object.header.metadata.resourceVersion
    case .gone(let header): header.metadata.resourceVersion
    case .bookmark(let version): version
    case .error: nil
    }
  }

  private struct Line: Decodable {
    enum Content {
      case present(LossyObject<T>)
      case gone(ObjectHeader)
      case bookmark(String)
      case error(ServerStatus)
    }
    enum Key: String, CodingKey { case type, object }
    var content: Content

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: Key.self)
      let type = try container.decode(String.self, forKey: .type)
      switch type {
      case "ADDED", "MODIFIED": content = .present(try container.decode(LossyObject<T>.self, forKey: .object))
      case "DELETED": content = .gone(try container.decode(ObjectHeader.self, forKey: .object))
      case "BOOKMARK":
        let header = try container.decode(ObjectHeader.self, forKey: .object)
        content = .bookmark(header.metadata.resourceVersion ?? "")
      case "ERROR": content = .error(try container.decode(ServerStatus.self, forKey: .object))
      default:
        throw DecodingError.dataCorruptedError(
          forKey: .type, in: container, debugDescription: "an unknown kind of event")
      }
    }
  }
}

/// Cuts a stream into lines, none longer than a limit.
package struct LineSplitter: Sendable {
  private var rest: [UInt8] = []
  package let longest: Int

  package init(longest: Int) { self.longest = longest }

  /// - Returns: the lines that are complete now, without their ends; empty ones left out.
  /// - Throws: `KubernetesError.tooLarge`; what came before that line is lost too, as the stream must end then.
  package mutating func take(_ octets: some Sequence<UInt8>) throws(KubernetesError) -> [[UInt8]] {
    var lines: [[UInt8]] = []
    for octet in octets {
      if octet == UInt8(ascii: "\n") {
        if !rest.isEmpty { lines.append(rest) }
        rest = []
      } else {
        guard rest.count < longest else { throw .tooLarge(what: "an event of a watch", limit: longest) }
        rest.append(octet)
      }
    }
    return lines
  }
}
