import Addresses
import BFD
import Glibc
import NetworkNamespaces
import Testing

@testable import Probing

@Suite struct NextHopTests {
  let patience: Int64 = 50_000_000

  func hop() throws -> NextHop { NextHop(try address("10.0.0.2"), link: 0) }

  @Test func theFirstQuestionGoesToAllTheNextToTheKnownAddressAndToAllAgainAfterSilence() throws {
    var hop = try hop()
    let our = try address("10.0.0.1")
    #expect(!hop.asksUnicast(patience: patience, at: at(0)))
    hop.asked(from: our, unicast: false, at: at(0))
    hop.answered(try mac("02:00:00:00:00:02"), at: at(1))
    #expect(hop.asksUnicast(patience: patience, at: at(100)))
    hop.asked(from: our, unicast: true, at: at(100))
    #expect(!hop.asksUnicast(patience: patience, at: at(200)))
  }

  @Test func aDeviceThatAnswersNoUnicastQuestionIsAskedByBroadcastFromThenOn() throws {
    var hop = try hop()
    let our = try address("10.0.0.1")
    var unicast: [Bool] = []
    for round in 0..<Int64(8) {
      let now = at(round * 100)
      let choice = hop.asksUnicast(patience: patience, at: now)
      hop.asked(from: our, unicast: choice, at: now)
      if !choice { hop.answered(try mac("02:00:00:00:00:02"), at: now + 1000) }
      unicast.append(choice)
    }
    #expect(unicast == [false, true, false, true, false, false, false, false])
  }

  @Test func anEchoProbeAsksWhenNothingIsKnownWhenInDoubtAndNowAndThen() throws {
    var hop = try hop()
    #expect(hop.wantsQuestion(doubtful: false, patience: patience, at: at(0)))
    hop.asked(from: try address("10.0.0.1"), unicast: false, at: at(0))
    #expect(!hop.wantsQuestion(doubtful: true, patience: patience, at: at(10)))
    hop.answered(try mac("02:00:00:00:00:02"), at: at(11))
    #expect(!hop.wantsQuestion(doubtful: false, patience: patience, at: at(1000)))
    #expect(hop.wantsQuestion(doubtful: true, patience: patience, at: at(1000)))
    #expect(hop.wantsQuestion(doubtful: false, patience: patience, at: at(10_011)))
  }

  static let own = ["192.0.2.1/24", "10.0.0.1/24", "fe80::1/64", "fd00::1/64", "2001:db8::1/64"]

  @Test(arguments: [
    ("10.0.0.2", "10.0.0.1"), ("192.0.2.9", "192.0.2.1"), ("203.0.113.1", "192.0.2.1"), ("fd00::2", "fd00::1"),
    ("fe80::2", "fe80::1"), ("fd99::1", "fe80::1")
  ])
  func aNextHopIsAskedFromItsOwnPrefixOrFromItsScope(via: String, source: String) throws {
    let own = Self.own.compactMap { IPPrefix($0) }
    #expect(SourceSelection.resolving(try address(via), from: own) == (try address(source)))
  }

  @Test(arguments: [
    ("198.51.100.1", "10.0.0.2", "10.0.0.1"), ("10.0.0.9", "203.0.113.1", "10.0.0.1"),
    ("2001:db8:9::1", "fd00::2", "fd00::1"), ("2001:db8::9", "fe80::2", "2001:db8::1"),
    ("fe80::2", "fe80::2", "fe80::1")
  ])
  func anEchoComesFromTheNextHopsPrefixElseTheTargets(target: String, via: String, source: String) throws {
    let own = Self.own.compactMap { IPPrefix($0) }
    #expect(
      SourceSelection.echo(to: try address(target), via: try address(via), from: own) == (try address(source)))
  }

  @Test func withoutAnAddressOfTheFamilyThereIsNoSource() throws {
    let own = [try #require(IPPrefix("10.0.0.1/24")), try #require(IPPrefix("fe80::1/64"))]
    #expect(SourceSelection.resolving(try address("fd00::2"), from: [own[0]]) == nil)
    // A link-local source could not be answered from beyond the link.
    #expect(SourceSelection.echo(to: try address("fd00::2"), via: try address("fe80::2"), from: own) == nil)
  }

  @Test func aMissingCapabilityIsNamed() {
    let error = ProbeError(SystemCallError("open a packet socket on a0", code: EPERM))
    #expect(error.message.contains("CAP_NET_RAW"))
    #expect(error.code == EPERM)
    let entering = ProbeError(SystemCallError("enter", code: EPERM, hint: "this needs CAP_SYS_ADMIN"))
    #expect(entering.message.contains("CAP_SYS_ADMIN") && !entering.message.contains("CAP_NET_RAW"))
  }
}
