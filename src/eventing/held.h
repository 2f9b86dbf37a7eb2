// SPDX-License-Identifier: Apache-2.0
// What a group still holds of a partition behind its committed offset: with it a start goes on as if there had been
// none, though an event may rest for hours until its next attempt and thousands were delivered meanwhile. It stands
// beside the offset, in its metadata, as text that a person can read:
//
//     held/1 uYlhXw8ZQ7mCcnGlPq0aBg 1052 1000+3+17
//
// In the topic of that id the next event to look at is 1052; the group holds 1000, which is the committed offset
// itself, 1003 and 1017, and has done with all others below 1052. Where nothing behind the offset is done the metadata
// is empty.
#pragma once

#include "base/writer.h"

enum {
    HELD_COUNT_MAX = 50,
    HELD_TOPIC_ID_SIZE = 22, // Kafka's text of a topic's id: base64url without padding
    HELD_TEXT_MAX = 7 + HELD_TOPIC_ID_SIZE + (HELD_COUNT_MAX + 1) * 20, // bytes
};

struct held {
    int64_t position;                // the next offset to look at, above the others
    int64_t offsets[HELD_COUNT_MAX]; // that are held, ascending
    size_t count;
};

// Everything before it is done.
int64_t held_floor(const struct held *held);
// Below the position, and not held.
bool held_has_done(const struct held *held, int64_t offset);

// Nothing, where the floor says it all. TOPIC_ID has HELD_TOPIC_ID_SIZE characters.
void held_write(struct writer *w, const struct held *held, const char *topic_id);
// The metadata of OFFSET. False when it is empty, somebody else's, or was written beside another offset or of another
// topic, which had the name before: nothing is known of what is behind the offset.
bool held_read(bytes_t metadata, const char *topic_id, int64_t offset, struct held *ret_held) MUST_CHECK;
