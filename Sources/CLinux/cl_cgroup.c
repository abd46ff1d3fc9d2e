#define _GNU_SOURCE
#include "cl_cgroup.h"

#include <errno.h>
#include <stddef.h>
#include <sys/mount.h>
#include <unistd.h>

int cl_cgroup_mount(bool is_v2) {
  int context = fsopen(is_v2 ? "cgroup2" : "cgroup", FSOPEN_CLOEXEC);
  if (context < 0) return -1;
  int mount = -1;
  if ((is_v2 || fsconfig(context, FSCONFIG_SET_FLAG, "cpu", NULL, 0) == 0) &&
      fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
    mount = fsmount(context, FSMOUNT_CLOEXEC,
                    MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
  int error = errno;
  close(context);
  errno = error;
  return mount;
}
