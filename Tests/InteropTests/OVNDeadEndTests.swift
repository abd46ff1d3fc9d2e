import Addresses
import BFD
import Glibc
import Lab
import Speaker
import Testing

extension Interop {
  /// States that OVN does not leave by itself, nor for a speaker that keeps to RFC 5880 alone. Each is shown stuck first,
  /// then left by `Compatibility.ovn`, and nobody touches OVN.
  @Suite struct OVNDeadEnds {
    private let timers = BFDTimers(milliseconds: 100)

    private func parameters(_ compatibility: Compatibility, _ role: Role = .active) -> SessionConfiguration {
      var parameters = timers.configuration(role)
      parameters.compatibility = compatibility
      return parameters
    }

    /// A speaker at our address says farewell with required min RX 0, as BIRD does: OVN never sends again.
    private func silence(_ field: OVNField) throws -> (theirs: UInt32, ours: UInt32) {
      try field.startOurs(timers.configuration())
      try field.settle()
      let theirs = try #require(try field.ovn().discriminator)
      let ours = try field.view().session.localDiscriminator
      field.killOurs()
      try field.say(
        ControlPacket(
          diagnostic: .administrativelyDown, state: .adminDown, poll: false, final: false, detectMultiplier: 3,
          myDiscriminator: ours, yourDiscriminator: theirs, desiredMinTx: .slow, requiredMinRx: .zero))
      return (theirs, ours)
    }

    private func expectStuck(
      _ field: OVNField, seconds: Int, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
      (MonotonicTime.now() + .seconds(seconds)).sleep()
      let view = try field.view()
      #expect(view.session.state == .down, sourceLocation: sourceLocation)
      #expect(view.session.remote == nil, sourceLocation: sourceLocation)
      #expect(view.counters.received == 0, sourceLocation: sourceLocation)
    }

    /// First dead end, without the facility: five packets and more, no answer.
    @Test(arguments: [100, 1000])
    func afterAFarewellWithMinRxZeroOnlyItsOwnDiscriminatorWakesOVN(milliseconds: Int) throws {
      try OVNField.with("zero", BFDTimers(milliseconds: milliseconds)) { field in
        let known = try silence(field)
        try field.startOurs(parameters([]))
        try expectStuck(field, seconds: 8)
        #expect(try field.view().counters.transmitted >= 5)
        #expect(try field.own.counters.received == 0, "OVN is silent")
        field.killOurs()

        // Without a discriminator to suggest there is no way out either: nothing is heard that could tell one.
        try field.startOurs(parameters(.ovn))
        try expectStuck(field, seconds: 4)

        // The number is known from before, or read from the southbound database.
        let session = field.session
        let disc = try #require(try field.ovn().discriminator)
        #expect(disc == known.theirs)
        let begun = MonotonicClock.now()
        try field.own.perform { $0.suggest(remoteDiscriminator: disc, to: session) }
        try field.settle()
        let up = try #require(try field.own.observed.first { $0.transition.to == .up })
        #expect(up.noticed - begun < 15_000_000_000)
      }
    }

    /// OVN has taken our discriminator from an AdminDown that it got while Down: it holds on to it, and whoever comes
    /// back with another one is never spoken to.
    private func makeStale(_ field: OVNField) throws {
      try field.startOurs(timers.configuration(), secret: 1)
      try field.settle()
      let session = field.session
      try field.own.perform { $0.hold(session, .administrativelyDown, at: MonotonicClock.now()) }
      try field.central.wait(for: "down", of: OVNField.ours)
      // OVN forgets the number when it has written `down`, and then hears it once more.
      (MonotonicTime.now() + .seconds(3)).sleep()
      field.killOurs()
    }

    @Test func theSameDiscriminatorsAfterARestartFindOVNAsItWas() throws {
      try OVNField.with("same", timers) { field in
        try makeStale(field)
        try field.startOurs(parameters([]), secret: 1)
        try field.settle()
      }
    }

    /// Second dead end: the secret is lost, and with it the discriminators.
    @Test func otherDiscriminatorsThanBeforeNeedToBeTold() throws {
      try OVNField.with("stale", timers) { field in
        try makeStale(field)
        for role in [Role.passive, .active] {
          try field.startOurs(parameters([], role), secret: 2)
          try expectStuck(field, seconds: 5)
          // The witness: OVN speaks, to somebody who is gone.
          #expect(try field.own.counters[.yourDiscriminatorUnknown] >= 20)
          field.killOurs()
        }
        // Nothing is known from before: what was discarded is enough.
        try field.startOurs(parameters(.ovn), secret: 2)
        try field.settle()
      }
    }

    /// Third dead end: OVN may have stopped sending until it hears something. A session that `allow` names by its
    /// address speaks first.
    @Test func anAllowRuleForOneHostIsActiveTowardsOVN() throws {
      try OVNField.with("allow", timers) { field in
        _ = try silence(field)
        let own = try field.startSpeaker()
        let host = try #require(IPPrefix("\(OVNField.theirs)/32"))
        let passive = parameters(.ovn, .passive)
        try own.perform { $0.setRules([AllowRule(prefix: host, parameters: passive)]) }
        (MonotonicTime.now() + .seconds(4)).sleep()
        #expect(try own.perform { $0.indices }.isEmpty, "nobody speaks")

        let disc = try #require(try field.ovn().discriminator)
        let active = parameters(.ovn)
        try own.perform { $0.setRules([AllowRule(prefix: host, parameters: active)]) }
        let session = try #require(try own.perform { $0.indices }.first)
        field.adopt(session)
        try own.perform { $0.suggest(remoteDiscriminator: disc, to: session) }
        try field.settle()
      }
    }
  }
}
