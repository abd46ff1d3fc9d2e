import NIOSSL

extension TLSConfiguration {
  /// TLS 1.2 and later; nil when no certificate is given.
  /// - Throws: ``ObserverError`` that names the file.
  static func observer(_ options: ObserverOptions) throws(ObserverError) -> TLSConfiguration? {
    guard let certificate = options.certificate, let key = options.privateKey else {
      guard options.certificate == nil, options.privateKey == nil else {
        throw ObserverError("a certificate and its key belong together", help: "give both, or neither")
      }
      guard options.clientAuthority == nil else {
        throw ObserverError(
          "client certificates need TLS, and there is no certificate of the server's",
          help: "give --tls-certificate")
      }
      return nil
    }
    let chain = try read("certificates", certificate) { try NIOSSLCertificate.fromPEMFile(certificate) }
    let privateKey = try read("a private key", key) { try NIOSSLPrivateKey(file: key, format: .pem) }
    var tls = makeServerConfiguration(
      certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(privateKey))
    tls.minimumTLSVersion = .tlsv12
    tls.applicationProtocols = ["http/1.1"]
    if let authority = options.clientAuthority {
      tls.trustRoots = .certificates(
        try read("certificates", authority) { try NIOSSLCertificate.fromPEMFile(authority) })
      // With tokens beside, a client may come without a certificate; one that it shows must be right in any case.
      tls.certificateVerification = options.tokenFile == nil ? .noHostnameVerification : .optionalVerification
    }
    do {
      _ = try NIOSSLContext(configuration: tls)
    } catch {
      throw ObserverError("\(certificate) and \(key) do not belong together: \(error)")
    }
    return tls
  }

  private static func read<Value>(
    _ what: String, _ path: String, _ body: () throws -> Value
  ) throws(ObserverError) -> Value {
    do {
      return try body()
    } catch {
      throw ObserverError("cannot read \(what) from \(path): \(error)", help: "PEM files are expected")
    }
  }
}
