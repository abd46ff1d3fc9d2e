import Glibc
import Synchronization

/// The program as it was built, beside this test bundle.
enum Binary {
  static let path: String = {
    var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = readlink("/proc/self/exe", &buffer, buffer.count)
    let bundle = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    // Where the test runner is a program of its own, the bundle is among its arguments.
    let candidates = [bundle] + CommandLine.arguments.filter { $0.hasSuffix(".xctest") }
    for candidate in candidates {
      let path = candidate.prefix(upTo: candidate.lastIndex(of: "/") ?? candidate.startIndex) + "/everway"
      if access(String(path), X_OK) == 0 { return String(path) }
    }
    return "everway"
  }()

  struct Result {
    /// The exit code, or minus the number of the signal.
    var status: Int32
    var output: String
    var errors: String
  }

  private static let runs = Atomic<Int>(0)

  /// Runs it to its end.
  /// - Parameter directory: where its input and output are kept meanwhile, under names that no other run has.
  static func run(_ arguments: String..., input: String = "", in directory: String) -> Result {
    run(arguments, input: input, in: directory)
  }

  static func run(_ arguments: [String], input: String = "", in directory: String) -> Result {
    let number = runs.wrappingAdd(1, ordering: .relaxed).newValue
    let files = ["in", "out", "err"].map { "\(directory)/everway-\(getpid())-\(number).\($0)" }
    defer { for file in files { unlink(file) } }
    write(input, to: files[0])
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, files[0], O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, files[1], O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    posix_spawn_file_actions_addopen(&actions, 2, files[2], O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    let pid = spawn(arguments, &actions)
    return Result(status: wait(for: pid), output: read(files[1]), errors: read(files[2]))
  }

  static let searched = "/usr/bin:/bin"

  /// Starts it with a terminal of 80 by 24 as its input, output and errors.
  /// - Parameter path: where it finds programs.
  /// - Returns: its pid, and the terminal's other side.
  static func start(onTerminal arguments: String..., searching path: String = searched) -> (
    pid: pid_t, terminal: Int32
  ) {
    let master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
    // TIOCSPTLCK and TIOCGPTN of <asm-generic/ioctls.h>, which are macros with arguments.
    var locked: Int32 = 0
    _ = ioctl(master, 0x4004_5431, &locked)
    var number: Int32 = 0
    _ = ioctl(master, 0x8004_5430, &number)
    var size = winsize(ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0)
    _ = ioctl(master, UInt(TIOCSWINSZ), &size)
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/pts/\(number)", O_RDWR | O_NOCTTY, 0)
    posix_spawn_file_actions_adddup2(&actions, 0, 1)
    posix_spawn_file_actions_adddup2(&actions, 0, 2)
    return (spawn(arguments, &actions, searching: path), master)
  }

  /// Starts it with a pipe as its output.
  static func start(onPipe arguments: [String]) -> (pid: pid_t, output: Int32) {
    var ends: [Int32] = [-1, -1]
    pipe(&ends)
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    let pid = spawn(arguments, &actions)
    close(ends[1])
    return (pid, ends[0])
  }

  /// Reads until the text so far satisfies a condition, or a generous time has passed.
  static func read(_ fd: Int32, until condition: (String) -> Bool) -> String {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    for _ in 0..<300 {
      var watched = pollfd(fd: fd, events: Int16(POLLIN), revents: 0)
      poll(&watched, 1, 100)
      guard watched.revents != 0 else { continue }
      let count = Glibc.read(fd, &chunk, chunk.count)
      guard count > 0 else { break }
      bytes += chunk[..<count]
      if condition(String(decoding: bytes, as: UTF8.self)) { break }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  static func wait(for pid: pid_t) -> Int32 {
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    return status & 0x7f == 0 ? status >> 8 & 0xff : -(status & 0x7f)
  }

  static func write(_ text: String, to path: String) {
    let fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    defer { close(fd) }
    let bytes = Array(text.utf8)
    _ = Glibc.write(fd, bytes, bytes.count)
  }

  private static func spawn(
    _ arguments: [String], _ actions: inout posix_spawn_file_actions_t, searching: String = searched
  ) -> pid_t {
    let environment = ["PATH=\(searching)", "TERM=xterm", "LD_LIBRARY_PATH=" + variable("LD_LIBRARY_PATH")]
    var argv: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) } + [nil]
    var envp: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) } + [nil]
    defer { for text in argv + envp { free(text) } }
    // The threads that tests run on hold signals back, which a child would inherit.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    var pid: pid_t = 0
    let code = posix_spawn(&pid, path, &actions, &attributes, &argv, &envp)
    precondition(code == 0, "cannot start \(path): \(String(cString: strerror(code)))")
    return pid
  }

  private static func variable(_ name: String) -> String { getenv(name).map { String(cString: $0) } ?? "" }

  private static func read(_ path: String) -> String {
    let fd = open(path, O_RDONLY | O_CLOEXEC)
    guard fd >= 0 else { return "" }
    defer { close(fd) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = Glibc.read(fd, &chunk, chunk.count)
      guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
      bytes += chunk[..<count]
    }
  }
}
