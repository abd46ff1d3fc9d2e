import Control
import ControlTestSupport
import Glibc
import Testing

/// `everway top` on a terminal that takes nothing any more, as behind a line that hangs.
@Suite struct TopTerminalTests {
  private let directory = TemporaryDirectory()

  /// A terminal with `everway top` drawn on it, which is stopped then.
  private func stalled() -> (pid: pid_t, terminal: Int32, slave: Int32, gateway: StreamServing, before: termios) {
    let socket = "\(directory.path)/stalled.sock"
    let gateway = StreamServing(path: socket, [.status(Gateways.good())])
    let (pid, terminal) = Binary.start(onTerminal: "top", "--socket", socket)
    var number: Int32 = 0
    // TIOCGPTN of <asm-generic/ioctls.h>.
    _ = ioctl(terminal, 0x8004_5430, &number)
    let slave = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY | O_CLOEXEC)
    let text = Binary.read(terminal) { $0.contains("sessions up") }
    #expect(text.contains("sessions up"))
    var raw = termios()
    tcgetattr(slave, &raw)
    #expect(tcflow(slave, TCOOFF) == 0)
    return (pid, terminal, slave, gateway, raw)
  }

  /// - Returns: how it ended; nil when it did not, within a generous time.
  private func end(of pid: pid_t) -> Int32? {
    var status: Int32 = 0
    for _ in 0..<3_000 {
      if waitpid(pid, &status, WNOHANG) == pid { return status & 0x7f == 0 ? status >> 8 & 0xff : -(status & 0x7f) }
      usleep(10_000)
    }
    kill(pid, SIGKILL)
    waitpid(pid, &status, 0)
    return nil
  }

  @Test(arguments: [(key: "q", signal: nil, status: 0), (nil, SIGTERM, -15)] as [(String?, Int32?, Int32)])
  func `A key and a signal end it all the same, and it gives back what it has changed`(
    key: String?, signal: Int32?, status: Int32
  ) {
    let (pid, terminal, slave, gateway, raw) = stalled()
    defer { for fd in [terminal, slave] { close(fd) } }
    // A whole frame is wanted that cannot be drawn, and events come.
    _ = write(terminal, "\u{0c}", 1)
    gateway.tell(.samples(Samples(at: Gateways.now, speaker: SpeakerSample(), sessions: [])))
    usleep(600_000)
    if let key { _ = write(terminal, key, key.utf8.count) }
    if let signal { kill(pid, signal) }
    #expect(end(of: pid) == status)
    var after = termios()
    tcgetattr(slave, &after)
    #expect(raw.c_lflag & tcflag_t(ECHO) == 0 && after.c_lflag & tcflag_t(ECHO) != 0)
  }
}
