// SPDX-License-Identifier: Apache-2.0
// A connection to a Kafka broker as a client sees it: it asks ApiVersions first (KIP-511: with the newest version, and
// again with an older one if the broker says so), then sends each request in the highest version that both sides know.
// Requests are pipelined, answers come in their order. One loop; all calls and callbacks there. It does not reconnect
// and does not look for leaders: the caller opens one client for each broker it talks to.
#pragma once

#include "base/err.h"
#include "kafka/api.h"

struct loop;
struct address;
struct kafka_client;

struct kafka_client_options {
    const char *client_id;      // copied; NULL: "eddy"
    int64_t request_timeout_ms; // for the connection, and for each answer; 0: 30,000. A Fetch may add its own max wait
    size_t max_frame_size;      // of an answer; 0: 256 MiB
};

struct kafka_client_ops {
    // Connected and versions known: requests may be sent.
    void (*on_ready)(struct kafka_client *client);
    // The last callback; the client is gone after it. ERR_OK: kafka_client_close; ERR_RESET, ERR_REFUSED, ERR_TIMEOUT
    // (of the connection or an answer), ERR_MALFORMED, ERR_TOO_LARGE (an answer that is none), ERR_IO, ERR_UNSUPPORTED
    // (the broker does not speak ApiVersions). DIAG has a sentence with the address.
    void (*on_close)(struct kafka_client *client, err_t why, const diag_t *diag);
};

// Never calls back before it returns.
struct kafka_client *kafka_client_open(struct loop *loop, const struct address *address,
                                       const struct kafka_client_options *options, const struct kafka_client_ops *ops,
                                       void *owner);
void *kafka_client_owner(const struct kafka_client *client);
// Pending requests get ERR_CANCELLED at once, on_close comes in a later turn.
void kafka_client_close(struct kafka_client *client);

// The version that kafka_client_send uses; -1: the broker does not serve the API in a version that we know. After
// on_ready.
int kafka_client_version(const struct kafka_client *client, const struct kafka_api *api);

struct kafka_answer {
    err_t err; // ERR_OK, or why there is none: ERR_CANCELLED, or the reason of on_close, which follows
    const struct kafka_api *api;
    int version;
    // struct kafka_<api>_response; it, its arrays and views are valid during the call. Records stay valid as long as
    // the frame does: buf_ref it. NULL on error.
    const void *response;
    struct buf *frame;
};
typedef void kafka_on_answer_fn(void *owner, const struct kafka_answer *answer);

// REQUEST is struct kafka_<api>_request (start from kafka_defaults(api->request, &request)); it is encoded before this
// returns; record slices are taken by reference. ON_ANSWER comes exactly once, in a later turn; NULL: no answer is
// expected (Produce with acks=0). ERR_UNSUPPORTED: no common version; ERR_CLOSED: not ready, or closing; ERR_TOO_LARGE.
err_t kafka_client_send(struct kafka_client *client, const struct kafka_api *api, const void *request,
                        kafka_on_answer_fn *on_answer, void *owner) MUST_CHECK;
