import Glibc

/// Keeps what a thread does within a part of the CPU time that the process may use, by a pause between one piece of work and
/// the next: a process that has used its quota up stands still with all its threads, and they need not all hurry.
public struct CPUPace: Sendable {
  /// How much of a CPU this thread may use; nil without a limit.
  public var share: Double? { didSet { if share != oldValue { credit = 0 } } }
  /// Nanoseconds of CPU time.
  private var credit: Double = 0
  private var seen: (now: Int64, used: Int64)?

  /// Nanoseconds.
  private static let (burst, longestPause) = (Double(100_000_000), Double(200_000_000))

  public init(share: Double? = nil) { self.share = share }

  /// - Parameters:
  ///   - now: nanoseconds of the monotonic clock.
  ///   - used: nanoseconds of CPU time of this thread since its start.
  /// - Returns: nanoseconds to do nothing, at most 0.2 s.
  public mutating func pause(now: Int64, used: Int64) -> Int64 {
    guard let share, share > 0 else { return 0 }
    let last = seen ?? (now, used)
    seen = (now, used)
    credit = min(Self.burst * share, credit + Double(now - last.now) * share) - Double(used - last.used)
    guard credit < 0 else { return 0 }
    let pause = min(Self.longestPause, -credit / share)
    // What is left after the longest pause is forgiven: nothing here takes that long in one piece.
    if -credit / share > pause { credit = -pause * share }
    return Int64(pause)
  }

  /// Pauses the calling thread, which is the same at each call.
  public mutating func rest() {
    guard share != nil else { return }
    let pause = pause(now: Self.clock(CLOCK_MONOTONIC), used: Self.clock(CLOCK_THREAD_CPUTIME_ID))
    guard pause > 0 else { return }
    var time = timespec(tv_sec: 0, tv_nsec: Int(pause))
    nanosleep(&time, nil)
  }

  private static func clock(_ id: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(id, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
