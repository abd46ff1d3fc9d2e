import BFD
import Control
import Speaker

/// What those who watch are told in one look.
struct EngineLook: Sendable {
  /// Of all sessions that have an owner.
  var samples: [SessionSample]
  var speaker: SpeakerSample
  /// Everything but the sessions that are as they were in the look before.
  var snapshot: EngineSnapshot
  /// Local discriminators of sessions that were there in the look before, and are not now.
  var removed: [UInt32]
}

extension Engine {
  /// Everything that is measured, and what is not as it was. There is one who looks: the agent.
  mutating func look(at now: Instant) -> EngineLook {
    var samples: [SessionSample] = []
    var speakerSample = SpeakerSample()
    var stamps: [UInt32: UInt64] = [:]
    var changed: [Int] = []
    let views = speaker.takePace(at: now)
    samples.reserveCapacity(views.count)
    stamps.reserveCapacity(views.count)
    for view in views where peerOfSession[view.session] != nil {
      stamps[view.discriminator] = view.stamp
      if lookedStamps[view.discriminator] != view.stamp { changed.append(view.session) }
      speakerSample.worstLateness = max(speakerSample.worstLateness, Self.microseconds(view.pace.worstLateness))
      samples.append(
        SessionSample(
          session: view.discriminator, received: view.counters.received, sent: view.counters.transmitted,
          worstGap: Self.microseconds(view.pace.worstGap),
          worstLateness: Self.microseconds(view.pace.worstLateness),
          age: view.age.map(Self.microseconds)))
    }
    let removed = lookedStamps.keys.filter { stamps[$0] == nil }
    lookedStamps = stamps
    // Whether a drain is over is judged by all sessions.
    let snapshot = snapshot(at: now, of: core.isDrained || !core.drainedPeers.isEmpty ? speaker.indices : changed)
    let counters = snapshot.counters
    speakerSample.received = counters.received
    speakerSample.sent = counters.transmitted
    speakerSample.overflowed = counters.overflowed
    speakerSample.lateness = counters.lateness.counts
    speakerSample.latenessSum = counters.lateness.sum
    speakerSample.discards = DiscardReason.allCases.compactMap { reason in
      counters[reason] == 0 ? nil : StatusReport.Discard(reason: "\(reason)", count: counters[reason])
    }
    return EngineLook(samples: samples, speaker: speakerSample, snapshot: snapshot, removed: removed)
  }

  private static func microseconds(_ nanoseconds: Int64) -> UInt64 { UInt64(max(0, nanoseconds) / 1_000) }
}
