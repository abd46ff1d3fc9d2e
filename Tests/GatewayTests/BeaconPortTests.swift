import Addresses
import BFD
import ConfigurationFile
import OpenBFDD
import Testing

@testable import Gateway

/// What a program that takes this gateway for OpenBFDD's beacon may do.
@Suite struct BeaconPortAnswers {
  private func configuration() throws -> GatewayConfiguration {
    var configuration = GatewayConfiguration(namespace: .current)
    configuration.bfd.openBFDDControl = true
    configuration.bfd.timers.transmitInterval = .milliseconds(100)
    configuration.bfd.peers = [.init(name: "a", address: try address("10.9.0.1"))]
    configuration.bfd.allow = [.init(name: "wide", prefix: try prefix("10.204.0.0/24"), minimumTTL: 200)]
    configuration.uplinks = [.init(watch: [.interface("net1")], tell: .silence, peers: ["a"])]
    return configuration
  }

  private func ask(
    _ port: inout BeaconPort, _ words: String, sessions: [String] = [], heard: [String] = []
  ) throws -> BeaconPort.Answer {
    port.answer(
      try Command(words.split(separator: " ").map(String.init)), configuration: try configuration(),
      product: "everway 9", hasSession: { sessions.contains("\($0)") }, isHeard: { heard.contains("\($0)") })
  }

  @Test func allowLetsInWhoIsNotNamedWithTheDefaultsForOVN() throws {
    var port = BeaconPort()
    #expect(try ask(&port, "allow 10.1.0.1") == .changed("Allowing connections from 10.1.0.1\n"))
    #expect(try ask(&port, "allow 10.1.0.1") == .text("Allowing connections from 10.1.0.1\n"))
    let applied = port.applied(to: try configuration())
    #expect(applied.bfd.allow.count == 2)
    let entry = try #require(applied.bfd.allow.last)
    #expect(entry.name == "bfdd-control:10.1.0.1")
    #expect(entry.prefix == (try prefix("10.1.0.1/32")))
    #expect(entry.mode == .active)
    #expect(entry.compatibility == .ovn)
    #expect(entry.minimumTTL == 254)
    #expect(entry.timers.transmitInterval == .milliseconds(100))
    #expect(applied.uplinks[0].peers == ["a", "bfdd-control:10.1.0.1"])
    var closed = try configuration()
    closed.bfd.openBFDDControl = false
    #expect(port.applied(to: closed) == closed, "without the port nobody is let in by it")
  }

  @Test func whoIsNamedOrHasASessionIsLeftAsHeIs() throws {
    var port = BeaconPort()
    #expect(try ask(&port, "allow 10.9.0.1") == .text("Allowing connections from 10.9.0.1\n"))
    #expect(
      try ask(&port, "allow 10.1.0.1", sessions: ["10.1.0.1"]) == .text("Allowing connections from 10.1.0.1\n"))
    #expect(port.applied(to: try configuration()) == (try configuration()))
  }

  @Test func whoFallsIntoAPrefixIsAsThatAndSpokenTo() throws {
    var port = BeaconPort()
    _ = try ask(&port, "allow 10.204.0.9")
    let entry = try #require(port.applied(to: try configuration()).bfd.allow.last)
    #expect(entry.minimumTTL == 200)
    #expect(entry.mode == .active)
    #expect(entry.compatibility == .none)
  }

  @Test func aConfigurationThatNamesHimLaterGoesFirst() throws {
    var port = BeaconPort()
    _ = try ask(&port, "allow 10.1.0.1")
    var named = try configuration()
    named.bfd.peers.append(.init(name: "b", address: try address("10.1.0.1")))
    #expect(port.applied(to: named) == named)
  }

  @Test func blockTakesBackWhoIsNotHeard() throws {
    var port = BeaconPort()
    _ = try ask(&port, "allow 10.1.0.1")
    let words = "Blocking connections from 10.1.0.1. This will not terminate any ongoing session.\n"
    #expect(try ask(&port, "block 10.1.0.1", heard: ["10.1.0.1"]) == .text(words))
    #expect(port.allowed.count == 1)
    #expect(try ask(&port, "block 10.1.0.1") == .changed(words))
    #expect(port.allowed.isEmpty)
  }

  @Test func timersOfSessionsToComeCanBeSet() throws {
    var port = BeaconPort()
    #expect(try ask(&port, "session new set mintx 50 ms") == .text("Attempting to set mintx to 50,000 us.\n"))
    #expect(try ask(&port, "session new set multi 5") == .text("Attempting to set multi to 5.\n"))
    _ = try ask(&port, "allow 10.1.0.1")
    #expect(port.allowed[0].timers.transmitInterval == .milliseconds(50))
    #expect(port.allowed[0].timers.detectMultiplier == 5)
  }

  @Test(
    "What would take the sessions out of the configuration's hands is refused, in words that are one",
    arguments: [
      "stop", "connect local 10.9.0.2 remote 10.9.0.1", "session 1 kill", "session all reset", "session 1 suspend",
      "session 1 state down", "session 1 state admin", "session 1 state up", "session 1 set mintx 1 s",
      "block 10.9.0.1",
      "block 10.204.0.1"
    ])
  func refusals(words: String) throws {
    var port = BeaconPort()
    guard case .text(let reply) = try ask(&port, words) else {
      Issue.record("not refused: \(words)")
      return
    }
    #expect(reply.hasPrefix("Unable to complete '"))
    #expect(reply.hasSuffix("\n"))
    #expect(Outcome(of: words.split(separator: " ").map(String.init), reply: reply) == .failed)
  }

  @Test func theRestIsAnswered() throws {
    var port = BeaconPort()
    #expect(try ask(&port, "version") == .text("bfdd-beacon v0.5.4\neverway 9\n"))
    #expect(try ask(&port, "log type command no") == .text("Log type command set to no, was yes\n"))
    #expect(try ask(&port, "status") == .status(.all, StatusFormat(isCompact: true)))
  }
}
