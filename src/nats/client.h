// SPDX-License-Identifier: Apache-2.0
// A connection to a NATS server as a client sees it: it reads INFO, sends CONNECT and PING, and is ready when PONG
// came. One loop; all calls and callbacks there. It does not reconnect.
#pragma once

#include "base/bytes.h"
#include "base/err.h"

struct address;
struct loop;
struct nats_client;

// Views that are valid during the call.
struct nats_client_message {
    bytes_t subject, reply; // reply: BYTES_NULL for none
    bytes_t header, payload;
};

struct nats_client_ops {
    void (*on_ready)(struct nats_client *client);
    void (*on_message)(struct nats_client *client, const struct nats_client_message *message);
    // The answer to nats_client_ping: what was sent before it has been handled. May be NULL.
    void (*on_pong)(struct nats_client *client);
    // What the server complained of (the text between the quotes of -ERR); it may close the connection afterwards.
    void (*on_complaint)(struct nats_client *client, bytes_t text);
    // The last callback; the client is gone after it. ERR_OK: nats_client_close; ERR_MALFORMED: what came is no NATS;
    // else as conn_ops.on_close.
    void (*on_close)(struct nats_client *client, err_t why);
};

// Never calls back before it returns.
struct nats_client *nats_client_open(struct loop *loop, const struct address *address,
                                     const struct nats_client_ops *ops, void *owner);
void *nats_client_owner(const struct nats_client *client);
void nats_client_close(struct nats_client *client);
// The largest payload that the server takes; after on_ready.
size_t nats_client_payload_max(const struct nats_client *client);
// True while the server does not take what is sent: wait for a pong before sending more.
bool nats_client_is_full(const struct nats_client *client);

// QUEUE, REPLY: BYTES_NULL for none.
void nats_client_subscribe(struct nats_client *client, bytes_t subject, bytes_t queue);
void nats_client_publish(struct nats_client *client, bytes_t subject, bytes_t reply, bytes_t payload);
void nats_client_ping(struct nats_client *client);
