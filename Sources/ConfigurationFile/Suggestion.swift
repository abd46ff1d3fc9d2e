/// Finds the word that was meant.
public enum Suggestion {
  /// The candidate nearest to `word`, when it is near enough to be a slip; the first of equals.
  public static func nearest(to word: String, among candidates: some Sequence<String>) -> String? {
    let typed = normalized(word)
    guard (1...64).contains(typed.count) else { return nil }
    var best: (word: String, distance: Int)?
    for candidate in candidates.prefix(1000) where candidate != word {
      let other = normalized(candidate)
      let limit = min(max(1, min(typed.count, other.count) / 3), min(typed.count, other.count) - 1)
      guard abs(typed.count - other.count) <= limit else { continue }
      let distance = distance(typed, other)
      if distance <= limit, best.map({ distance < $0.distance }) ?? true { best = (candidate, distance) }
    }
    return best?.word
  }

  /// `did you mean "…"?`, or nil.
  public static func help(for word: String, among candidates: some Sequence<String>) -> String? {
    nearest(to: word, among: candidates).map { "did you mean \(SourceText.quoted($0))?" }
  }

  /// Case and the choice of `_` or `-` cost nothing.
  private static func normalized(_ word: String) -> [UInt8] {
    word.lowercased().utf8.map { $0 == UInt8(ascii: "_") ? UInt8(ascii: "-") : $0 }
  }

  /// Damerau-Levenshtein, optimal string alignment: insertions, deletions, substitutions, swaps of neighbours.
  static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...b.count)
    for i in a.indices {
      var row = [i + 1]
      for j in b.indices {
        var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, beforeLast[j - 1] + 1) }
        row.append(cost)
      }
      beforeLast = last
      last = row
    }
    return last[b.count]
  }
}
