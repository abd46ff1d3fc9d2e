import Control
import JournalTestSupport
import Testing

@testable import History

/// What is added up of made-up snapshots and changes, over a window of 1000 s.
@Suite struct AccountingTests {
  let window = Span(from: Made.at(0), to: Made.at(1_000))

  /// Runs snapshots and events in the order of their times.
  func report(
    watches: [(Double, Double)] = [(0, 1_000)], snapshots: [StatusReport], events: [Event] = []
  ) -> HistoryReport {
    var accounting = Accounting(
      window: window, watches: watches.map { Span(from: Made.at($0.0), to: Made.at($0.1)) })
    var snapshots = snapshots[...]
    for event in events {
      while let next = snapshots.first, next.generatedAt < event.at {
        accounting.take(Snapshot(next))
        snapshots.removeFirst()
      }
      guard let subject = Subject(event), let to = event.to else { continue }
      let number = accounting.number(of: subject)
      accounting.take(
        StateChange(
          at: event.at, kind: event.kind, from: event.from, to: to, cause: event.cause, silence: event.silence,
          latency: event.latency),
        of: number)
    }
    for snapshot in snapshots { accounting.take(Snapshot(snapshot)) }
    return HistoryReport(accounting)
  }

  func seconds(_ microseconds: Int64?) -> Double? { microseconds.map { Double($0) / 1_000_000 } }

  @Test func `A session that stays Up is Up all the time`() {
    let row = report(snapshots: [Made.report(at: 0)]).sessions[0]
    #expect(row.name == "r1")
    #expect(row.peerAddress == "10.0.0.1")
    #expect(seconds(row.up) == 1_000)
    #expect(row.availability == 1)
    #expect(row.flaps == 0)
    #expect(row.longestOutage == nil)
  }

  @Test func `An outage counts from Down to Up, over Init`() throws {
    let row = report(
      snapshots: [Made.report(at: 0)],
      events: [
        Made.event(1, at: 100, "up", "down", silence: 1_000_000),
        Made.event(2, at: 150, "down", "init", .handshake),
        Made.event(3, at: 200, "init", "up", .handshake),
        Made.event(4, at: 300, "up", "down", silence: 3_000_000), Made.event(5, at: 310, "down", "up", .handshake)
      ]
    ).sessions[0]
    #expect(row.flaps == 2)
    #expect(row.outages == 2)
    #expect(seconds(row.down) == 110)
    #expect(row.availability == 0.89)
    let longest = try #require(row.longestOutage)
    #expect(longest.span == Span(from: Made.at(100), to: Made.at(200)))
    #expect(!longest.isOngoing)
    #expect(row.detections.count == 2)
    #expect(row.detections.mean == 2_000_000)
    #expect(row.detections.worst == 3_000_000)
  }

  @Test func `Time in which nobody watched counts neither way, and is told`() {
    let report = report(
      watches: [(0, 300), (500, 1_000)],
      // Up at 500, but only since 450.
      snapshots: [Made.report(at: 0), Made.report(at: 500, since: 450)])
    #expect(report.unwatched == [Span(from: Made.at(300), to: Made.at(500))])
    #expect(report.watchedSeconds == 800)
    let row = report.sessions[0]
    #expect(seconds(row.known) == 850)
    #expect(row.availability == 1)
  }

  @Test func `A gap is no outage's end when the gateway says that it lasted`() throws {
    let row = report(
      watches: [(0, 300), (500, 1_000)],
      snapshots: [Made.report(at: 0), Made.report(at: 500, sessions: [.down], since: 200)],
      events: [Made.event(1, at: 200, "up", "down")]
    ).sessions[0]
    let longest = try #require(row.longestOutage)
    #expect(longest.span == Span(from: Made.at(200), to: Made.at(1_000)))
    #expect(longest.isOngoing)
    #expect(row.outages == 1)
  }

  @Test(
    "What an operator wants is planned, and no flap",
    arguments: [
      ("adminDown", StatusReport.TransitionCause.administrative), ("down", .neighborAdministrativelyDown)
    ])
  func planned(state: String, cause: StatusReport.TransitionCause) {
    let row = report(
      snapshots: [Made.report(at: 0)],
      events: [
        Made.event(1, at: 100, "up", state, cause), Made.event(2, at: 400, state, "up", .handshake)
      ]
    ).sessions[0]
    #expect(seconds(row.planned) == 300)
    #expect(row.down == 0)
    #expect(row.flaps == 0)
    #expect(row.availability == 1)
  }

