// rtnetlink: the kernel's headers, and the constants of <linux/if.h>, which <net/if.h> hides from Swift.
#ifndef EVERWAY_CL_NETLINK_H
#define EVERWAY_CL_NETLINK_H

#include <linux/fib_rules.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>

// From <linux/if.h>; values checked in cl_netlink.c.
enum { CL_IFF_LOWER_UP = 1 << 16, CL_IFF_DORMANT = 1 << 17 };
// From <linux/netlink.h>, an expression Swift does not import.
enum { CL_NLA_TYPE_MASK = 0x3fff };

#endif
