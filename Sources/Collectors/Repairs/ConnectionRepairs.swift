import Addresses
import NetworkNamespaces
import Processes

enum ConnectionRepairs {
  /// Has the kernel forget connections that are translated to an address.
  static func forget(_ address: IPAddress, in namespace: String?) throws(RepairError) {
    let command = Processes.Command(
      "conntrack", ["-D", "-f", address.family == .ipv6 ? "ipv6" : "ipv4", "--reply-dst", "\(address)"])
    do throws(ProgramError) {
      let result: CommandResult
      if let namespace {
        let place: NetworkNamespace
        do throws(SystemCallError) { place = try NetworkNamespace(named: namespace) } catch {
          throw ProgramError(error)
        }
        result = try command.capture(in: place)
      } else {
        result = try command.capture()
      }
      // It fails when there was none, which is what is wanted.
      let isNone = result.errorOutput.contains("0 flow entries have been deleted")
      guard result.status.isSuccess || isNone else {
        throw ProgramError("`\(command)` failed (\(result.status)): \(result.errorOutput.prefix { $0 != "\n" })")
      }
    } catch {
      throw RepairError(error.message)
    }
  }
}
