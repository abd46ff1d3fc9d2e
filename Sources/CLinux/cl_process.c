#define _GNU_SOURCE
#include "cl_process.h"
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <sys/prctl.h>
#include <linux/capability.h>

_Static_assert(CL_MFD_CLOEXEC == MFD_CLOEXEC, "MFD_CLOEXEC");

// By number: glibc has the wrapper only since 2.36.
int cl_pidfd_open(int pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

int cl_die_with_parent(void) { return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0); }

int cl_give_up_privileges(void) {
  // CAP_LAST_CAP of this kernel may be above that of the headers; the first one that is unknown ends it. Without
  // CAP_SETPCAP the bounding set stays, which matters no more after no_new_privs.
  for (int capability = 0; capability < 64; capability++) {
    if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0) break;
  }
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return -1;
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  struct __user_cap_data_struct none[2] = {{0}};
  return (int)syscall(SYS_capset, &header, none);
}
