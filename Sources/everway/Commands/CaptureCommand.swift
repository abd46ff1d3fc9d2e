import ArgumentParser
import Capture
import Control
import Glibc

struct CaptureCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "capture",
    abstract: "Write BFD packets as pcapng, live, or those kept so far.",
    discussion: """
      Packets as the running everway sends, receives and discards them, for Wireshark: each peer is an interface; \
      what was discarded says why in its comment. Passwords and digests are never in it. Without a name, all sessions; \
      with names of peers or allow entries, only theirs.

      It ends with Ctrl-C, or when its reader goes, and then says on standard error how many packets it wrote, and how \
      many are missing because this machine had no time for them.

      The last packets of each session are kept always (`capture:` in the configuration), and written to a file when \
      the session leaves Up. --last writes those of a peer now.

      EXAMPLES
        everway capture -o all.pcapng
        everway capture r1 --count 100 -o r1.pcapng
        everway capture --discarded -o - | wireshark -k -i -
        everway capture --last r1 -o r1.pcapng

      EXIT CODES
        0  written
        1  no such peer, or the file cannot be written
        2  the command line is wrong
        3  the running everway cannot be reached
      """)

  @Argument(help: ArgumentHelp("Peers or allow entries, by their names in the configuration.", valueName: "peer"))
  var peers: [String] = []

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("The file to write; - is standard output, which must not be a terminal.", valueName: "file"))
  var output: String

  @Option(help: ArgumentHelp("End after so long, as 10s or 5m.", valueName: "time"))
  var duration: PollInterval?

  @Option(help: ArgumentHelp("End after so many packets.", valueName: "number"))
  var count: UInt64?

  @Flag(help: "Also packets that belong to no session, with the reason why they were discarded.")
  var discarded = false

  @Flag(help: "Instead of packets to come, the last ones that were kept of the peers named.")
  var last = false

  @OptionGroup var control: ControlOptions

  func validate() throws {
    if last, peers.isEmpty { throw ValidationError("--last needs the name of a peer.") }
    if count == 0 { throw ValidationError("--count is 1 or more.") }
    if output == "-", isatty(STDOUT_FILENO) == 1 {
      throw ValidationError("pcapng is not for a terminal: name a file with -o, or pipe it into wireshark -k -i -.")
    }
  }

  func run() throws {
    // Held back, so that the last packets are still written.
    var signals = SignalWait([SIGINT, SIGTERM, SIGHUP])
    signal(SIGPIPE, SIG_IGN)
    var client = try control.connect()
    let wanted = CaptureRequest(peers: peers, discarded: discarded, last: last)
    let response: ControlResponse
    do {
      response = try client.send(.capture(wanted))
    } catch {
      throw CommandError(error)
    }
    if case .failure(let failure) = response { throw CommandError(failure, to: .capture(wanted)) }
    guard case .streaming = response else { throw CommandError.unexpectedAnswer }
    let file = try open()
    defer { if file != STDOUT_FILENO { close(file) } }
    let scanner = try copy(&client, to: file, &signals)
    let packets = "\(scanner.packets) \(scanner.packets == 1 ? "packet" : "packets")"
    standardError(scanner.dropped == 0 ? packets : "\(packets), \(scanner.dropped) more are missing")
  }

  private func open() throws(CommandError) -> Int32 {
    guard output != "-" else { return STDOUT_FILENO }
    let file = Glibc.open(output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o640)
    guard file >= 0 else {
      throw CommandError(message: "\(output) cannot be written: \(String(cString: strerror(errno)))")
    }
    return file
  }

  /// Copies whole blocks until the stream, the time, the number or the patience of the one who started it ends.
  private func copy(
    _ client: inout ControlClient, to file: Int32, _ signals: inout SignalWait
  ) throws -> PcapngScanner {
    var scanner = PcapngScanner()
    let limit = count ?? .max
    let end = duration.map { ContinuousClock.now + $0.duration }
    // Once the end is asked for, the server has so long to send what it has.
    var patience: ContinuousClock.Instant?
    while true {
      if patience == nil {
        let isOver = end.map { ContinuousClock.now >= $0 } ?? false
        if isOver || scanner.packets >= limit || signals.wait(.zero) != nil {
          client.endStream()
          patience = ContinuousClock.now + .seconds(3)
        }
      } else if let patience, ContinuousClock.now >= patience {
        return scanner
      }
      let octets: [UInt8]?
      do throws(ControlSocketError) {
        octets = try client.readStream(timeout: .milliseconds(100))
      } catch {
        throw CommandError(error)
      }
      guard let octets else { return scanner }
      guard !octets.isEmpty else { continue }
      let blocks = scanner.take(octets, limit: limit)
      if scanner.isBroken { throw CommandError.unexpectedAnswer }
      guard try write(blocks, to: file) else {
        client.endStream()
        return scanner
      }
    }
  }

  /// False when the reader has gone.
  private func write(_ octets: [UInt8], to file: Int32) throws(CommandError) -> Bool {
    var sent = 0
    while sent < octets.count {
      let count = octets.withUnsafeBytes { Glibc.write(file, $0.baseAddress?.advanced(by: sent), $0.count - sent) }
      if count > 0 {
        sent += count
      } else if errno == EPIPE {
        return false
      } else if errno != EINTR {
        throw CommandError(message: "\(output) cannot be written: \(String(cString: strerror(errno)))")
      }
    }
    return true
  }
}
