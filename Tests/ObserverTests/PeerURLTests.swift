import Testing

@testable import Observer

@Suite("Addresses of other observers") struct PeerURLTests {
  @Test(
    arguments: [
      ("https://10.0.0.2:9479", "https://10.0.0.2:9479"), ("https://[fd00::2]:9480/", "https://[fd00::2]:9480"),
      ("https://Everway-Nodes.kube-system:9480", "https://everway-nodes.kube-system:9480"),
      ("http://127.0.0.1:1", "http://127.0.0.1:1"), ("http://[::1]:1", "http://[::1]:1")
    ])
  func good(_ text: String, _ url: String) throws {
    let peer = try PeerURL(text)
    #expect(peer.url(peer.host) == url)
  }

  @Test(
    arguments: [
      "", "10.0.0.2:9479", "https://10.0.0.2", "https://10.0.0.2:0", "https://10.0.0.2:9479/metrics",
      "http://10.0.0.2:1",
      "https://user@host:1", "https://:1", "https://a b:1", "https://host:1?x=1", "file:///etc/passwd",
      "http://127.0.0.1.evil.example:1", "https://-a:1", "https://\(String(repeating: "a", count: 300)):1"
    ])
  func bad(_ text: String) { #expect(throws: ObserverError.self) { try PeerURL(text) } }

  @Test func aLiteralAddressIsItself() throws {
    #expect(try PeerURL("https://10.0.0.2:1").addresses() == ["10.0.0.2"])
  }
}
