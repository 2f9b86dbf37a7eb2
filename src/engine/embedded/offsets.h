// SPDX-License-Identifier: Apache-2.0
// Committed offsets of groups: a table on __consumer_offsets in Kafka's own record format, so that its tools can read
// it: key OffsetCommitKey version 1, value OffsetCommitValue version 3, or 1 with a time of expiry (0 to 4 are read).
// Belongs to the table's loop; other loops use engine.h.
#pragma once

#include "base/arena.h"
#include "base/writer.h"
#include "engine/engine.h"

#define OFFSETS_TOPIC "__consumer_offsets"

struct offsets {
    struct store *store;
    struct table *table;
};

err_t offsets_open(struct offsets *offsets, struct store *store, diag_t *diag) MUST_CHECK;
struct loop *offsets_loop(const struct offsets *offsets);

// Any loop.
void offsets_commit(struct offsets *offsets, struct engine_commit_op *op);
void offsets_fetch(struct offsets *offsets, struct engine_fetch_op *op);

// The offsets that all groups have in a topic that was deleted: whoever makes it again finds none of them.
struct offsets_forget {
    struct message message; // private
    struct loop *answer;    // private
    size_t left;            // private
    struct offsets *offsets;
    bytes_t topic;                                  // until on_done
    void (*on_done)(struct offsets_forget *forget); // on the loop that asked, in a later turn
};
// Any loop. A commit that comes meanwhile stays. What cannot be written is logged, and grows old by itself.
void offsets_forget_topic(struct offsets *offsets, struct offsets_forget *forget);

// On the table's loop; views until the next turn. ERR_NOT_FOUND.
err_t offsets_find(const struct offsets *offsets, bytes_t group, bytes_t topic, int32_t partition,
                   struct engine_offset *ret_offset) MUST_CHECK;
// Walks the offsets of one group, those of a topic together: start with the group; false at the end. Views until the
// next turn.
struct offsets_walk {
    bytes_t group;
    bytes_t key; // private
};
bool offsets_walk_next(const struct offsets *offsets, struct offsets_walk *walk, struct engine_offset *ret_offset);

// The wire forms.
// What the keys of a group's offsets begin with.
void offsets_prefix_write(struct writer *w, bytes_t group);
bool offsets_item_fits(const struct engine_offset *item);
void offsets_key_write(struct writer *w, bytes_t group, bytes_t topic, int32_t partition);
void offsets_value_write(struct writer *w, const struct engine_offset *offset, int64_t now_ms);
// ERR_UNSUPPORTED: the key or value of something else, or of a newer version; ERR_MALFORMED, ERR_TRUNCATED.
err_t offsets_row_read(bytes_t key, bytes_t value, struct engine_offset *ret_offset) MUST_CHECK;
