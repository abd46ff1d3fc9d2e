// Checks the constants of cl_netlink.h against the kernel's headers.
#include "cl_netlink.h"
#include <linux/if.h>

_Static_assert(CL_IFF_LOWER_UP == IFF_LOWER_UP, "IFF_LOWER_UP");
_Static_assert(CL_IFF_DORMANT == IFF_DORMANT, "IFF_DORMANT");
_Static_assert(CL_NLA_TYPE_MASK == (NLA_TYPE_MASK & 0xffff), "NLA_TYPE_MASK");
