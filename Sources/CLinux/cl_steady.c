#define _GNU_SOURCE
#include "cl_steady.h"
#include <linux/filter.h>
#include <sys/socket.h>

// Offsets count from the UDP payload, as everywhere in a program that selects among sockets.
static const struct sock_filter selection[] = {
    /* 0 */ BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
    /* 1 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 24, 0, 4),  // no authentication, no padding
    /* 2 */ BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 1),
    /* 3 */ BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xf7),      // the C bit may be set
    /* 4 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0xc0, 0, 1),
    /* 5 */ BPF_STMT(BPF_RET | BPF_K, 1),
    /* 6 */ BPF_STMT(BPF_RET | BPF_K, 0),
};

int cl_steady_select(int fd) {
  struct sock_fprog program = {sizeof selection / sizeof selection[0], (struct sock_filter *)selection};
  return setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program);
}
