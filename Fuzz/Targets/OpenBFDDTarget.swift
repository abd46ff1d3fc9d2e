import OpenBFDD

extension FuzzTarget {
  /// A request of OpenBFDD's protocol, whole and in pieces; its words as a command; and the same words as a command line.
  static let bfdd = FuzzTarget(name: "bfdd", longestInput: 1_100) { octets in
    let whole = progress(octets[...], step: octets.count + 1)
    // What is too long, or goes on behind its end, is seen earlier or later depending on how it comes.
    if case .complete(let words) = whole {
      try require(progress(octets[...], step: 1) == whole, "in pieces it is another request")
      try require(!words.isEmpty && words.allSatisfy { !$0.isEmpty }, "a request with an empty word")
      if let again = WireProtocol.request(words) {
        try require(progress(again[...], step: again.count) == whole, "written again it is another request")
      }
      do throws(Rejection) {
        _ = try Command(words)
      } catch {
        try require(!error.reply.isEmpty, "rejected without a word")
      }
      _ = try? ControlArguments(words)
      _ = try? BeaconArguments(words, product: "everway")
    }
    for (line, words) in Script.commands(String(decoding: octets, as: UTF8.self)) {
      try require(!words.isEmpty && !line.isEmpty, "a script's command without words")
      _ = try? Command(words)
    }
  }

  /// What comes of octets that come `step` at a time; nil when they are refused.
  private static func progress(_ octets: ArraySlice<UInt8>, step: Int) -> RequestParser.Progress? {
    var parser = RequestParser()
    var rest = octets
    var progress = RequestParser.Progress.unfinished
    while case .unfinished = progress, !rest.isEmpty {
      do {
        progress = try parser.take(rest.prefix(step))
      } catch {
        return nil
      }
      rest = rest.dropFirst(step)
    }
    return progress
  }
}
