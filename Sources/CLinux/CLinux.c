#define _GNU_SOURCE
#include "CLinux.h"
#include <sched.h>
#include <sys/ioctl.h>

_Static_assert(CL_CLONE_NEWNET == CLONE_NEWNET, "CLONE_NEWNET");
_Static_assert(CL_CLONE_NEWNS == CLONE_NEWNS, "CLONE_NEWNS");
_Static_assert(CL_CLONE_FS == CLONE_FS, "CLONE_FS");

int cl_ns_type(int fd) { return ioctl(fd, NS_GET_NSTYPE); }
