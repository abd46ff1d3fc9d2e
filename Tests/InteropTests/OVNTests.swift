import BFD
import Glibc
import Lab
import Processes
import Speaker
import Testing

extension Interop {
  /// OVN's own BFD on a logical router port, with `ovnext0` as Kube-OVN plugs it.
  @Suite struct OVN {
    @Test(arguments: [100, 1000])
    func comesUpAndStaysUpUnderLoad(milliseconds: Int) throws {
      let timers = BFDTimers(milliseconds: milliseconds)
      try OVNField.with("ovnup", timers) { field in
        let begun = MonotonicClock.now()
        try field.startOurs(timers.configuration())
        try field.settle()
        let up = try #require(try field.own.observed.first { $0.transition.to == .up })
        // Its slow packets and ours take two seconds at the worst; the rest is for a busy machine.
        #expect(up.noticed - begun < 15_000_000_000)
        let load = try (0..<2).map {
          try field.lab.start(
            Command("sh", ["-c", "while :; do :; done"]), in: nil, label: "load\($0)", outputName: "load\($0)")
        }
        (MonotonicTime.now() + .seconds(6)).sleep()
        for process in load { process.kill() }

        let (own, ovn) = (try field.view(), try field.ovn())
        #expect(own.session.state == .up)
        #expect(own.counters.downs == 0)
        #expect(ovn.status == "up")
        #expect(own.session.remote?.discriminator == ovn.discriminator)
        #expect(own.session.remote?.detectMultiplier == 3)
        #expect(own.session.transmitInterval == .milliseconds(UInt32(milliseconds)))
        #expect(own.session.detectionTime == Int64(milliseconds) * 3_000_000)
        #expect(try field.central.northboundStatus(of: OVNField.ours) == "up")
      }
    }

    /// OVN takes ours at once, and neither polls when its own change nor waits.
    @Test func parametersOfBothEndsChangeWithoutAFlap() throws {
      let fast = BFDTimers(milliseconds: 100)
      try OVNField.with("ovnpar", fast) { field in
        try field.startOurs(fast.configuration())
        try field.settle()
        let changes = [
          BFDTimers(transmitMilliseconds: 400, receiveMilliseconds: 300, multiplier: 4), fast,
          BFDTimers(transmitMilliseconds: 200, receiveMilliseconds: 250, multiplier: 5)
        ]
        for theirs in changes {
          try field.network.setTimers(theirs, of: OVNField.ours)
          try expect(field, ours: fast, theirs: theirs)
        }
        for ours in changes {
          let session = field.session
          var settings = try field.view().settings
          settings.parameters = ours.configuration()
          let wanted = settings
          #expect(try field.own.perform { $0.configure(session, wanted) })
          try expect(field, ours: ours, theirs: changes[2])
        }
        #expect(try field.view().counters.downs == 0)
        #expect(try field.ovn().status == "up")
      }
    }

    private func expect(_ field: OVNField, ours: BFDTimers, theirs: BFDTimers) throws {
      let held = waitUntil(timeout: .seconds(20)) {
        guard let own = try? field.view(), let remote = own.session.remote, !own.session.isPolling else {
          return false
        }
        return remote.desiredMinTx == .milliseconds(UInt32(theirs.transmitMilliseconds))
          && remote.requiredMinRx == .milliseconds(UInt32(theirs.receiveMilliseconds))
          && Int(remote.detectMultiplier) == theirs.multiplier
          && own.session.transmitInterval
            == .milliseconds(UInt32(max(ours.transmitMilliseconds, theirs.receiveMilliseconds)))
          && own.session.detectionTime
            == Int64(theirs.multiplier * max(ours.receiveMilliseconds, theirs.transmitMilliseconds)) * 1_000_000
      }
      #expect(held, "\(theirs) at OVN, \(ours) here: \(field.describe())")
      // Long enough for a detection time that fits the other end's old numbers to be over.
      (MonotonicTime.now() + .milliseconds(2_000)).sleep()
    }

    @Test func aRestartedControllerComesBackWithItsDiscriminator() throws {
      let timers = BFDTimers(milliseconds: 100)
      try OVNField.with("ovnctl", timers) { field in
        try field.startOurs(timers.configuration())
        try field.settle()
        let before = try field.ovn().discriminator
        let mark = try field.own.observed.count
        field.chassis.killController()
        #expect(
          waitUntil(timeout: .seconds(20)) {
            (try? field.own.observed.dropFirst(mark).first?.transition.cause) == .detectionTimeExpired
          })
        try field.chassis.startController()
        field.hurryOVN()
        try field.settle()
        #expect(try field.ovn().discriminator == before)
        #expect(try field.view().counters.downs == 1)
      }
    }

    /// The missed one is written at once; see OVN's rule on what it learns from packets.
    @Test func aKilledSpeakerIsMissedAndComesBack() throws {
      let timers = BFDTimers(milliseconds: 100)
      try OVNField.with("ovnkill", timers) { field in
        try field.startOurs(timers.configuration())
        try field.settle()
        field.killOurs()
        try field.central.wait(for: "down", of: OVNField.ours)
        try field.startOurs(timers.configuration())
        try field.settle()
        #expect(try field.view().counters.downs == 0)
      }
    }
  }
}
