public import NetworkNamespaces
public import Processes

/// Why the lab could not do something: what was tried, why it failed, and what the program said last.
public struct LabError: Error, Sendable, CustomStringConvertible {
  /// What was tried and why it failed, in one sentence without a full stop.
  public var message: String
  /// The last lines of the program's output, oldest first; empty when no program was involved.
  public var output: [String]

  public init(_ message: String, output: [String] = []) {
    self.message = message
    self.output = output
  }

  public init(_ error: SystemCallError) { self.init(error.description) }

  public init(_ error: ProgramError) { self.init(error.message, output: error.output) }

  public var description: String {
    output.isEmpty
      ? message : ([message + "; its last output:"] + output.map { "  | " + $0 }).joined(separator: "\n")
  }
}

/// Runs `body`, turning a failed system call into the lab's error.
func systemCall<T>(_ body: () throws(SystemCallError) -> T) throws(LabError) -> T {
  do throws(SystemCallError) { return try body() } catch { throw LabError(error) }
}
