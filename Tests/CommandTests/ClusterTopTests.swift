import Control
import Observation
import Testing

@testable import everway

/// `kubectl everway top`: what is known of a cluster, and the frames of it.
@Suite struct ClusterTopTests {
  private static func report(_ name: String) -> StatusReport {
    var report = Gateways.good()
    report.hostName = name
    var ovn = Gateways.session(9)
    ovn.rule = "ovn"
    report.sessions.append(ovn)
    return report
  }

  private static func event(_ sequence: UInt64, _ second: Double, _ text: String) -> ObservationMessage {
    .event(Event(sequence: sequence, at: Gateways.ago(100 - second), kind: .session, text))
  }

  /// Three nodes, heard at 0, of which `change` makes what they are.
  private func cluster(_ change: (String, inout StatusReport) -> Void = { _, _ in }) -> ClusterNodes {
    var nodes = ClusterNodes()
    nodes.set(["gw1", "gw2", "gw3"])
    for node in ["gw1", "gw2", "gw3"] {
      var report = Self.report(node)
      change(node, &report)
      nodes.take([.status(report)], from: node, at: 0)
    }
    return nodes
  }

  private func frame(
    _ nodes: ClusterNodes, _ state: ClusterTopState = ClusterTopState(), now: Int64 = 0, columns: Int = 130,
    rows: Int = 24
  ) -> [String] {
    ClusterTopView(
      nodes: nodes, state: state, now: now,
      layout: TopLayout(columns: columns, rows: rows, color: false, isUnicode: true)
    ).frame()
  }

  private func shares(_ nodes: ClusterNodes, now: Int64 = 0) -> [String] {
    nodes.nodes.map { nodes.share(of: $0, now: now).text }
  }

  private func line(_ name: String, _ lines: [String]) -> String {
    lines.first { $0.dropFirst(2).hasPrefix(name) && !$0.hasPrefix("!") } ?? ""
  }

  // MARK: Shares

  @Test func nodesThatAreUpTowardsOVNShareEqually() {
    #expect(shares(cluster()) == ["1/3", "1/3", "1/3"])
  }

  @Test func aNodeThatOVNHasGivenUpCarriesNothing() {
    let nodes = cluster { node, report in
      if node == "gw2" { report.sessions[3].sessionState = .down }
    }
    #expect(shares(nodes) == ["1/2", "0", "1/2"])
    #expect(line("gw2", frame(nodes)).contains("trouble"))
  }

  @Test func withoutSessionsOfOVNNothingIsSaidOfShares() {
    let nodes = cluster { _, report in report.sessions.removeAll { $0.rule != nil } }
    #expect(shares(nodes) == ["-", "-", "-"])
  }

  @Test func whileANodeIsNotHeardTheOthersSharesAreNotSure() {
    var nodes = cluster()
    nodes.lose("gw3", "no route to host")
    #expect(shares(nodes) == ["1/2?", "1/2?", "?"])
  }

  // MARK: States

  @Test func aNodeThatStopsAnsweringIsStaleWithinThreeSecondsAndComesBack() {
    var nodes = cluster()
    for node in ["gw1", "gw2"] { nodes.take([Self.event(1, 1, "x")], from: node, at: 2_000) }
    #expect(nodes.nodes.map { $0.state(now: 2_500) } == [.heard(.good), .heard(.good), .heard(.good)])
    #expect(nodes.nodes.map { $0.state(now: 2_999) } == [.heard(.good), .heard(.good), .stale(2)])
    let row = line("gw3", frame(nodes, now: 2_999))
    #expect(row.contains("stale") && row.contains("nothing heard for 2 s"))
    nodes.take([Self.event(1, 1, "x")], from: "gw3", at: 3_000)
    #expect(nodes.node("gw3")?.state(now: 3_000) == .heard(.good))
  }

