import Testing

@testable import Speaker

@Suite("How late timers were") struct LatenessHistogramTests {
  /// Bucket n holds what was late by at most 2^n microseconds.
  @Test(arguments: [
    (0, 0), (1_000, 0), (1_999, 0), (2_000, 1), (2_999, 1), (3_000, 2), (4_000, 2), (5_000, 3), (65_536_000, 16),
    (65_537_000, 17), (Int64.max, 17)
  ])
  func aBucketEndsAtAPowerOfTwo(nanoseconds: Int64, bucket: Int) {
    var histogram = LatenessHistogram()
    histogram.add(nanoseconds)
    #expect(histogram.counts.count == LatenessHistogram.bucketCount)
    #expect(histogram.counts.firstIndex(of: 1) == bucket && histogram.counts.reduce(0, +) == 1)
  }

  @Test func itAddsUp() {
    var histogram = LatenessHistogram()
    for microseconds in [1, 7, 1_000] as [Int64] { histogram.add(microseconds * 1_000) }
    #expect(histogram.sum == 1_008 && histogram.counts.reduce(0, +) == 3)
    var other = histogram
    #expect(other == histogram && other.hashValue == histogram.hashValue)
    other.add(1)
    #expect(other != histogram)
  }
}
