import Languages
import Testing

@testable import Doctor

@Suite struct Placeholders {
  @Test func areFilledInBothLanguages() {
    let words = Words("{a} is not {b}", zh: "{b}，不是 {a}").filled(["a": "1", "b": "{a}"])
    #expect(words == Words("1 is not {a}", zh: "{a}，不是 1"))
  }

  @Test func withoutAValueStay() {
    #expect(Words("{a} and {", zh: "").filled([:]).en == "{a} and {")
  }
}
