import Dispatch
import KubernetesProtocol
import NIOCore
import NIOPosix
import NIOSSL

/// What a request needs to get in.
struct Access: Sendable {
  var token: String?
  var tls: TLSConfiguration?
}

/// Credentials, read anew when they have changed or expired.
///
/// `@unchecked Sendable` holds because everything but the constants is touched on the event loop alone.
final class AccessStore: @unchecked Sendable {
  typealias Taker = @Sendable (Result<Access, KubernetesError>) -> Void

  private let configuration: KubernetesConfiguration
  private let loop: any EventLoop
  private var token: (text: String, fingerprint: FileText.Fingerprint?, read: NIODeadline)?
  private var credential: ExecCredential?
  private var tls: (key: TLSKey, configuration: TLSConfiguration)?
  /// Who waits for the exec plugin that runs.
  private var waiting: [Taker] = []
  /// Where exec plugins run: they may take seconds. Its thread is born on the event loop's, and so in its namespace.
  private var worker: NIOThreadPool?

  init(_ configuration: KubernetesConfiguration, loop: any EventLoop) {
    self.configuration = configuration
    self.loop = loop
  }

  func close(_ done: @escaping @Sendable () -> Void) {
    loop.execute {
      guard let worker = self.worker else { return done() }
      worker.shutdownGracefully(queue: .global()) { _ in done() }
    }
  }

  /// Forgets what the server has refused.
  /// - Returns: whether there may be something else the next time.
  func renew() -> Bool {
    token = nil
    credential = nil
    switch configuration.credentials {
    case .tokenFile, .exec: return true
    case .none, .token: return false
    }
  }

  /// - Parameter take: called on the event loop.
  func get(_ take: @escaping Taker) {
    loop.preconditionInEventLoop()
    switch configuration.credentials {
    case .none: finish(token: nil, nil, take)
    case .token(let text): finish(token: text, nil, take)
    case .tokenFile(let path):
      do throws(KubernetesError) { finish(token: try readToken(path), nil, take) } catch { take(.failure(error)) }
    case .exec(let plugin):
      if let credential, !credential.isExpired(at: ExecRunner.secondsSince1970()) {
        return finish(token: credential.token, credential, take)
      }
      waiting.append(take)
      if waiting.count == 1 { run(plugin) }
    }
  }

  private func finish(token: String?, _ credential: ExecCredential?, _ take: Taker) {
    do throws(KubernetesError) {
      take(.success(Access(token: token, tls: configuration.server.isEncrypted ? try tls(credential) : nil)))
    } catch {
      take(.failure(error))
    }
  }

  // MARK: Tokens

  private func readToken(_ path: String) throws(KubernetesError) -> String {
    let (now, fingerprint) = (NIODeadline.now(), FileText.fingerprint(path))
    if let token, fingerprint != nil, token.fingerprint == fingerprint, now - token.read < .minutes(1) {
      return token.text
    }
    let octets: [UInt8]
    do throws(FileProblem) { octets = try FileText.read(path) } catch {
      throw .credentials(reason: "cannot read the token \(path): \(error.reason)")
    }
    let text = String(decoding: octets, as: UTF8.self).split(whereSeparator: \.isWhitespace)
    guard text.count == 1, let first = text.first, first.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
      throw .credentials(reason: text.isEmpty ? "the token \(path) is empty" : "\(path) holds no token")
    }
    token = (String(first), fingerprint, now)
    return String(first)
  }

  // MARK: Exec plugins

  private func run(_ plugin: ExecPlugin) {
    let worker = self.worker ?? NIOThreadPool(numberOfThreads: 1)
    if self.worker == nil {
      worker.start()
      self.worker = worker
    }
    let configuration = configuration
    worker.submit { state in
      let result: Result<ExecCredential, KubernetesError>
      do throws(KubernetesError) {
        guard case .active = state else { throw .closed }
        result = .success(try ExecRunner.run(plugin, configuration))
      } catch {
        result = .failure(error)
      }
      self.loop.execute { self.ran(result) }
    }
  }

  private func ran(_ result: Result<ExecCredential, KubernetesError>) {
    let takers = waiting
    waiting = []
    switch result {
    case .success(let credential):
      self.credential = credential
      for take in takers { finish(token: credential.token, credential, take) }
    case .failure(let error): for take in takers { take(.failure(error)) }
    }
  }

  // MARK: TLS

  private struct TLSKey: Hashable {
    var files: [FileText.Fingerprint?]
    var certificate: String?
  }

  /// Kept as long as no file changes: a new one means new connections.
  private func tls(_ credential: ExecCredential?) throws(KubernetesError) -> TLSConfiguration {
    let sources = [
      configuration.authority, configuration.clientCertificate?.certificate,
      configuration.clientCertificate?.privateKey
    ]
    let key = TLSKey(
      files: sources.map { if case .file(let path)? = $0 { FileText.fingerprint(path) } else { nil } },
      certificate: credential?.certificate)
    if let tls, tls.key == key { return tls.configuration }
    let made = try TLSMaterial(configuration: configuration).tls(credential)
    tls = (key, made)
    return made
  }
}
