// The machine's clock.
#ifndef EVERWAY_CL_MACHINE_H
#define EVERWAY_CL_MACHINE_H

#include <stdint.h>

// Whether somebody keeps the clock right (STA_UNSYNC of adjtimex(2) is not set): 1 or 0; -1 with errno. The largest error
// in microseconds goes to `maximum_error`.
int cl_clock_is_synchronised(int64_t *maximum_error);

#endif
