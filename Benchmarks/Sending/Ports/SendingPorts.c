#define _GNU_SOURCE
#include "SendingPorts.h"
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RING_FRAME = 256, RING_FRAMES = 128, RING_OCTETS = RING_FRAME * RING_FRAMES };
enum { SOURCE = 26, DESTINATION = 30, SOURCE_PORT = 34, DESTINATION_PORT = 36, PAYLOAD = 42 };

struct sending_port {
  enum sending_kind kind;
  int fd;
  uint8_t *ring;
  unsigned next;
  // What of the frame is written for each packet.
  int from, length;
  uint8_t frame[SENDING_FRAME];
  struct sockaddr_in destination;
  struct sockaddr_ll link;
  struct mmsghdr headers[SENDING_BATCH];
  struct iovec vectors[SENDING_BATCH];
  uint8_t octets[SENDING_BATCH][128];
  _Alignas(16) uint8_t control[SENDING_BATCH][64];
};

static bool set(int fd, int level, int option, int value) {
  return setsockopt(fd, level, option, &value, sizeof value) == 0;
}

static bool open_udp(struct sending_port *p, uint32_t interface_index) {
  bool connected = p->kind == SENDING_UDP_CONNECTED;
  p->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  set(p->fd, IPPROTO_IP, IP_TTL, 255);
  set(p->fd, IPPROTO_IP, IP_TOS, 0xc0);
  set(p->fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
  struct sockaddr_in own = {.sin_family = AF_INET};
  memcpy(&own.sin_port, p->frame + SOURCE_PORT, 2);
  if (connected) memcpy(&own.sin_addr, p->frame + SOURCE, 4);
  p->destination.sin_family = AF_INET;
  memcpy(&p->destination.sin_port, p->frame + DESTINATION_PORT, 2);
  memcpy(&p->destination.sin_addr, p->frame + DESTINATION, 4);
  if (bind(p->fd, (struct sockaddr *)&own, sizeof own) != 0) return false;
  if (connected) return connect(p->fd, (struct sockaddr *)&p->destination, sizeof p->destination) == 0;
  for (int k = 0; k < SENDING_BATCH; k++) {
    struct msghdr *h = &p->headers[k].msg_hdr;
    h->msg_name = &p->destination;
    h->msg_namelen = sizeof p->destination;
    h->msg_control = p->control[k];
    h->msg_controllen = CMSG_SPACE(sizeof(struct in_pktinfo));
    struct in_pktinfo information = {.ipi_ifindex = (int)interface_index};
    memcpy(&information.ipi_spec_dst, p->frame + SOURCE, 4);
    struct cmsghdr *c = CMSG_FIRSTHDR(h);
    c->cmsg_level = IPPROTO_IP;
    c->cmsg_type = IP_PKTINFO;
    c->cmsg_len = CMSG_LEN(sizeof information);
    memcpy(CMSG_DATA(c), &information, sizeof information);
  }
  return true;
}

static bool open_packet(struct sending_port *p, bool qdisc_bypass, uint32_t interface_index) {
  bool datagram = p->kind == SENDING_DATAGRAM;
  // Protocol 0: it hears nothing.
  p->fd = socket(AF_PACKET, (datagram ? SOCK_DGRAM : SOCK_RAW) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (p->fd < 0) return false;
  if (qdisc_bypass && !set(p->fd, SOL_PACKET, PACKET_QDISC_BYPASS, 1)) return false;
  p->link.sll_family = AF_PACKET;
  p->link.sll_ifindex = (int)interface_index;
  if (p->kind == SENDING_RING_2 || p->kind == SENDING_RING_3) {
    bool third = p->kind == SENDING_RING_3;
    if (!set(p->fd, SOL_PACKET, PACKET_VERSION, third ? TPACKET_V3 : TPACKET_V2)) return false;
    struct tpacket_req3 request = {.tp_block_size = RING_OCTETS,
                                   .tp_block_nr = 1,
                                   .tp_frame_size = RING_FRAME,
                                   .tp_frame_nr = RING_FRAMES};
    socklen_t length = third ? sizeof request : sizeof(struct tpacket_req);
    if (setsockopt(p->fd, SOL_PACKET, PACKET_TX_RING, &request, length) != 0) return false;
    void *ring = mmap(NULL, RING_OCTETS, PROT_READ | PROT_WRITE, MAP_SHARED, p->fd, 0);
    if (ring == MAP_FAILED) return false;
    p->ring = ring;
  }
  if (!datagram) return bind(p->fd, (struct sockaddr *)&p->link, sizeof p->link) == 0;
  memcpy(&p->link.sll_protocol, p->frame + 12, 2);
  p->link.sll_halen = 6;
  memcpy(p->link.sll_addr, p->frame, 6);
  for (int k = 0; k < SENDING_BATCH; k++) {
    p->headers[k].msg_hdr.msg_name = &p->link;
    p->headers[k].msg_hdr.msg_namelen = sizeof p->link;
  }
  return true;
}

struct sending_port *sending_open(enum sending_kind kind, bool qdisc_bypass, uint32_t interface_index,
                                  const uint8_t *frame) {
  struct sending_port *p = calloc(1, sizeof *p);
  if (!p) return NULL;
  p->kind = kind;
  p->fd = -1;
  memcpy(p->frame, frame, SENDING_FRAME);
  bool udp = kind == SENDING_UDP || kind == SENDING_UDP_CONNECTED;
  p->from = udp ? PAYLOAD : kind == SENDING_DATAGRAM ? 14 : 0;
  p->length = SENDING_FRAME - p->from;
  for (int k = 0; k < SENDING_BATCH; k++) {
    p->vectors[k] = (struct iovec){p->octets[k], (size_t)p->length};
    p->headers[k].msg_hdr.msg_iov = &p->vectors[k];
    p->headers[k].msg_hdr.msg_iovlen = 1;
  }
  if (udp ? open_udp(p, interface_index) : open_packet(p, qdisc_bypass, interface_index)) {
    set(p->fd, SOL_SOCKET, SO_SNDBUFFORCE, 4 << 20);
    return p;
  }
  int code = errno;
  sending_close(p);
  errno = code;
  return NULL;
}

void sending_close(struct sending_port *p) {
  if (p->ring) munmap(p->ring, RING_OCTETS);
  if (p->fd >= 0) close(p->fd);
  free(p);
}

static bool is_transient(int code) { return code == EAGAIN || code == ENOBUFS; }

static bool send_ring(struct sending_port *p, int count) {
  for (int k = 0; k < count; k++) {
    uint8_t *place = p->ring + p->next * RING_FRAME;
    uint32_t *status;
    uint8_t *data;
    if (p->kind == SENDING_RING_3) {
      struct tpacket3_hdr *header = (void *)place;
      status = &header->tp_status;
      data = place + TPACKET3_HDRLEN - sizeof(struct sockaddr_ll);
      while (__atomic_load_n(status, __ATOMIC_ACQUIRE) != TP_STATUS_AVAILABLE) {}
      header->tp_next_offset = 0;
      header->tp_len = SENDING_FRAME;
    } else {
      struct tpacket2_hdr *header = (void *)place;
      status = &header->tp_status;
      data = place + TPACKET2_HDRLEN - sizeof(struct sockaddr_ll);
      while (__atomic_load_n(status, __ATOMIC_ACQUIRE) != TP_STATUS_AVAILABLE) {}
      header->tp_len = SENDING_FRAME;
    }
    memcpy(data, p->frame, SENDING_FRAME);
    __atomic_store_n(status, TP_STATUS_SEND_REQUEST, __ATOMIC_RELEASE);
    p->next = (p->next + 1) % RING_FRAMES;
  }
  while (send(p->fd, NULL, 0, MSG_DONTWAIT) < 0) {
    if (!is_transient(errno)) return false;
  }
  return true;
}

bool sending_send(struct sending_port *p, int count) {
  if (p->ring) return send_ring(p, count);
  for (int k = 0; k < count; k++) memcpy(p->octets[k], p->frame + p->from, (size_t)p->length);
  for (int done = 0; done < count;) {
    int sent = sendmmsg(p->fd, p->headers + done, (unsigned)(count - done), MSG_DONTWAIT);
    if (sent < 0 && !is_transient(errno)) return false;
    if (sent > 0) done += sent;
  }
  return true;
}
