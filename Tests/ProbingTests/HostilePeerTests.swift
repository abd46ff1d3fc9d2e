import Addresses
import BFD
import PacketSockets
import Glibc
import Testing

@testable import Probing

@Suite(.serialized, .timeLimit(.minutes(3)), .enabled(if: geteuid() == 0)) struct HostilePeerTests {
  /// What a liar may change in a reply, checksums right.
  enum Lie: CaseIterable, Sendable { case identifier, cookie, slot, token, sender, sequence, longer }

  @Test(arguments: Lie.allCases) func aReplyWithOneFieldWrongIsNoAnswer(lie: Lie) throws {
    let lab = try Lab("lie")
    let peer = try HandmadePeer(lab) { request in
      [
        HandmadePeer.reply(request) { reply in
          switch lie {
          case .identifier: reply[24] ^= 1
          case .cookie: reply[28] ^= 1
          case .slot: reply[35] ^= 1
          case .token: reply[43] ^= 1
          case .sender: reply[15] ^= 1
          case .sequence: reply[27] ^= 1
          case .longer:
            reply += [0, 0]
            reply[3] += 2
          }
        }
      ]
    }
    let probe = try lab.addEcho("10.0.0.2")
    #expect(lab.becomes(.down, probe, peer: peer))
    let view = try #require(lab.view(probe))
    #expect(view.state.counters.answered == 0)
    // The kernel's filter dropped the wrong cookie; the rest was read and refused, or known as a replay.
    #expect(lab.prober.counters.received > 0)
    #expect(lie == .cookie || lab.prober.counters.ignored + view.state.counters.unexpected > 0)
  }

  @Test func duplicatesAreCountedButAnswerOnce() throws {
    let lab = try Lab("twice")
    let peer = try HandmadePeer(lab) { request in Array(repeating: HandmadePeer.reply(request), count: 3) }
    let probe = try lab.addEcho("10.0.0.2")
    #expect(lab.becomes(.up, probe, peer: peer))
    #expect(lab.drive(peer: peer) { (lab.view(probe)?.state.counters.duplicate ?? 0) >= 6 })
    let counters = try #require(lab.view(probe)?.state.counters)
    #expect(counters.answered <= counters.sent)
    #expect(counters.duplicate <= 2 * counters.answered)
  }

  @Test func oldAnswersSentAgainKeepNobodyAlive() throws {
    let lab = try Lab("replay")
    var recorded: [[UInt8]] = []
    var silent = false
    let peer = try HandmadePeer(lab) { request in
      if silent { return recorded }
      let reply = HandmadePeer.reply(request)
      recorded.append(reply)
      return [reply]
    }
    let probe = try lab.addEcho("10.0.0.2")
    #expect(lab.becomes(.up, probe, peer: peer))
    silent = true
    #expect(lab.becomes(.down, probe, peer: peer))
  }

  @Test func anAnswerAfterItsTimeIsLate() throws {
    let lab = try Lab("late")
    var kept: [UInt8]?
    // Each request is answered when the next one comes.
    let peer = try HandmadePeer(lab) { request in
      defer { kept = HandmadePeer.reply(request) }
      return kept.map { [$0] } ?? []
    }
    let probe = try lab.addEcho("10.0.0.2")
    #expect(lab.becomes(.down, probe, peer: peer))
    #expect(lab.drive(peer: peer) { (lab.view(probe)?.state.counters.late ?? 0) >= 2 })
    #expect(lab.view(probe)?.state.counters.answered == 0)
  }

  @Test func aForgedErrorPutsAWordIntoTheReasonAndMakesNoVerdict() throws {
    let lab = try Lab("forged")
    let peer = try HandmadePeer(lab) { request in
      var error: [UInt8] = [0x45, 0, 0, UInt8(28 + request.count), 0, 0, 0, 0, 64, 1, 0, 0]
      error += request[16..<20] + request[12..<16] + [3, 13, 0, 0, 0, 0, 0, 0] + request
      HandmadePeer.seal(&error)
      return [error, HandmadePeer.reply(request)]
    }
    let probe = try lab.addEcho("10.0.0.2")
    #expect(lab.becomes(.up, probe, peer: peer))
    #expect(lab.view(probe)?.trouble == nil)
  }
}
