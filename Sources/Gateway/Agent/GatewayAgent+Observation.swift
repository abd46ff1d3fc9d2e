import BFD
import Capture
import Control
import Glibc
import Runtime
import Speaker

/// Those who watch: the process that keeps the journal and serves the page, `everway top`, and others.
extension GatewayAgent {
  /// Between two looks when nothing happens.
  private static let lookInterval: Int64 = 1_000_000_000
  /// From an event to the look at what it has changed: events come in bursts.
  private static let lookDelay: Int64 = 20_000_000
  /// Between two looks however much happens.
  private static let shortestLookInterval: Int64 = 200_000_000
  /// After a look that the engine did not answer in time.
  private static let missedLookPause: Int64 = 5_000_000_000
  /// Of a session that left Up.
  private static let packetsPerEvent = 16

  /// Answers `observe`: the connection leaves the control socket's care, and carries messages from then on.
  mutating func beginObservation(_ request: ControlRequest, after cursor: EventCursor?, now: Duration) {
    guard observation.streams.count < ObservationFeed.mostStreams else {
      let failure = ControlFailure(
        .busy, "\(ObservationFeed.mostStreams) clients watch already", help: "end one of them")
      control.respond(request.token, .failure(failure), now: now)
      return
    }
    guard let descriptor = control.detach(request.token, .streaming) else { return }
    let stream = ObservationStream(descriptor)
    let report = statusReport()
    // The others are told what differs from what they were told last; sessions follow with the next look.
    if let told = observation.told {
      let change = StatusChange(from: told, to: report)
      if !change.isEmpty { observation.tell(.change(change)) }
    }
    stream.send(ObservationMessage.status(report).line { pace.rest() })
    for event in observation.events(after: cursor, run: startedAt) {
      stream.send(ObservationMessage.event(event).line)
    }
    stream.run()
    observation.streams.append(stream)
    observation.told = report
    observation.lookAt = min(observation.lookAt, MonotonicClock.now() + Self.shortestLookInterval)
    try? poller.watch(descriptor)
  }

  /// Takes what was logged to those who watch, and looks at what it has changed.
  mutating func runObservation(at now: Instant) {
    for event in log.events?.receive() ?? [] {
      observation.take(event)
      guard !observation.streams.isEmpty else { continue }
      let soon = max(now + Self.lookDelay, observation.lookedAt + Self.shortestLookInterval)
      observation.lookAt = min(observation.lookAt, soon)
    }
    guard !observation.streams.isEmpty else { return }
    if now >= observation.lookAt { tellChanges(at: now) }
    observation.runStreams()
  }

  /// When `runObservation` has to be called although nothing has come.
  var nextObservation: Instant {
    let isSending = observation.streams.contains(where: \.isSending)
    return min(observation.lookAt, isSending ? MonotonicClock.now() + Self.lookDelay : .distantFuture)
  }

  private mutating func tellChanges(at now: Instant) {
    // The last events are all there is to say.
    guard !hasStopped else { return }
    let isSampleDue = now - observation.sampledAt >= Self.lookInterval * 9 / 10
    observation.lookAt = now + Self.lookInterval
    observation.lookedAt = now
    guard let (look, report) = look(takesPace: isSampleDue) else {
      guard engine != nil else { return tellOwnChanges() }
      // A look that comes too late to be told is carried out all the same: what it took is told whole next time.
      observation.mustTellAll = true
      observation.lookAt = MonotonicClock.now() + Self.missedLookPause
      return
    }
    if observation.mustTellAll {
      observation.mustTellAll = false
      let whole = statusReport()
      observation.told = whole
      observation.tell(.status(whole))
    } else if var change = observation.told.map({ StatusChange(from: $0, to: report) }) {
      change.sessions = report.sessions.filter { look.changed.contains($0.localDiscriminator) }
      change.removedSessions = look.removed
      observation.told = report
      if !change.isEmpty { observation.tell(.change(change)) }
    }
    if let samples = look.samples {
      observation.sampledAt = now
      observation.tell(.samples(Samples(at: report.generatedAt, speaker: look.speaker, sessions: samples)))
    }
  }

  /// Before there is an engine.
  private mutating func tellOwnChanges() {
    let report = statusReport()
    if let told = observation.told {
      let change = StatusChange(from: told, to: report)
      if !change.isEmpty { observation.tell(.change(change)) }
    }
    observation.told = report
  }

  // MARK: - Packets

  /// What is logged of the engine's reports of one turn; with the last packets of sessions that left Up.
  mutating func record(_ events: [GatewayEvent], _ fallen: [KeptPackets]) {
    for event in events {
      let kept = event.session?.transition.flatMap { transition in
        fallen.first { $0.name == event.name && $0.transition == transition }
      }
      log.write(event, packets: kept.map { packets(of: $0, before: event.at) })
      pace.rest()
    }
  }

  private static func hexadecimal(_ octets: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(unsafeUninitializedCapacity: octets.count * 2) { buffer in  // as many as are written
      for (place, octet) in octets.enumerated() {
        buffer[2 * place] = digits[Int(octet >> 4)]
        buffer[2 * place + 1] = digits[Int(octet & 15)]
      }
      return octets.count * 2
    }
  }

  private func packets(of kept: KeptPackets, before instant: Instant) -> [Event.Packet] {
    let wall = Timestamp.now().microseconds - max(0, MonotonicClock.now() - instant) / 1_000
    return kept.packets.suffix(Self.packetsPerEvent).map { packet in
      Event.Packet(
        before: UInt64(max(0, wall - packet.time / 1_000)), isSent: packet.direction == .sent,
        octets: Self.hexadecimal(packet.octets.bytes))
    }
  }
}
