// What keeps a real-time thread from taking the machine, and its memory from being paged out.
#ifndef EVERWAY_CL_RUNAWAY_H
#define EVERWAY_CL_RUNAWAY_H

#include <stdint.h>

// From now on a thread of real-time priority that has run for `microseconds` without a blocking system call loses that
// priority (RLIMIT_RTTIME, SIGXCPU; getrlimit(2)), `counter`, an eventfd, is raised, and the limit stands one second higher
// until this is called again. A limit that is there already and lower stays. 0, or -1 with errno.
int cl_runaway_arm(int64_t microseconds, int counter);
// That thread is the calling one, if another happens to be told.
void cl_runaway_watch(void);

// Whether RLIMIT_MEMLOCK sets no limit.
int cl_memory_is_unlimited(void);
// Keeps in memory what the process has touched, and will touch (mlockall with MCL_ONFAULT). 0, or -1 with errno.
int cl_memory_lock(void);

#endif
