#define _GNU_SOURCE
#include "cl_way.h"
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/xfrm.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

int cl_way_sender(void) {
  // Protocol 0: it never hears anything.
  int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  int size = 4 << 20, one = 1;
  if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) != 0)
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  // Since Linux 3.14; without it packets only take a little longer.
  setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof one);
  return fd;
}

int cl_policy_socket(void) { return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_XFRM); }

int cl_policy_count(int fd) {
  struct { struct nlmsghdr header; uint32_t flags; } ask = {
    {.nlmsg_len = sizeof ask, .nlmsg_type = XFRM_MSG_GETSPDINFO, .nlmsg_flags = NLM_F_REQUEST}, ~0u};
  _Alignas(8) uint8_t answer[512];
  if (send(fd, &ask, sizeof ask, 0) < 0) return -1;
  ssize_t length = recv(fd, answer, sizeof answer, MSG_DONTWAIT);
  if (length < 0) return -1;
  struct nlmsghdr *header = (void *)answer;
  if (!NLMSG_OK(header, (unsigned)length)) return errno = EPROTO, -1;
  if (header->nlmsg_type == NLMSG_ERROR) {
    struct nlmsgerr *error = NLMSG_DATA(header);
    return errno = header->nlmsg_len >= NLMSG_LENGTH(sizeof *error) ? -error->error : EPROTO, -1;
  }
  struct nlattr *info = (void *)(answer + NLMSG_LENGTH(sizeof(uint32_t)));
  struct xfrmu_spdinfo counts;
  if (header->nlmsg_len < NLMSG_LENGTH(sizeof(uint32_t)) + NLA_HDRLEN + sizeof counts || info->nla_type != XFRMA_SPD_INFO)
    return errno = EPROTO, -1;
  memcpy(&counts, (uint8_t *)info + NLA_HDRLEN, sizeof counts);
  return (int)counts.outcnt;
}

struct cl_news_batch {
  struct mmsghdr headers[CL_NEWS_BATCH];
  struct iovec vectors[CL_NEWS_BATCH];
  struct sockaddr_nl sources[CL_NEWS_BATCH];
  _Alignas(16) uint8_t data[CL_NEWS_BATCH][CL_NEWS_LENGTH];
};

struct cl_news_batch *cl_news_batch_create(void) { return calloc(1, sizeof(struct cl_news_batch)); }
void cl_news_batch_destroy(struct cl_news_batch *b) { free(b); }

int cl_news_batch_receive(struct cl_news_batch *b, int fd) {
  for (int i = 0; i < CL_NEWS_BATCH; i++) {
    b->vectors[i] = (struct iovec){b->data[i], CL_NEWS_LENGTH};
    b->headers[i].msg_hdr = (struct msghdr){.msg_name = &b->sources[i], .msg_namelen = sizeof b->sources[i],
                                            .msg_iov = &b->vectors[i], .msg_iovlen = 1};
  }
  return recvmmsg(fd, b->headers, CL_NEWS_BATCH, MSG_DONTWAIT, NULL);
}

const uint8_t *cl_news_batch_data(const struct cl_news_batch *b, int i) { return b->data[i]; }

int cl_news_batch_length(const struct cl_news_batch *b, int i) {
  if (b->headers[i].msg_hdr.msg_flags & MSG_TRUNC) return -1;
  return b->sources[i].nl_pid == 0 ? (int)b->headers[i].msg_len : 0;
}

uint32_t cl_news_port(int fd) {
  struct sockaddr_nl name;
  socklen_t length = sizeof name;
  return getsockname(fd, (struct sockaddr *)&name, &length) == 0 ? name.nl_pid : 0;
}
