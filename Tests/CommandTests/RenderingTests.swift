import Control
import Testing

@testable import everway

/// A report as a person sees it: golden texts, read before they were written down.
@Suite struct RenderingTests {
  private func text(
    _ report: StatusReport, _ section: StatusText.Section? = nil, width: Int? = 80, color: Bool = false
  ) -> String {
    StatusText(report: report, width: width, color: color, now: Gateways.now).rendered(section)
  }

  @Test func `A gateway without anything configured says so`() {
    #expect(
      text(Gateways.empty(), nil, width: 80)
        == """
        everway 1.2.3 on gw1, pid 4711, up 3h12m
        namespace ovnext (net:[4026532281]), configuration /etc/everway/gateway.yaml
        speaker SCHED_FIFO 50: 1,234,567 packets in, 1,234,321 out
        nothing configured: no sessions, paths, groups or routes in
        /etc/everway/gateway.yaml

        """)
  }

  @Test func `How late the thread was is said, and what it was refused`() {
    var report = Gateways.empty()
    report.speaker.schedulingPolicy = "SCHED_OTHER"
    report.speaker.schedulingPriority = 0
    report.speaker.schedulingNotes = ["real-time priority 50 was refused"]
    report.speaker.timerLatenessMedian = 64
    report.speaker.timerLatenessWorst = 12_345
    let lines = text(report, nil, width: 200).split(separator: "\n")
    #expect(
      lines[2...3] == [
        "speaker SCHED_OTHER, timers 64us late (12.345ms at worst in the last minute): 1,234,567 packets in, "
          + "1,234,321 out",
        "speaker: real-time priority 50 was refused"
      ])
  }

  @Test func `A gateway that is all good fits 80 columns`() {
    #expect(
      text(Gateways.good(), nil, width: 80)
        == """
        everway 1.2.3 on gw1, pid 4711, up 3h12m
        namespace ovnext (net:[4026532281]), configuration /etc/everway/gateway.yaml
        speaker SCHED_FIFO 50: 1,234,567 packets in, 1,234,321 out
        all good: 3 sessions, 3 paths, 1 group, 2 routes

        SESSIONS
        NAME  PEER      INTERFACE  STATE    FOR     TX     RX  DETECT  DOWNS
        r1    10.0.1.1  net1       Up     3h12m  300ms  300ms    1.5s      0
        r2    10.0.2.1  net2       Up     3h12m  300ms  300ms    1.5s      0
        r3    10.0.3.1  net3       Up     3h12m  300ms  300ms    1.5s      0

        PATHS
        NAME  VIA       INTERFACE  WEIGHT  STATE    FOR  CHECKS
        p1    10.0.1.1  net1            1  up     3h12m  bfd r1 up
        p2    10.0.2.1  net2            1  up     3h12m  bfd r2 up
        p3    10.0.3.1  net3            1  up     3h12m  bfd r3 up

        GROUPS
        NAME      ID  TYPE           STATE   MEMBERS                 ROUTES  FAILOVERS
        internet  10  resilient 128  normal  p1 33%, p2 33%, p3 33%       2          0

        ROUTES
        PREFIX        GROUP     TABLE  METRIC  INSTALLED
        0.0.0.0/0     internet  main      100  yes
        192.0.2.0/24  internet  main      100  yes

        INTERFACES
        NAME  STATE   MTU  ADDRESSES
        net1  up     1500  10.0.1.2/24
        net2  up     1500  10.0.2.2/24
        net3  up     1500  10.0.3.2/24

        """)
  }

  @Test func `Trouble comes first, and says why`() {
    #expect(
      text(Gateways.troubled(), nil, width: 80)
        == """
        everway 1.2.3 on gw1, pid 4711, up 3h12m
        namespace ovnext (net:[4026532281]), configuration /etc/everway/gateway.yaml
        speaker SCHED_FIFO 50: 1,234,567 packets in, 1,234,321 out, discarded 12,000
        time-to-live
        uplinks net1 good, p2 lost (lost when any): LOST 12s ago, telling r1, r3
        concatenated-path-down
        1 problem; the uplinks are lost; 1 of 3 sessions is not Up; 2 of 3 paths are not
        up

        PROBLEMS
        the address 10.0.3.2/24 cannot be added to net3: Permission denied
            for 1m15s, next try in 5s
            help: give the process CAP_NET_ADMIN

        SESSIONS
        NAME  PEER      INTERFACE  STATE    FOR     TX     RX  DETECT  DOWNS
        r1    10.0.1.1  net1       Up     3h12m  300ms  300ms    1.5s      0
        r2    10.0.2.1  net2       Down     12s     1s      -       -      1
            peer Down; diagnostic here control expiry, at the peer none
            Up to Down 12s ago: no packet for the detection time
        r3    10.0.3.1  net3       Up     3h12m  300ms  300ms    1.5s      0

        PATHS
        NAME  VIA       INTERFACE  STATE        FOR  CHECKS
        p1    10.0.1.1  net1       up         3h12m  bfd r1 up
        p2    10.0.2.1  net2       down         12s  all(bfd r2 down, icmp 192.0.2.9 up)
            BFD session r2 is Down: no packet for 900ms
        p3    10.0.3.1  net3       held down     3s  bfd r3 up
            good again, not yet for long enough
            returns in 2s

        GROUPS
        NAME      ID  TYPE           STATE   MEMBERS           ROUTES  FAILOVERS
        internet  10  resilient 128  normal  p1 100% (1 of 3)       2          2
            last change 12s ago: p2 left, p1+p2 became p1, 412us to the kernel's answer

        ROUTES
        PREFIX        GROUP     TABLE  METRIC  INSTALLED
        0.0.0.0/0     internet  main      100  yes
        192.0.2.0/24  internet  main      100  yes

        INTERFACES
        NAME  STATE   MTU  ADDRESSES
        net1  up     1500  10.0.1.2/24
        net2  up     1500  10.0.2.2/24
        net3  up     1500  10.0.3.2/24

        """)
  }

  @Test func `Sessions in full`() {
    #expect(
      text(Gateways.troubled(), .sessions, width: 80)
        == """
        NAME  PEER      STATE    FOR     TX     RX  DETECT  LAST PACKET  DOWNS
        r1    10.0.1.1  Up     3h12m  300ms  300ms    1.5s      120.5ms      0
            Init to Up 3h12m ago: the peers have heard each other
            wants to send every 300ms and to receive every 300ms, multiplier 3; the peer
            50ms and 300ms, multiplier 5; discriminators 0xbeef0001 and 0x1234
        r2    10.0.2.1  Down     12s     1s      -       -        13.4s      1
            peer Down; diagnostic here control expiry, at the peer none
            Up to Down 12s ago: no packet for the detection time
            wants to send every 300ms and to receive every 300ms, multiplier 3; the peer
            50ms and 300ms, multiplier 5; discriminators 0xbeef0002 and 0x1234
        r3    10.0.3.1  Up     3h12m  300ms  300ms    1.5s      120.5ms      0
            Init to Up 3h12m ago: the peers have heard each other
            wants to send every 300ms and to receive every 300ms, multiplier 3; the peer
            50ms and 300ms, multiplier 5; discriminators 0xbeef0003 and 0x1234

        """)
  }

  @Test func `A wide terminal shows more of each session`() {
    #expect(
      text(Gateways.troubled(), .sessions, width: 132)
        == """
        NAME  PEER      LOCAL     INTERFACE  ROLE    STATE    FOR     TX     RX  DETECT  LAST PACKET       IN      OUT  DOWNS
        r1    10.0.1.1  10.0.1.2  net1       active  Up     3h12m  300ms  300ms    1.5s      120.5ms  411,522  411,440      0
            Init to Up 3h12m ago: the peers have heard each other
            wants to send every 300ms and to receive every 300ms, multiplier 3; the peer 50ms and 300ms, multiplier 5; discriminators
            0xbeef0001 and 0x1234
        r2    10.0.2.1  10.0.2.2  net2       active  Down     12s     1s      -       -        13.4s  411,522  411,440      1
            peer Down; diagnostic here control expiry, at the peer none
            Up to Down 12s ago: no packet for the detection time
            wants to send every 300ms and to receive every 300ms, multiplier 3; the peer 50ms and 300ms, multiplier 5; discriminators
            0xbeef0002 and 0x1234
        r3    10.0.3.1  10.0.3.2  net3       active  Up     3h12m  300ms  300ms    1.5s      120.5ms  411,522  411,440      0
            Init to Up 3h12m ago: the peers have heard each other
            wants to send every 300ms and to receive every 300ms, multiplier 3; the peer 50ms and 300ms, multiplier 5; discriminators
            0xbeef0003 and 0x1234

        """)
  }

  @Test func `Paths in full, with every check`() {
    #expect(
      text(Gateways.troubled(), .paths, width: nil)
        == """
        NAME  VIA       INTERFACE  WEIGHT  STATE        FOR  NEXT HOP
        p1    10.0.1.1  net1            1  up         3h12m      1001
            bfd r1: up
        p2    10.0.2.1  net2            1  down         12s      1002
            BFD session r2 is Down: no packet for 900ms
            all: down
              bfd r2: down
              icmp 192.0.2.9: up, round trip 412us, loss 0.5%
        p3    10.0.3.1  net3            1  held down     3s      1003
            good again, not yet for long enough
            returns in 2s
            bfd r3: up

        """)
  }

  @Test func `Groups in full`() {
    #expect(
      text(Gateways.troubled(), .groups, width: 80)
        == """
        NAME      ID  TYPE           STATE   MEMBERS           ROUTES  FAILOVERS
        internet  10  resilient 128  normal  p1 100% (1 of 3)       2          2
            last change 12s ago: p2 left, p1+p2 became p1, 412us to the kernel's answer
            configured: p1 weight 1, p2 weight 1, p3 weight 1; without a working path:
            keep

        """)
  }

  @Test("No line is wider than the terminal", arguments: [40, 60, 80, 100])
  func width(width: Int) {
    for report in [Gateways.empty(), Gateways.good(), Gateways.troubled()] {
      for section in [nil] + StatusText.Section.allCases.map({ Optional($0) }) {
        for line in text(report, section, width: width).split(separator: "\n") {
          #expect(line.count <= width, "\(line)")
        }
      }
    }
  }

  @Test func `Without colour there is not one escape, with colour the words are the same`() {
    let plain = text(Gateways.troubled())
    let colored = text(Gateways.troubled(), color: true)
    #expect(!plain.contains("\u{1b}"))
    #expect(colored.contains("\u{1b}[32mUp\u{1b}[0m"))
    #expect(colored.contains("\u{1b}[1;31mDown\u{1b}[0m"))
    #expect(colored.replacing(#/\u{1b}\[[0-9;]*m/#, with: "") == plain)
  }

  @Test func `Nothing that came over the socket steers the terminal`() {
    var report = Gateways.good()
    report.paths[0].name = "p\u{1b}[2J\u{9b}1\u{202e}"
    report.paths[0].reason = "a\nb"
    let output = text(report, .paths)
    #expect(output.contains("p?[2J?1?"))
    #expect(output.contains("a?b"))
  }

  @Test func `A drain is told, and how long it takes`() {
    var report = Gateways.good()
    report.drain = .init(state: .draining, since: Gateways.ago(3), remainingSeconds: 5.2)
    report.drain.targets = [.init(name: "r2", kind: .peer, state: .drained, since: Gateways.ago(70))]
    let output = text(report)
    #expect(output.contains("\nthis node is being drained, asked for 3s ago, 6s to go\n"))
    #expect(output.contains("\npeer r2 is drained, asked for 1m10s ago\n"))
    #expect(output.contains("\nall good but for what is drained: 3 sessions"))
  }

  @Test(
    "A group's last change says who left and who came",
    arguments: [
      (["a", "b"], ["a"], "b left, a+b became a"), (["a"], ["a", "b"], "b came back, a became a+b"),
      (["a"], [], "a left, a became none"), (["a"], ["b"], "a left, b came back, a became b"),
      (["a"], ["a"], "written anew with a")
    ])
  func lastChange(before: [String], after: [String], text: String) {
    var report = Gateways.good()
    report.groups[0].lastFailover = .init(at: Gateways.ago(5), path: "", membersBefore: before, membersAfter: after)
    #expect(self.text(report, .groups, width: nil).contains("last change 5s ago: \(text)\n"))
  }

  @Test func `A refused reload stays in sight`() {
    var report = Gateways.good()
    report.configuration.lastReload = .init(at: Gateways.ago(60), accepted: false, message: "unknown key \"bdf\"")
    #expect(text(report).contains("the reload 1m00s ago was refused: unknown key \"bdf\""))
  }

  @Test func `The overview shows a few routes, the missing ones first, and counts the rest`() {
    var report = Gateways.good()
    report.routes = (0..<1_200).map {
      .init(
        prefix: "10.\($0 / 256).\($0 % 256).0/24", table: 254, metric: 0, group: "internet", installed: $0 != 700)
    }
    report.routesOmitted = 98_800
    let output = text(report)
    #expect(output.contains("METRIC  INSTALLED\n10.2.188.0/24"))
    #expect(output.contains("\nand 99,990 more: everway status routes\n"))
    #expect(output.contains("1 of 1,200 routes is not installed"))
    #expect(text(report, .routes).contains("\nand 98,800 more\n"))
  }

  @Test func `Wide characters are as wide as they are`() {
    var report = Gateways.good()
    report.paths[0].name = "\u{5317}\u{4eac}"
    let lines = text(report, .paths).split(separator: "\n")
    #expect(lines[1].hasPrefix("\u{5317}\u{4eac}  10.0.1.1"))
    #expect(lines[3].hasPrefix("p2    10.0.2.1"))
  }

  @Test(
    "What an operator took out on purpose is good, what is missing is not",
    arguments: [
      (StatusReport.PathState.up, true), (.drained, true), (.adminDown, true), (.down, false), (.pending, false),
      (.heldDown, false)
    ])
  func verdict(state: StatusReport.PathState, good: Bool) {
    var report = Gateways.good()
    report.paths[0].state = state
    #expect(report.isGood == good)
  }

  @Test func `A route that its group has withdrawn is not missing`() {
    var report = Gateways.good()
    report.routes[0].installed = false
    #expect(!report.isGood)
    report.groups[0].state = .withdrawn
    #expect(report.complaints == ["the group is without a working path"])
  }
}
