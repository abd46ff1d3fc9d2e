#define _GNU_SOURCE
#include "cl_probe.h"
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_arp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

_Static_assert(CL_ARPHRD_ETHER == ARPHRD_ETHER, "ARPHRD_ETHER");

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define LOAD_TYPE BPF_STMT(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + SKF_AD_PKTTYPE)
#define LOAD_OCTET(k) BPF_STMT(BPF_LD | BPF_B | BPF_ABS, k)
#define IF_EQUAL(k, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, k, yes, no)
#define ACCEPT BPF_STMT(BPF_RET | BPF_K, 0xffffffff)
#define DROP BPF_STMT(BPF_RET | BPF_K, 0)

// Offsets count from the network header: that is where a SOCK_DGRAM packet socket's filter starts.
static int attach(int fd, uint16_t ethertype, uint32_t cookie) {
  const struct sock_filter arp[] = {
      /* 0 */ LOAD_TYPE,
      /* 1 */ IF_EQUAL(PACKET_HOST, 1, 0),
      /* 2 */ IF_EQUAL(PACKET_BROADCAST, 0, 3),
      /* 3 */ BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 6),  // operation
      /* 4 */ IF_EQUAL(2, 0, 1),                      // reply
      /* 5 */ ACCEPT,
      /* 6 */ DROP,
  };
  const struct sock_filter ipv4[] = {
      /* 0 */ LOAD_TYPE,
      /* 1 */ IF_EQUAL(PACKET_HOST, 0, 15),
      /* 2 */ LOAD_OCTET(9),  // protocol
      /* 3 */ IF_EQUAL(1, 0, 13),
      /* 4 */ BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 6),  // more fragments, fragment offset
      /* 5 */ BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x3fff, 11, 0),
      /* 6 */ BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),   // X = header length
      /* 7 */ BPF_STMT(BPF_LD | BPF_B | BPF_IND, 0),    // ICMP type
      /* 8 */ IF_EQUAL(0, 3, 0),                        // echo reply
      /* 9 */ IF_EQUAL(3, 4, 0),                        // unreachable
      /* 10 */ IF_EQUAL(11, 3, 0),                      // time exceeded
      /* 11 */ IF_EQUAL(12, 2, 5),                      // parameter problem
      /* 12 */ BPF_STMT(BPF_LD | BPF_W | BPF_IND, 8),   // the payload's first word
      /* 13 */ IF_EQUAL(cookie, 2, 3),
      /* 14 */ BPF_STMT(BPF_LD | BPF_B | BPF_IND, 17),  // the quoted packet's protocol
      /* 15 */ IF_EQUAL(1, 0, 1),
      /* 16 */ ACCEPT,
      /* 17 */ DROP,
  };
  const struct sock_filter ipv6[] = {
      /* 0 */ LOAD_TYPE,
      /* 1 */ IF_EQUAL(PACKET_HOST, 0, 12),
      /* 2 */ LOAD_OCTET(6),  // next header
      /* 3 */ IF_EQUAL(58, 0, 10),
      /* 4 */ LOAD_OCTET(40),                                // ICMPv6 type
      /* 5 */ IF_EQUAL(136, 7, 0),                           // Neighbor Advertisement
      /* 6 */ IF_EQUAL(129, 4, 0),                           // echo reply
      /* 7 */ BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 5, 6, 0),  // errors are 1 to 4
      /* 8 */ IF_EQUAL(0, 5, 0),
      /* 9 */ LOAD_OCTET(54),  // the quoted packet's next header
      /* 10 */ IF_EQUAL(58, 2, 3),
      /* 11 */ BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 48),  // the payload's first word
      /* 12 */ IF_EQUAL(cookie, 0, 1),
      /* 13 */ ACCEPT,
      /* 14 */ DROP,
  };
  struct sock_fprog program = {COUNT(arp), (struct sock_filter *)arp};
  if (ethertype == ETH_P_IP) program = (struct sock_fprog){COUNT(ipv4), (struct sock_filter *)ipv4};
  if (ethertype == ETH_P_IPV6) program = (struct sock_fprog){COUNT(ipv6), (struct sock_filter *)ipv6};
  return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

int cl_probe_socket(uint16_t ethertype, uint32_t cookie) {
  // Protocol 0: nothing is heard before the filter is in place and bind() says what to hear.
  int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  int one = 1, size = 4 << 20;
  // Some 5,000 answers: as many as come at once, or while the process is stopped. Without CAP_NET_ADMIN
  // net.core.rmem_max limits it; smaller is no failure.
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0)
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof one) == 0 && attach(fd, ethertype, cookie) == 0)
    return fd;
  int code = errno;
  close(fd);
  errno = code;
  return -1;
}

int cl_probe_bind(int fd, uint16_t ethertype, uint32_t interface_index) {
  struct sockaddr_ll name = {
      .sll_family = AF_PACKET, .sll_protocol = htons(ethertype), .sll_ifindex = (int)interface_index};
  return bind(fd, (struct sockaddr *)&name, sizeof name);
}

