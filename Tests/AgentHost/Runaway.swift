import Glibc

/// A thread that runs away: whichever gets SIGUSR1 loops for 6 s of CPU time.
func runAwayOnSignal() {
  signal(SIGUSR1) { _ in
    var start = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start)
    var now = start
    while now.tv_sec - start.tv_sec < 6 { clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) }
  }
}
