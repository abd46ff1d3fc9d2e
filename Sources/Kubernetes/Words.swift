import AsyncHTTPClient
import Glibc
import KubernetesProtocol
import NIOCore
import NIOPosix
import NIOSSL

/// NIO's errors in words that say what to do.
struct Words: Sendable {
  let configuration: KubernetesConfiguration
  let request: String
  let timeout: Duration

  private var server: String { configuration.server.description }

  func error(_ error: any Error) -> KubernetesError {
    switch error {
    case let error as KubernetesError: error
    case let error as HTTPClientError: http(error)
    case is NIOSSLError, is BoringSSLError, is NIOSSLExtraError:
      .tls(server: server, reason: tlsReason("\(error)"))
    default: .transport(server: server, reason: reason(error))
    }
  }

  private func http(_ error: HTTPClientError) -> KubernetesError {
    switch error {
    case .cancelled, .alreadyShutdown: .closed
    case .deadlineExceeded, .readTimeout, .getConnectionFromPoolTimeout:
      .timedOut(server: server, request: request, after: timeout)
    case .connectTimeout: .transport(server: server, reason: "no answer in time")
    case .tlsHandshakeTimeout: .tls(server: server, reason: "no answer in time; does it speak TLS there?")
    case .remoteConnectionClosed: .transport(server: server, reason: "the server closed the connection")
    default: .transport(server: server, reason: error.shortDescription)
    }
  }

  private func reason(_ error: any Error) -> String {
    switch error {
    case let error as IOError: return String(cString: strerror(error.errnoCode))
    case ChannelError.connectTimeout: return "no answer in time"
    case let error as NIOConnectionError:
      // One address in two families fails twice in the same words.
      var words: [String] = []
      for attempt in error.connectionErrors.map({ reason($0.error) }) where !words.contains(attempt) {
        words.append(attempt)
      }
      if !words.isEmpty { return words.joined(separator: ", ") }
      let cause = error.dnsAError ?? error.dnsAAAAError
      return "the name \(error.host) has no address" + (cause.map { ": \($0)" } ?? "")
    default: return "\(error)"
    }
  }

  /// BoringSSL's codes that have a cause worth naming.
  private func tlsReason(_ text: String) -> String {
    if text.contains("CERTIFICATE_VERIFY_FAILED") {
      return "the server's certificate is not signed by the authority of \(configuration.origin), or has expired"
    }
    if text.contains("failedToValidateHostname") {
      let name = configuration.serverName ?? configuration.server.host
      return "the server's certificate is not for \(name)"
    }
    if text.contains("UNKNOWN_CA") || text.contains("BAD_CERTIFICATE") || text.contains("CERTIFICATE_UNKNOWN") {
      return "the server does not accept our certificate: its authority is another"
    }
    if text.contains("CERTIFICATE_EXPIRED") { return "the server says that our certificate has expired" }
    if text.contains("WRONG_VERSION_NUMBER") { return "the server does not speak TLS there" }
    if text.contains("EOF during handshake") || text.contains("uncleanShutdown") {
      return "the server closed the connection in the handshake; does it speak TLS there?"
    }
    return text
  }
}
