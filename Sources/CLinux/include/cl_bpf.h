// bpf(2): maps, programs, and words of a map's memory that a running program shares with us.
#ifndef EVERWAY_CL_BPF_H
#define EVERWAY_CL_BPF_H

#include <stdbool.h>
#include <stdint.h>

// From <linux/bpf.h>; values checked in cl_bpf.c.
enum { CL_BPF_MAP_HASH = 1, CL_BPF_MAP_ARRAY = 2 };
enum { CL_BPF_MMAPABLE = 1 << 10 };
enum {
  CL_BPF_FUNC_map_lookup_elem = 1,
  CL_BPF_FUNC_ktime_get_ns = 5,
  CL_BPF_FUNC_skb_load_bytes = 26,
  CL_BPF_FUNC_skb_load_bytes_relative = 68
};
enum { CL_BPF_HDR_START_NET = 1 };
enum { CL_BPF_PSEUDO_MAP_FD = 1, CL_BPF_PSEUDO_MAP_VALUE = 2 };
// Offsets in struct __sk_buff.
enum { CL_BPF_SKB_len = 0, CL_BPF_SKB_protocol = 16, CL_BPF_SKB_ifindex = 40 };

// A map (BPF_MAP_CREATE): its descriptor, close-on-exec, or -1 with errno.
int cl_bpf_map(uint32_t type, uint32_t key_size, uint32_t value_size, uint32_t entries, uint32_t flags,
               const char *name);
// Puts or takes away an element of a map with keys and values of 32 bits; 0, or -1 with errno.
int cl_bpf_map_set(int map, uint32_t key, uint32_t value);
int cl_bpf_map_remove(int map, uint32_t key);
// Loads a program of type SOCKET_FILTER: its descriptor, close-on-exec, or -1 with errno. With `log` the verifier's words
// go there; `log_size` 0 asks for none.
int cl_bpf_load_socket_filter(const uint64_t *instructions, uint32_t count, const char *license, const char *name,
                              char *log, uint32_t log_size);
// The number by which the kernel knows a program, 0 when it is none; whether a program of that number is loaded.
uint32_t cl_bpf_program_number(int program);
bool cl_bpf_program_exists(uint32_t number);
// Makes a program the filter of a socket in place of what it had (SO_ATTACH_BPF), or takes it away.
int cl_bpf_attach(int socket, int program);
int cl_bpf_detach(int socket);
// Datagrams that a socket has lost since it was opened, its filter's drops among them (SO_MEMINFO); -1 with errno.
int64_t cl_socket_drops(int socket);

// Words that a program on another CPU reads and writes at the same time.
static inline uint64_t cl_load_relaxed_u64(const void *p) { return __atomic_load_n((const uint64_t *)p, __ATOMIC_RELAXED); }
static inline uint64_t cl_exchange_u64(void *p, uint64_t v) { return __atomic_exchange_n((uint64_t *)p, v, __ATOMIC_RELAXED); }
static inline uint32_t cl_load_relaxed_u32(const void *p) { return __atomic_load_n((const uint32_t *)p, __ATOMIC_RELAXED); }
// What was written before is seen by whoever sees this word.
static inline void cl_store_release_u32(void *p, uint32_t v) { __atomic_store_n((uint32_t *)p, v, __ATOMIC_RELEASE); }
// Whoever sees what is written later sees this word.
static inline void cl_store_before_u32(void *p, uint32_t v) {
  __atomic_store_n((uint32_t *)p, v, __ATOMIC_RELAXED);
  __atomic_thread_fence(__ATOMIC_RELEASE);
}

#endif
