import Testing

@testable import Gateway

@Suite("Numbered tables") struct NumberedTableTests {
  @Test("A number that was never given has no value, and none is made by asking or by removing")
  func empty() {
    var table = NumberedTable<Int>()
    #expect(table[3] == nil)
    #expect(table.remove(3) == nil)
    table[3] = nil
    #expect(Array(table.entries).isEmpty)
  }

  @Test("What was given is there under its number alone until it is removed, in the order of the numbers")
  func keeps() {
    var table = NumberedTable<String>(count: 2)
    table[5] = "f"
    table[0] = "a"
    table[1] = "b"
    #expect(table.entries.map { "\($0.number)\($0.value)" } == ["0a", "1b", "5f"])
    #expect(table.remove(1) == "b")
    #expect(table[1] == nil)
    #expect(table[4] == nil)
    #expect(table.entries.map { "\($0.number)\($0.value)" } == ["0a", "5f"])
  }
}
