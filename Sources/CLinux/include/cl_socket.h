// Sockets, epoll, eventfd, and batches of datagrams with their control messages.
#ifndef EVERWAY_CL_SOCKET_H
#define EVERWAY_CL_SOCKET_H

#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <time.h>

// From <sys/socket.h> and <netinet/in.h> under _GNU_SOURCE; layout checked in cl_socket.c.
struct cl_ucred { int32_t pid; uint32_t uid; uint32_t gid; };
struct cl_mmsghdr { struct msghdr msg_hdr; unsigned int msg_len; };

int cl_accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags) __asm__("accept4");
int cl_pipe2(int fds[2], int flags) __asm__("pipe2");
int cl_sendmmsg(int fd, struct cl_mmsghdr *messages, unsigned int count, int flags) __asm__("sendmmsg");
// epoll_wait with a timeout in nanoseconds; negative waits for ever. Falls back to milliseconds, rounded up, on
// kernels before 5.11.
int cl_epoll_wait_ns(int epfd, struct epoll_event *events, int maxevents, int64_t nanoseconds);

// Pins a thread to one CPU (pthread_setaffinity_np); 0 or an errno.
int cl_thread_pin(pthread_t thread, int cpu);

// What the kernel says of one received datagram. Addresses in network order; IPv4 in the first four octets.
struct cl_datagram {
  uint8_t source[16];
  uint8_t destination[16];
  uint16_t source_port;      // host order
  uint8_t is_ipv6;
  int32_t time_to_live;      // -1 when the kernel did not say
  uint32_t interface_index;
  int64_t realtime_ns;       // kernel receive time, CLOCK_REALTIME; 0 when the kernel did not say
  uint32_t length;           // of the payload as sent, also when longer than the buffer
  uint32_t dropped;          // SO_RXQ_OVFL: datagrams this socket has lost since it was opened
};

enum { CL_RX_BATCH = 64, CL_RX_PAYLOAD = 256, CL_TX_BATCH = 64, CL_TX_PAYLOAD = 128 };

// A batch for recvmmsg: allocated once, never moved.
struct cl_rx_batch;
struct cl_rx_batch *cl_rx_batch_create(void);
void cl_rx_batch_destroy(struct cl_rx_batch *batch);
// Up to CL_RX_BATCH datagrams; their number, or -1 with errno.
int cl_rx_batch_receive(struct cl_rx_batch *batch, int fd);
// Valid until the next receive.
const struct cl_datagram *cl_rx_batch_datagram(const struct cl_rx_batch *batch, int index);
const uint8_t *cl_rx_batch_payload(const struct cl_rx_batch *batch, int index);

// Where a session's packets go and where they come from: written once, used for every packet.
struct cl_tx_route {
  // A sockaddr_in, sockaddr_in6 or sockaddr_ll.
  _Alignas(8) uint8_t destination[28];
  uint16_t destination_length;
  uint16_t control_length;
  _Alignas(8) uint8_t control[40];
};
// source: 4 or 16 octets, or NULL to let the kernel choose; interface_index 0 for any.
void cl_tx_route_set(struct cl_tx_route *route, bool ipv6, const uint8_t *destination, uint16_t port,
                     const uint8_t *source, uint32_t interface_index);

// The same for a packet socket: to a link-layer address of six octets.
void cl_tx_route_set_link(struct cl_tx_route *route, bool ipv6, uint32_t interface_index, const uint8_t *address);

// A batch for sendmmsg: allocated once, never moved. Routes are referred to, not copied, until it is sent.
struct cl_tx_batch;
struct cl_tx_batch *cl_tx_batch_create(void);
void cl_tx_batch_destroy(struct cl_tx_batch *batch);
int cl_tx_batch_count(const struct cl_tx_batch *batch);
// The buffer of CL_TX_PAYLOAD octets for the next datagram, or NULL when the batch is full. `padding` octets of 0, at
// most 65,535, are sent behind it.
uint8_t *cl_tx_batch_add(struct cl_tx_batch *batch, const struct cl_tx_route *route, uint32_t length, uint32_t padding);
// Sends `count` from `first` on; how many left, or -1 with errno for the datagram at `first`.
int cl_tx_batch_send(struct cl_tx_batch *batch, int fd, int first, int count);
void cl_tx_batch_clear(struct cl_tx_batch *batch);

// Answers a datagram where it came from, from the address it was sent to; octets sent, or -1 with errno.
int cl_send_reply(int fd, const struct cl_datagram *to, const uint8_t *payload, uint32_t length);

#endif
