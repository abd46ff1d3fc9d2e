#define _GNU_SOURCE
#include "cl_socket.h"
#include <errno.h>
#include <sched.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

_Static_assert(sizeof(struct cl_ucred) == sizeof(struct ucred), "ucred");
_Static_assert(sizeof(struct cl_mmsghdr) == sizeof(struct mmsghdr), "mmsghdr");
_Static_assert(offsetof(struct cl_mmsghdr, msg_len) == offsetof(struct mmsghdr, msg_len), "mmsghdr.msg_len");

int cl_epoll_wait_ns(int epfd, struct epoll_event *events, int maxevents, int64_t ns) {
#ifdef SYS_epoll_pwait2
  static int missing;
  if (!missing) {
    struct { int64_t sec, nsec; } ts = {ns / 1000000000, ns % 1000000000};
    int n = (int)syscall(SYS_epoll_pwait2, epfd, events, maxevents, ns < 0 ? NULL : &ts, NULL, 0);
    if (n >= 0 || (errno != ENOSYS && errno != EPERM)) return n;
    missing = 1;
  }
#endif
  int64_t ms = ns < 0 ? -1 : (ns + 999999) / 1000000;
  return epoll_wait(epfd, events, maxevents, ms > 60000 ? 60000 : (int)ms);
}

int cl_thread_pin(pthread_t thread, int cpu) {
  cpu_set_t set;
  if (cpu < 0 || cpu >= CPU_SETSIZE) return EINVAL;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  return pthread_setaffinity_np(thread, sizeof set, &set);
}

struct cl_rx_batch {
  struct mmsghdr headers[CL_RX_BATCH];
  struct iovec vectors[CL_RX_BATCH];
  struct sockaddr_storage sources[CL_RX_BATCH];
  struct cl_datagram datagrams[CL_RX_BATCH];
  _Alignas(16) uint8_t control[CL_RX_BATCH][192];
  _Alignas(16) uint8_t payload[CL_RX_BATCH][CL_RX_PAYLOAD];
};

struct cl_rx_batch *cl_rx_batch_create(void) { return calloc(1, sizeof(struct cl_rx_batch)); }
void cl_rx_batch_destroy(struct cl_rx_batch *b) { free(b); }

static void read_control(struct msghdr *h, struct cl_datagram *d) {
  for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
    const void *data = CMSG_DATA(c);
    if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
      struct timespec t;
      memcpy(&t, data, sizeof t);
      d->realtime_ns = (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
    } else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL) {
      memcpy(&d->dropped, data, 4);
    } else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
      struct in_pktinfo i;
      memcpy(&i, data, sizeof i);
      d->interface_index = (uint32_t)i.ipi_ifindex;
      memcpy(d->destination, &i.ipi_addr, 4);
    } else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TTL) {
      memcpy(&d->time_to_live, data, 4);
    } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
      struct in6_pktinfo i;
      memcpy(&i, data, sizeof i);
      d->interface_index = i.ipi6_ifindex;
      memcpy(d->destination, &i.ipi6_addr, 16);
    } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_HOPLIMIT) {
      memcpy(&d->time_to_live, data, 4);
    }
  }
}

int cl_rx_batch_receive(struct cl_rx_batch *b, int fd) {
  for (int i = 0; i < CL_RX_BATCH; i++) {
    b->vectors[i] = (struct iovec){b->payload[i], CL_RX_PAYLOAD};
    b->headers[i].msg_hdr = (struct msghdr){.msg_name = &b->sources[i], .msg_namelen = sizeof b->sources[i],
                                            .msg_iov = &b->vectors[i], .msg_iovlen = 1,
                                            .msg_control = b->control[i], .msg_controllen = sizeof b->control[i]};
  }
  int n = recvmmsg(fd, b->headers, CL_RX_BATCH, MSG_DONTWAIT | MSG_TRUNC, NULL);
  for (int i = 0; i < n; i++) {
    struct cl_datagram *d = &b->datagrams[i];
    memset(d, 0, sizeof *d);
    d->time_to_live = -1;
    d->length = b->headers[i].msg_len;
    if (b->sources[i].ss_family == AF_INET6) {
      const struct sockaddr_in6 *s = (const void *)&b->sources[i];
      d->is_ipv6 = 1;
      d->source_port = ntohs(s->sin6_port);
      memcpy(d->source, &s->sin6_addr, 16);
    } else {
      const struct sockaddr_in *s = (const void *)&b->sources[i];
      d->source_port = ntohs(s->sin_port);
      memcpy(d->source, &s->sin_addr, 4);
    }
    read_control(&b->headers[i].msg_hdr, d);
  }
  return n;
}

const struct cl_datagram *cl_rx_batch_datagram(const struct cl_rx_batch *b, int i) { return &b->datagrams[i]; }
const uint8_t *cl_rx_batch_payload(const struct cl_rx_batch *b, int i) { return b->payload[i]; }

