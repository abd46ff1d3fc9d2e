import BFD
import Testing

@testable import Gateway
@testable import Speaker

@Suite("Lateness of the last minute") struct LatenessMinuteTests {
  private static func at(_ seconds: Int64) -> Instant { Instant(nanoseconds: seconds * 1_000_000_000) }

  @Test("What is older than a minute is told no more, what is younger is")
  func forgets() {
    var histogram = LatenessHistogram()
    var minute = LatenessMinute(at: Self.at(0))
    minute.mark(histogram, worst: 0, at: Self.at(0))
    histogram.add(30_000_000)
    #expect(minute.view(histogram, worst: 30_000).worst == 30_000)
    for second in stride(from: Int64(5), through: 55, by: 5) {
      #expect(minute.dueAt == Self.at(second))
      minute.mark(histogram, worst: 0, at: Self.at(second))
      #expect(minute.view(histogram, worst: 0) == LatenessView(counts: histogram.counts, worst: 30_000))
    }
    minute.mark(histogram, worst: 0, at: Self.at(60))
    #expect(minute.view(histogram, worst: 0).median == nil)
    #expect(minute.view(histogram, worst: 0).worst == 0)
  }

  @Test("The median is the end of the bucket in which half are reached, and no more than the worst")
  func median() {
    var histogram = LatenessHistogram()
    var minute = LatenessMinute(at: Self.at(0))
    minute.mark(histogram, worst: 0, at: Self.at(0))
    for microseconds: Int64 in [40, 50, 60, 5_000] { histogram.add(microseconds * 1_000) }
    #expect(minute.view(histogram, worst: 5_000).median == 64)
    #expect(minute.view(histogram, worst: 0).worst == 5_000)
    var few = LatenessMinute(at: Self.at(0))
    few.mark(LatenessHistogram(), worst: 0, at: Self.at(0))
    var one = LatenessHistogram()
    one.add(100_000_000)
    #expect(few.view(one, worst: 100_000).median == 100_000)
  }

  @Test("The speaker's worst begins anew when it is taken")
  func taken() {
    var speaker = Speaker(secret: (1, 2), seed: 3, at: Self.at(0))
    speaker.counters.lateness.add(7_000_000)
    speaker.counters.lateness.add(2_000_000)
    #expect(speaker.takeWorstLateness() == 7_000)
    #expect(speaker.takeWorstLateness() == 0)
  }
}