  @Test func `A session that its operator released and that does not come Up is down`() {
    let row = report(
      snapshots: [Made.report(at: 0)],
      events: [
        Made.event(1, at: 100, "up", "adminDown", .administrative),
        Made.event(2, at: 200, "adminDown", "down", .administrative)
      ]
    ).sessions[0]
    #expect(seconds(row.planned) == 100)
    #expect(seconds(row.down) == 800)
  }

  @Test func `A report that is older than the last event does not undo it`() {
    let row = report(
      snapshots: [Made.report(at: 0), Made.report(at: 101, sessions: [.up])],
      events: [Made.event(1, at: 100, "up", "down")]
    ).sessions[0]
    #expect(seconds(row.down) == 900)
  }

  @Test func `A report corrects what events did not tell, later on`() {
    let row = report(
      snapshots: [Made.report(at: 0), Made.report(at: 500, sessions: [.up])],
      events: [Made.event(1, at: 100, "up", "down")]
    ).sessions[0]
    #expect(seconds(row.down) == 400)
    #expect(seconds(row.up) == 600)
  }

  @Test func `A session that is gone is no longer counted`() {
    let row = report(snapshots: [Made.report(at: 0), Made.report(at: 250, sessions: [])]).sessions[0]
    #expect(seconds(row.up) == 250)
    #expect(seconds(row.known) == 250)
  }

  @Test func `States before the window count from its beginning`() {
    let row = report(
      watches: [(-5_000, 1_000)], snapshots: [Made.report(at: -4_000)],
      events: [Made.event(1, at: -100, "up", "down"), Made.event(2, at: 100, "down", "up", .handshake)]
    ).sessions[0]
    #expect(seconds(row.down) == 100)
    #expect(row.flaps == 0)
    #expect(row.detections.count == 0)
  }

  @Test func `A path that is held down is out of service; one without a verdict is not known`() {
    let paths = report(
      snapshots: [Made.report(at: 0, sessions: [], paths: [.up, .pending])],
      events: [
        Made.path(1, at: 100, to: "down"), Made.path(2, at: 150, to: "held-down"), Made.path(3, at: 160, to: "up"),
        Made.path(4, at: 500, "p2", to: "up")
      ]
    ).paths
    #expect(paths.map(\.name) == ["p1", "p2"])
    #expect(seconds(paths[0].down) == 60)
    #expect(paths[0].flaps == 1)
    #expect(seconds(paths[1].known) == 500)
    #expect(paths[1].availability == 1)
  }

  @Test func `Charts show the worst of each part of the window`() {
    let report = report(
      snapshots: [Made.report(at: 0)],
      events: [
        Made.event(1, at: 501, "up", "down"), Made.event(2, at: 501.1, "down", "up", .handshake)
      ])
    let cells = report.sessions[0].cells
    #expect(cells.count == Accounting.cells)
    #expect(cells.filter { $0 == .down }.count == 1)
    #expect(cells[240] == .down)
    #expect(report.sessionFlaps.reduce(0, +) == 1)
  }

  @Test func `One name with two discriminators is one row`() {
    var event = Made.event(1, at: 100, "up", "down")
    event.session = 77
    let sessions = report(snapshots: [Made.report(at: 0)], events: [event]).sessions
    #expect(sessions.count == 1)
    #expect(sessions[0].flaps == 1)
  }

  @Test func `JSON leaves out what is not known`() {
    let json = report(watches: [], snapshots: [Made.report(at: 0)]).json(pretty: false)
    #expect(json.contains("\"sessions\":[]"))
    #expect(json.contains("\"watched-seconds\":0"))
  }
}

@Suite struct SpanTests {
  @Test func `Gaps are what no span covers`() {
    func span(_ from: Double, _ to: Double) -> Span { Span(from: Made.at(from), to: Made.at(to)) }
    let spans = [span(5, 6), span(1, 2), span(2, 3), span(5.5, 20)].joined
    #expect(spans == [span(1, 3), span(5, 20)])
    #expect(spans.gaps(in: span(0, 10)) == [span(0, 1), span(3, 5)])
    #expect([Span]().gaps(in: span(0, 1)) == [span(0, 1)])
  }
}
