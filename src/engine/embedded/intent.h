// SPDX-License-Identifier: Apache-2.0
// An intent: what a group of transactions changes, one batch for each partition, as the value of one record of
// INTENTS_TOPIC. It is the decision: when it is durable, all of it happens. One without parts says that everything
// before it is done.
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/writer.h"
#include "store/topic.h"

#define INTENTS_TOPIC "__engine_transactions"

struct intent_part {
    bytes_t topic; // for people; the id counts
    struct topic_id id;
    int32_t partition;
    bytes_t batch; // without a producer
};

struct intent {
    int64_t producer_id; // of the run that decided (store/log.h)
    struct intent_part *parts;
    size_t part_count;
};

void intent_write(struct writer *w, const struct intent *intent);
// The parts are in ARENA and show VALUE. ERR_UNSUPPORTED: a newer version wrote it; ERR_MALFORMED, ERR_TRUNCATED.
err_t intent_read(bytes_t value, struct arena *arena, struct intent *ret_intent) MUST_CHECK;

// The part's batch as it is appended: NUMBER, the offset of the intent, becomes its epoch and sequence, so that a
// partition knows what it has.
struct slice intent_batch(const struct intent *intent, const struct intent_part *part, int64_t number);
