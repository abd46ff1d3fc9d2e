// Control groups where they are not mounted.
#ifndef EVERWAY_CL_CGROUP_H
#define EVERWAY_CL_CGROUP_H

#include <stdbool.h>

// A mount of the unified hierarchy, or of version 1's with the CPU controller, that is in no mount namespace (fsopen(2),
// fsmount(2)): its descriptor, close-on-exec; -1 with errno. Needs CAP_SYS_ADMIN.
int cl_cgroup_mount(bool is_v2);

#endif
