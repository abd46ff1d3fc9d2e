// AF_XDP: a socket that sends whole frames by a link, from memory that the kernel reads (<linux/if_xdp.h>).
#ifndef EVERWAY_CL_XDP_H
#define EVERWAY_CL_XDP_H

#include <linux/if_xdp.h>
#include <stddef.h>
#include <stdint.h>

// A ring of the kernel's, mapped. Indices count up and wrap at 2^32; an entry's place is its index & mask.
struct cl_xdp_ring {
  uint32_t *producer;
  uint32_t *consumer;
  void *entries;
  uint32_t mask;
  void *mapping;
  size_t length;
};

// A socket, close-on-exec and non-blocking, in the calling thread's network namespace; -1 with errno.
int cl_xdp_socket(void);
// `length` octets at `memory`, in frames of `frame_size`, are the socket's (XDP_UMEM_REG); 0, or -1 with errno.
int cl_xdp_register(int fd, void *memory, uint64_t length, uint32_t frame_size);
// Makes rings for sending: `entries` each for frames to send and frames done with; 0, or -1 with errno.
int cl_xdp_make_rings(int fd, uint32_t entries);
// Maps them; 0, or -1 with errno, ENOTSUP before Linux 5.4.
int cl_xdp_map_rings(int fd, uint32_t entries, struct cl_xdp_ring *transmit, struct cl_xdp_ring *completion);
void cl_xdp_unmap(struct cl_xdp_ring *ring);
// Copy mode, to be woken by sendto; 0, or -1 with errno.
int cl_xdp_bind(int fd, uint32_t interface_index, uint32_t queue);
// Has the kernel send what stands in the ring; 0 or an errno.
int cl_xdp_kick(int fd);
#define CL_LINK_NAME 32
// ARPHRD_ of a link in the calling thread's network namespace, its name and its driver's as ethtool shows it (empty where it
// has none); -1 with errno.
int cl_link_kind(uint32_t interface_index, char name[CL_LINK_NAME], char driver[CL_LINK_NAME]);

// What was written before the other side's index is seen by whoever read the index by this.
static inline uint32_t cl_load_acquire_u32(const uint32_t *p) { return __atomic_load_n(p, __ATOMIC_ACQUIRE); }
static inline void cl_xdp_publish(uint32_t *p, uint32_t v) { __atomic_store_n(p, v, __ATOMIC_RELEASE); }
static inline void cl_xdp_describe(const struct cl_xdp_ring *ring, uint32_t index, uint64_t address, uint32_t length) {
  struct xdp_desc *entry = (struct xdp_desc *)ring->entries + (index & ring->mask);
  entry->addr = address;
  entry->len = length;
  entry->options = 0;
}
static inline uint64_t cl_xdp_completed(const struct cl_xdp_ring *ring, uint32_t index) {
  return ((const uint64_t *)ring->entries)[index & ring->mask];
}

#endif
