import FoundationEssentials
public import KubernetesProtocol

extension KubernetesConfiguration {
  /// Finds the way to the API server: the kubeconfig that is named; else those in KUBECONFIG, separated by colons; else the
  /// service account of the pod that this is; else ~/.kube/config.
  /// - Parameters:
  ///   - kubeconfig: a path.
  ///   - context: nil for the current one; only for kubeconfigs.
  ///   - environment: nil for this process's.
  public static func load(
    kubeconfig: String? = nil, context: String? = nil, environment: [String: String]? = nil,
    serviceAccount: String = serviceAccountDirectory
  ) throws(KubernetesError) -> Self {
    let environment = environment ?? ProcessInfo.processInfo.environment
    do throws(KubernetesConfigurationProblem) {
      if let kubeconfig { return try merged([kubeconfig], mayBeAbsent: false).configuration(context: context) }
      let list = (environment["KUBECONFIG"] ?? "").split(separator: ":").map(String.init)
      if !list.isEmpty { return try merged(list, mayBeAbsent: true).configuration(context: context) }
      if context == nil, FileText.exists("\(serviceAccount)/token"), environment["KUBERNETES_SERVICE_HOST"] != nil {
        return try pod(environment: environment, serviceAccount: serviceAccount)
      }
      let home = environment["HOME"].map { "\($0)/.kube/config" }
      if let home, FileText.exists(home) {
        return try merged([home], mayBeAbsent: false).configuration(context: context)
      }
      throw KubernetesConfigurationProblem(
        message:
          "there is no way to a Kubernetes API: KUBECONFIG is not set, this is no pod with a service account, "
          + "and there is no \(home ?? "~/.kube/config")",
        help: "name a kubeconfig")
    } catch {
      throw .configuration(error)
    }
  }

  private static func pod(
    environment: [String: String], serviceAccount: String
  ) throws(KubernetesConfigurationProblem) -> Self {
    let octets = try? FileText.read("\(serviceAccount)/namespace")
    let namespace = octets.map { String(decoding: $0, as: UTF8.self).filter { !$0.isWhitespace } }
    return try pod(environment: environment, directory: serviceAccount, namespace: namespace)
  }

  /// - Parameter mayBeAbsent: of a list, those that are not there are left out, as kubectl does.
  private static func merged(
    _ paths: [String], mayBeAbsent: Bool
  ) throws(KubernetesConfigurationProblem) -> Kubeconfig {
    var result: Kubeconfig?
    for path in paths {
      let octets: [UInt8]
      do throws(FileProblem) { octets = try FileText.read(path) } catch {
        if error.isAbsent, mayBeAbsent { continue }
        throw KubernetesConfigurationProblem(file: path, message: "cannot be read: \(error.reason)")
      }
      let read = try Kubeconfig(parsing: octets, file: path)
      if result == nil { result = read } else { result?.merge(read) }
    }
    guard let result else {
      throw KubernetesConfigurationProblem(
        file: paths.joined(separator: ":"), message: "none of the files in KUBECONFIG is there")
    }
    return result
  }
}
