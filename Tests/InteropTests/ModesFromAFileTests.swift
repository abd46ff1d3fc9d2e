import Addresses
import Control
import Glibc
import Lab
import Testing

extension Interop {
  /// What `BFD` and `Speaker` can do, asked for in a configuration file, between two of `everway run`.
  @Suite struct ModesFromAFile {
    private static func side(_ own: String, _ peer: String, _ end: String) -> String {
      """
        transmit-interval: 100ms
        receive-interval: 100ms
        detect-multiplier: 5
        profiles:
          - {name: echoing, echo: {transmit-interval: 100ms, receive-interval: 100ms}}
        dampening: {threshold: 2, window: 10m, initial-hold: 10m, maximum-hold: 10m}
        peers:
          - {name: echo, address: 10.1.0.\(peer), interface: w1\(end), profile: echoing}
          - {name: demand, address: 10.2.0.\(peer), interface: w2\(end), demand: {poll-interval: 500ms}}
          - {name: large, address: 10.3.0.\(peer), interface: w3\(end), packet-size: 1400}
          - {name: member, address: 10.4.0.\(peer), local-address: 10.4.0.\(own), interface: w4\(end), lag-member: true}
          - {name: seamless, address: 10.5.0.\(peer), seamless: {discriminator: 10.255.0.\(peer)}}
        reflectors:
          - {discriminator: 10.255.0.\(own), allow: [10.5.0.0/24]}
      """
    }

    private func withPair(
      _ tag: String, _ body: (_ one: Program, _ two: Program, _ place: LabNamespace) throws -> Void
    ) throws {
      Lab.sweep()
      let lab = try Lab.up("i\(getpid())\(tag)")
      defer { lab.down() }
      let (one, two) = (try lab.makeNamespace("one"), try lab.makeNamespace("two"))
      for subnet in 1...5 { try wire(one, two, subnet) }
      for place in [one, two] { try place.sysctl([("ipv4/ip_forward", "1")]) }
      try one.waitUntilRunning((1...5).map { "w\($0)a" })
      let first = try Program(lab, in: one, Self.side("1", "2", "a"))
      let second = try Program(lab, in: two, Self.side("2", "1", "b"))
      try body(first, second, two)
    }

    private static let all: [String: StatusReport.SessionState] = [
      "echo": .up, "demand": .up, "large": .up, "member": .up, "seamless": .up
    ]

    @Test("echo, demand, large packets, a group's member and seamless BFD come up as a file asks for them")
    func everyMode() throws {
      try withPair("modes") { one, two, _ in
        try one.wait(Self.all)
        try two.wait(Self.all)
        var seen: [String: StatusReport.Session] = [:]
        let settled = waitUntil(timeout: .seconds(20), every: .milliseconds(100)) {
          seen = (try? one.sessions()) ?? [:]
          return seen["echo"]?.echo?.roundTrip != nil && seen["demand"]?.demand?.active == true
        }
        #expect(settled, "\(seen)")
        #expect(seen["echo"]?.detectionMode == .asyncWithEcho)
        #expect(seen["demand"]?.detectionMode == .demandWithoutEcho)
        #expect(seen["large"]?.packetSize == 1400)
        #expect(seen["member"]?.pathType == .linkAggregationMember)
        #expect(seen["member"]?.destinationPort == 6784)
        #expect(seen["seamless"]?.pathType == .seamless)
        #expect(seen["seamless"]?.remoteDiscriminator == 0x0aff_0002)
        #expect(seen.values.allSatisfy { $0.downCount == 0 })
      }
    }

    @Test("a session that flaps is held down, and status says until when")
    func dampening() throws {
      try withPair("damp") { one, _, two in
        try one.wait(Self.all)
        for _ in 0..<2 {
          try one.wait(["large": .up])
          try two.ip("link set w3b down")
          try one.wait(["large": .down])
          try two.ip("link set w3b up")
        }
        var held: StatusReport.Session?
        let isHeld = waitUntil(timeout: .seconds(20), every: .milliseconds(100)) {
          held = (try? one.sessions()["large"]) ?? nil
          return held?.dampening?.heldUntil != nil
        }
        #expect(isHeld, "\(held as Any)")
        #expect(held?.sessionState == .down)
        #expect(held?.dampening?.holdCount == 1)
        #expect(held?.localDiagnostic == .init(code: 5))
        #expect(try one.sessions()["echo"]?.sessionState == .up)
      }
    }
  }
}
