// The C shim: kernel headers, and the few functions and macros that Swift cannot import.
// Never define _GNU_SOURCE here: it must not reach Swift. What needs it is declared below by symbol and
// checked in the .c file, the only place that sees it.
#ifndef EVERWAY_CLINUX_H
#define EVERWAY_CLINUX_H

#include "cl_bpf.h"
#include "cl_cgroup.h"
#include "cl_machine.h"
#include "cl_memory.h"
#include "cl_namespace.h"
#include "cl_netlink.h"
#include "cl_probe.h"
#include "cl_process.h"
#include "cl_runaway.h"
#include "cl_socket.h"
#include "cl_steady.h"
#include "cl_way.h"
#include "cl_xdp.h"

#endif
