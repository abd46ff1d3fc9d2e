// rtnetlink: headers only so far.
#ifndef EVERWAY_CL_NETLINK_H
#define EVERWAY_CL_NETLINK_H

#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>

#endif
