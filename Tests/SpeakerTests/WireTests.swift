import Addresses
import BFD
import Glibc
import NetworkNamespaces
import Testing

@testable import Speaker

@Suite(.serialized, .enabled(if: geteuid() == 0), .timeLimit(.minutes(1))) struct TwoSpeakersOnAWire {
  private let fast = SessionConfiguration(desiredMinTx: .milliseconds(50), requiredMinRx: .milliseconds(50))

  @Test(arguments: [("10.66.0.2", "10.66.0.1"), ("fd66::2", "fd66::1")])
  func comeUpAndTheSilenceOfOneTakesTheOtherDown(peerOfA: String, peerOfB: String) throws {
    let wire = try Wire("up")
    var a = try speaker(wire.nameA)
    var b = try speaker(wire.nameB)
    let atA = try add(&a, peerOfA, fast)
    let atB = try add(&b, peerOfB, fast)
    let seen1 = run(&a, &b, seconds: 5) {
      $0.view(atA)?.session.state == .up && $1.view(atB)?.session.state == .up
        && $0.view(atA)?.session.isPolling == false && $1.view(atB)?.session.isPolling == false
    }
    #expect(seen1)
    let (viewA, viewB) = (a.view(atA), b.view(atB))
    #expect(viewA?.session.remote?.discriminator == viewB?.session.localDiscriminator)
    #expect(viewA?.session.detectionTime == 150_000_000)

    b.remove(atB)
    a.events.removeAll()
    let seen2 = run(&a, &b, seconds: 5) { a, _ in a.view(atA)?.session.state == .down }
    #expect(seen2)
    let transitions = a.events.compactMap { event -> Transition? in
      if case .transition(_, let transition) = event { transition } else { nil }
    }
    #expect(transitions.map(\.cause) == [.detectionTimeExpired])
    #expect(transitions.first?.isFailure == true)
  }

  @Test func anAllowRuleMakesPassiveSessionsUpToItsLimit() throws {
    let wire = try Wire("al")
    var a = try speaker(wire.nameA)
    var b = try speaker(wire.nameB)
    let prefix = try #require(IPPrefix("10.66.0.0/24"))
    b.setRules([
      AllowRule(
        prefix: prefix,
        parameters: SessionConfiguration(
          desiredMinTx: .milliseconds(50), requiredMinRx: .milliseconds(50), role: .passive))
    ])
    let atA = try add(&a, "10.66.0.2", fast)
    let v6 = try add(&a, "fd66::2", fast)
    let seen3 = run(&a, &b, seconds: 5) { a, b in
      a.view(atA)?.session.state == .up && b.counters[.noSession] > 0
    }
    #expect(seen3)
    let (sessions, refused, stateV6) = (b.indices.count, b.counters[.noSession], a.view(v6)?.session.state)
    #expect(sessions == 1)
    #expect(refused > 0, "IPv6 is not allowed")
    #expect(stateV6 == .down)
    guard case .created(_, 0, let made)? = b.events.first else {
      Issue.record("no session was made")
      return
    }
    #expect(made.remoteAddress == IPAddress("10.66.0.1"))
    #expect(made.localAddress == IPAddress("10.66.0.2"))

    b.setRules([])
    let left = b.indices
    #expect(left.isEmpty)
  }

  @Test func aTakenPortIsAnErrorThatSaysSo() throws {
    let wire = try Wire("pt")
    let first = try speaker(wire.nameA)
    _ = first.descriptors
    do {
      _ = try speaker(wire.nameA)
      Issue.record("a second speaker was opened on the same port")
    } catch let error as SpeakerError {
      #expect(error.code == EADDRINUSE)
      #expect(error.message.contains("another BFD daemon"))
    }
  }

  @Test func discriminatorsAndSourcePortSurviveARestart() throws {
    let wire = try Wire("rs")
    var seen: [UInt32] = []
    var ports: [UInt16?] = []
    for _ in 0..<2 {
      var a = try speaker(wire.nameA)
      let index = try add(&a, "10.66.0.2", fast)
      let view = a.view(index)
      seen.append(try #require(view).session.localDiscriminator)
      ports.append(a.sourcePort(.ipv4))
    }
    #expect(seen[0] == seen[1])
    #expect(ports[0] == ports[1])
    #expect(try BFDPort.sources.contains(#require(ports[0])))
  }

  @Test func clientsOfOnePeerShareOneSession() throws {
    let wire = try Wire("sh")
    var a = try speaker(wire.nameA)
    let index = a.add(try settings("10.66.0.2", fast), at: MonotonicClock.now())
    let second = a.add(try settings("10.66.0.2", fast), at: MonotonicClock.now())
    let found = a.index(of: try settings("10.66.0.2", fast).key)
    #expect(second == nil)
    #expect(found == index)
  }

  @Test func aPeerThatCannotBeReachedCountsFailuresAndDisturbsNobody() throws {
    let wire = try Wire("un")
    var a = try speaker(wire.nameA)
    var b = try speaker(wire.nameB)
    let lost = try add(&a, "192.0.2.1", fast)
    let good = try add(&a, "10.66.0.2", fast)
    _ = b.add(try settings("10.66.0.1", fast), at: MonotonicClock.now())
    let seen4 = run(&a, &b, seconds: 5) { a, _ in a.view(good)?.session.state == .up }
    #expect(seen4)
    let error = a.view(lost)?.counters.lastSendError
    #expect(error == ENETUNREACH)
  }
}
