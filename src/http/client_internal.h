// SPDX-License-Identifier: Apache-2.0
// Inside of the client: client.c has calls and pools, client_link.c one connection. Only they include this.
#pragma once

#include "base/map.h"
#include "http/client.h"

enum {
    HTTP_CLIENT_INPUT_SIZE = 65536,
    HTTP_CLIENT_WHY_SIZE = 640, // of a sentence about a failure, a server's name in it
};

struct http_client {
    struct loop *loop;
    struct http_client_config config;
    struct http_client_metrics metrics;
    struct map pools;
    struct list_node ready;  // pools that want to be looked at when the turn ends
    struct deferred work;    // looks at them
    struct list_node failed; // calls that have ended and not been told yet
    struct timer telling;    // tells them, in a later turn
    size_t link_count;       // all that are not freed
    struct message closed;
    bool closing, closed_posted;
    void (*on_closed)(void *owner);
    void *owner;
    uint8_t input[HTTP_CLIENT_INPUT_SIZE]; // the room of all connections
};

// A server and the connections to it.
struct http_pool {
    struct map_node map_node;
    struct http_client *client;
    struct list_node ready_node;
    struct list_node idle;    // links, the last used first: the others grow old and go
    struct list_node busy;    // links with a call, or on their way
    struct list_node waiting; // calls
    uint32_t link_count;      // idle and busy
    uint32_t idle_count, waiting_count;
    struct timer ageing; // runs while there are idle links
    struct address address;
    struct tls_context *tls; // counted; NULL: plain
    char name[300];          // "host:port", for people
    size_t key_size;
    uint8_t key[]; // the origin, and which TLS context
};

// A connection. Lives until its on_close; without a pool it only waits for that.
struct http_link {
    struct http_client *client;
    struct http_pool *pool; // NULL: given up
    struct list_node node;  // idle or busy
    struct conn *conn;
    struct http_call *call; // NULL: idle
    struct http_response_parser parser;
    struct timer connecting; // runs until the first byte may be sent
    int64_t idle_since_ms;
    bool is_open;
    bool is_reused; // it had a call before this one
};

// ---- client_link.c

// Connects for the call; the pool has room for the link.
void http_link_open(struct http_pool *pool, struct http_call *call);
// Sends the call on an idle link.
void http_link_use(struct http_link *link, struct http_call *call);
// Takes the link out of its pool and closes it; a call that it has is the caller's to end.
void http_link_drop(struct http_link *link);

// ---- client.c

// Ends a call that has left its link.
void http_call_end(struct http_call *call, const struct http_result *result);
void http_call_fail(struct http_call *call, err_t err, const char *why);
// Puts it at the head of those that wait, for a new connection.
void http_call_repeat(struct http_call *call);
// Something changed: the pool is looked at when the turn ends. What is empty is freed then, never earlier.
void http_pool_touch(struct http_pool *pool);
void http_client_check_closed(struct http_client *client);
