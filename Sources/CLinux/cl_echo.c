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

enum { ECHO_PORT = 3785, MEMBER_PORT = 6784 };

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

// Whole UDP packets to one port, without IPv6 extension headers. Offsets count from the network header, as in
// cl_probe.c.
static int attach_udp(int fd, uint16_t ethertype, uint16_t port, bool multicast) {
  int also = multicast ? PACKET_MULTICAST : PACKET_HOST;
  const struct sock_filter ipv4[] = {
      /* 0 */ LOAD_TYPE,
      /* 1 */ IF_EQUAL(PACKET_HOST, 1, 0),
      /* 2 */ IF_EQUAL(also, 0, 8),
      /* 3 */ BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),  // protocol
      /* 4 */ IF_EQUAL(17, 0, 6),
      /* 5 */ BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 6),  // more fragments, fragment offset
      /* 6 */ BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x3fff, 4, 0),
      /* 7 */ BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),  // X = header length
      /* 8 */ BPF_STMT(BPF_LD | BPF_H | BPF_IND, 2),   // destination port
      /* 9 */ IF_EQUAL(port, 0, 1),
      /* 10 */ ACCEPT,
      /* 11 */ DROP,
  };
  const struct sock_filter ipv6[] = {
      /* 0 */ LOAD_TYPE,
      /* 1 */ IF_EQUAL(PACKET_HOST, 1, 0),
      /* 2 */ IF_EQUAL(also, 0, 5),
      /* 3 */ BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 6),  // next header
      /* 4 */ IF_EQUAL(17, 0, 3),
      /* 5 */ BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 42),  // destination port
      /* 6 */ IF_EQUAL(port, 0, 1),
      /* 7 */ ACCEPT,
      /* 8 */ DROP,
  };
  return ethertype == ETH_P_IP ? attach(fd, ipv4, COUNT(ipv4)) : attach(fd, ipv6, COUNT(ipv6));
}

static int udp_socket(uint16_t ethertype, uint16_t port, bool multicast, uint32_t interface_index) {
  // Protocol 0: nothing is heard before the filter is in place.
  int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  int one = 1, size = 1 << 20;
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0)
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  if (attach_udp(fd, ethertype, port, multicast) != 0 ||
      setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof one) != 0)
    return failed(fd);
  return cl_probe_bind(fd, ethertype, interface_index) == 0 ? fd : failed(fd);
}

int cl_echo_socket(uint16_t ethertype) { return udp_socket(ethertype, ECHO_PORT, false, 0); }

int cl_member_socket(uint16_t ethertype, uint32_t interface_index) {
  int fd = udp_socket(ethertype, MEMBER_PORT, true, interface_index);
  if (fd < 0) return -1;
  struct packet_mreq join = {.mr_ifindex = (int)interface_index, .mr_type = PACKET_MR_MULTICAST, .mr_alen = 6,
                             .mr_address = {0x01, 0x00, 0x5e, 0x90, 0x00, 0x01}};
  return setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &join, sizeof join) == 0 ? fd : failed(fd);
}

int cl_echo_sender(void) {
  int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int size = 1 << 20;
  if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) != 0)
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  return fd;
}

static int sink(bool ipv6, uint16_t port) {
  static const struct sock_filter nothing[] = {DROP};
  int fd = socket(ipv6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  int one = 1, r;
  if (attach(fd, nothing, COUNT(nothing)) != 0) return failed(fd);
  if (ipv6) {
    struct sockaddr_in6 name = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    r = bind(fd, (struct sockaddr *)&name, sizeof name);
  } else {
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(port)};
    r = bind(fd, (struct sockaddr *)&name, sizeof name);
  }
  return r == 0 ? fd : failed(fd);
}

int cl_echo_sink(bool ipv6) { return sink(ipv6, ECHO_PORT); }
int cl_member_sink(bool ipv6) { return sink(ipv6, MEMBER_PORT); }

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
