import NetworkNamespaces
public import Processes

extension Command {
  /// Runs the program to its end and returns what it wrote on standard output.
  /// - Parameters:
  ///   - namespace: where; nil for where this process is.
  ///   - input: its standard input.
  ///   - timeout: killed when it takes longer.
  /// - Throws: `LabError` with its last lines when it cannot be started, fails or takes too long.
  @discardableResult public func run(
    in namespace: LabNamespace? = nil, input: String = "", timeout: Duration = .seconds(20)
  ) throws(LabError) -> String {
    let result = try capture(in: namespace, input: input, timeout: timeout)
    guard result.status.isSuccess else {
      let said = result.errorOutput.isEmpty ? result.output : result.errorOutput
      throw LabError("`\(self)` failed (\(result.status))", output: Files.lines(said).suffix(15))
    }
    return result.output
  }

  /// Runs the program to its end, whatever its exit status.
  /// - Throws: `LabError` when it cannot be started or takes longer than `timeout`.
  public func capture(
    in namespace: LabNamespace?, input: String = "", timeout: Duration = .seconds(20)
  ) throws(LabError) -> CommandResult {
    do throws(ProgramError) {
      guard let namespace else { return try capture(input: input, timeout: timeout) }
      let place: NetworkNamespace
      do throws(SystemCallError) {
        place = try NetworkNamespace(named: namespace.name)
      } catch { throw ProgramError(error) }
      return try capture(in: place, input: input, timeout: timeout)
    } catch {
      throw LabError(error)
    }
  }
}
