#define _GNU_SOURCE
#include "cl_process.h"
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

_Static_assert(CL_MFD_CLOEXEC == MFD_CLOEXEC, "MFD_CLOEXEC");

// By number: glibc has the wrapper only since 2.36.
int cl_pidfd_open(int pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }
