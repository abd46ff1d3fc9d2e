import FoundationEssentials

/// What an exec plugin is told and what it says (client-authentication(v1), `ExecCredential`).
package struct ExecCredential: Hashable, Sendable {
  static let apiVersions = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"]

  package var token: String?
  package var certificate: String?
  package var privateKey: String?
  /// Seconds since 1970; nil: good until the server refuses it, or the program ends.
  package var expires: Double?

  private struct Written: Decodable {
    struct Status: Decodable {
      var token: String?
      var clientCertificateData: String?
      var clientKeyData: String?
      var expirationTimestamp: String?
    }
    var apiVersion: String?
    var kind: String?
    var status: Status?
  }

  /// - Parameter output: the plugin's standard output.
  package init(_ output: String, of plugin: ExecPlugin) throws(KubernetesError) {
    func wrong(_ reason: String) -> KubernetesError {
      .credentials(reason: "what \(plugin.command) wrote is no ExecCredential: \(reason)")
    }
    let written: Written
    do { written = try JSONDecoder().decode(Written.self, from: Data(output.utf8)) } catch {
      throw wrong(JSONText.reason(error))
    }
    guard written.kind == "ExecCredential" else { throw wrong("kind is not ExecCredential") }
    guard written.apiVersion == plugin.apiVersion else {
      throw wrong("apiVersion is \(written.apiVersion ?? "missing"), the kubeconfig asks for \(plugin.apiVersion)")
    }
    guard let status = written.status else { throw wrong("status is missing") }
    token = status.token
    certificate = status.clientCertificateData
    privateKey = status.clientKeyData
    guard (certificate == nil) == (privateKey == nil) else {
      throw wrong("status has only one of clientCertificateData and clientKeyData")
    }
    guard token != nil || certificate != nil else { throw wrong("status has no token and no certificate") }
    if let text = status.expirationTimestamp, !text.isEmpty {
      guard let date = Self.seconds(text) else { throw wrong("expirationTimestamp is no RFC 3339 time") }
      expires = date
    }
  }

  /// Whether it must be asked for anew; a little early, as clocks differ.
  package func isExpired(at time: Double) -> Bool { expires.map { $0 - 10 <= time } ?? false }

  private static func seconds(_ text: String) -> Double? {
    for style in [Date.ISO8601FormatStyle(), Date.ISO8601FormatStyle(includingFractionalSeconds: true)] {
      if let date = try? style.parse(text) { return date.timeIntervalSince1970 }
    }
    return nil
  }

  /// KUBERNETES_EXEC_INFO.
  package static func info(
    for plugin: ExecPlugin, server: KubernetesServer, serverName: String?, isInsecure: Bool, authority: [UInt8]?
  ) -> String {
    var spec: [String: KubernetesJSON] = ["interactive": false]
    if plugin.providesClusterInfo {
      var cluster: [String: KubernetesJSON] = ["server": .string(server.description)]
      if let serverName { cluster["tls-server-name"] = .string(serverName) }
      if isInsecure { cluster["insecure-skip-tls-verify"] = true }
      if let authority { cluster["certificate-authority-data"] = .string(Data(authority).base64EncodedString()) }
      spec["cluster"] = .object(cluster)
    }
    let info: KubernetesJSON = [
      "apiVersion": .string(plugin.apiVersion), "kind": "ExecCredential", "spec": .object(spec)
    ]
    return (try? JSONText.encode(info, what: "")).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
  }
}
