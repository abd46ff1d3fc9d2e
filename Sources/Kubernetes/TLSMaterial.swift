import KubernetesProtocol
import NIOSSL

/// PEM into TLS, with words that say which file cannot be used.
struct TLSMaterial {
  let configuration: KubernetesConfiguration

  func tls(_ credential: ExecCredential?) throws(KubernetesError) -> TLSConfiguration {
    var tls = TLSConfiguration.makeClientConfiguration()
    tls.minimumTLSVersion = .tlsv12
    if configuration.isInsecure {
      tls.certificateVerification = .none
    } else if let authority = configuration.authority {
      tls.trustRoots = .certificates(try certificates(authority, "the authority's certificate"))
    }
    if let certificate = credential?.certificate, let key = credential?.privateKey {
      try present(&tls, .text(Array(certificate.utf8)), .text(Array(key.utf8)))
    } else if let own = configuration.clientCertificate {
      try present(&tls, own.certificate, own.privateKey)
    }
    return tls
  }

  private func present(
    _ tls: inout TLSConfiguration, _ certificate: PEMSource, _ privateKey: PEMSource
  ) throws(KubernetesError) {
    tls.certificateChain = try certificates(certificate, "our certificate").map { .certificate($0) }
    let octets = try octets(privateKey, "our private key")
    do { tls.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: octets, format: .pem)) } catch {
      throw problem("\(name(privateKey, "our private key")) holds no private key in PEM")
    }
  }

  private func certificates(_ source: PEMSource, _ what: String) throws(KubernetesError) -> [NIOSSLCertificate] {
    let octets = try octets(source, what)
    do {
      let certificates = try NIOSSLCertificate.fromPEMBytes(octets)
      if !certificates.isEmpty { return certificates }
    } catch {}
    throw problem("\(name(source, what)) holds no certificate in PEM")
  }

  /// - Throws: why it cannot be read.
  func octets(_ source: PEMSource, _ what: String) throws(KubernetesError) -> [UInt8] {
    switch source {
    case .text(let octets): return octets
    case .file(let path):
      do throws(FileProblem) { return try FileText.read(path) } catch {
        throw problem("cannot read \(what) \(path): \(error.reason)")
      }
    }
  }

  private func name(_ source: PEMSource, _ what: String) -> String {
    if case .file(let path) = source { path } else { "\(what) in \(configuration.origin)" }
  }

  private func problem(_ reason: String) -> KubernetesError {
    .tls(server: configuration.server.description, reason: reason)
  }
}
