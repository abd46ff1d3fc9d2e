import CLinux
import Glibc
import KubernetesProtocol
import Processes

/// Runs exec plugins.
enum ExecRunner {
  static let timeout: Duration = .seconds(30)

  static func secondsSince1970() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  static func run(_ plugin: ExecPlugin, _ configuration: KubernetesConfiguration) throws(KubernetesError)
    -> ExecCredential
  {
    var environment: [String: String] = [:]
    for variable in plugin.environment { environment[variable.name] = variable.value }
    var authority: [UInt8]?
    if let source = configuration.authority, plugin.providesClusterInfo {
      authority = try TLSMaterial(configuration: configuration).octets(source, "the authority's certificate")
    }
    environment["KUBERNETES_EXEC_INFO"] = ExecCredential.info(
      for: plugin, server: configuration.server, serverName: configuration.serverName,
      isInsecure: configuration.isInsecure, authority: authority)
    let hint = plugin.installHint.map { ": \($0)" } ?? ""
    let result: CommandResult
    do throws(ProgramError) {
      result = try Command(plugin.command, plugin.arguments, environment: environment)
        .capture(timeout: timeout, limit: 1 << 20)
    } catch {
      throw .credentials(reason: "the exec plugin cannot be run: \(error.message)\(hint)")
    }
    guard result.status.isSuccess else {
      let said = result.errorOutput.split(whereSeparator: \.isNewline).last.map { ": \($0.prefix(300))" } ?? ""
      throw .credentials(reason: "the exec plugin \(plugin.command) failed (\(result.status))\(said)\(hint)")
    }
    return try ExecCredential(result.output, of: plugin)
  }
}
