// Processes: waiting for one with a deadline; a file in memory to feed one.
#ifndef EVERWAY_CL_PROCESS_H
#define EVERWAY_CL_PROCESS_H

#include <spawn.h>

// A descriptor that polls readable when the process ends (Linux 5.3), close-on-exec; -1 with errno.
int cl_pidfd_open(int pid);
// fork of <unistd.h>, which Swift does not import. Only for a process with one thread.
int cl_fork(void) __asm__("fork");
// memfd_create of <sys/mman.h> under _GNU_SOURCE; the flag is checked in cl_process.c.
enum { CL_MFD_CLOEXEC = 1 };
int cl_memfd_create(const char *name, unsigned flags) __asm__("memfd_create");
// SIGKILL to this process when the thread that started it ends (PR_SET_PDEATHSIG of prctl(2)): 0, or -1 with errno.
int cl_die_with_parent(void);
// The child closes every descriptor from `from` on (glibc 2.34): 0 or an error number.
int cl_spawn_close_from(posix_spawn_file_actions_t *actions, int from) __asm__("posix_spawn_file_actions_addclosefrom_np");
// Drops every capability of this thread, the only one yet, and sets no_new_privs (prctl(2), capset(2)): 0, or -1 with errno.
int cl_give_up_privileges(void);

#endif
