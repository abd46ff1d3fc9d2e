public import Addresses
import BFD
import Glibc
public import NetworkNamespaces
public import PeerProbe
import Probing
import Runtime
import Speaker
import Synchronization

/// Measures a path by echo requests, and this node's scheduler by timers, for a while.
public struct PathMeasurement: Sendable {
  public var address: IPAddress
  /// Nanoseconds.
  public var duration: Int64 = 30_000_000_000
  /// From echo request to echo request, nanoseconds.
  public var spacing: Int64 = 10_000_000
  /// Nanoseconds after which an answer counts as lost.
  public var patience: Int64 = 1_000_000_000

  public init(address: IPAddress) { self.address = address }

  public struct Outcome: Sendable {
    public var trace: PathTrace
    /// With SCHED_OTHER, microseconds late at each tick of 1 ms.
    public var ordinaryLateness: [UInt64] = []
    /// Why SCHED_FIFO was not measured.
    public var refusal: String?
    /// What was said instead of answers.
    public var errors: [String] = []
  }

  /// - Parameter progress: called about twice a second with what there is so far; false ends the measurement.
  /// - Throws: `ProbeFailure` when it cannot begin.
  public func run(
    along path: ProbePath, in namespace: borrowing NetworkNamespace, progress: (PathTrace) -> Bool = { _ in true }
  ) throws(ProbeFailure) -> Outcome {
    var random = SystemRandomNumberGenerator()
    var watch: PeerWatch
    do throws(ProbeError) {
      watch = try PeerWatch(
        in: namespace, interface: ProbeInterface(index: path.index, name: path.interface), peer: address,
        via: path.gateway ?? address, source: path.source, port: BFDPort.singleHop,
        isAnywhere: path.gateway != nil, identifier: random.next())
    } catch {
      throw ProbeFailure(error.message)
    }
    let throttlingBefore = CPUQuota.throttling()
    let timers = TimerLateness()
    var log = EchoLog(spacing: spacing)
    var outcome = Outcome(trace: PathTrace(spacing: UInt64(spacing / 1_000)))
    let start = MonotonicClock.now()
    let end = start + duration
    var next = start
    var nextReport = start + 500_000_000
    while true {
      let now = MonotonicClock.now()
      for sighting in watch.take() {
        if case .error(let text, let reporter, false, _) = sighting {
          let line = "\(text), from \(reporter)"
          if !outcome.errors.contains(line), outcome.errors.count < 5 { outcome.errors.append(line) }
        }
        log.note(sighting)
      }
      // What is under way when time is up is waited for, as long as any answer.
      if now >= end + patience || now >= end && log.isComplete { break }
      if now >= next, now < end {
        let code = watch.sendEcho(sequence: log.next(at: now))
        if code != 0 {
          let text = String(cString: strerror(code))
          if !outcome.errors.contains(text) { outcome.errors.append(text) }
        }
        // Late ones are not caught up with: that would be a burst.
        next = max(next + spacing, now + spacing / 2)
      }
      if now >= nextReport {
        nextReport = now + 500_000_000
        if !progress(log.trace(now: now, patience: patience)) { break }
      }
      Self.wait(for: watch.descriptor, until: now < end ? min(next, nextReport) : min(end + patience, nextReport))
    }
    outcome.trace = log.trace(now: .distantFuture, patience: patience)
    let late = timers.stop()
    outcome.ordinaryLateness = late.ordinary
    outcome.refusal = late.refusal
    outcome.trace.isRealTime = late.refusal == nil
    outcome.trace.lateness = late.refusal == nil ? late.realTime : late.ordinary
    outcome.trace.tick = TimerLateness.tick
    if let before = throttlingBefore, let after = CPUQuota.throttling(), after.periods >= before.periods {
      outcome.trace.throttled = PathTrace.Throttling(
        periods: after.periods - before.periods,
        microseconds: after.microseconds - min(before.microseconds, after.microseconds))
    }
    return outcome
  }

  private static func wait(for descriptor: Int32, until deadline: Instant) {
    let left = deadline - MonotonicClock.now()
    guard left > 0 else { return }
    var events = [pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)]
    _ = poll(&events, 1, Int32(clamping: left / 1_000_000 + 1))
  }
}

/// Requests in their order, and what became of each. Sequences of 16 bits repeat; the position tells them apart.
private struct EchoLog {
  private var leftAt: [Instant] = []
  private var roundTrips: [Int64?] = []
  private let spacing: Int64

  init(spacing: Int64) { self.spacing = spacing }

  var isComplete: Bool { roundTrips.suffix(200).allSatisfy { $0 != nil } }

  mutating func next(at now: Instant) -> UInt16 {
    // Until it is seen leaving: the time it was given to the kernel.
    leftAt.append(now)
    roundTrips.append(nil)
    return UInt16(truncatingIfNeeded: leftAt.count - 1)
  }

  mutating func note(_ sighting: PeerWatch.Sighting) {
    switch sighting {
    case .echoRequest(let sequence, let at):
      if let position = position(sequence) { leftAt[position] = at }
    case .echoReply(let sequence, _, let at):
      guard let position = position(sequence), roundTrips[position] == nil else { return }
      roundTrips[position] = max(0, at - leftAt[position])
    default: break
    }
  }

  /// The last one with that sequence.
  private func position(_ sequence: UInt16) -> Int? {
    let last = leftAt.count - 1
    guard last >= 0 else { return nil }
    let back = Int(UInt16(truncatingIfNeeded: last) &- sequence)
    return back <= last ? last - back : nil
  }

  /// - Parameter now: what left less than `patience` ago and is not answered is left out.
  func trace(now: Instant, patience: Int64) -> PathTrace {
    var trace = PathTrace(spacing: UInt64(spacing / 1_000))
    var known = roundTrips[...]
    while now != .distantFuture, let last = known.indices.last, known[last] == nil, now - leftAt[last] < patience {
      known.removeLast()
    }
    trace.roundTrips = known.map { $0.map { $0 > patience ? nil : UInt64($0) / 1_000 } ?? nil }
    if leftAt.count > 1, let first = leftAt.first, let last = leftAt.last {
      trace.spacing = UInt64(max(1, (last - first) / 1_000 / Int64(leftAt.count - 1)))
    }
    return trace
  }
}