  @Test func aNodeThatCannotBeReachedStandsFirstWithTheReason() {
    var nodes = cluster()
    nodes.lose("gw3", "no route to host")
    let lines = frame(nodes)
    #expect(
      lines.first { $0.dropFirst(2).hasPrefix("gw") && !$0.hasPrefix("!") }.map { $0.dropFirst(2).hasPrefix("gw3") }
        == true)
    #expect(line("gw3", lines).contains("unreachable") && line("gw3", lines).contains("no route to host"))
    nodes.take([.status(Self.report("gw3"))], from: "gw3", at: 5)
    #expect(nodes.node("gw3")?.state(now: 5) == .heard(.good))
  }

  @Test func drainsAndLostUplinksAreTold() {
    let nodes = cluster { node, report in
      if node == "gw1" { report.drain = .init(state: .drained, since: Gateways.ago(1), targets: []) }
      if node == "gw2" { report.uplinks = [.init(lostWhen: "all", lost: true, tell: "admin-down")] }
    }
    let lines = frame(nodes)
    #expect(line("gw1", lines).contains("drained"))
    #expect(line("gw2", lines).contains("uplinks lost"))
    #expect(line("gw3", lines).contains("good"))
    #expect(lines[1].contains("1/3 nodes good") && lines[1].contains("1 drained"))
  }

  @Test func aNodeAtRestIsNoTrouble() {
    let nodes = cluster { node, report in
      guard node == "gw3" else { return }
      report = Gateways.empty()
      report.configuration.atRest = "it has no gateway's label"
      report.namespace.state = .absent
    }
    let lines = frame(nodes)
    #expect(line("gw3", lines).contains("at rest") && lines[1].contains("3/3 nodes good"))
  }

  @Test func aNodeThatIsGoneIsForgottenAndANewOneWaits() {
    var nodes = cluster()
    nodes.set(["gw1", "gw4"])
    #expect(nodes.nodes.map(\.name) == ["gw1", "gw4"])
    #expect(nodes.nodes.map { $0.state(now: 0) } == [.heard(.good), .connecting])
  }

  // MARK: Frames

  @Test func aRowSaysWhatIsUp() {
    var nodes = cluster()
    nodes.take(
      [
        .samples(
          Samples(
            at: Gateways.now, speaker: SpeakerSample(),
            sessions: [SessionSample(session: 0xbeef_0001, worstGap: 1_350_000)]))
      ], from: "gw2", at: 0)
    let row = line("gw2", frame(nodes))
    for part in ["4/4", "10%", "3/3", "1/1", "1/3"] { #expect(row.contains(part), "\(part) in \(row)") }
  }

  @Test func eventsOfAllNodesStandInTheirOrder() {
    var nodes = cluster()
    nodes.take([Self.event(1, 1, "first"), Self.event(2, 3, "third")], from: "gw2", at: 0)
    nodes.take([Self.event(1, 2, "second")], from: "gw1", at: 0)
    #expect(nodes.events(last: 10).map(\.event.text) == ["first", "second", "third"])
    #expect(nodes.events(last: 2).map(\.node) == ["gw1", "gw2"])
    let lines = frame(nodes)
    let begin = lines.firstIndex { $0.hasPrefix("EVENTS") } ?? 0
    #expect(lines[begin + 1].hasSuffix("gw2 third"))
    #expect(lines[begin + 2].hasSuffix("gw1 second"))
  }

  @Test(arguments: [(40, 8), (57, 9), (80, 24), (200, 60), (41, 100)])
  func fitsEveryTerminal(_ columns: Int, _ rows: Int) {
    var nodes = cluster()
    nodes.take([Self.event(1, 1, String(repeating: "long ", count: 50))], from: "gw2", at: 0)
    nodes.lose("gw3", String(repeating: "why ", count: 50))
    for state in [ClusterTopState(), pressed(nodes, .enter), pressed(nodes, .character("?"))] {
      let lines = frame(nodes, state, columns: columns, rows: rows)
      #expect(lines.count == rows)
      #expect(lines.allSatisfy { Styled($0).width <= columns }, "\(columns) x \(rows)")
      #expect(lines.last?.contains("q") == true, "the keys are at the bottom")
    }
  }

  @Test func nothingFromTheOtherSideSteersTheTerminal() {
    var nodes = cluster()
    nodes.take([Self.event(1, 1, "evil\u{1b}[2J")], from: "gw2", at: 0)
    nodes.lose("gw3", "evil\u{1b}[2J")
    #expect(frame(nodes).allSatisfy { !$0.contains("\u{1b}") })
  }

  // MARK: Keys

  private func pressed(_ nodes: ClusterNodes, _ keys: Key...) -> ClusterTopState {
    var state = ClusterTopState()
    for key in keys { state.take(key, nodes, now: 0) }
    return state
  }

  @Test func enterOpensANodeAndEscapeLeadsBack() {
    let nodes = cluster()
    var state = pressed(nodes, .down, .enter)
    #expect(state.opened == "gw2")
    #expect(frame(nodes, state)[0].contains("on gw2"))
    #expect(frame(nodes, state).last?.contains("Esc nodes") == true)
    // What is open there is closed first.
    for key in [Key.enter, .escape, .character("/"), .character("q"), .enter, .escape] {
      state.take(key, nodes, now: 0)
      #expect(state.opened == "gw2" && !state.wantsEnd)
    }
    state.take(.escape, nodes, now: 0)
    #expect(state.opened == nil)
    #expect(state.node == "gw2")
  }

  @Test func quitEndsFromEverywhere() {
    let nodes = cluster()
    #expect(pressed(nodes, .character("q")).wantsEnd)
    #expect(pressed(nodes, .enter, .character("q")).wantsEnd)
  }

  @Test func theChosenNodeStaysChosenWhenTheOrderChanges() {
    var nodes = cluster()
    let state = pressed(nodes, .down)
    nodes.lose("gw3", "away")
    #expect(state.selected(nodes, now: 0) == "gw2")
    #expect(state.ordered(nodes, now: 0).map(\.name) == ["gw3", "gw1", "gw2"])
    #expect(line("gw2", frame(nodes, state)).hasPrefix("▸"))
  }

  @Test func anOpenNodeThatIsNotHeardSaysSo() {
    var nodes = cluster()
    let state = pressed(nodes, .enter)
    nodes.lose("gw1", "no route to host")
    #expect(frame(nodes, state).contains { $0.contains("no route to host; what stands here is old") })
    nodes.set([])
    #expect(frame(nodes, state).contains { $0.contains("no gateway node any more") })
  }

  // MARK: What kubectl says

  @Test(arguments: [
    ("error: dial tcp: refused\n", "error: dial tcp: refused"),
    (
      "everway: everway is not running here\n  help: start it\ncommand terminated with exit code 3\n",
      "everway is not running here"
    ),
    ("everway: gone\neverway: reached again\n", nil), ("half a li", nil)
  ])
  func theReasonIsTheLineThatSaysWhy(_ said: String, _ reason: String?) {
    var errors = StreamErrors()
    _ = errors.take(Array(said.utf8))
    #expect(errors.last == reason)
  }
}
