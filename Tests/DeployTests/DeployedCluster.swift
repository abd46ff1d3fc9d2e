import Glibc
import Lab
import Processes
import Testing

/// A real API server, and the manifests of deploy/kubernetes as kubectl applies them.
struct DeployedCluster {
  static let folders = "\(repository)/deploy/kubernetes"
  /// Base and overlays: all that there are.
  static let manifests: [String] = {
    var found = glob_t()
    defer { globfree(&found) }
    guard glob("\(folders)/*/kustomization.yaml", 0, nil, &found) == 0,
      glob("\(folders)/overlays/*/kustomization.yaml", GLOB_APPEND, nil, &found) == 0
    else { return [] }
    return (0..<Int(found.gl_pathc)).compactMap { found.gl_pathv[$0].map { String(cString: $0) } }
      .map { String($0.dropFirst(folders.count + 1).dropLast("/kustomization.yaml".count)) }
  }()

  /// Said once, where it is not possible: then the suite is skipped, and counted as skipped.
  static let isPossible: Bool = {
    var obstacle = KubernetesAPI.obstacle
    do throws(ProgramError) { _ = try Command("kubectl").resolved() } catch { obstacle = obstacle ?? error.message }
    guard let obstacle else { return true }
    print("tests of the manifests with a real kube-apiserver are skipped: \(obstacle)")
    return false
  }()

  private static let repository = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }

  let api: KubernetesAPI
  private let kubeconfig: String

  /// Runs `body` with a cluster of its own, gone at the end however it ends.
  static func with(_ tag: String, flags: [String] = [], _ body: (DeployedCluster) throws -> Void) throws {
    Lab.sweep()
    let lab = try Lab.up("d\(getpid())\(tag)")
    defer { lab.down() }
    let api = try KubernetesAPI(lab: lab, flags: flags)
    try api.start()
    try api.installKubeOVN()
    let kubeconfig = "\(api.directory)/kubeconfig"
    try api.writeKubeconfig(kubeconfig)
    try body(DeployedCluster(api: api, kubeconfig: kubeconfig))
  }

  func kubectl(_ arguments: String..., input: String = "") throws -> CommandResult {
    try Command("kubectl", ["--kubeconfig", kubeconfig, "--cache-dir", "\(api.directory)/kubectl"] + arguments)
      .capture(in: nil, input: input, timeout: .seconds(60))
  }

  /// What `kubectl apply -k` would apply.
  func render(_ manifest: String) throws -> String {
    let folder = "\(api.directory)/manifests"
    try Command("rm", ["-rf", folder]).run()
    try Command("cp", ["-r", Self.folders, folder]).run()
    // Debian 12 has kubectl 1.20, whose kustomize (2.0.3) calls folders among `resources` `bases`. Kube-OVN 1.12 and newer need
    // a Kubernetes whose kubectl does not.
    if try Command("kubectl", ["version", "--client"]).run().contains("v1.20.") {
      let script = """
        cd "$0"; for file in overlays/*/kustomization.yaml; do
          grep -q '^  - [.]./[.]./base$' $file || continue
          sed -i '/^  - [.]./d' $file; echo 'bases: [../../base]' >>$file; done
        """
      try Command("sh", ["-c", script, folder]).run()
    }
    let text = try Command("kubectl", ["kustomize", "\(folder)/\(manifest)"]).run()
    // The API server that Debian has is 1.20, which knows PodDisruptionBudget as policy/v1beta1 only. Its fields are the same in
    // policy/v1, which is there since 1.21 and alone since 1.25.
    return text.replacing(
      "apiVersion: policy/v1\nkind: PodDisruptionBudget",
      with: "apiVersion: policy/v1beta1\nkind: PodDisruptionBudget")
  }

  /// Server-side, and refused for any field that the server's schemas do not know.
  func apply(_ text: String) throws -> CommandResult {
    try kubectl("apply", "--server-side", "--validate=true", "--filename", "-", input: text)
  }
}
