import BFD
import OpenBFDD
import Testing

/// Layouts: OpenBFDD 0.5.4 (e35f43a), CommandProcessor.cpp, printStatusInfo.
@Suite("What status prints")
struct StatusTests {
  static let up: SessionStatus = {
    var status = SessionStatus(id: 1, addresses: pair, isActive: false)
    status.state = .up
    status.remoteState = .up
    status.localDiscriminator = 305_419_896
    status.remoteDiscriminator = 7
    status.history = [
      StateSpan(.up, duration: .milliseconds(62_345)), StateSpan(.down, duration: .milliseconds(1_002)),
      StateSpan(.adminDown, duration: .seconds(3_725))
    ]
    status.transmitInterval = 300_000
    status.detectionTime = 3_000_000
    status.minTx = PendingInterval(.milliseconds(100))
    status.minTxWhenUp = .milliseconds(100)
    status.minRx = PendingInterval(.milliseconds(100))
    status.remoteMultiplier = 3
    status.remoteMinTx = .slow
    status.remoteMinRx = .milliseconds(300)
    return status
  }()

  static let down: SessionStatus = {
    var status = SessionStatus(id: 12, addresses: pair, isActive: true)
    status.diagnostic = .controlDetectionTimeExpired
    status.remoteState = .adminDown
    status.remoteDiagnostic = .administrativelyDown
    return status
  }()

  @Test("without sessions there is one line")
  func none() {
    #expect(StatusText.list([], StatusFormat(isCompact: true)) == "There are 0 sessions:\n")
  }

  @Test("the list that status alone prints")
  func list() {
    #expect(
      StatusText.list([Self.up, Self.down], StatusFormat(isCompact: true)) == """
        There are 2 sessions:
        Session 1
         id=1 local=10.1.0.2 (p) remote=10.1.0.1 state=Up\u{20}
        Session 12
         id=12 local=10.1.0.2 (a) remote=10.1.0.1 state=Down\u{20}

        """)
  }

  @Test("a list that is not compact has a line for each field, and a blank one between sessions")
  func tallList() {
    #expect(
      StatusText.list([Self.up, Self.down], StatusFormat()) == """
        There are 2 sessions:
        Session 1
         id=1\u{20}
         local=10.1.0.2 (p)\u{20}
         remote=10.1.0.1\u{20}
         state=Up\u{20}

        Session 12
         id=12\u{20}
         local=10.1.0.2 (a)\u{20}
         remote=10.1.0.1\u{20}
         state=Down\u{20}

        """)
  }

  @Test("flags stand behind the state")
  func flags() {
    var status = Self.up
    status.isSuspended = true
    #expect(status.text(StatusFormat(isCompact: true)).hasSuffix("state=Up <Suspended>\n"))
    status.isForced = true
    status.state = .down
    #expect(status.text(StatusFormat(isCompact: true)).hasSuffix("state=Down<Forced> <Suspended>\n"))
    #expect(
      status.text(StatusFormat(level: 2, isCompact: true))
        .contains(" LocalState=Down<Forced: Suspended: No Diagnostic> RemoteState=Up<No Diagnostic> "))
  }

  @Test(
    "each level on one line",
    arguments: [
      (0, " id=1 local=10.1.0.2 remote=10.1.0.1 state=Up\n"),
      (-3, " id=1 local=10.1.0.2 remote=10.1.0.1 state=Up\n"),
      (1, " id=1 local=10.1.0.2 (p) remote=10.1.0.1 state=Up \n"),
      (
        2,
        " id=1 local=10.1.0.2 (passive) remote=10.1.0.1 LocalState=Up<No Diagnostic> "
          + "RemoteState=Up<No Diagnostic> LocalId=305419896 RemoteId=7 \n"
      ),
      (
        3,
        " id=1 local=10.1.0.2 (passive) remote=10.1.0.1 LocalState=Up<No Diagnostic> "
          + "RemoteState=Up<No Diagnostic> LocalId=305419896 RemoteId=7 Time=Up(00:01:02.345)  "
          + "CurrentTxInterval=300,000 us CurrentRxTimeout=3,000,000 us \n"
      ),
      (
        4,
        " id=1 local=10.1.0.2 (passive) remote=10.1.0.1 LocalState=Up<No Diagnostic> "
          + "RemoteState=Up<No Diagnostic> LocalId=305419896 RemoteId=7 "
          + "Time=Up(00:01:02.345) Down(00:00:01.002) AdminDown(01:02:05.000)  "
          + "CurrentTxInterval=300,000 us CurrentRxTimeout=3,000,000 us LocalDetectMulti=3 "
          + "LocalDesiredMinTx=100,000 us LocalRequiredMinRx=100,000 us RemoteDetectMulti=3 "
          + "RemoteDesiredMinTx=1,000,000 us RemoteRequiredMinRx=300,000 us \n"
      )
    ])
  func levels(level: Int, text: String) {
    #expect(Self.up.text(StatusFormat(level: level, isCompact: true)) == text)
  }

  @Test("above level 4 there is nothing more")
  func highest() {
    #expect(Self.up.text(StatusFormat(level: .max)) == Self.up.text(StatusFormat(level: 4)))
  }

  @Test("brief has codes for words, and numbers as they are")
  func brief() {
    #expect(
      Self.down.text(StatusFormat(level: 4, isBrief: true, isCompact: true))
        == " id=12 local=10.1.0.2 (a) remote=10.1.0.1 LocalState=Down<1> RemoteState=AdminDown<7> LocalId=0 "
        + "RemoteId=0 Time= CurrentTxInterval=0 us CurrentRxTimeout=0 us LocalDetectMulti=3 "
        + "LocalDesiredMinTx=1000000 us LocalRequiredMinRx=1000000 us RemoteDetectMulti=0 "
        + "RemoteDesiredMinTx=0 us RemoteRequiredMinRx=1 us \n")
  }

  @Test("what waits for the peer's answer, and what waits for Up, is said")
  func pending() {
    var status = Self.down
    status.minTx = PendingInterval(.slow, told: .milliseconds(2_000))
    status.minTxWhenUp = .milliseconds(50)
    status.minRx = PendingInterval(.milliseconds(300), told: .milliseconds(100))
    let text = status.text(StatusFormat(level: 4))
    #expect(text.contains("\n LocalDesiredMinTx=1,000,000 us (pending 2,000,000 us) (def 50,000 us) \n"))
    #expect(text.contains("\n LocalRequiredMinRx=300,000 us (pending 100,000 us) \n"))
  }
}
