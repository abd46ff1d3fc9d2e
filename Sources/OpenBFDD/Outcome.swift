/// What came of a command, for an exit code. The wire has none: the reply is text.
public enum Outcome: Int32, Hashable, Sendable {
  /// Done, or answered. "No session" is an answer to `status`: Kube-OVN asks for just that.
  case done = 0
  /// Nothing was done: the command line is wrong, or the beacon did not answer, or said that it cannot.
  case failed = 1
  /// The beacon answered, and refused.
  case rejected = 2

  /// - Parameters:
  ///   - words: the command that was sent.
  ///   - reply: all of the answer, from our beacon or from an old one.
  public init(of words: [String], reply: String) {
    guard !reply.isEmpty else {
      self = .failed
      return
    }
    let lines = reply.split(whereSeparator: \.isNewline)
    if lines.contains(where: { $0.hasPrefix("Unable to complete ") }) {
      self = .failed
      return
    }
    if words.first?.lowercased() == "status" {
      self = .done
      return
    }
    do throws(Rejection) {
      _ = try Command(words)
      let refusals = ["No session with ", "Failed to ", "Unknown command "]
      self = lines.contains { line in refusals.contains { line.hasPrefix($0) } } ? .rejected : .done
    } catch {
      self = error.isMissingUnit ? .done : .rejected
    }
  }
}
