// Sockets, epoll, eventfd, signalfd.
#ifndef EVERWAY_CL_SOCKET_H
#define EVERWAY_CL_SOCKET_H

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#endif
