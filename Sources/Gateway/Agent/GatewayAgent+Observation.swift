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
    // What the others are told next is the difference to what this one is told now.
    if observation.streams.isEmpty { _ = look() } else { tellChanges(at: MonotonicClock.now()) }
    guard let descriptor = control.detach(request.token, .streaming) else { return }
    let stream = ObservationStream(descriptor)
    let report = statusReport()
    stream.send(ObservationMessage.status(report).line)
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
    observation.lookAt = now + Self.lookInterval
    observation.lookedAt = now
    guard let (look, report) = look() else {
      // The engine is silent or not there yet: that is worth a report of its own, once.
      if engine == nil, observation.told?.sessions.isEmpty != false { tellOwnChanges() }
      return
    }
    if var change = observation.told.map({ StatusChange(from: $0, to: report) }) {
      change.sessions = report.sessions
      change.removedSessions = look.removed
      observation.told = report
      if !change.isEmpty { observation.tell(.change(change)) }
    }
    observation.tell(
      .samples(Samples(at: report.generatedAt, speaker: look.speaker, sessions: look.samples)))
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
  func record(_ events: [GatewayEvent], _ fallen: [KeptPackets]) {
    for event in events {
      let kept = event.session?.transition.flatMap { transition in
        fallen.first { $0.name == event.name && $0.transition == transition }
      }
      log.write(event, packets: kept.map { packets(of: $0, before: event.at) })
    }
  }

  private func packets(of kept: KeptPackets, before instant: Instant) -> [Event.Packet] {
    let wall = Timestamp.now().microseconds - max(0, MonotonicClock.now() - instant) / 1_000
    return kept.packets.suffix(Self.packetsPerEvent).map { packet in
      Event.Packet(
        before: UInt64(max(0, wall - packet.time / 1_000)), isSent: packet.direction == .sent,
        octets: packet.octets.bytes.map { byte in
          let text = String(byte, radix: 16)
          return byte < 16 ? "0\(text)" : text
        }.joined())
    }
  }
}
