import Glibc
import Synchronization

/// Ctrl-C, SIGTERM and SIGHUP: clean up, then end as the signal would have ended us.
///
/// Signals are blocked and awaited on a thread of their own, so that cleaning up is ordinary code. Meanwhile the main
/// thread runs into errors of things that vanish under it: it calls `waitIfRequested` before it reports any.
public enum Interruption {
  private static let requested = Atomic(false)

  /// Whether a signal has come and cleaning up is under way.
  public static var isRequested: Bool { requested.load(ordering: .acquiring) }

  /// Call once, on the main thread, before any other thread is started: threads inherit what is blocked.
  /// - Parameter cleanUp: runs once, on another thread; later signals are ignored while it does. What it prints it
  ///   must write or flush itself: the process ends by the signal, without emptying any buffer.
  public static func handle(_ cleanUp: @escaping @Sendable () -> Void) {
    let signals = signalSet()
    var blocked = signals
    pthread_sigmask(SIG_BLOCK, &blocked, nil)
    let thread = LabThread<Void>(name: "signals") {
      var awaited = signals
      var number: Int32 = 0
      while sigwait(&awaited, &number) != 0 {}
      requested.store(true, ordering: .releasing)
      cleanUp()
      // End by the signal itself: whoever started us sees why, and a shell stops its script.
      signal(number, SIG_DFL)
      pthread_sigmask(SIG_UNBLOCK, &awaited, nil)
      kill(getpid(), number)
      _exit(128 + number)
    }
    thread.detach()
  }

  /// Does not return once a signal has come: the handling thread ends the process.
  public static func waitIfRequested() {
    while isRequested { pause() }
  }

  private static func signalSet() -> sigset_t {
    var set = sigset_t()
    sigemptyset(&set)
    for number in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&set, number) }
    return set
  }
}
