// SPDX-License-Identifier: Apache-2.0
// What the files of the network share: conn.c (open connections), connect.c (on the way there), listener.c, sockaddr.c.
// A socket is polled with uv_poll and read and written here, so that owners' memory is the only buffer.
#pragma once

#include "io/net.h"
#include "io/uv/loop_internal.h"

#include <sys/socket.h>

enum {
    CONNECT_TIMEOUT_MS = 10000,
    ADDRESSES_MAX = 8, // of one name
    PEER_SIZE = 64,
};

union socket_address {
    struct sockaddr any;
    struct sockaddr_storage storage;
};

socklen_t socket_address_size(const union socket_address *address);
// The addresses of a literal or of localhost (127.0.0.1 first), at most 2; 0 when it is a name.
size_t socket_addresses_of_literal(const struct address *address, union socket_address *to);
// Those of a look-up, in its order, at most ADDRESSES_MAX.
size_t socket_addresses_of_lookup(const struct addrinfo *found, uint16_t port, union socket_address *to);
uint16_t socket_address_port(const union socket_address *address);
void socket_address_port_set(union socket_address *address, uint16_t port);
// "127.0.0.1:5123", "[::1]:5123".
void socket_address_format(const union socket_address *address, char to[PEER_SIZE]);
// SO_ERROR as err_t; ERR_RESET when the socket has none.
err_t socket_error(int fd);

struct connecting;
// Tries the addresses one after the other; ends with conn_opened or conn_finish, never before it returns. The conn's
// timer is the caller's.
struct connecting *connecting_start(struct conn *conn, const struct address *address);
// The conn is gone: nothing comes any more. Accepts NULL.
void connecting_cancel(struct connecting *connecting);

// A conn without ops on an open socket, or ERR_IO (the socket is then closed). conn_accept_done follows on_accept.
err_t conn_accepted(struct loop *loop, int fd, const union socket_address *peer, struct conn **ret_conn) MUST_CHECK;
void conn_accept_done(struct conn *conn);
// The end of connecting: the socket is the conn's from here on.
void conn_opened(struct conn *conn, int fd, const union socket_address *peer);
// Ends the conn; on_close(why) comes in the next turn. Safe to repeat.
void conn_finish(struct conn *conn, err_t why);
