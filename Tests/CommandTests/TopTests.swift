import Control
import Observation
import Testing

@testable import everway

@Suite struct TopTests {
  private static let start = Timestamp(microseconds: 1_763_830_804_000_000)

  private static func session(
    _ name: String, _ id: UInt32, _ state: StatusReport.SessionState = .up
  ) -> StatusReport.Session {
    StatusReport.Session(
      name: name, peerAddress: "192.0.2.\(id)", interface: "net1", role: .active, localDiscriminator: id,
      remoteDiscriminator: 9, sessionState: state, remoteSessionState: .up, localDiagnostic: .none,
      remoteDiagnostic: .none, localMultiplier: 3, desiredMinTxInterval: 50_000, requiredMinRxInterval: 50_000,
      negotiatedTransmissionInterval: 50_000, detectionTime: state == .up ? 150_000 : nil,
      lastStateChangeTime: start,
      secondsInState: 1)
  }

  /// Three sessions: calm, close to a false alarm, down.
  private static var gateway: ObservedGateway {
    var report = Gateways.empty()
    report.startedAt = start
    report.generatedAt = start
    report.sessions = [session("calm", 1), session("close", 2), session("gone", 3, .down)]
    report.paths = [
      .init(name: "east", via: "192.0.2.1", interface: "net1", weight: 1, state: .up, reason: "", secondsInState: 1)
    ]
    var gateway = ObservedGateway()
    gateway.apply(.status(report))
    for _ in 0..<3 {
      gateway.apply(
        .samples(
          Samples(
            at: Timestamp(microseconds: start.microseconds + 61_000_000), speaker: SpeakerSample(),
            sessions: [
              SessionSample(session: 1, worstGap: 50_000), SessionSample(session: 2, worstGap: 140_000),
              SessionSample(session: 3)
            ])))
    }
    gateway.apply(.event(Event(sequence: 1, at: start, level: .warning, kind: .session, "BFD gone: Up -> Down")))
    return gateway
  }

  private func frame(_ state: TopState = TopState(), columns: Int = 100, rows: Int = 20) -> [String] {
    TopView(
      gateway: Self.gateway, state: state, columns: columns, rows: rows, color: false, isUnicode: true
    ).frame()
  }

  private func pressed(_ keys: Key...) -> TopState {
    var state = TopState()
    for key in keys { state.take(key, Self.gateway) }
    return state
  }

  // MARK: Frames

  @Test func whatNeedsAPersonComesFirst() throws {
    let lines = frame()
    let rows = try ["gone", "close", "calm"].map { name in
      try #require(lines.firstIndex { $0.dropFirst(2).hasPrefix(name) })
    }
    #expect(rows == rows.sorted())
  }

  @Test func aRowSaysStateMarginAndGaps() throws {
    let line = try #require(frame().first { $0.dropFirst(2).hasPrefix("close") })
    #expect(line.contains("Up") && line.contains("1m01s") && line.contains("6.7%") && line.contains("███"))
  }

  @Test(arguments: [(40, 8), (57, 9), (80, 24), (200, 60), (41, 100)])
  func fitsEveryTerminal(_ columns: Int, _ rows: Int) {
    for state in [TopState(), pressed(.enter), pressed(.tab, .enter), pressed(.character("?"))] {
      let lines = frame(state, columns: columns, rows: rows)
      #expect(lines.count == rows)
      #expect(lines.allSatisfy { Styled($0).width <= columns }, "\(columns) x \(rows)")
      #expect(lines.last?.contains("q") == true, "the keys are at the bottom")
    }
  }

  @Test func aTerminalThatIsTooSmallIsTold() {
    #expect(frame(columns: 39, rows: 20)[0].contains("larger"))
  }

  @Test func nothingFromTheOtherSideSteersTheTerminal() {
    var gateway = ObservedGateway()
    var report = Gateways.empty()
    report.sessions = [Self.session("evil\u{1b}[2J", 1)]
    gateway.apply(.status(report))
    let view = TopView(
      gateway: gateway, state: TopState(), columns: 100, rows: 20, color: false, isUnicode: true)
    #expect(view.frame().allSatisfy { !$0.contains("\u{1b}") })
  }

  // MARK: Keys

  @Test func theChosenSessionStaysChosenWhenTheOrderChanges() {
    var state = pressed(.down)
    #expect(state.session == 2)
    state.take(.character("s"), Self.gateway)  // by name
    #expect(state.sort == .name)
    #expect(state.session == 2)
    state.take(.up, Self.gateway)
    #expect(state.session == 1)
  }

  @Test func aFilterIsTypedKeptAndCleared() {
    var state = pressed(.character("/"), .character("g"), .character("o"), .character("q"), .backspace)
    #expect(state.isTyping && state.filter == "go" && !state.wantsEnd)
    state.take(.enter, Self.gateway)
    #expect(!state.isTyping)
    #expect(state.sessions(of: Self.gateway).map(\.name) == ["gone"])
    state.take(.escape, Self.gateway)
    #expect(state.filter.isEmpty)
  }

  @Test func aListEndsAtItsEnds() {
    #expect(pressed(.up).session == 3)
    #expect(pressed(.end, .down).session == 1)
    #expect(pressed(.pageDown, .pageDown, .home).session == 3)
  }

  @Test(arguments: [
    ("q", [Key.character("q")]), ("\u{1b}[A\u{1b}OB", [.up, .down]), ("\u{1b}[5~\u{1b}[6~", [.pageUp, .pageDown]),
    ("\u{1b}[1;5C", [.right]), ("\r\t\u{7f}\u{3}", [.enter, .tab, .backspace, .control("c")]),
    ("ä中", [.character("ä"), .character("中")])
  ]) func keysAreWhatTheTerminalSends(_ text: String, _ keys: [Key]) {
    let octets = Array(text.utf8)
    for size in 1...octets.count {
      var parser = KeyParser()
      var found: [Key] = []
      for start in stride(from: 0, to: octets.count, by: size) {
        found += parser.take(Array(octets[start..<min(start + size, octets.count)]))
      }
      #expect(found == keys, "in pieces of \(size)")
    }
  }

  @Test func anEscapeAloneIsAKeyOnceNothingFollows() {
    var parser = KeyParser()
    #expect(parser.take([0x1b]).isEmpty && parser.isWaiting)
    #expect(parser.timeOut() == [.escape])
    #expect(!parser.isWaiting)
  }

  @Test func hostileOctetsAreNoKeysAndDoNotPileUp() {
    var parser = KeyParser()
    _ = parser.take([0x1b, UInt8(ascii: "[")] + [UInt8](repeating: UInt8(ascii: "1"), count: 1_000))
    #expect(parser.take([0xff, 0xc0, 0x00]).count <= 1_000)
    _ = parser.timeOut()
    #expect(parser.take([UInt8(ascii: "q")]) == [.character("q")])
  }

  // MARK: Drawing

  @Test func barsAreAsHighAsTheirShareOfTheLimit() {
    let spark = SparkLine(isUnicode: true)
    let text = spark.pieces([0, 1, 50, 99, 100, 900], limit: 100, width: 8).map(\.text).joined()
    #expect(text == "   ▁▅███")
    #expect(SparkLine.style(95, 100) == .bad && SparkLine.style(75, 100) == .warning)
  }

  @Test func onlyWhatDiffersIsWritten() {
    #expect(RawTerminal.difference(from: ["a", "b"], to: ["a", "b"]).isEmpty)
    let text = RawTerminal.difference(from: ["a", "b"], to: ["a", "c"])
    #expect(text == "\u{1b}[2;1H\u{1b}[Kc")
  }
}
