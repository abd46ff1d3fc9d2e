import BFD
import Testing

@testable import Speaker

/// The instants at which packets of many sessions leave together.
struct GrainTests {
  private static let intervals: [Int64] = [1, 2, 3, 10, 20, 50, 100, 300, 1_000, 10_000].map { $0 * 1_000_000 }

  @Test("none is early or late, whatever was drawn", arguments: intervals)
  func bounds(interval: Int64) {
    let grain = Speaker.grain(of: interval)
    for start in stride(from: Int64(1_000_000_007), to: 1_000_000_007 + 5 * grain, by: Int(grain / 7)) {
      let earliest = Instant(nanoseconds: start + interval * 3 / 4)
      for share in 0...64 {
        let due = earliest + interval / 4 * Int64(share) / 64
        let shared = Speaker.shared(due, earliest, interval)
        #expect(shared >= earliest)
        // Else the session would say that it is not due yet, and be asked again at once.
        #expect(due - shared <= Speaker.slack(of: interval))
        #expect(shared <= earliest + interval * 3 / 16)
        // 75 to 90 % with a multiplier of 1 (RFC 5880 section 6.8.7): `due` is within that then.
        if due <= earliest + interval * 3 / 20 { #expect(shared <= earliest + interval * 3 / 20) }
        if interval >= 4_000_000, due > earliest {
          let shift = Speaker.shift(at: min(due, earliest + interval * 3 / 16).nanoseconds)
          #expect((shared.nanoseconds - shift) % grain == 0)
        }
      }
    }
  }

  @Test("some shared instant is left, mostly several", arguments: intervals.filter { $0 >= 4_000_000 })
  func jitter(interval: Int64) {
    let grain = Speaker.grain(of: interval)
    var (least, most) = (Int.max, 0)
    for start in stride(from: Int64(1_000_000_007), to: 1_000_000_007 + grain, by: Int(grain / 11)) {
      let earliest = Instant(nanoseconds: start + interval * 3 / 4)
      let instants = Set(
        (1...64).map { Speaker.shared(earliest + interval / 4 * $0 / 64, earliest, interval) })
      (least, most) = (min(least, instants.count), max(most, instants.count))
    }
    #expect(least >= 1)
    #expect(most >= 2)
  }

  /// RFC 5880 section 6.8.7: jittered for each packet.
  @Test("waits differ, and sessions share wake-ups all the same", arguments: intervals.filter { $0 >= 10_000_000 })
  func waits(interval: Int64) {
    var random = RandomSource(seed: 7)
    var waits: [Int64: Int] = [:]
    var instants: Set<Int64> = []
    let (sessions, rounds) = (50, 40)
    for session in 0..<sessions {
      var last = Instant(nanoseconds: 1_000_000_000 + interval * Int64(session) / Int64(sessions))
      for _ in 0..<rounds {
        let early: Int64 = interval / 4 * Int64(random.next() >> 16) / 65_536
        let due = last + (interval - early)
        let next = Speaker.shared(due, last + interval * 3 / 4, interval)
        waits[next - last, default: 0] += 1
        instants.insert(next.nanoseconds)
        last = next
      }
    }
    let commonest: Int = waits.values.max() ?? 0
    #expect(commonest < sessions * rounds * 2 / 3)
    let (least, most) = (interval / 4 * 3, interval / 16 * 15)
    for wait in waits.keys { #expect(wait >= least && wait <= most) }
    if interval <= 1_000_000_000 { #expect(instants.count < sessions * rounds / 2) }
  }

  @Test("what is urgent is not moved") func urgent() {
    let now = Instant(nanoseconds: 1_234_567_891)
    #expect(Speaker.shared(now, now, 300_000_000) == now)
  }
}
