import Glibc

/// Waits for time to pass or for a signal, whichever comes first. From its making on the signals are held back, so none
/// can end the process with the cursor hidden.
struct SignalWait {
  private var signals = sigset_t()

  init(_ list: [Int32]) {
    sigemptyset(&signals)
    for signal in list { sigaddset(&signals, signal) }
    sigprocmask(SIG_BLOCK, &signals, nil)
  }

  /// - Returns: the signal, or nil when the time has passed.
  mutating func wait(_ duration: Duration) -> Int32? {
    let (seconds, attoseconds) = duration.components
    var time = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
    let signal = sigtimedwait(&signals, nil, &time)
    return signal > 0 ? signal : nil
  }

  /// Ends the process by the signal itself, so that a shell's loop around it ends too.
  mutating func die(of number: Int32) -> Never {
    signal(number, SIG_DFL)
    kill(getpid(), number)
    sigprocmask(SIG_UNBLOCK, &signals, nil)
    exit(128 + number)
  }
}
