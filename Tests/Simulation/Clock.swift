import BFD

/// A node's clock: off by an offset, and running fast or slow.
struct Clock {
  let ppm: Int64
  let offset: Int64

  /// What it shows at a true time; nanoseconds both.
  func local(_ time: Int64) -> Instant { Instant(nanoseconds: offset + time + time / 1_000 * ppm / 1_000) }

  /// The first true time at which it shows `instant` or later.
  func time(_ instant: Instant) -> Int64 {
    var time = instant.nanoseconds - offset
    for _ in 0..<3 { time += instant - local(time) }
    while local(time) >= instant { time -= 1 }
    repeat { time += 1 } while local(time) < instant
    return time
  }
}
