import Lab
import Testing

@Suite struct PrintingTables {
  @Test func columnsAreAligned() {
    var table = TextTable([.left("event"), .right("lost"), .left("note")])
    table.add("r1 killed", "153", "")
    table.add("路由器", "0", "back")
    #expect(
      table.rendered() == """
        event      lost  note
        ---------  ----  ----
        r1 killed   153
        路由器        0  back

        """)
  }

  @Test func coloursAreOnlyForThoseWhoWantThem() {
    var table = TextTable([.left("a")])
    table.add("x", style: .bad)
    #expect(!table.rendered().contains("\u{1b}"))
    #expect(table.rendered(coloured: true).contains("\u{1b}[31mx\u{1b}[0m\n"))
  }

  @Test func missingCellsAreEmptyAndSurplusOnesLeftOut() {
    var table = TextTable([.left("a"), .left("b")])
    table.add("1")
    table.add("1", "2", "3")
    #expect(table.rendered() == "a  b\n-  -\n1\n1  2\n")
  }
}
