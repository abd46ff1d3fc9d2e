/// Draws a text over the one before it. Pure: what has to be written is returned.
struct Screen {
  /// Lines of what stands there now.
  private var height = 0

  static let hideCursor = "\u{1b}[?25l"
  static let showCursor = "\u{1b}[?25h"

  /// Moves to the top of the last drawing and writes over it: every line clears its own rest, so nothing is ever blank
  /// in between. A text that does not fit is cut, since a terminal cannot go back to lines that have scrolled away.
  mutating func draw(_ text: String, rows: Int) -> String {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    if lines.last == "" { lines.removeLast() }
    let room = max(2, rows - 1)
    if lines.count > room {
      let hidden = lines.count - room + 1
      lines = lines.prefix(room - 1) + ["(\(hidden) more lines: make the terminal higher, or name a section)"]
    }
    let back = height > 0 ? "\u{1b}[\(height)F" : ""
    height = lines.count
    return back + lines.map { $0 + "\u{1b}[K\n" }.joined() + "\u{1b}[J"
  }

  /// After what stands there has moved or been mixed with something else: begin below it.
  mutating func forget() { height = 0 }
}
