public import Glibc

/// A system call that failed: what was tried, the kernel's number, and what to do where that is known.
public struct SystemCallError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What was tried, in words: `open /run/netns/ovnext`.
  public var operation: String
  /// errno as the kernel gave it.
  public var code: Int32
  /// What to do about it, a phrase without a full stop; nil when nothing better than `code` is known.
  public var hint: String?

  public init(_ operation: String, code: Int32 = errno, hint: String? = nil) {
    self.operation = operation
    self.code = code
    self.hint = hint
  }

  public var description: String {
    let text = "\(operation): \(String(cString: strerror(code)))"
    return hint.map { "\(text); \($0)" } ?? text
  }
}
