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
  /// - Parameter takesPace: whether an interval of the measurements ends here.
  mutating func look(at now: Instant, takesPace: Bool) -> EngineLook {
    var samples: [SessionSample] = []
    var speakerSample = SpeakerSample()
    var changed: [Int] = []
    var changedDiscriminators: Set<UInt32> = []
    let views = speaker.takePace(at: now, anew: takesPace)
    if takesPace { samples.reserveCapacity(views.count) }
    var present = 0
    for view in views where peerOfSession[view.session] != nil {
      present += 1
      if lookedStamps[view.discriminator] != view.stamp {
        lookedStamps[view.discriminator] = view.stamp
        changed.append(view.session)
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
    // All of them have a stamp by now; seldom is there one of another.
    let removed = lookedStamps.count > present ? forgetOthers(than: views) : []
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

  private mutating func forgetOthers(than views: [PaceView]) -> [UInt32] {
    let there = Set(views.filter { peerOfSession[$0.session] != nil }.map(\.discriminator))
    let gone = lookedStamps.keys.filter { !there.contains($0) }
    for discriminator in gone { lookedStamps[discriminator] = nil }
    return gone
  }

  /// Has every session told whole in the next look: something has changed that their stamps do not show, such as what the
  /// configuration says of them, their keys, or why they are held.
  mutating func forgetLooks() { lookedStamps = lookedStamps.mapValues { _ in 0 } }

  private static func microseconds(_ nanoseconds: Int64) -> UInt64 { UInt64(max(0, nanoseconds) / 1_000) }
}
