import BFD
import Control
import Glibc
import Speaker
import Testing

@testable import Gateway
@testable import Lab

extension AgentTests {
  @Suite("Keys") struct Keys {
    private static let old = "swordfish"
    private static let new = "blue marlin"

    /// A file with two authenticated peers.
    private func file(_ keys: [String]) -> AgentFile {
      var file = AgentFile()
      file.bfd = ["key-chains: [{name: fabric, keys: [\(keys.map { "{\($0)}" }.joined(separator: ", "))]}]"]
      for name in ["r1", "r2"] { file.peers[name]? += ", authentication: {key-chain: fabric}" }
      return file
    }

    private func put(_ text: String, _ path: String, mode: mode_t) throws {
      let file = try #require(fopen(path, "we"))
      fputs(text, file)
      fclose(file)
      chmod(path, mode)
    }

    @Test(
      "A key that others may read keeps its sessions silent until it is right; a reload changes keys under them")
    func life() throws {
      let stage = try Stage("keys")
      let keys = try KeyChain([
        AuthenticationKey(id: 7, type: .meticulousKeyedSHA1, secret: Array(Self.old.utf8)),
        AuthenticationKey(
          id: 8, type: .keyedMD5, secret: Array(Self.new.utf8), send: Lifetime(start: 1, end: 2))
      ])
      for router in stage.routers {
        router.perform { speaker in
          speaker.setKeyChain(0, keys, at: MonotonicClock.now())
          var rules = speaker.rules
          for index in rules.indices { rules[index].keyChain = 0 }
          speaker.setRules(rules)
        }
      }
      let (first, second) = ("\(stage.directory)/key7", "\(stage.directory)/key8")
      try put("\(Self.old)\n", first, mode: 0o644)
      try put("\(Self.new)\n", second, mode: 0o600)
      let seven = "id: 7, type: meticulous-keyed-sha1, key-file: \(first)"
      try stage.start(file([seven]))
      try stage.until("the key is refused, and said to be") { status in
        status.problems.contains { $0.what.contains("others than its owner") && $0.help == "chmod 600 \(first)" }
          && status.sessions.count == 2
          && status.sessions.allSatisfy { $0.authentication?.type == nil && $0.sendPacketCount == 0 }
          && status.sessions.contains { $0.authentication?.withheldPacketCount ?? 0 > 0 }
      }
      chmod(first, 0o600)
      try stage.untilReady()
      for session in try stage.status().sessions {
        #expect(session.authentication?.keyChain == "fabric")
        #expect(session.authentication?.type == "meticulous-keyed-sha1")
        #expect(session.authentication?.keyId == 7)
      }

      // A second key, sent with at once: nobody flaps.
      let eight = "id: 8, type: keyed-md5, key-file: \(second)"
      guard case .reload(let outcome) = try stage.reload(file([seven, eight])) else {
        Issue.record("refused")
        return
      }
      #expect(outcome.changes.contains("key chain fabric changed"))
      try stage.until("the new key is in use") { status in
        status.sessions.allSatisfy {
          $0.authentication?.keyId == 8 && $0.authentication?.acceptedKeyIds == [7, 8]
            && $0.lastPacketAge.map { $0 < 1_000_000 } == true
        }
      }
      for session in try stage.status().sessions {
        #expect(session.downCount == 0 && session.sessionState == .up)
      }

      // A file that is not as it must be: everything stays as it is.
      chmod(second, 0o640)
      guard case .failure(let failure) = try stage.reload(file([seven, eight])) else {
        Issue.record("a key that others may read was taken")
        return
      }
      #expect(failure.details.contains { $0.contains(second) && $0.contains("0640") })
      #expect(failure.help == "chmod 600 \(second)")
      #expect(try stage.status().sessions.allSatisfy { $0.sessionState == .up && $0.downCount == 0 })

      let said = try Files.read("\(stage.directory)/agent.log")
      #expect(!said.contains(Self.old) && !said.contains(Self.new))
    }
  }
}
