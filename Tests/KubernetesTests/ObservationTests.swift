import Kubernetes
import KubernetesProtocol
import Lab
import Testing

@Suite(.enabled(if: TestAPI.isPossible), .timeLimit(.minutes(5))) struct AnObservation {
  @Test("It tells every change once, over watches that end, a killed server, and versions that are forgotten")
  func observes() async throws {
    try await TestAPI.with("obs") { api in
      try api.installKubeOVN()
      var configuration = try api.configuration()
      configuration.watchSeconds = 2...2  // so that watches end by themselves in this test
      let client = KubernetesClient(configuration)
      let writer = try api.client()
      let told = Told()
      let _: Eip = try await writer.perform(.create(Eip("a"), .ovnEips))
      let observation = client.observe(Eip.self, .ovnEips) { told.take($0) }
      #expect(try await TestAPI.eventually { told.value.states == [.listed] })
      #expect(told.value.changes == ["+a"])

      let _: Eip = try await writer.perform(.create(Eip("b"), .ovnEips))
      let _: Eip = try await writer.perform(
        .patch(["status": ["ready": true]] as KubernetesJSON, .ovnEips, ObjectKey("a"), subresource: .status))
      // Not of the form that is expected: told, and no more.
      try api.create(
        "/apis/kubeovn.io/v1/ovn-eips",
        #"{"apiVersion":"kubeovn.io/v1","kind":"OvnEip","metadata":{"name":"c"},"spec":7}"#)
      try await writer.perform(.delete(.ovnEips, ObjectKey("b")))
      #expect(try await TestAPI.eventually { told.value.changes == ["+a", "+b", "~a", "-b"] }, "\(told.value)")
      #expect(told.value.undecodable.count == 1)
      #expect(told.value.undecodable.first?.hasPrefix("c: spec") == true, "\(told.value.undecodable)")

      // Over some watches of 2 s, nothing is told twice.
      try await Task.sleep(for: .seconds(5))
      let _: Eip = try await writer.perform(.create(Eip("d"), .ovnEips))
      #expect(try await TestAPI.eventually { told.value.changes.count == 5 }, "\(told.value)")

      api.killServer()
      #expect(try await TestAPI.eventually { told.isFailing }, "\(told.value)")
      try api.compact()
      try api.start()
      let _: Eip = try await writer.perform(.create(Eip("e"), .ovnEips))
      try await writer.perform(.delete(.ovnEips, ObjectKey("d")))
      #expect(
        try await TestAPI.eventually { told.value.changes.contains("+e") && told.value.changes.contains("-d") },
        "\(told.value)")
      #expect(try await TestAPI.eventually { told.value.states.last == .listed })
      #expect(told.value.changes.prefix(5) == ["+a", "+b", "~a", "-b", "+d"])
      #expect(told.value.changes.filter { $0 == "+e" }.count == 1)
      #expect(await observation.snapshot()?.keys.map(\.name).sorted() == ["a", "e"])
      observation.cancel()

      var news = client.news(of: Eip.self, .ovnEips, .only(ObjectKey("e"))).makeAsyncIterator()
      guard case .changes(let first)? = await news.next() else { throw KubernetesError.closed }
      #expect(first.map(\.key.name) == ["e"])
      await client.close()
      await writer.close()
    }
  }

  @Test("With etcd stopped the server still tells from its memory, and a request ends in its time")
  func etcdStopped() async throws {
    try await TestAPI.with("etcd") { api in
      try api.installKubeOVN()
      let client = try api.client()
      let told = Told()
      let _: Eip = try await client.perform(.create(Eip("a"), .ovnEips))
      let warm = client.observe(Eip.self, .ovnEips) { told.take($0) }
      #expect(try await TestAPI.eventually { told.value.states == [.listed] })
      api.stopEtcd()
      defer { api.continueEtcd() }
      let second = Told()
      let other = client.observe(Eip.self, .ovnEips) { second.take($0) }
      #expect(try await TestAPI.eventually { second.value.changes == ["+a"] }, "\(second.value)")
      await #expect(throws: KubernetesError.self) {
        try await client.perform(.get(Eip.self, .ovnEips, ObjectKey("a")), timeout: .seconds(2))
      }
      api.continueEtcd()
      warm.cancel()
      other.cancel()
      await client.close()
    }
  }
}
