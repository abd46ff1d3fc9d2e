/// Where a line may be broken: at blanks, and beside East Asian characters, though never before their closing
/// punctuation (UAX #14, as far as a terminal needs it).
enum LineBreaks {
  struct Word: Hashable {
    var text: String
    /// A blank stood before it.
    var followsSpace: Bool
  }

  static func words(_ text: String) -> [Word] {
    var words: [Word] = []
    for part in text.split(separator: " ") {
      var isFirst = true
      var current = ""
      var endsWide = false
      func close() {
        guard !current.isEmpty else { return }
        words.append(Word(text: current, followsSpace: isFirst && !words.isEmpty))
        current = ""
        isFirst = false
      }
      for character in part {
        let isWide = character.unicodeScalars.contains { Styled.columns($0) == 2 }
        let staysWithNext = current.last.map { opening.contains($0) } ?? false
        if isWide || endsWide, !closing.contains(character), !staysWithNext { close() }
        current.append(character)
        endsWide = isWide
      }
      close()
    }
    return words
  }

  private static let closing: Set<Character> = [
    "，", "。", "；", "：", "、", "）", "」", "』", "》", "！", "？", "”", ",", ".", ";", ":", ")", "!", "?", "\""
  ]
  private static let opening: Set<Character> = ["（", "「", "『", "《", "“", "(", "`"]
}
