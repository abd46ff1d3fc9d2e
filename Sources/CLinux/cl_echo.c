#define _GNU_SOURCE
#include "cl_probe.h"
#include "cl_socket.h"
#include <errno.h>
#include <linux/filter.h>
#include <string.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define LOAD_TYPE BPF_STMT(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + SKF_AD_PKTTYPE)
#define IF_EQUAL(k, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, k, yes, no)
#define ACCEPT BPF_STMT(BPF_RET | BPF_K, 0xffffffff)
#define DROP BPF_STMT(BPF_RET | BPF_K, 0)

enum { ECHO_PORT = 3785 };

static int attach(int fd, const struct sock_filter *filter, size_t count) {
  struct sock_fprog program = {(unsigned short)count, (struct sock_filter *)filter};
  return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

static int failed(int fd) {
  int code = errno;
  close(fd);
  errno = code;
  return -1;
}

int cl_echo_socket(uint16_t ethertype) {
  // Offsets count from the network header, as in cl_probe.c.
  static const struct sock_filter ipv4[] = {
      /* 0 */ LOAD_TYPE,
      /* 1 */ IF_EQUAL(PACKET_HOST, 0, 8),
      /* 2 */ BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),  // protocol
      /* 3 */ IF_EQUAL(17, 0, 6),
      /* 4 */ BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 6),  // more fragments, fragment offset
      /* 5 */ BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x3fff, 4, 0),
      /* 6 */ BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),  // X = header length
      /* 7 */ BPF_STMT(BPF_LD | BPF_H | BPF_IND, 2),   // destination port
      /* 8 */ IF_EQUAL(ECHO_PORT, 0, 1),
      /* 9 */ ACCEPT,
      /* 10 */ DROP,
  };
  static const struct sock_filter ipv6[] = {
      /* 0 */ LOAD_TYPE,
      /* 1 */ IF_EQUAL(PACKET_HOST, 0, 5),
      /* 2 */ BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 6),  // next header
      /* 3 */ IF_EQUAL(17, 0, 3),
      /* 4 */ BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 42),  // destination port
      /* 5 */ IF_EQUAL(ECHO_PORT, 0, 1),
      /* 6 */ ACCEPT,
      /* 7 */ DROP,
  };
  // Protocol 0: nothing is heard before the filter is in place.
  int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  int one = 1, size = 1 << 20;
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0)
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  int r = ethertype == ETH_P_IP ? attach(fd, ipv4, COUNT(ipv4)) : attach(fd, ipv6, COUNT(ipv6));
  if (r != 0 || setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof one) != 0) return failed(fd);
  return cl_probe_bind(fd, ethertype, 0) == 0 ? fd : failed(fd);
}

int cl_echo_sender(void) {
  int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int size = 1 << 20;
  if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) != 0)
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  return fd;
}

int cl_echo_sink(bool ipv6) {
  static const struct sock_filter nothing[] = {DROP};
  int fd = socket(ipv6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  int one = 1, r;
  if (attach(fd, nothing, COUNT(nothing)) != 0) return failed(fd);
  if (ipv6) {
    struct sockaddr_in6 name = {.sin6_family = AF_INET6, .sin6_port = htons(ECHO_PORT)};
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    r = bind(fd, (struct sockaddr *)&name, sizeof name);
  } else {
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(ECHO_PORT)};
    r = bind(fd, (struct sockaddr *)&name, sizeof name);
  }
  return r == 0 ? fd : failed(fd);
}

void cl_tx_route_set_link(struct cl_tx_route *r, bool ipv6, uint32_t interface_index, const uint8_t *address) {
  memset(r, 0, sizeof *r);
  struct sockaddr_ll *name = (void *)&r->destination;
  name->sll_family = AF_PACKET;
  name->sll_protocol = htons(ipv6 ? ETH_P_IPV6 : ETH_P_IP);
  name->sll_ifindex = (int)interface_index;
  name->sll_halen = 6;
  memcpy(name->sll_addr, address, 6);
  r->destination_length = sizeof *name;
}
