// SPDX-License-Identifier: Apache-2.0
// Where events go: an HTTP address, a broker or a channel of this process, a topic. Whoever delivers does not know
// which. A sink is shared by all who deliver to it and belongs to one loop.
#pragma once

#include "base/buf.h"
#include "cloudevents/cloudevent.h"
#include "eventing/luggage.h"
#include "eventing/mark.h"

struct handover;
struct sink;

struct sink_ops {
    // One attempt; on_done comes in a later turn.
    void (*send)(struct sink *sink, struct handover *handover);
    // The handover is forgotten: no on_done comes after it. What was sent may arrive nevertheless.
    void (*cancel)(struct sink *sink, struct handover *handover);
    void (*free)(struct sink *sink);
};

struct sink {
    const struct sink_ops *ops;
    size_t references;
    const char *uri; // as a status shows it
    bool is_ours;    // an address of this server, which may go
};

enum { HANDOVER_BODY_MAX = 1024, HANDOVER_ERROR_SIZE = 256 };

// One attempt to hand over one event; embedded in its owner.
struct handover {
    // in; valid until on_done
    const struct cloudevent *event;
    struct buf *holder; // a reference to it keeps the event's data where it is, for longer than that; NULL: none does
    int64_t timeout_ms;
    bool wants_reply;   // "Prefer: reply"
    bytes_t name_space; // "Kn-Namespace"
    struct luggage luggage;
    // Of a dead letter: where it comes from, for a sink that keeps it in the log. NULL: it is none.
    const struct mark_origin *origin;
    void (*on_done)(struct handover *handover);
    // out; views are valid during on_done
    int status; // HTTP's; 0: there was no answer, and ERROR says why
    char error[HANDOVER_ERROR_SIZE];
    bytes_t body;                   // of the answer, its first HANDOVER_BODY_MAX bytes
    int64_t retry_after_ms;         // -1: nothing was said
    const struct cloudevent *reply; // NULL: none
    bool is_reply_broken;           // an answer with a body that is no event
    void *state;                    // private to the sink
};

static inline struct sink *sink_ref(struct sink *sink)
{
    sink->references++;
    return sink;
}

static inline void sink_unref(struct sink *sink)
{
    if (sink != NULL && --sink->references == 0)
        sink->ops->free(sink);
}

static inline void sink_send(struct sink *sink, struct handover *handover)
{
    handover->status = 0;
    handover->error[0] = '\0';
    handover->body = BYTES_NULL;
    handover->retry_after_ms = -1;
    handover->reply = NULL;
    handover->is_reply_broken = false;
    sink->ops->send(sink, handover);
}
