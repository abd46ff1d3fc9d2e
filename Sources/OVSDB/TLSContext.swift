import Glibc
import NIOSSL

extension TLSFiles {
  /// - Throws: which file cannot be used, and why.
  func context() throws(TLSProblem) -> NIOSSLContext {
    try checkReadable(privateKey, "private key")
    try checkReadable(certificate, "certificate")
    try checkReadable(authority, "CA's certificate")
    let chain: [NIOSSLCertificate]
    do { chain = try NIOSSLCertificate.fromPEMFile(certificate) } catch {
      throw TLSProblem(reason: "\(certificate) holds no certificate in PEM: \(error)")
    }
    let key: NIOSSLPrivateKey
    do { key = try NIOSSLPrivateKey(file: privateKey, format: .pem) } catch {
      throw TLSProblem(reason: "\(privateKey) holds no private key in PEM: \(error)")
    }
    let authorities: [NIOSSLCertificate]
    do { authorities = try NIOSSLCertificate.fromPEMFile(authority) } catch {
      throw TLSProblem(reason: "\(authority) holds no CA's certificate in PEM: \(error)")
    }
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.certificateChain = chain.map { .certificate($0) }
    configuration.privateKey = .privateKey(key)
    configuration.trustRoots = .certificates(authorities)
    configuration.minimumTLSVersion = .tlsv12
    // ovs-pki's certificates carry no host names: Open vSwitch checks the signature alone.
    configuration.certificateVerification = .noHostnameVerification
    do { return try NIOSSLContext(configuration: configuration) } catch {
      throw TLSProblem(reason: "\(privateKey) and \(certificate) do not go together: \(error)")
    }
  }

  private func checkReadable(_ path: String, _ what: String) throws(TLSProblem) {
    guard access(path, R_OK) == 0 else {
      throw TLSProblem(reason: "cannot read the \(what) \(path): \(String(cString: strerror(errno)))")
    }
  }
}
