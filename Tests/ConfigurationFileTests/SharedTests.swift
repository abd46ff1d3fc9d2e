import ConfigurationFile
import Testing

@Suite("What peers have in common") struct SharedTests {
  private static func peers() throws -> [GatewayConfiguration.BFDPeer] {
    let text = """
      version: 1
      bfd:
        dampening: {threshold: 4}
        peers:
          - {name: a, address: 10.9.0.1}
          - {name: b, address: 10.9.0.2}
          - {name: c, address: 10.9.0.3, transmit-interval: 50ms, dampening: false}
          - {name: d, address: 10.9.0.4}
      """
    return try GatewayConfiguration.parse(text: text, file: "gateway.yaml").configuration.bfd.peers
  }

  @Test("A peer that is changed leaves those with the same timers and dampening as they were")
  func staysApart() throws {
    var peers = try Self.peers()
    let before = peers
    peers[0].timers.transmitInterval = .milliseconds(10)
    peers[0].dampening = nil
    #expect(peers[0].timers.transmitInterval == .milliseconds(10))
    #expect(peers[0].timers.receiveInterval == before[0].timers.receiveInterval)
    #expect(peers[0] != before[0])
    #expect(Array(peers[1...]) == Array(before[1...]))
    #expect(peers[1].dampening?.threshold == 4)
  }

  @Test("Each peer has its own, whatever the one before it has")
  func reads() throws {
    let peers = try Self.peers()
    #expect(peers.map(\.timers.transmitInterval) == [300, 300, 50, 300].map { .milliseconds($0) })
    #expect(peers.map { $0.dampening?.threshold } == [4, 4, nil, 4])
  }

  @Test("Peers are equal by what they have, not by where it is kept")
  func equals() throws {
    let (one, other) = (try Self.peers(), try Self.peers())
    #expect(one == other)
    #expect(Set(one + other).count == 4)
  }
}
