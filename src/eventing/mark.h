// SPDX-License-Identifier: Apache-2.0
// What the log says about an event beside the event: record headers that are no attributes, so that the event itself
// stays what Knative makes of it. Written by topic sinks and by `eddy dlq`, which is a Kafka client like any other.
#pragma once

#include "base/arena.h"
#include "base/bytes.h"

// Of a dead letter: whose it is ("trigger/NAMESPACE/NAME"), and the record it was when it failed.
#define MARK_FROM  "eddy-from"
#define MARK_TOPIC "eddy-topic" // "TOPIC/PARTITION/OFFSET"
// Of a replayed event: the one who is to get it (nobody else does, and no filter is asked), and the dead letter it was.
#define MARK_FOR       "eddy-for"
#define MARK_REPLAY_OF "eddy-replay-of" // "TOPIC/PARTITION/OFFSET"
// The extension that counts how often an event was replayed.
#define MARK_REPLAYS "eddyreplays"

// One record of the log.
struct mark_place {
    bytes_t topic;
    int32_t partition;
    int64_t offset;
};

// Whose event it was, for a sink that keeps it.
struct mark_origin {
    bytes_t from;
    struct mark_place place;
};

// "TOPIC/PARTITION/OFFSET"; RET_PLACE has a view of TEXT. False when it is none.
bool mark_place_parse(bytes_t text, struct mark_place *ret_place);
bytes_t mark_place_text(const struct mark_place *place, struct arena *arena);
