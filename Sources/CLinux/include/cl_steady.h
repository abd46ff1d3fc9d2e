// Two sockets on one UDP port: one for what has news, one for what only says once more that all is well.
#ifndef EVERWAY_CL_STEADY_H
#define EVERWAY_CL_STEADY_H

// Has the kernel deliver BFD packets that say Up and nothing else (24 octets, no P, F, A, D or M bit) to the second
// socket of the SO_REUSEPORT group that `fd` belongs to, and all others to the first. 0, or -1 with errno.
int cl_steady_select(int fd);

#endif