int cl_watch_socket(uint32_t interface_index) {
  const struct sock_filter filter[] = {
      /* 0 */ BPF_STMT(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + SKF_AD_PROTOCOL),
      /* 1 */ IF_EQUAL(ETH_P_ARP, 17, 0),
      /* 2 */ IF_EQUAL(ETH_P_IPV6, 10, 0),
      /* 3 */ IF_EQUAL(ETH_P_IP, 0, 16),
      /* 4 */ LOAD_OCTET(9),  // protocol
      /* 5 */ IF_EQUAL(1, 13, 0),
      /* 6 */ IF_EQUAL(17, 0, 13),
      /* 7 */ BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 6),  // fragment offset
      /* 8 */ BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x1fff, 11, 0),
      /* 9 */ BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),  // X = header length
      /* 10 */ BPF_STMT(BPF_LD | BPF_H | BPF_IND, 2),  // destination port
      /* 11 */ IF_EQUAL(3784, 7, 0),
      /* 12 */ IF_EQUAL(4784, 6, 7),
      /* 13 */ LOAD_OCTET(6),  // next header
      /* 14 */ IF_EQUAL(58, 4, 0),
      /* 15 */ IF_EQUAL(17, 0, 4),
      /* 16 */ BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 42),  // destination port
      /* 17 */ IF_EQUAL(3784, 1, 0),
      /* 18 */ IF_EQUAL(4784, 0, 1),
      /* 19 */ ACCEPT,
      /* 20 */ DROP,
  };
  struct sock_fprog program = {COUNT(filter), (struct sock_filter *)filter};
  int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  int one = 1, size = 4 << 20;
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0)
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof one) == 0 &&
      setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0 &&
      cl_probe_bind(fd, ETH_P_ALL, interface_index) == 0)
    return fd;
  int code = errno;
  close(fd);
  errno = code;
  return -1;
}

int cl_probe_link(int fd, struct cl_probe_link *link) {
  struct sockaddr_ll name = {0};
  socklen_t length = sizeof name;
  memset(link, 0, sizeof *link);
  if (getsockname(fd, (struct sockaddr *)&name, &length) != 0) return -1;
  link->interface_index = name.sll_ifindex > 0 ? (uint32_t)name.sll_ifindex : 0;
  link->hardware_type = name.sll_hatype;
  link->address_length = name.sll_halen;
  memcpy(link->address, name.sll_addr, sizeof link->address);
  return 0;
}

int cl_probe_send(int fd, uint32_t interface_index, uint16_t ethertype, const uint8_t *address, const uint8_t *packet,
                  uint32_t length) {
  struct sockaddr_ll name = {
      .sll_family = AF_PACKET, .sll_protocol = htons(ethertype), .sll_ifindex = (int)interface_index};
  if (address) {
    name.sll_halen = 6;
    memcpy(name.sll_addr, address, 6);
  }
  ssize_t sent;
  do {
    sent = sendto(fd, packet, length, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&name, sizeof name);
  } while (sent < 0 && errno == EINTR);
  return sent < 0 ? -1 : 0;
}

struct cl_frame_batch {
  struct mmsghdr headers[CL_FRAME_BATCH];
  struct iovec vectors[CL_FRAME_BATCH];
  struct sockaddr_ll sources[CL_FRAME_BATCH];
  struct cl_frame frames[CL_FRAME_BATCH];
  _Alignas(16) uint8_t control[CL_FRAME_BATCH][64];
  _Alignas(16) uint8_t payload[CL_FRAME_BATCH][CL_FRAME_PAYLOAD];
};

struct cl_frame_batch *cl_frame_batch_create(void) { return calloc(1, sizeof(struct cl_frame_batch)); }
void cl_frame_batch_destroy(struct cl_frame_batch *b) { free(b); }

int cl_frame_batch_receive(struct cl_frame_batch *b, int fd) {
  for (int i = 0; i < CL_FRAME_BATCH; i++) {
    b->vectors[i] = (struct iovec){b->payload[i], CL_FRAME_PAYLOAD};
    b->headers[i].msg_hdr = (struct msghdr){.msg_name = &b->sources[i], .msg_namelen = sizeof b->sources[i],
                                            .msg_iov = &b->vectors[i], .msg_iovlen = 1,
                                            .msg_control = b->control[i], .msg_controllen = sizeof b->control[i]};
  }
  int n = recvmmsg(fd, b->headers, CL_FRAME_BATCH, MSG_DONTWAIT | MSG_TRUNC, NULL);
  for (int i = 0; i < n; i++) {
    struct cl_frame *f = &b->frames[i];
    struct msghdr *h = &b->headers[i].msg_hdr;
    *f = (struct cl_frame){.length = b->headers[i].msg_len, .packet_type = b->sources[i].sll_pkttype,
                           .ethertype = ntohs(b->sources[i].sll_protocol),
                           .interface_index = (uint32_t)b->sources[i].sll_ifindex,
                           .source_length = b->sources[i].sll_halen};
    memcpy(f->source, b->sources[i].sll_addr, sizeof f->source);
    for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
      if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS) continue;
      struct timespec t;
      memcpy(&t, CMSG_DATA(c), sizeof t);
      f->realtime_ns = (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
    }
  }
  return n;
}

const struct cl_frame *cl_frame_batch_frame(const struct cl_frame_batch *b, int i) { return &b->frames[i]; }
const uint8_t *cl_frame_batch_payload(const struct cl_frame_batch *b, int i) { return b->payload[i]; }
