import Dispatch
import Glibc
import Kubernetes
import KubernetesProtocol
import Lab
import Testing

@Suite(.enabled(if: TestAPI.isPossible), .timeLimit(.minutes(5))) struct ARealAPIServer {
  private func failure(_ body: () async throws -> Void) async throws -> KubernetesError {
    try #require(await #expect(throws: KubernetesError.self) { try await body() })
  }

  @Test("Objects are made, read, changed, patched and removed; refusals are told apart")
  func requests() async throws {
    try await TestAPI.with("req") { api in
      try api.installKubeOVN()
      let client = try api.client()
      #expect(try await client.perform(.version).gitVersion == "v1.20.2")

      let made: Eip = try await client.perform(.create(Eip("a"), .ovnEips))
      #expect(made.metadata.resourceVersion != nil)
      guard
        case .alreadyExists = try await failure({
          let _: Eip = try await client.perform(.create(Eip("a"), .ovnEips))
        })
      else { throw KubernetesError.closed }
      let ready: Eip = try await client.perform(
        .patch(["status": ["ready": true]] as KubernetesJSON, .ovnEips, ObjectKey("a"), subresource: .status))
      #expect(ready.status?.ready == true)
      let labelled = try await client.perform(.label(["x/y": "1", "z": nil], .ovnEips, ObjectKey("a")))
      #expect(labelled.metadata.labels == ["x/y": "1"])
      // `made` is older than the label.
      guard
        case .conflict(let refusal) = try await failure({
          let _: Eip = try await client.perform(.update(made, .ovnEips, ObjectKey("a")))
        })
      else { throw KubernetesError.closed }
      #expect(refusal.message.contains("object has been modified"))

      var lease = Lease(
        name: "l", namespace: "default", spec: .init(holderIdentity: "n1", leaseDurationSeconds: 15))
      lease = try await client.perform(.create(lease, .leases, namespace: "default"))
      lease.spec.renewTime = "2026-11-23T03:28:04.000000Z"
      let key = ObjectKey("l", namespace: "default")
      let renewed: Lease = try await client.perform(.update(lease, .leases, key))
      #expect(renewed.spec.renewTime == "2026-11-23T03:28:04.000000Z")
      guard
        case .conflict = try await failure({ let _: Lease = try await client.perform(.update(lease, .leases, key)) }
        )
      else { throw KubernetesError.closed }

      for index in 0..<7 { let _: Eip = try await client.perform(.create(Eip("p\(index)"), .ovnEips)) }
      let list = try await client.perform(.list(Eip.self, .ovnEips, pageSize: 3))
      #expect(list.items.count == 8)
      try await client.perform(.delete(.ovnEips, ObjectKey("p0")))
      guard
        case .notFound = try await failure({
          _ = try await client.perform(.get(Eip.self, .ovnEips, ObjectKey("p0")))
        })
      else { throw KubernetesError.closed }
      let absent = try await failure { _ = try await client.perform(.list(Eip.self, .kubeOVN("nothings"))) }
      #expect(absent.hint?.contains("not installed") == true)
      await client.close()
      await #expect(throws: KubernetesError.closed) { try await client.perform(.version) }
    }
  }

  @Test("The agent without a role is forbidden, with the verb and the resource; a wrong token is unauthorized")
  func rights() async throws {
    try await TestAPI.with("rbac") { api in
      let agent = try api.client(token: KubernetesAPI.agent)
      guard
        case .forbidden(let refusal) = try await failure({
          _ = try await agent.perform(.list(ObjectHeader.self, .nodes))
        })
      else { throw KubernetesError.closed }
      #expect(refusal.message.contains("User \"agent\" cannot list resource \"nodes\""), "\(refusal)")
      await agent.close()
      let nobody = try api.client(token: "wrong")
      guard
        case .unauthorized = try await failure({ _ = try await nobody.perform(.list(ObjectHeader.self, .nodes)) })
      else { throw KubernetesError.closed }
      await nobody.close()

      // A client certificate, the name of the certificate told, and a kubeconfig that says so.
      let path = "\(api.directory)/kubeconfig"
      func kubeconfig(_ user: String, _ cluster: String = "") -> String {
        """
        apiVersion: v1
        kind: Config
        current-context: lab
        clusters: [{name: lab, cluster: {server: "\(api.url)", certificate-authority: ca.crt\(cluster)}}]
        contexts: [{name: lab, context: {cluster: lab, user: lab}}]
        users: [{name: lab, user: \(user)}]
        """
      }
      func ask() async throws {
        let client = KubernetesClient(try KubernetesConfiguration.load(kubeconfig: path))
        let result: Result<ObjectList<ObjectHeader>, any Error>
        do { result = .success(try await client.perform(.list(ObjectHeader.self, .nodes))) } catch {
          result = .failure(error)
        }
        await client.close()
        _ = try result.get()
      }
      try TestAPI.write(
        kubeconfig("{client-certificate: client.crt, client-key: client.key}", ", tls-server-name: kubernetes"),
        path)
      try await ask()
      try TestAPI.write(
        kubeconfig("{token: \(KubernetesAPI.administrator)}").replacing("ca.crt", with: "client.crt"), path)
      let wrongAuthority = try await failure { try await ask() }
      #expect(wrongAuthority.description.contains("not signed by the authority"), "\(wrongAuthority)")

      // A plugin is run once as long as what it gave is good.
      let count = "\(api.directory)/count"
      try TestAPI.write(
        """
        #!/bin/sh
        echo >>\(count)
        echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"\(KubernetesAPI.administrator)"}}'
        """, "\(api.directory)/plugin", mode: 0o700)
      try TestAPI.write(
        kubeconfig(
          "{exec: {apiVersion: client.authentication.k8s.io/v1, command: ./plugin, interactiveMode: Never}}"), path)
      let client = KubernetesClient(try KubernetesConfiguration.load(kubeconfig: path))
      for _ in 0..<3 { _ = try await client.perform(.list(ObjectHeader.self, .nodes)) }
      await client.close()
      var status = stat()
      #expect(stat(count, &status) == 0 && status.st_size == 1)
      try TestAPI.write(
        kubeconfig("{exec: {apiVersion: client.authentication.k8s.io/v1, command: ./none, installHint: get it}}"),
        path)
      let noPlugin = try await failure { try await ask() }
      #expect(noPlugin.description.contains("get it"), "\(noPlugin)")

      // A token that is renewed in its file.
      let file = "\(api.directory)/token"
      try TestAPI.write("wrong\n", file)
      try TestAPI.write(kubeconfig("{tokenFile: token}"), path)
      let rotating = KubernetesClient(try KubernetesConfiguration.load(kubeconfig: path))
      guard
        case .unauthorized = try await failure({ _ = try await rotating.perform(.list(ObjectHeader.self, .nodes)) })
      else { throw KubernetesError.closed }
      try TestAPI.write("\(KubernetesAPI.administrator)\n", file)
      _ = try await rotating.perform(.list(ObjectHeader.self, .nodes))
      await rotating.close()

      // The same, blocking, on a plain thread.
      let configuration = try api.configuration()
      let version = await withCheckedContinuation { continuation in
        thread { continuation.resume(returning: try? KubernetesClient.read(.version, configuration).gitVersion) }
      }
      #expect(version == "v1.20.2")
    }
  }

  private func thread(_ body: @escaping @Sendable () -> Void) { DispatchQueue.global().async(execute: body) }

  @Test("An IPv6 address, as a pod is given it, and a server that nobody is behind")
  func ipv6() async throws {
    try await TestAPI.with("six", address: "::1") { api in
      let directory = api.directory
      try TestAPI.write(KubernetesAPI.administrator, "\(directory)/token")
      try TestAPI.write("ns\n", "\(directory)/namespace")
      let environment = ["KUBERNETES_SERVICE_HOST": "::1", "KUBERNETES_SERVICE_PORT": "\(api.port)"]
      let configuration = try KubernetesConfiguration.load(environment: environment, serviceAccount: directory)
      #expect(configuration.namespace == "ns")
      let client = KubernetesClient(configuration)
      #expect(try await client.perform(.version).major == "1")
      api.killServer()
      guard case .transport = try await failure({ _ = try await client.perform(.version) }) else {
        throw KubernetesError.closed
      }
      await client.close()
    }
  }
}
