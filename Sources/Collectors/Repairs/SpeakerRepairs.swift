import Cluster
import Beacon
import Doctor
import Glibc
import NetworkNamespaces
import OpenBFDD
import Processes

enum SpeakerRepairs {
  static func apply(_ action: RepairAction) throws(RepairError) {
    switch action {
    case .controlBeacon(let namespace, let arguments): try control(namespace, arguments)
    case .startService(let name): try run(nil, Processes.Command("systemctl", ["start", "\(name).service"]))
    case .liftCPULimit(let path): try lift(path)
    case .acceptUDPBefore(let namespace, let family, let table, let chain, let handle, let port):
      let words =
        ["insert", "rule", family, table, chain, "position", "\(handle)"] + ["udp", "dport", "\(port)", "accept"]
      try run(namespace, Processes.Command("nft", words))
    case .acceptUDP(let namespace, let family, let table, let chain, let port):
      let words = ["insert", "rule", family, table, chain, "udp", "dport", "\(port)", "accept"]
      try run(namespace, Processes.Command("nft", words))
    default: throw RepairError("this version cannot do it: \(action)")
    }
  }

  /// What `bfdd-control` does, on whichever of its ports a beacon answers.
  private static func control(_ namespace: String?, _ arguments: [String]) throws(RepairError) {
    let answer: Result<String, BeaconClient.Failure> = try inside(namespace) {
      do throws(BeaconClient.Failure) {
        return .success(try BeaconClient.ask(arguments, patience: BeaconQuestions.patience))
      } catch {
        guard let text = try? BeaconClient.ask(arguments, at: .alternative, patience: BeaconQuestions.patience)
        else {
          return .failure(error)
        }
        return .success(text)
      }
    }
    switch answer {
    case .failure(let failure): throw RepairError(failure.message)
    case .success(let reply):
      guard Outcome(of: arguments, reply: reply) == .done else {
        throw RepairError("the beacon refused: \(reply.prefix { $0 != "\n" })")
      }
    }
  }

  private static func inside<T: Sendable>(
    _ namespace: String?, _ body: @Sendable () -> T
  ) throws(RepairError) -> T {
    do throws(SystemCallError) {
      guard let namespace else { return body() }
      return try NetworkNamespace(named: namespace).perform { () throws(SystemCallError) in body() }
    } catch {
      throw RepairError("\(error)")
    }
  }

  private static func run(_ namespace: String?, _ command: Processes.Command) throws(RepairError) {
    let result: CommandResult
    do throws(ProgramError) {
      result = try capture(namespace, command)
    } catch {
      throw RepairError(error.message)
    }
    guard result.status.isSuccess else {
      throw RepairError("`\(command)` failed (\(result.status)): \(result.errorOutput.prefix { $0 != "\n" })")
    }
  }

  private static func capture(
    _ namespace: String?, _ command: Processes.Command
  ) throws(ProgramError) -> CommandResult {
    guard let namespace else { return try command.capture() }
    let place: NetworkNamespace
    do throws(SystemCallError) { place = try NetworkNamespace(named: namespace) } catch {
      throw ProgramError(error)
    }
    return try command.capture(in: place)
  }

  /// -1 in cgroup v1, `max` in v2.
  private static func lift(_ path: String) throws(RepairError) {
    guard path.hasPrefix("/"), !path.contains("/../") else { throw RepairError("\(path) is no control group") }
    let (file, text) =
      access("\(path)/cpu.max", F_OK) == 0 ? ("\(path)/cpu.max", "max") : ("\(path)/cpu.cfs_quota_us", "-1")
    let fd = open(file, O_WRONLY | O_CLOEXEC)
    guard fd >= 0 else { throw RepairError("open \(file): \(String(cString: strerror(errno)))") }
    defer { close(fd) }
    guard write(fd, text, text.utf8.count) == text.utf8.count else {
      throw RepairError("write \(file): \(String(cString: strerror(errno)))")
    }
  }
}
