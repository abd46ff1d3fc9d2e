import Glibc
import NIOCore
import NIOPosix
import NIOSSL
import OVSDBProtocol

/// NIO's errors in words that say what to do.
enum ErrorWords {
  static func reason(_ error: any Error) -> String {
    switch error {
    case let error as IOError: String(cString: strerror(error.errnoCode))
    case ChannelError.connectTimeout: "no answer in time"
    case let error as NIOConnectionError:
      connection(error)
    case let error as JSONProblem: error.description
    default: "\(error)"
    }
  }

  private static func connection(_ error: NIOConnectionError) -> String {
    let attempts = error.connectionErrors.map { reason($0.error) }
    // One address in two families fails twice in the same words.
    var words: [String] = []
    for attempt in attempts where !words.contains(attempt) { words.append(attempt) }
    if !words.isEmpty { return words.joined(separator: ", ") }
    let cause = error.dnsAError ?? error.dnsAAAAError
    return "the name \(error.host) has no address" + (cause.map { ": \($0)" } ?? "")
  }

  /// What ended a connection.
  /// - Parameter isEstablished: whether the TLS handshake, or the connection without TLS, had been done.
  static func error(_ error: (any Error)?, server: OVSDBEndpoint, tls: TLSFiles?, isEstablished: Bool) -> OVSDBError
  {
    let name = server.description
    guard let error else {
      if case .ssl = server, !isEstablished {
        return .tls(
          server: name, reason: "the server closed the connection in the handshake; does it speak TLS there?")
      }
      return .lost(server: name, reason: "the server closed it")
    }
    switch error {
    case let error as JSONProblem: return .malformed(server: name, error.description)
    case let error as TLSProblem: return .tls(server: name, reason: error.reason)
    case is NIOSSLError, is BoringSSLError: return .tls(server: name, reason: tlsReason("\(error)", tls: tls))
    default:
      return isEstablished
        ? .lost(server: name, reason: reason(error)) : .unreachable(server: name, reason: reason(error))
    }
  }

  private static let endedEarly = "the server closed the connection in the handshake; does it speak TLS there?"

  /// BoringSSL's codes that have a cause worth naming.
  private static func tlsReason(_ text: String, tls: TLSFiles?) -> String {
    if text.contains("CERTIFICATE_VERIFY_FAILED") {
      return "the server's certificate is not signed by the CA in \(tls?.authority ?? "?"), or has expired"
    }
    if text.contains("UNKNOWN_CA") || text.contains("BAD_CERTIFICATE") || text.contains("CERTIFICATE_UNKNOWN") {
      return "the server does not accept our certificate \(tls?.certificate ?? "?"): its CA is another"
    }
    if text.contains("CERTIFICATE_REQUIRED") { return "the server wants a certificate of ours" }
    if text.contains("CERTIFICATE_EXPIRED") {
      return "the server says that our certificate \(tls?.certificate ?? "?") has expired"
    }
    if text.contains("WRONG_VERSION_NUMBER") { return "the server does not speak TLS there" }
    if text.contains("EOF during handshake") { return endedEarly }
    if text.contains("uncleanShutdown") { return "the server closed the connection without a word" }
    return text
  }
}

/// TLS that cannot even begin.
struct TLSProblem: Error {
  var reason: String
}