_Static_assert(sizeof(((struct cl_tx_route *)0)->control) >= CMSG_SPACE(sizeof(struct in6_pktinfo)), "control");
_Static_assert(sizeof(((struct cl_tx_route *)0)->destination) >= sizeof(struct sockaddr_in6), "destination");

void cl_tx_route_set(struct cl_tx_route *r, bool ipv6, const uint8_t *destination, uint16_t port,
                     const uint8_t *source, uint32_t interface_index) {
  memset(r, 0, sizeof *r);
  struct msghdr h = {.msg_control = r->control, .msg_controllen = sizeof r->control};
  struct cmsghdr *c = CMSG_FIRSTHDR(&h);
  if (ipv6) {
    struct sockaddr_in6 *s = (void *)&r->destination;
    s->sin6_family = AF_INET6;
    s->sin6_port = htons(port);
    memcpy(&s->sin6_addr, destination, 16);
    s->sin6_scope_id = interface_index;
    r->destination_length = sizeof *s;
    struct in6_pktinfo i = {.ipi6_ifindex = interface_index};
    if (source) memcpy(&i.ipi6_addr, source, 16);
    c->cmsg_level = IPPROTO_IPV6;
    c->cmsg_type = IPV6_PKTINFO;
    c->cmsg_len = CMSG_LEN(sizeof i);
    memcpy(CMSG_DATA(c), &i, sizeof i);
    r->control_length = CMSG_SPACE(sizeof i);
  } else {
    struct sockaddr_in *s = (void *)&r->destination;
    s->sin_family = AF_INET;
    s->sin_port = htons(port);
    memcpy(&s->sin_addr, destination, 4);
    r->destination_length = sizeof *s;
    struct in_pktinfo i = {.ipi_ifindex = (int)interface_index};
    if (source) memcpy(&i.ipi_spec_dst, source, 4);
    c->cmsg_level = IPPROTO_IP;
    c->cmsg_type = IP_PKTINFO;
    c->cmsg_len = CMSG_LEN(sizeof i);
    memcpy(CMSG_DATA(c), &i, sizeof i);
    r->control_length = CMSG_SPACE(sizeof i);
  }
  if (!source && !interface_index) r->control_length = 0;
}

struct cl_tx_batch {
  int count;
  struct mmsghdr headers[CL_TX_BATCH];
  struct iovec vectors[CL_TX_BATCH][2];
  _Alignas(16) uint8_t payload[CL_TX_BATCH][CL_TX_PAYLOAD];
};

// Never written: all padding of all packets (RFC 9764).
static uint8_t zeroes[65536];

struct cl_tx_batch *cl_tx_batch_create(void) { return calloc(1, sizeof(struct cl_tx_batch)); }
void cl_tx_batch_destroy(struct cl_tx_batch *b) { free(b); }
int cl_tx_batch_count(const struct cl_tx_batch *b) { return b->count; }
void cl_tx_batch_clear(struct cl_tx_batch *b) { b->count = 0; }

uint8_t *cl_tx_batch_add(struct cl_tx_batch *b, const struct cl_tx_route *r, uint32_t length, uint32_t padding) {
  if (b->count == CL_TX_BATCH || length > CL_TX_PAYLOAD || padding > sizeof zeroes) return NULL;
  int i = b->count++;
  b->vectors[i][0] = (struct iovec){b->payload[i], length};
  b->vectors[i][1] = (struct iovec){zeroes, padding};
  b->headers[i].msg_hdr = (struct msghdr){.msg_name = (void *)r->destination, .msg_namelen = r->destination_length,
                                          .msg_iov = b->vectors[i], .msg_iovlen = padding ? 2 : 1,
                                          .msg_control = r->control_length ? (void *)r->control : NULL,
                                          .msg_controllen = r->control_length};
  return b->payload[i];
}

int cl_tx_batch_send(struct cl_tx_batch *b, int fd, int first, int count) {
  return sendmmsg(fd, b->headers + first, (unsigned)count, MSG_DONTWAIT | MSG_NOSIGNAL);
}

int cl_send_reply(int fd, const struct cl_datagram *to, const uint8_t *payload, uint32_t length) {
  struct cl_tx_route route;
  cl_tx_route_set(&route, to->is_ipv6, to->source, to->source_port, to->destination, to->interface_index);
  struct iovec vector = {(void *)payload, length};
  struct msghdr h = {.msg_name = route.destination, .msg_namelen = route.destination_length,
                     .msg_iov = &vector, .msg_iovlen = 1,
                     .msg_control = route.control, .msg_controllen = route.control_length};
  return (int)sendmsg(fd, &h, MSG_DONTWAIT | MSG_NOSIGNAL);
}
