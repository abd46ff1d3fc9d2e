import Addresses
import BFD
import Glibc
import NetworkNamespaces
import Speaker
import Synchronization
import Testing

@testable import Gateway
@testable import Lab

/// A router that speaks BFD with whoever speaks to it, and remembers what it heard.
final class Router: Sendable {
  struct Seen: Sendable {
    var peer: IPAddress?
    var transition: Transition
    /// The other end's, when it happened.
    var discriminator: UInt32?
  }

  private struct State: Sendable {
    var work: [@Sendable (inout Speaker) -> Void] = []
    var isSilent = false
    var isStopped = false
    var seen: [Seen] = []
  }

  let number: Int
  let namespace: String
  private let state: Holder
  private let thread: LabThread<Void>?

  private final class Holder: Sendable {
    let state = Mutex(State())
  }

  init(number: Int, namespace: String, speaks: Bool) throws {
    self.number = number
    self.namespace = namespace
    let holder = Holder()
    state = holder
    guard speaks else {
      thread = nil
      return
    }
    let everyone = [try prefix("0.0.0.0/0"), try prefix("::/0")]
    let timers = SessionConfiguration(
      desiredMinTx: .milliseconds(100), requiredMinRx: .milliseconds(100), detectMultiplier: 20, role: .passive)
    thread = LabThread(name: "router") {
      do {
        var speaker = try Speaker(
          in: NetworkNamespace(named: namespace), listen: [.any(.ipv4), .any(.ipv6)],
          secret: (UInt64(number), 7), seed: UInt64(number), at: MonotonicClock.now())
        speaker.setRules(everyone.map { AllowRule(prefix: $0, maximumSessions: 2_000, parameters: timers) })
        Self.run(&speaker, holder)
      } catch {
        Issue.record("router \(number): \(error)")
      }
    }
  }

  private static func run(_ speaker: inout Speaker, _ holder: Holder) {
    var descriptors = speaker.descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    while true {
      let (work, isSilent, isStopped) = holder.state.withLock { state in
        defer { state.work = [] }
        return (state.work, state.isSilent, state.isStopped)
      }
      if isStopped { return }
      for job in work { job(&speaker) }
      if isSilent {
        usleep(2_000)
        continue
      }
      speaker.run(at: MonotonicClock.now())
      var seen: [Seen] = []
      for case .transition(let session, let transition) in speaker.events {
        let view = speaker.view(session)
        seen.append(
          Seen(
            peer: view?.settings.remoteAddress, transition: transition,
            discriminator: view?.session.remote.map { $0.discriminator }))
      }
      speaker.events.removeAll()
      if !seen.isEmpty { holder.state.withLock { $0.seen += seen } }
      let wait = speaker.nextDeadline - MonotonicClock.now()
      poll(&descriptors, nfds_t(descriptors.count), Int32(max(0, min(20, wait / 1_000_000 + 1))))
    }
  }

  func stop() {
    state.state.withLock { $0.isStopped = true }
    _ = thread?.join()
  }

  /// A router that is dead for all anyone can tell.
  func setSilent(_ silent: Bool) { state.state.withLock { $0.isSilent = silent } }

  /// Does something with the speaker, on its thread, soon.
  func perform(_ body: @escaping @Sendable (inout Speaker) -> Void) {
    state.state.withLock { $0.work.append(body) }
  }

  /// Holds all sessions, as its operator would, or lets them go.
  func hold(_ hold: Session.Hold?) {
    perform { speaker in
      for index in speaker.indices {
        if let hold {
          speaker.hold(index, hold, at: MonotonicClock.now())
        } else {
          speaker.release(index, at: MonotonicClock.now())
        }
      }
    }
  }

  /// Begins a session of its own accord.
  func call(_ address: String) {
    perform { speaker in
      guard let remote = IPAddress(address) else { return }
      let timers = SessionConfiguration(
        desiredMinTx: .milliseconds(100), requiredMinRx: .milliseconds(100), detectMultiplier: 20)
      _ = speaker.add(
        SessionSettings(
          key: SessionKey(peer: .address(remote, interface: 0)), remoteAddress: remote, parameters: timers),
        at: MonotonicClock.now())
    }
  }

  /// Every transition since the last `forget`.
  var seen: [Seen] { state.state.withLock { $0.seen } }
  func forget() { state.state.withLock { $0.seen = [] } }

  /// Times that a session left Up since then.
  var downs: [Transition] { seen.map(\.transition).filter { $0.from == .up } }
}
