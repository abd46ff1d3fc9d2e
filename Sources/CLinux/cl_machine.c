#include "cl_machine.h"

#include <sys/timex.h>

int cl_clock_is_synchronised(int64_t *maximum_error) {
  struct timex clock = {.modes = 0};
  if (adjtimex(&clock) < 0) return -1;
  *maximum_error = clock.maxerror;
  return !(clock.status & STA_UNSYNC);
}
