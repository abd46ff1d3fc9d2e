import Glibc
import Lab
import OVSDB
import OVSDBProtocol
import Processes
import Testing

/// TLS with certificates that openssl makes here.
@Suite(.enabled(if: TestDatabase.isPossible && access("/usr/bin/openssl", X_OK) == 0), .timeLimit(.minutes(4)))
struct TLSConnections {
  private func authority(_ lab: Lab, _ name: String) throws {
    try Command(
      "openssl",
      [
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
        "-subj",
        "/CN=\(name)", "-keyout", "\(lab.directory)/\(name).key", "-out", "\(lab.directory)/\(name).pem"
      ]
    ).run()
  }

  /// - Returns: paths of key and certificate.
  private func certificate(_ lab: Lab, _ name: String, by authority: String) throws -> (
    key: String, certificate: String
  ) {
    let (key, request, file) = (
      "\(lab.directory)/\(name).key", "\(lab.directory)/\(name).csr", "\(lab.directory)/\(name).pem"
    )
    try Command(
      "openssl",
      [
        "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
        "/CN=\(name)",
        "-keyout", key, "-out", request
      ]
    ).run()
    try Command(
      "openssl",
      [
        "x509", "-req", "-in", request, "-days", "2", "-CA", "\(lab.directory)/\(authority).pem", "-CAkey",
        "\(lab.directory)/\(authority).key", "-CAcreateserial", "-out", file
      ]
    ).run()
    return (key, file)
  }

  @Test("Both sides show certificates; a wrong one, a wrong CA and a missing file are named")
  func certificates() async throws {
    try await TestDatabase.withLab("tls") { lab in
      try authority(lab, "ca")
      try authority(lab, "other")
      let server = try certificate(lab, "server", by: "ca")
      let client = try certificate(lab, "client", by: "ca")
      let stranger = try certificate(lab, "stranger", by: "other")
      let database = try TestDatabase.standalone(lab, schema: TestDatabase.vswitch, database: "Open_vSwitch")
      let authority = "\(lab.directory)/ca.pem"
      try database.start([
        "--private-key=\(server.key)", "--certificate=\(server.certificate)", "--ca-cert=\(authority)",
        "--remote=pssl:0:127.0.0.1"
      ])
      let connection = "ssl:127.0.0.1:\(try database.port())"
      func read(_ key: String, _ certificate: String, _ authority: String, _ connection: String) -> String {
        let files = TLSFiles(privateKey: key, certificate: certificate, authority: authority)
        do throws(OVSDBError) {
          let snapshot = try OVSDBSnapshot.read(
            connection, database: "Open_vSwitch", tables: [MonitoredTable("Bridge")], timeout: .seconds(30),
            tls: files)
          return snapshot.isCurrent ? "fine" : "old"
        } catch { return error.description }
      }
      #expect(read(client.key, client.certificate, authority, connection) == "fine")
      let wrongAuthority = read(client.key, client.certificate, "\(lab.directory)/other.pem", connection)
      #expect(
        wrongAuthority
          == "no TLS connection to \(connection): the server's certificate is not signed by the CA in "
          + "\(lab.directory)/other.pem, or has expired")
      let wrongCertificate = read(stranger.key, stranger.certificate, authority, connection)
      #expect(
        wrongCertificate.contains("does not accept our certificate \(stranger.certificate)"), "\(wrongCertificate)")
      let missing = read("/nowhere.key", client.certificate, authority, connection)
      #expect(missing.contains("cannot read the private key /nowhere.key: No such file or directory"), "\(missing)")
      let noKey = read(client.certificate, client.certificate, authority, connection)
      #expect(noKey.contains("\(client.certificate) holds no private key in PEM"), "\(noKey)")
      let mismatch = read(stranger.key, client.certificate, authority, connection)
      #expect(mismatch.contains("do not go together"), "\(mismatch)")
      try database.appctl("ovsdb-server/add-remote", "ptcp:0:127.0.0.1")
      let plain = "ssl:127.0.0.1:\(try database.port())"
      let noTLS = read(client.key, client.certificate, authority, plain)
      #expect(noTLS.contains("no TLS connection to \(plain)") && noTLS.contains("speak TLS"), "\(noTLS)")
      #expect(throws: OVSDBError.self) { try OVSDBConfiguration("ssl:127.0.0.1:1", database: "x") }
    }
  }
}
