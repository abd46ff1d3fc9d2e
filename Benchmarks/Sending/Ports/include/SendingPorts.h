// Ways to send the same packet again and again, for SendingBenchmark: as cheap as each of them can be made.
#ifndef EVERWAY_SENDING_PORTS_H
#define EVERWAY_SENDING_PORTS_H

#include <stdbool.h>
#include <stdint.h>

enum { SENDING_BATCH = 64, SENDING_FRAME = 66 };
enum sending_kind {
  SENDING_UDP,            // unconnected, destination and IP_PKTINFO with each, sendmmsg
  SENDING_UDP_CONNECTED,  // sendmmsg
  SENDING_DATAGRAM,       // AF_PACKET SOCK_DGRAM, address with each, sendmmsg
  SENDING_RAW,            // AF_PACKET SOCK_RAW bound to the link, sendmmsg
  SENDING_RING_2,         // PACKET_TX_RING, TPACKET_V2, one send a batch
  SENDING_RING_3          // the same, TPACKET_V3
};

struct sending_port;
// Opens one in the calling thread's network namespace; NULL with errno. `frame`: Ethernet, IPv4, UDP, SENDING_FRAME octets.
struct sending_port *sending_open(enum sending_kind kind, bool qdisc_bypass, uint32_t interface_index,
                                  const uint8_t *frame);
// Writes and sends `count` packets, at most SENDING_BATCH; false with errno when that cannot be done.
bool sending_send(struct sending_port *port, int count);
void sending_close(struct sending_port *port);

#endif
