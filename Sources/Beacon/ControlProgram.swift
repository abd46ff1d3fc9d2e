import BFD
import CLinux
import Glibc
import OpenBFDD
import Runtime
import Speaker

/// bfdd-control(8).
public enum ControlProgram {
  /// How long a beacon may take for all of a command, in nanoseconds: no probe waits for longer.
  static let patience: Int64 = 5_000_000_000

  /// Runs it to its end.
  /// - Parameter arguments: without the program's name.
  /// - Returns: the exit code, an `Outcome`.
  public static func run(_ arguments: [String], product: String) -> Int32 {
    let parsed: ControlArguments
    do throws(EarlyExit) {
      parsed = try ControlArguments(arguments)
    } catch {
      return error.carryOut()
    }
    switch parsed.work {
    case .script(let path): return load(path, parsed.beacon).rawValue
    case .command(let words):
      if words.first == "version" {
        writeAll(STDOUT_FILENO, "\(OpenBFDDRelease.control) v\(OpenBFDDRelease.version)\n\(product)\n")
      }
      return send(words, to: parsed.beacon, prefix: "").rawValue
    }
  }

  private static func load(_ path: String, _ beacon: ControlAddress) -> Outcome {
    writeAll(STDOUT_FILENO, "Running script from file <\(path)>\n")
    let fd = open(path, O_RDONLY | O_CLOEXEC)
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    var count = fd >= 0 ? read(fd, &chunk, chunk.count) : -1
    while count > 0 {
      bytes += chunk[..<count]
      count = read(fd, &chunk, chunk.count)
    }
    guard count == 0 else {
      standardError("Failed to open file <\(path)> : \(errorText(errno))\nScript load failed.\n")
      return .failed
    }
    close(fd)
    var worst = Outcome.done
    for (line, words) in Script.commands(String(decoding: bytes, as: UTF8.self)) {
      writeAll(STDOUT_FILENO, " Command <\(line)>\n")
      switch send(words, to: beacon, prefix: "   ") {
      case .done: break
      case .rejected: worst = .rejected
      case .failed:
        standardError("Script load failed.\n")
        return .failed
      }
    }
    writeAll(STDOUT_FILENO, "Completed script from file <\(path)>\n")
    return worst
  }

  /// Sends one command and prints the answer as it comes.
  private static func send(_ words: [String], to beacon: ControlAddress, prefix: String) -> Outcome {
    guard let request = WireProtocol.request(words) else {
      standardError("Command too long. Not Sent.\n")
      return .failed
    }
    do throws(ExchangeError) {
      var exchange = try Exchange(beacon, until: MonotonicClock.now() + patience)
      try exchange.send(request)
      var printer = Printer(prefix: prefix)
      while let part = try exchange.receive() { printer.print(part) }
      if exchange.reply.isEmpty { standardError("Beacon closed the control connection without a reply.\n") }
      return Outcome(of: words, reply: String(decoding: exchange.reply, as: UTF8.self))
    } catch {
      standardError(error.message + "\n")
      return .failed
    }
  }
}

/// Puts a prefix before every line.
private struct Printer {
  let prefix: String
  private var isAtStart = true

  init(prefix: String) { self.prefix = prefix }

  mutating func print(_ part: [UInt8]) {
    var text: [UInt8] = []
    for octet in part {
      if isAtStart { text += Array(prefix.utf8) }
      text.append(octet)
      isAtStart = octet == UInt8(ascii: "\n")
    }
    writeAll(STDOUT_FILENO, text)
  }
}
