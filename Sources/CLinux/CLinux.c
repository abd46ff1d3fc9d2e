#define _GNU_SOURCE
#include "CLinux.h"
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

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

_Static_assert(CL_RENAME_NOREPLACE == RENAME_NOREPLACE, "RENAME_NOREPLACE");
_Static_assert(CL_RENAME_EXCHANGE == RENAME_EXCHANGE, "RENAME_EXCHANGE");

// By number: glibc has the functions only since 2.28 and 2.36.
int cl_rename(const char *from, const char *to, unsigned flags) {
  return syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags);
}

int cl_detached_mount(int fd) {
  return syscall(SYS_open_tree, fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
}

int cl_attach_mount(int mount, const char *path) {
  return syscall(SYS_move_mount, mount, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH);
}
