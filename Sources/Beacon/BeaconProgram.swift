import BFD
import CLinux
import Glibc
import NetworkNamespaces
import OpenBFDD
import OpenBFDDServer
import Runtime
import Speaker

/// bfdd-beacon(8).
public enum BeaconProgram {
  /// Runs it to its end. The process must have one thread.
  /// - Parameters:
  ///   - arguments: without the program's name.
  ///   - product: what is said beside the release of OpenBFDD, such as `everway 0.1.0`.
  /// - Returns: the exit code; of the parent, when it goes into the background.
  public static func run(_ arguments: [String], product: String) -> Int32 {
    let options: BeaconOptions
    do throws(EarlyExit) {
      options = try BeaconOptions(arguments, product: product)
    } catch {
      return error.carryOut()
    }
    guard options.arguments.forks else { return serve(options) { _ in } }
    return Background.run { report in serve(options, report) }
  }

  /// - Parameter started: told once whether it could start: nil, or why not.
  private static func serve(_ options: BeaconOptions, _ started: (String?) -> Void) -> Int32 {
    var log = BeaconLog(tees: options.arguments.tees)
    log.write(.app, "Started \(getpid())")
    do throws(BeaconError) {
      // The control ports first: a second beacon is told so before anything else is touched.
      var server = try openControl(options.arguments.control, log: &log)
      var beacon = try Beacon(options, log: log, at: MonotonicClock.now())
      let signals: SignalSource
      do throws(SystemCallError) {
        signals = try SignalSource([SIGTERM, SIGINT, SIGHUP])
      } catch {
        throw BeaconError("\(error)")
      }
      for refusal in Scheduling(of: pthread_self(), priority: options.priority).refusals {
        beacon.log.write(.app, refusal)
      }
      started(nil)
      do throws(SystemCallError) {
        try beacon.run(&server, signals)
      } catch {
        throw BeaconError("\(error)")
      }
      beacon.log.write(.app, "Shutdown \(getpid())")
      return 0
    } catch {
      standardError("\(OpenBFDDRelease.beacon): \(error.message)\n")
      started(error.message)
      return 1
    }
  }
}

/// - Throws: `BeaconError` that names the address.
private func openControl(
  _ addresses: [ControlAddress], log: inout BeaconLog
) throws(BeaconError) -> ControlServer {
  var server: ControlServer
  do throws(SystemCallError) { server = try ControlServer() } catch { throw BeaconError("\(error)") }
  // The alternative port is there in case of trouble with the first: it makes none of its own.
  let mayFail: Set<ControlAddress> = addresses == [.standard, .alternative] ? [.alternative] : []
  for address in addresses {
    do throws(SystemCallError) {
      try server.hear(try ControlServer.listener(on: address))
      log.write(.app, "Listening for commands on \(address)")
    } catch {
      if mayFail.contains(address) {
        log.write(.warn, "\(error)")
        continue
      }
      let hint =
        error.code == EADDRINUSE
        ? "; another beacon runs in this network namespace: ask it to stop with 'bfdd-control stop'" : ""
      throw BeaconError("Failed to listen for commands on \(address). \(error)\(hint)")
    }
  }
  return server
}

extension EarlyExit {
  func carryOut() -> Int32 {
    if !output.isEmpty { writeAll(STDOUT_FILENO, output) }
    if !errors.isEmpty { standardError(errors) }
    return status
  }
}

func standardError(_ text: String) { writeAll(STDERR_FILENO, text) }

/// Writes all of a text; false when it cannot be.
@discardableResult func writeAll(_ fd: Int32, _ text: String) -> Bool { writeAll(fd, Array(text.utf8)) }

@discardableResult func writeAll(_ fd: Int32, _ octets: [UInt8]) -> Bool {
  var bytes = octets[...]
  while !bytes.isEmpty {
    let count = bytes.withUnsafeBytes { write(fd, $0.baseAddress, $0.count) }
    guard count > 0 || errno == EINTR || errno == EAGAIN else { return false }
    bytes = bytes.dropFirst(max(0, count))
  }
  return true
}
