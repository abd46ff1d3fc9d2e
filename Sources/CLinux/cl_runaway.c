#define _GNU_SOURCE
#include "cl_runaway.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

// What a signal handler may touch: lock-free.
static atomic_int watched, notified = -1;
// What the limit was before we touched it: the kernel raises it each time.
static rlim_t granted;
static atomic_flag is_known = ATOMIC_FLAG_INIT;

static void yield_priority(int thread) {
  const struct sched_param none = {0};
  // By itself: glibc's functions for threads take locks.
  syscall(SYS_sched_setscheduler, thread, SCHED_OTHER, &none);
}

static void on_limit(int number) {
  (void)number;
  const int kept = errno;
  yield_priority(0);  // the thread that runs now is the one that ran for so long
  const int other = atomic_load(&watched);
  if (other > 0) yield_priority(other);
  const uint64_t one = 1;
  const int counter = atomic_load(&notified);
  if (counter >= 0 && write(counter, &one, sizeof one) < 0) {
  }
  errno = kept;
}

int cl_runaway_arm(int64_t microseconds, int counter) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_RTTIME, &limit) < 0) return -1;
  if (!atomic_flag_test_and_set(&is_known)) granted = limit.rlim_cur;
  atomic_store(&notified, counter);
  struct sigaction action = {.sa_handler = on_limit, .sa_flags = SA_RESTART};
  sigemptyset(&action.sa_mask);
  if (sigaction(SIGXCPU, &action, 0) < 0) return -1;
  rlim_t wanted = (rlim_t)microseconds;
  if (granted != RLIM_INFINITY && granted < wanted) wanted = granted;
  if (limit.rlim_max != RLIM_INFINITY && limit.rlim_max < wanted) wanted = limit.rlim_max;
  limit.rlim_cur = wanted;
  return setrlimit(RLIMIT_RTTIME, &limit);
}

void cl_runaway_watch(void) { atomic_store(&watched, (int)syscall(SYS_gettid)); }

int cl_memory_is_unlimited(void) {
  struct rlimit limit;
  return getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY;
}

int cl_memory_lock(void) { return mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT); }
