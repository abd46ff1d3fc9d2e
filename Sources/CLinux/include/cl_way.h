// Sending below the UDP stack, and hearing many netlink messages with one system call.
#ifndef EVERWAY_CL_WAY_H
#define EVERWAY_CL_WAY_H

#include <stdint.h>

// A packet socket that hears nothing and sends past the queueing discipline (PACKET_QDISC_BYPASS), where the kernel can;
// SOCK_DGRAM: the kernel writes the link-layer header. A descriptor, or -1 with errno.
int cl_way_sender(void);

// A socket to ask for IPsec policies by; it blocks for answers, which are there at once. -1 with errno, EPROTONOSUPPORT
// where the kernel has no IPsec.
int cl_policy_socket(void);
// How many policies there are for packets on their way out (XFRM_MSG_GETSPDINFO); -1 with errno.
int cl_policy_count(int fd);

enum { CL_NEWS_BATCH = 32, CL_NEWS_LENGTH = 8192 };

// Datagrams of a netlink socket: allocated once, never moved.
struct cl_news_batch;
struct cl_news_batch *cl_news_batch_create(void);
void cl_news_batch_destroy(struct cl_news_batch *batch);
// Up to CL_NEWS_BATCH datagrams without waiting; their number, or -1 with errno.
int cl_news_batch_receive(struct cl_news_batch *batch, int fd);
// Valid until the next receive.
const uint8_t *cl_news_batch_data(const struct cl_news_batch *batch, int index);
// Octets; 0 for what did not come from the kernel, -1 for a datagram that did not fit.
int cl_news_batch_length(const struct cl_news_batch *batch, int index);
// The socket's own netlink port, by which answers are known; 0 on failure.
uint32_t cl_news_port(int fd);

#endif
