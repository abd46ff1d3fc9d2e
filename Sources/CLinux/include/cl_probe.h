// Packet sockets for probing.
#ifndef EVERWAY_CL_PROBE_H
#define EVERWAY_CL_PROBE_H

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdbool.h>
#include <stdint.h>

// From <linux/if_arp.h>, which draws in <linux/if.h> and turns the flags of <net/if.h> into another type for Swift;
// checked in cl_probe.c.
enum { CL_ARPHRD_ETHER = 1 };

// A packet socket (AF_PACKET, SOCK_DGRAM, non-blocking) with receive timestamps that hears nothing until it is bound;
// -1 with errno. Its filter, classic BPF, lets through only what can answer a probe:
//   ETH_P_ARP   replies, to us or to all;
//   ETH_P_IP    to us and whole: echo replies that start with the cookie, errors that quote an ICMP message;
//   ETH_P_IPV6  the same, and Neighbor Advertisements.
int cl_probe_socket(uint16_t ethertype, uint32_t cookie);
// Starts to hear an interface.
int cl_probe_bind(int fd, uint16_t ethertype, uint32_t interface_index);

// The same for BFD echo (RFC 5881 section 4): all interfaces, UDP to us with the destination port 3785, in one fragment
// and without IPv6 extension headers. ETH_P_IP or ETH_P_IPV6.
int cl_echo_socket(uint16_t ethertype);
// A packet socket that hears nothing, to send by.
int cl_echo_sender(void);
// A UDP socket that owns port 3785 and throws away all that comes, so that the kernel does not answer "port
// unreachable".
int cl_echo_sink(bool ipv6);

// The same for BFD on a member of a link aggregation group (RFC 7130): one interface, port 6784, also what comes to the
// dedicated multicast address 01-00-5E-90-00-01.
int cl_member_socket(uint16_t ethertype, uint32_t interface_index);
int cl_member_sink(bool ipv6);

// What passes on an interface, or on all with index 0, in both directions, before any firewall rule has seen what comes
// in: ARP, ICMP, ICMPv6, and UDP to the ports 3784 and 4784.
int cl_watch_socket(uint32_t interface_index);

// What a bound packet socket knows of its interface.
struct cl_probe_link {
  uint32_t interface_index;  // 0 when it is gone
  uint16_t hardware_type;    // ARPHRD_...
  uint8_t address_length;
  uint8_t address[8];
};
int cl_probe_link(int fd, struct cl_probe_link *link);

// Sends one packet, from its network header on, to a link-layer address of 6 octets, or to none (NULL).
int cl_probe_send(int fd, uint32_t interface_index, uint16_t ethertype, const uint8_t *address, const uint8_t *packet,
                  uint32_t length);

// What the kernel says of one received packet.
struct cl_frame {
  uint32_t length;      // as received, also when longer than the buffer
  int64_t realtime_ns;  // kernel receive time, CLOCK_REALTIME; 0 when the kernel did not say
  uint32_t interface_index;
  uint16_t ethertype;   // host order
  uint8_t packet_type;  // PACKET_HOST, ...
  uint8_t source_length;
  uint8_t source[8];
};

enum { CL_FRAME_BATCH = 32, CL_FRAME_PAYLOAD = 512 };

// A batch for recvmmsg: allocated once, never moved.
struct cl_frame_batch;
struct cl_frame_batch *cl_frame_batch_create(void);
void cl_frame_batch_destroy(struct cl_frame_batch *batch);
// Up to CL_FRAME_BATCH packets; their number, or -1 with errno.
int cl_frame_batch_receive(struct cl_frame_batch *batch, int fd);
// Valid until the next receive.
const struct cl_frame *cl_frame_batch_frame(const struct cl_frame_batch *batch, int index);
const uint8_t *cl_frame_batch_payload(const struct cl_frame_batch *batch, int index);

#endif
