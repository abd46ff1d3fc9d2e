import Addresses
import BFD
import OpenBFDD
import Testing

@Suite("What OpenBFDD's own programs said")
struct RecordedTests {
  @Test("its bfdd-control's requests are ours, and are understood", arguments: Recorded.requests)
  func requests(words: [String], octets: String) throws {
    let bytes = stride(from: 0, to: octets.count, by: 2).compactMap {
      UInt8(octets.dropFirst($0).prefix(2), radix: 16)
    }
    #expect(WireProtocol.request(words) == bytes)
    var parser = RequestParser()
    #expect(try parser.take(bytes) == .complete(words.filter { !$0.isEmpty }))
  }

  @Test("our answers are its bfdd-beacon's, word for word")
  func answers() {
    var log = LogSettings()
    #expect(Recorded.answers.count > 130)
    for (line, reply) in Recorded.answers {
      let answer: String
      do throws(Rejection) {
        switch try Command(words(line)) {
        case .log(let command): answer = log.apply(command)
        case .setDefault(let setting): answer = setting.announcement
        case .session(let selector, let action):
          answer = action.announcement + (reply.contains("\nNo session ") ? selector.missing : "")
        case .status(.all, let format): answer = StatusText.list([], format)
        case .status(let selector, _): answer = selector.missing
        default: answer = ""
        }
      } catch {
        answer = error.reply
      }
      #expect(answer == reply, "\(line)")
    }
  }

  private static func status(_ id: UInt32, _ local: String) -> SessionStatus {
    var status = SessionStatus(
      id: id, addresses: AddressPair(local: address(local), remote: address("10.9.9.2")), isActive: true)
    status.minTxWhenUp = .milliseconds(300)
    status.minRx = PendingInterval(.milliseconds(300))
    status.transmitInterval = 1_000_000
    return status
  }

  private static func heard() -> SessionStatus {
    var status = status(1, "10.9.9.1")
    status.state = .up
    status.remoteState = .up
    status.localDiscriminator = 1_302_166_807
    status.remoteDiscriminator = 4_008_731_104
    return status
  }

  @Test("its status of a session that is Up is ours")
  func up() {
    var status = Self.heard()
    status.history = [
      StateSpan(.up, duration: .milliseconds(6_439)), StateSpan(.down, duration: .milliseconds(41)),
      StateSpan(.up, duration: .milliseconds(4_801)), StateSpan(.down, duration: .milliseconds(1))
    ]
    status.detectionTime = 3_000_000
    status.minTx = PendingInterval(.milliseconds(300))
    status.remoteMultiplier = 3
    status.remoteMinTx = .slow
    status.remoteMinRx = .slow
    #expect(status.text(StatusFormat(level: 4, isCompact: true)) == Recorded.up)
  }

  @Test("its status of a session that nobody answered is ours")
  func unheard() {
    var status = Self.status(3, "10.77.0.1")
    status.localDiscriminator = 717_063_958
    status.history = [StateSpan(.down, duration: .milliseconds(6_823))]
    #expect(status.text(StatusFormat(level: 4, isCompact: true)) == Recorded.unheard)
  }

  @Test("its status of a session that is held, or suspended, is ours")
  func flags() {
    var status = Self.heard()
    status.isSuspended = true
    #expect(status.text(StatusFormat(level: 2, isCompact: true)) == Recorded.suspended)
    status.isSuspended = false
    status.isForced = true
    status.state = .adminDown
    status.diagnostic = .administrativelyDown
    status.remoteState = .down
    status.remoteDiagnostic = .neighborSignaledSessionDown
    #expect(status.text(StatusFormat(level: 2, isCompact: true)) == Recorded.held)
  }
}
