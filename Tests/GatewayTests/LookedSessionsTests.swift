import Testing

@testable import Gateway

struct LookedSessionsTests {
  /// What a look at all of these says is news.
  private func look(_ looked: inout LookedSessions, _ sessions: [Int: (UInt32, UInt64)], _ numbers: [Int]) -> [Int]
  {
    numbers.filter { number in
      guard let (discriminator, stamp) = sessions[number] else {
        looked.forget(number)
        return false
      }
      return looked.isNews(number, discriminator, stamp)
    }
  }

  @Test func eachIsNewsOnceAndAgainWhenItsStampChanges() {
    var looked = LookedSessions()
    var sessions: [Int: (UInt32, UInt64)] = [0: (10, 1), 1: (11, 1)]
    #expect(look(&looked, sessions, [0, 1]) == [0, 1])
    #expect(looked.endLook(isWhole: true).isEmpty)
    #expect(look(&looked, sessions, [0, 1]).isEmpty)
    sessions[1] = (11, 2)
    #expect(look(&looked, sessions, [0, 1]) == [1])
  }

  @Test func onlyWhatWasTouchedIsLookedAtUntilTooMuchWas() {
    var looked = LookedSessions()
    #expect(looked.mustSeeAll)
    _ = looked.endLook(isWhole: true)
    #expect(!looked.mustSeeAll)
    looked.touch(7)
    #expect(looked.touched == [7])
    _ = looked.endLook(isWhole: false)
    #expect(looked.touched.isEmpty && !looked.mustSeeAll)
    for number in 0..<10_000 { looked.touch(number) }
    #expect(looked.mustSeeAll)
  }

  @Test func whoHasGoneIsToldOnceAndWhoWasMadeAnewIsNotGone() {
    var looked = LookedSessions()
    _ = look(&looked, [0: (10, 1), 1: (11, 1)], [0, 1])
    _ = looked.endLook(isWhole: true)
    // Session 10 under another number, 11 gone.
    #expect(look(&looked, [2: (10, 1)], [0, 1, 2]) == [2])
    #expect(looked.endLook(isWhole: true) == [11])
    #expect(look(&looked, [2: (10, 1)], [0, 1, 2]).isEmpty)
    #expect(looked.endLook(isWhole: true).isEmpty)
  }

  @Test func aNumberThatIsUsedAgainIsNewsAndItsOldOwnerGone() {
    var looked = LookedSessions()
    _ = look(&looked, [0: (10, 1)], [0])
    _ = looked.endLook(isWhole: true)
    #expect(look(&looked, [0: (12, 1)], [0]) == [0])
    #expect(looked.endLook(isWhole: false) == [10])
  }

  @Test func afterForgettingAllAreNews() {
    var looked = LookedSessions()
    _ = look(&looked, [0: (10, 1)], [0])
    _ = looked.endLook(isWhole: true)
    looked.forgetStamps()
    #expect(looked.mustSeeAll)
    #expect(look(&looked, [0: (10, 1)], [0]) == [0])
  }
}
