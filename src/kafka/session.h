// SPDX-License-Identifier: Apache-2.0
// One connection's protocol state, without I/O: request frames go in, answers come out in the order of the requests.
// Produces overlap each other, so that many are in flight; everything else waits until what came before is answered, as
// Kafka does it. One owner, one loop.
#pragma once

#include "base/arena.h"
#include "base/list.h"
#include "kafka/api.h"

struct kafka_call;
struct kafka_door;
struct kafka_session;

struct kafka_session_ops {
    // An answer's slice, with its reference; several make one answer.
    void (*on_send)(struct kafka_session *session, struct slice slice);
    // True while the other side does not read what it is sent: no new request is started.
    bool (*on_is_full)(struct kafka_session *session);
    // A request ended and SIZE bytes are no longer held: kafka_session_is_busy may have changed. The call goes next.
    void (*on_progress)(struct kafka_session *session, const struct kafka_call *call, size_t size);
    // The other side broke the protocol: close the connection after what was sent. WHY is a sentence for the log.
    void (*on_hang_up)(struct kafka_session *session, const char *why);
    // Closed and nothing under way: the memory may go. Not called from within kafka_session_close.
    void (*on_idle)(struct kafka_session *session);
    // kafka_api_find, or a test's own.
    const struct kafka_api *(*on_find)(int16_t key);
};

struct kafka_session {
    const struct kafka_session_ops *ops;
    struct kafka_door *door;
    const char *peer;
    struct list_node waiting; // struct kafka_call not started
    struct list_node started; // in order; those that are done wait for the ones before them
    size_t unfinished;        // started and not done
    size_t unfinished_alone;  // of these, the ones that overlap with nothing
    size_t size, limit;       // bytes of requests held, and when that is too many
    bool is_pumping, is_broken, is_ended, is_closed;
};

// One request under way. A handler fills RESPONSE and calls kafka_call_reply, at once or later on the same loop.
struct kafka_call {
    struct list_node node;
    struct kafka_session *session;
    struct kafka_door *door;
    const struct kafka_api *api;
    struct kafka_request_header header;
    int version;
    struct slice frame;       // what the request's views point into
    struct arena arena;       // until the answer is encoded
    void *request, *response; // struct kafka_<api>_request and _response, the latter with defaults
    // Set by a handler that waits for something other than the store: the peer is gone, or waits for nothing more than
    // its answers. Finish soon.
    void (*on_cancel)(struct kafka_call *call);
    void *state; // the handler's
    int64_t started_ns;
    bool is_done;
    struct kafka_frame answer; // empty: none is sent
};

// LIMIT: bytes of requests after which the session is busy. PEER is for log lines and outlives the session.
void kafka_session_init(struct kafka_session *session, struct kafka_door *door, const struct kafka_session_ops *ops,
                        const char *peer, size_t limit);
// Takes over the frame.
void kafka_session_take(struct kafka_session *session, struct slice frame);
// Starts what may be started: after the other side read what it was sent.
void kafka_session_pump(struct kafka_session *session);
// True when so many bytes are held that nothing more should be read.
bool kafka_session_is_busy(const struct kafka_session *session);
// The other side sends nothing more: nobody may wait for what will come.
void kafka_session_end(struct kafka_session *session);
// True when no request is held.
bool kafka_session_is_answered(const struct kafka_session *session);
// The connection is gone: answers are dropped, requests not started too. True when nothing is under way; else on_idle
// follows.
bool kafka_session_close(struct kafka_session *session);

// The answer is call->response. The call may be gone afterwards.
void kafka_call_reply(struct kafka_call *call);
// As kafka_call_reply, encoded as another version (ApiVersions asked in a version from the future).
void kafka_call_reply_version(struct kafka_call *call, int version);
// Ends the call without an answer (acks=0).
void kafka_call_end(struct kafka_call *call);
// Ends the call and the connection.
void kafka_call_hang_up(struct kafka_call *call, const char *why);
