import Addresses
import BFD
import Cluster
import Testing

@testable import KubeOVN

@Suite struct AStaleUpInOVN {
  private let sample = SampleCluster()
  private let port = IPAddress("10.204.0.254")
  private let own = IPAddress("10.204.0.11")
  private let other = IPAddress("10.204.0.12")

  private func at(_ seconds: Double) -> Instant { Instant(nanoseconds: Int64(seconds * 1e9)) }

  private func view(down: String? = nil, silent: Bool = false) throws -> StaleSessions.View {
    var view = StaleSessions.View()
    view.addresses = [try #require(own)]
    if let down { view.notUp[try #require(port)] = down } else { view.up = [try #require(port)] }
    if silent { view.silent = [try #require(other)] }
    return view
  }

  @Test func isNoneWhileBothSay() throws {
    var watch = StaleSessions()
    for second in 0..<60 { #expect(try watch.look(at: sample.ovn, view(), now: at(Double(second))).isEmpty) }
    #expect(watch.nextLook(now: at(60)) == nil)
  }

  @Test func isSuspectedForAsLongAsOVNMayTakeToWriteItDown() throws {
    var watch = StaleSessions()
    // 3 x 200 ms of detection and 6 s.
    #expect(try watch.look(at: sample.ovn, view(down: "init"), now: at(0)).isEmpty)
    #expect(watch.nextLook(now: at(0)) != nil)
    #expect(try watch.look(at: sample.ovn, view(down: "down"), now: at(6.5)).isEmpty)
    let stale = try watch.look(at: sample.ovn, view(down: "down"), now: at(6.7))
    #expect(stale.map(\.row.address) == [own])
    #expect(stale.first?.reason == .ownSession("down"))
    #expect(stale.first?.since == at(0))
  }

  @Test func beginsAnewAfterTheSessionWasUp() throws {
    var watch = StaleSessions()
    _ = try watch.look(at: sample.ovn, view(down: "down"), now: at(0))
    _ = try watch.look(at: sample.ovn, view(), now: at(3))
    #expect(try watch.look(at: sample.ovn, view(down: "down"), now: at(7)).isEmpty)
  }

  /// When the router's port goes back to a node that has booted, two ovn-controllers speak for it for up to a second, and
  /// sessions go up and down some ten times; OVN's rows meanwhile say anything.
  @Test(arguments: [0.25, 0.1, 0.03])
  func isNoneWhileAPortThatMovesLetsSessionsFlap(look: Double) throws {
    var watch = StaleSessions()
    var second = 0.0
    while second < 20 {
      let isDown = second < 1 && Int(second * 20).isMultiple(of: 2)
      let stale = try watch.look(at: sample.ovn, view(down: isDown ? "down" : nil), now: at(second))
      #expect(stale.isEmpty)
      second += look
    }
    #expect(watch.nextLook(now: at(20)) == nil, "no suspicion is left")
  }

  @Test func ofANodeThatDiedIsSeenSoon() throws {
    var watch = StaleSessions()
    #expect(try watch.look(at: sample.ovn, view(silent: true), now: at(0)).isEmpty)
    let stale = try watch.look(at: sample.ovn, view(silent: true), now: at(2.2))
    #expect(stale.map(\.row.address) == [other])
    #expect(stale.first?.reason == .silentNode)
  }

  @Test func isNoneWhereOVNSaysDownItself() throws {
    var sample = sample
    for index in sample.south.bfd.indices { sample.south.bfd[index].status = "down" }
    var watch = StaleSessions()
    _ = try watch.look(at: sample.ovn, view(down: "down", silent: true), now: at(0))
    #expect(try watch.look(at: sample.ovn, view(down: "down", silent: true), now: at(60)).isEmpty)
  }

  @Test func isNotClaimedWhenOVNCannotBeRead() throws {
    var watch = StaleSessions()
    _ = try watch.look(at: sample.ovn, view(down: "down"), now: at(0))
    #expect(try watch.look(at: OVNFacts(), view(down: "down"), now: at(30)).isEmpty)
    #expect(try watch.look(at: sample.ovn, view(down: "down"), now: at(31)).isEmpty)
  }

  @Test func isNotClaimedOfAPeerWithoutASession() throws {
    var watch = StaleSessions()
    var view = try view()
    view.up = []
    _ = watch.look(at: sample.ovn, view, now: at(0))
    #expect(watch.look(at: sample.ovn, view, now: at(30)).isEmpty)
  }

  @Test func isMadeAnewByItsNodeOrForADeadOneByTheLeaderAndOnceAMinute() throws {
    var watch = StaleSessions()
    let view = try view(down: "down", silent: true)
    _ = watch.look(at: sample.ovn, view, now: at(0))
    let stale = watch.look(at: sample.ovn, view, now: at(10))
    #expect(stale.count == 2)
    #expect(watch.toRenew(stale, isLeader: false, now: at(10)).map(\.reason) == [.ownSession("down")])
    #expect(watch.toRenew(stale, isLeader: true, now: at(10)).count == 2)
    for one in stale { watch.didRenew(one.row, at: at(10)) }
    #expect(watch.toRenew(stale, isLeader: true, now: at(40)).isEmpty)
    let later = watch.look(at: sample.ovn, view, now: at(71))
    #expect(watch.toRenew(later, isLeader: true, now: at(71)).count == 2)
  }
}
