import BFD
import Control
import Speaker

/// What those who watch are told in one look.
struct EngineLook: Sendable {
  /// Of all sessions that have an owner; nil: the pace was left alone.
  var samples: [SessionSample]?
  /// Local discriminators of sessions that are not as they were in the look before.
  var changed: Set<UInt32>
  var speaker: SpeakerSample
  /// Everything but the sessions that are as they were in the look before.
  var snapshot: EngineSnapshot
  /// Local discriminators of sessions that were there in the look before, and are not now.
  var removed: [UInt32]
}

extension Engine {
  /// What is measured, and what is not as it was. There is one who looks: the agent.
  /// - Parameter takesPace: whether an interval of the measurements ends here: all sessions are looked at then, otherwise
  ///   those of which something was told.
  mutating func look(at now: Instant, takesPace: Bool) -> EngineLook {
    var samples: [SessionSample] = []
    var speakerSample = SpeakerSample()
    var changed: [Int] = []
    var changedDiscriminators: Set<UInt32> = []
    let isWhole = takesPace || looked.mustSeeAll
    if takesPace { samples.reserveCapacity(speaker.sessionCount) }
    for index in isWhole ? Array(0..<max(looked.count, speaker.sessionCount)) : looked.touched {
      guard peerOfSession[index] != nil, let view = speaker.takePace(of: index, at: now, anew: takesPace) else {
        looked.forget(index)
        continue
      }
      if looked.isNews(index, view.discriminator, view.stamp) {
        changed.append(index)
        changedDiscriminators.insert(view.discriminator)
      }
      speakerSample.worstLateness = max(speakerSample.worstLateness, Self.microseconds(view.pace.worstLateness))
      guard takesPace else { continue }
      samples.append(
        SessionSample(
          session: view.discriminator, received: view.counters.received, sent: view.counters.transmitted,
          worstGap: Self.microseconds(view.pace.worstGap),
          worstLateness: Self.microseconds(view.pace.worstLateness),
          age: view.age.map(Self.microseconds)))
    }
    let removed = looked.endLook(isWhole: isWhole)
    // Whether a drain is over is judged by all sessions.
    let isDraining = core.isDrained || !core.drainedPeers.isEmpty || !core.drainedPaths.isEmpty
    let snapshot = snapshot(at: now, of: isDraining ? speaker.indices : changed)
    let counters = snapshot.counters
    speakerSample.received = counters.received
    speakerSample.sent = counters.transmitted
    speakerSample.overflowed = counters.overflowed
    speakerSample.lateness = counters.lateness.counts
    speakerSample.latenessSum = counters.lateness.sum
    speakerSample.discards = DiscardReason.allCases.compactMap { reason in
      counters[reason] == 0 ? nil : StatusReport.Discard(reason: "\(reason)", count: counters[reason])
    }
    return EngineLook(
      samples: takesPace ? samples : nil, changed: changedDiscriminators, speaker: speakerSample,
      snapshot: snapshot,
      removed: removed)
  }

  private static func microseconds(_ nanoseconds: Int64) -> UInt64 { UInt64(max(0, nanoseconds) / 1_000) }
}
