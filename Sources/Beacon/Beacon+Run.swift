import BFD
import CLinux
import Glibc
import NetworkNamespaces
import OpenBFDDServer
import Runtime
import Speaker

extension Beacon {
  /// Nanoseconds between looks at what no packet tells.
  static let tickInterval: Int64 = 1_000_000_000
  /// Nanoseconds that clients have to take their answers once it is told to stop.
  static let farewell: Int64 = 500_000_000

  /// Runs until it is told to stop. Peers are told nothing: they find out in a Detection Time, and a beacon that is back
  /// before that has not been away.
  mutating func run(_ server: inout ControlServer, _ signals: borrowing SignalSource) throws(SystemCallError) {
    let poller = try Poller()
    for descriptor in speaker.descriptors + [server.descriptor, signals.descriptor] {
      try poller.watch(descriptor)
    }
    var nextTick = MonotonicClock.now()
    var end: Instant?
    while true {
      let before = MonotonicClock.now()
      let deadline = min(speaker.nextDeadline, nextTick, server.nextDeadline, end ?? .distantFuture)
      poller.wait(until: server.isBusy ? before : deadline, now: before)
      let now = MonotonicClock.now()
      speaker.process(at: now)
      speaker.flush()
      takeEvents(at: now)
      server.run(at: now) { answer($0, at: now) }
      if now >= nextTick {
        tick(at: now)
        nextTick = now + Self.tickInterval
      }
      if signals.receive().contains(where: { $0 != SIGHUP }) { isStopping = true }
      if isStopping, end == nil {
        end = now + Self.farewell
        server.closeListeners()
      }
      if let end, server.isIdle || now >= end { return }
    }
  }
}
