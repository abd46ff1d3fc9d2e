import Testing

@testable import BFD
@testable import Speaker

struct AdmissionTests {
  private func at(_ milliseconds: Int) -> Instant { Instant(nanoseconds: Int64(milliseconds) * 1_000_000) }

  @Test("after a pause there is no burst") func burst() {
    var admission = Admission()
    let admitted = (0..<1_000).count { _ in admission.admits(at: at(1_000_000)) }
    #expect(admitted <= 2)
    #expect(admission.refusals == UInt64(1_000 - admitted))
  }

  @Test("as many come up as the rate says") func rate() {
    var admission = Admission()
    let rate = Int(admission.rate)
    let admitted = (0..<10_000).count { admission.admits(at: at($0)) }
    #expect(abs(admitted - rate * 10) <= 2)
  }

  @Test("with room the rate grows, without it shrinks, and never to nothing") func follows() {
    var admission = Admission()
    let first = admission.rate
    for _ in 0..<100 { _ = admission.update(use: 100) }
    #expect(admission.rate > first * 100)
    for _ in 0..<100 { _ = admission.update(use: 900) }
    #expect(admission.rate > 0 && admission.rate <= first)
  }

  @Test("a leap of the use counts before it is too late") func leap() {
    var admission = Admission()
    for _ in 0..<4 { _ = admission.update(use: 0) }
    let before = admission.rate
    _ = admission.update(use: 400)
    #expect(admission.rate < before)
  }

  @Test("peers wait for a second after one was put off") func crowd() {
    var admission = Admission()
    while admission.admits(at: at(0)) {}
    #expect((0..<8).allSatisfy { _ in admission.update(use: 100) })
    #expect((0..<8).count { _ in admission.update(use: 100) } < 8)
  }

  /// A process in which a session costs 0.4 ms to bring up, and 0.9 of the limit if all send all their packets.
  @Test("all come up, and the limit is kept meanwhile", arguments: [20, 100, 1_000])
  func together(sessions: Int) {
    var admission = Admission()
    var stretch = Stretch.cautious
    var up = 0
    var worst: Int64 = 0
    let allowance = Double(sessions) * 0.05  // milliseconds in each window of 100
    for window in 0..<200 {
      var used = 0.0
      // Each of those that wait tries once a second.
      for attempt in 0..<max(0, (sessions - up) / 10 + (sessions > up ? 1 : 0)) where up < sessions {
        guard admission.admits(at: at(window * 100 + attempt * 100 / max(1, sessions - up))) else { continue }
        up += 1
        used += 0.4
      }
      let effective = min(2_000, stretch.factor)
      used += allowance * 0.9 * Double(up) / Double(sessions) * 1_000 / Double(effective)
      let use = Int64(used / allowance * 1_000)
      worst = max(worst, use)
      stretch.update(use: use, isCrowded: admission.update(use: use))
    }
    #expect(up == sessions)
    #expect(worst <= 1_000)
    #expect(stretch.factor < 1_600)
  }
}
