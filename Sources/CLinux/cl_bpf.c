#define _GNU_SOURCE
#include "cl_bpf.h"
#include <errno.h>
#include <linux/bpf.h>
#include <linux/sock_diag.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

_Static_assert((int)CL_BPF_MAP_HASH == BPF_MAP_TYPE_HASH, "BPF_MAP_TYPE_HASH");
_Static_assert((int)CL_BPF_MAP_ARRAY == BPF_MAP_TYPE_ARRAY, "BPF_MAP_TYPE_ARRAY");
_Static_assert((int)CL_BPF_MMAPABLE == BPF_F_MMAPABLE, "BPF_F_MMAPABLE");
_Static_assert((int)CL_BPF_FUNC_map_lookup_elem == BPF_FUNC_map_lookup_elem, "map_lookup_elem");
_Static_assert((int)CL_BPF_FUNC_ktime_get_ns == BPF_FUNC_ktime_get_ns, "ktime_get_ns");
_Static_assert((int)CL_BPF_FUNC_skb_load_bytes == BPF_FUNC_skb_load_bytes, "skb_load_bytes");
_Static_assert((int)CL_BPF_FUNC_skb_load_bytes_relative == BPF_FUNC_skb_load_bytes_relative,
               "skb_load_bytes_relative");
_Static_assert((int)CL_BPF_HDR_START_NET == BPF_HDR_START_NET, "BPF_HDR_START_NET");
_Static_assert(CL_BPF_PSEUDO_MAP_FD == BPF_PSEUDO_MAP_FD, "BPF_PSEUDO_MAP_FD");
_Static_assert(CL_BPF_PSEUDO_MAP_VALUE == BPF_PSEUDO_MAP_VALUE, "BPF_PSEUDO_MAP_VALUE");
_Static_assert(CL_BPF_SKB_len == offsetof(struct __sk_buff, len), "__sk_buff.len");
_Static_assert(CL_BPF_SKB_protocol == offsetof(struct __sk_buff, protocol), "__sk_buff.protocol");
_Static_assert(CL_BPF_SKB_ifindex == offsetof(struct __sk_buff, ifindex), "__sk_buff.ifindex");

// The kernel wants every octet behind the member in use to be 0.
static int bpf(int command, union bpf_attr *attr) { return (int)syscall(SYS_bpf, command, attr, sizeof *attr); }

static uint64_t address(const void *p) { return (uint64_t)(uintptr_t)p; }

int cl_bpf_map(uint32_t type, uint32_t key_size, uint32_t value_size, uint32_t entries, uint32_t flags,
               const char *name) {
  union bpf_attr attr;
  memset(&attr, 0, sizeof attr);
  attr.map_type = type;
  attr.key_size = key_size;
  attr.value_size = value_size;
  attr.max_entries = entries;
  attr.map_flags = flags;
  strncpy(attr.map_name, name, sizeof attr.map_name - 1);
  return bpf(BPF_MAP_CREATE, &attr);
}

int cl_bpf_map_set(int map, uint32_t key, uint32_t value) {
  union bpf_attr attr;
  memset(&attr, 0, sizeof attr);
  attr.map_fd = (uint32_t)map;
  attr.key = address(&key);
  attr.value = address(&value);
  attr.flags = BPF_ANY;
  return bpf(BPF_MAP_UPDATE_ELEM, &attr);
}

int cl_bpf_map_remove(int map, uint32_t key) {
  union bpf_attr attr;
  memset(&attr, 0, sizeof attr);
  attr.map_fd = (uint32_t)map;
  attr.key = address(&key);
  return bpf(BPF_MAP_DELETE_ELEM, &attr);
}

int cl_bpf_load_socket_filter(const uint64_t *instructions, uint32_t count, const char *license, const char *name,
                              char *log, uint32_t log_size) {
  union bpf_attr attr;
  memset(&attr, 0, sizeof attr);
  attr.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
  attr.insn_cnt = count;
  attr.insns = address(instructions);
  attr.license = address(license);
  strncpy(attr.prog_name, name, sizeof attr.prog_name - 1);
  if (log_size) {
    attr.log_level = 1;
    attr.log_buf = address(log);
    attr.log_size = log_size;
  }
  // The verifier gives up with EAGAIN when a signal waits for us.
  int program = -1;
  for (int attempt = 0; attempt < 5; attempt++) {
    program = bpf(BPF_PROG_LOAD, &attr);
    if (program >= 0 || errno != EAGAIN) break;
  }
  return program;
}

uint32_t cl_bpf_program_number(int program) {
  struct bpf_prog_info info;
  memset(&info, 0, sizeof info);
  union bpf_attr attr;
  memset(&attr, 0, sizeof attr);
  attr.info.bpf_fd = (uint32_t)program;
  attr.info.info_len = sizeof info;
  attr.info.info = address(&info);
  return bpf(BPF_OBJ_GET_INFO_BY_FD, &attr) == 0 ? info.id : 0;
}

bool cl_bpf_program_exists(uint32_t number) {
  union bpf_attr attr;
  memset(&attr, 0, sizeof attr);
  attr.prog_id = number;
  int program = bpf(BPF_PROG_GET_FD_BY_ID, &attr);
  if (program >= 0) close(program);
  return program >= 0;
}

int cl_bpf_attach(int socket, int program) {
  return setsockopt(socket, SOL_SOCKET, SO_ATTACH_BPF, &program, sizeof program);
}

int cl_bpf_detach(int socket) {
  int none = 0;
  return setsockopt(socket, SOL_SOCKET, SO_DETACH_BPF, &none, sizeof none);
}

int64_t cl_socket_drops(int socket) {
  uint32_t information[SK_MEMINFO_VARS];
  socklen_t length = sizeof information;
  if (getsockopt(socket, SOL_SOCKET, SO_MEMINFO, information, &length) != 0) return -1;
  if (length < (SK_MEMINFO_DROPS + 1) * sizeof information[0]) {
    errno = EOPNOTSUPP;
    return -1;
  }
  return information[SK_MEMINFO_DROPS];
}
