public import NetworkNamespaces

/// A program that could not be started, or did not end in time.
public struct ProgramError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What was tried and why it failed, in one sentence without a full stop.
  public var message: String
  /// The last lines it wrote, oldest first.
  public var output: [String]

  public init(_ message: String, output: [String] = []) {
    self.message = message
    self.output = output
  }

  public init(_ error: SystemCallError) { self.init(error.description) }

  public var description: String {
    output.isEmpty
      ? message : ([message + "; its last output:"] + output.map { "  | " + $0 }).joined(separator: "\n")
  }
}
