// Network namespaces: setns, unshare, the nsfs ioctls.
#ifndef EVERWAY_CL_NAMESPACE_H
#define EVERWAY_CL_NAMESPACE_H

#include <linux/nsfs.h>
#include <stdint.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/statfs.h>

// From <sched.h> under _GNU_SOURCE; values checked in CLinux.c.
enum { CL_CLONE_NEWNET = 0x40000000, CL_CLONE_NEWNS = 0x00020000, CL_CLONE_FS = 0x00000200 };
enum {
  CL_CLONE_NEWCGROUP = 0x02000000,
  CL_CLONE_NEWUTS = 0x04000000,
  CL_CLONE_NEWIPC = 0x08000000,
  CL_CLONE_NEWUSER = 0x10000000,
  CL_CLONE_NEWPID = 0x20000000
};
// From <asm/socket.h>, which <sys/socket.h> hides from Swift; checked in CLinux.c.
enum { CL_SO_NETNS_COOKIE = 71 };
// NS_GET_NSTYPE of <linux/nsfs.h>, a function-like macro Swift cannot import.
enum { CL_NSFS_MAGIC = 0x6e736673 };
int cl_setns(int fd, int nstype) __asm__("setns");
int cl_unshare(int flags) __asm__("unshare");
// Type of the namespace behind fd (CLONE_NEW...), or -1 with errno ENOTTY when it is none.
int cl_ns_type(int fd);

// From <stdio.h> and <sys/mount.h> under _GNU_SOURCE; values checked in CLinux.c.
enum { CL_RENAME_NOREPLACE = 1, CL_RENAME_EXCHANGE = 2 };
// renameat2(2) from and to the paths as they stand.
int cl_rename(const char *from, const char *to, unsigned flags);
// open_tree(2) (Linux 5.2): a mount of what a descriptor is open on that is nowhere yet; a descriptor of it, or -1.
int cl_detached_mount(int fd);
// move_mount(2): puts such a mount over a path.
int cl_attach_mount(int mount, const char *path);

#endif
