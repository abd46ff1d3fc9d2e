#define _GNU_SOURCE
#include "CLinux.h"
#include <sched.h>
#include <sys/ioctl.h>

_Static_assert(CL_CLONE_NEWNET == CLONE_NEWNET, "CLONE_NEWNET");
_Static_assert(CL_CLONE_NEWNS == CLONE_NEWNS, "CLONE_NEWNS");
_Static_assert(CL_CLONE_FS == CLONE_FS, "CLONE_FS");
_Static_assert(CL_CLONE_NEWCGROUP == CLONE_NEWCGROUP, "CLONE_NEWCGROUP");
_Static_assert(CL_CLONE_NEWUTS == CLONE_NEWUTS, "CLONE_NEWUTS");
_Static_assert(CL_CLONE_NEWIPC == CLONE_NEWIPC, "CLONE_NEWIPC");
_Static_assert(CL_CLONE_NEWUSER == CLONE_NEWUSER, "CLONE_NEWUSER");
_Static_assert(CL_CLONE_NEWPID == CLONE_NEWPID, "CLONE_NEWPID");
_Static_assert(CL_SO_NETNS_COOKIE == SO_NETNS_COOKIE, "SO_NETNS_COOKIE");

int cl_ns_type(int fd) { return ioctl(fd, NS_GET_NSTYPE); }
