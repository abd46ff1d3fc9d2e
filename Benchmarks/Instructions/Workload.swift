import Addresses
import BFD
import Glibc
import NetworkNamespaces
import Speaker

/// A fixed amount of work: two speakers in this process, on a wire between two namespaces, that keep their sessions Up.
///
/// Time is an argument: every turn is at the next deadline of either speaker, so each run of it does the same. It begins
/// when the machine did, so that arrivals, which the kernel stamps, never make a peer look silent.
struct Workload {
  static let all = [
    Workload(name: "sockets", engine: .only(.sockets)), Workload(name: "packet", engine: .only(.packet)),
    Workload(name: "xdp", engine: .only(.xdp))
  ]

  var name: String
  var engine: SpeakerEngineChoice
  var sessions = 256
  /// Nanoseconds that a run may last by its own time.
  private static let longest: Int64 = 60_000_000_000

  /// - Parameter packets: at least so many are sent by either speaker, and taken by the other, once all sessions are Up.
  /// - Returns: packets sent, by both.
  func run(packets: UInt64) throws -> UInt64 {
    let wire = try Wire()
    let start = Instant(nanoseconds: 1_000_000_000)
    guard MonotonicClock.now() > start + 2 * Self.longest else {
      throw Unavailable(text: "the machine was started just now; try again in two minutes")
    }
    var near = try speaker(in: wire.near, at: start)
    var far = try speaker(in: wire.far, at: start)
    for number in 1...sessions {
      let remote = Wire.far(number)
      guard
        near.add(settings(.address(remote, interface: 0), from: nil, to: remote), at: start) != nil,
        far.add(
          settings(.pair(local: remote, remote: Wire.nearAddress), from: remote, to: Wire.nearAddress), at: start)
          != nil
      else { throw Failure(text: "session \(number) was not made") }
    }
    var now = start
    var up = 0
    while up < 2 * sessions {
      step(&near, &far, &now)
      up += Self.rises(&near) + Self.rises(&far)
      guard now - start < Self.longest else { throw Failure(text: "\(up) of \(2 * sessions) ends came Up") }
    }
    // Poll Sequences end, the kernel learns what repeats.
    let settled = now + 5_000_000_000
    while now < settled { step(&near, &far, &now) }
    if engine == .only(.xdp) { try awaitLinks(&near, &far, &now) }
    near.events.removeAll(keepingCapacity: true)
    far.events.removeAll(keepingCapacity: true)
    let first = near.counters.transmitted + far.counters.transmitted
    while near.counters.transmitted + far.counters.transmitted - first < packets { step(&near, &far, &now) }
    guard near.events.isEmpty, far.events.isEmpty else {
      throw Failure(text: "a session changed: \(near.events + far.events)")
    }
    return near.counters.transmitted + far.counters.transmitted - first
  }

  /// Links are opened on another thread, in its own time. (The near end's sessions lead by a router, and so stay with
  /// their UDP socket.)
  private func awaitLinks(_ near: inout Speaker, _ far: inout Speaker, _ now: inout Instant) throws {
    for _ in 0..<5_000 where far.engineView.byXDP < sessions {
      usleep(1_000)
      step(&near, &far, &now)
    }
    guard far.engineView.byXDP == sessions else {
      throw Unavailable(text: far.engineView.notes.joined(separator: "; "))
    }
  }

  @inline(never) private func step(_ near: inout Speaker, _ far: inout Speaker, _ now: inout Instant) {
    now = max(now, min(near.nextDeadline, far.nextDeadline))
    near.run(at: now)
    far.run(at: now)
  }

  private static func rises(_ speaker: inout Speaker) -> Int {
    defer { speaker.events.removeAll(keepingCapacity: true) }
    return speaker.events.reduce(0) { sum, event in
      guard case .transition(_, let transition) = event else { return sum }
      return sum + (transition.to == .up ? 1 : 0) - (transition.from == .up ? 1 : 0)
    }
  }

  private func speaker(in name: String, at now: Instant) throws -> Speaker {
    let speaker = try Speaker(
      in: NetworkNamespace(named: name), listen: [.any(.ipv4)], secret: (1, 2), seed: 7, engine: engine, at: now)
    if engine == .only(.packet), speaker.engineView.engine != .packet {
      throw Unavailable(text: speaker.engineView.notes.joined(separator: "; "))
    }
    return speaker
  }

  private func settings(_ peer: SessionKey.Peer, from local: IPAddress?, to remote: IPAddress) -> SessionSettings {
    SessionSettings(
      key: SessionKey(peer: peer), remoteAddress: remote, localAddress: local,
      parameters: SessionConfiguration(
        desiredMinTx: .milliseconds(300), requiredMinRx: .milliseconds(300), detectMultiplier: 3))
  }
}

struct Failure: Error, CustomStringConvertible {
  var text: String
  var description: String { text }
}

/// This machine cannot do that.
struct Unavailable: Error, CustomStringConvertible {
  var text: String
  var description: String { text }
}
