#define _GNU_SOURCE
#include "cl_xdp.h"
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

int cl_xdp_socket(void) { return socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); }

int cl_xdp_register(int fd, void *memory, uint64_t length, uint32_t frame_size) {
  struct xdp_umem_reg region;
  memset(&region, 0, sizeof region);
  region.addr = (uint64_t)(uintptr_t)memory;
  region.len = length;
  region.chunk_size = frame_size;
  return setsockopt(fd, SOL_XDP, XDP_UMEM_REG, &region, sizeof region);
}

static int make_ring(int fd, int option, uint32_t entries) {
  return setsockopt(fd, SOL_XDP, option, &entries, sizeof entries);
}

int cl_xdp_make_rings(int fd, uint32_t entries) {
  // Without a fill ring the kernel binds nothing; nothing is received, so it stays empty.
  if (make_ring(fd, XDP_UMEM_FILL_RING, 1) != 0) return -1;
  if (make_ring(fd, XDP_UMEM_COMPLETION_RING, entries) != 0) return -1;
  return make_ring(fd, XDP_TX_RING, entries);
}

static int map_ring(int fd, const struct xdp_ring_offset *at, uint64_t place, uint32_t entries, size_t entry_size,
                    struct cl_xdp_ring *ring) {
  size_t length = at->desc + entries * entry_size;
  char *base = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, (off_t)place);
  if (base == MAP_FAILED) return -1;
  ring->producer = (uint32_t *)(base + at->producer);
  ring->consumer = (uint32_t *)(base + at->consumer);
  ring->entries = base + at->desc;
  ring->mask = entries - 1;
  ring->mapping = base;
  ring->length = length;
  return 0;
}

int cl_xdp_map_rings(int fd, uint32_t entries, struct cl_xdp_ring *transmit, struct cl_xdp_ring *completion) {
  struct xdp_mmap_offsets offsets;
  socklen_t length = sizeof offsets;
  if (getsockopt(fd, SOL_XDP, XDP_MMAP_OFFSETS, &offsets, &length) != 0) return -1;
  // Before 5.4 the members were fewer, and so elsewhere.
  if (length != sizeof offsets) {
    errno = ENOTSUP;
    return -1;
  }
  if (map_ring(fd, &offsets.tx, XDP_PGOFF_TX_RING, entries, sizeof(struct xdp_desc), transmit) != 0) return -1;
  if (map_ring(fd, &offsets.cr, XDP_UMEM_PGOFF_COMPLETION_RING, entries, sizeof(uint64_t), completion) == 0) return 0;
  int code = errno;
  cl_xdp_unmap(transmit);
  errno = code;
  return -1;
}

void cl_xdp_unmap(struct cl_xdp_ring *ring) {
  if (ring->mapping) munmap(ring->mapping, ring->length);
  ring->mapping = NULL;
}

int cl_xdp_bind(int fd, uint32_t interface_index, uint32_t queue) {
  struct sockaddr_xdp address;
  memset(&address, 0, sizeof address);
  address.sxdp_family = AF_XDP;
  address.sxdp_flags = XDP_COPY | XDP_USE_NEED_WAKEUP;
  address.sxdp_ifindex = interface_index;
  address.sxdp_queue_id = queue;
  return bind(fd, (const struct sockaddr *)&address, sizeof address);
}

int cl_xdp_kick(int fd) { return sendto(fd, NULL, 0, MSG_DONTWAIT, NULL, 0) < 0 ? errno : 0; }

int cl_link_kind(uint32_t interface_index, char name[CL_LINK_NAME], char driver[CL_LINK_NAME]) {
  _Static_assert(IFNAMSIZ <= CL_LINK_NAME && sizeof((struct ethtool_drvinfo *)0)->driver <= CL_LINK_NAME, "room");
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  struct ifreq request;
  memset(&request, 0, sizeof request);
  request.ifr_ifindex = (int)interface_index;
  memset(name, 0, CL_LINK_NAME);
  memset(driver, 0, CL_LINK_NAME);
  int kind = -1;
  if (ioctl(fd, SIOCGIFNAME, &request) == 0) {
    memcpy(name, request.ifr_name, IFNAMSIZ - 1);
    if (ioctl(fd, SIOCGIFHWADDR, &request) == 0) kind = request.ifr_hwaddr.sa_family;
  }
  int code = errno;
  // Not every link says whose it is.
  struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};
  request.ifr_data = (void *)&info;
  if (kind >= 0 && ioctl(fd, SIOCETHTOOL, &request) == 0) memcpy(driver, info.driver, sizeof info.driver - 1);
  close(fd);
  errno = code;
  return kind;
}
