// SPDX-License-Identifier: Apache-2.0
// The group coordinator: it binds the state machines (group.h) to time and to the rows of __consumer_offsets. It lives
// on the loop of that table, with all groups, so that what one group commits keeps its order. Other loops send work to
// it: an operation runs there and is answered here.
#pragma once

#include "engine/embedded/group.h"
#include "engine/embedded/offsets.h"
#include "io/loop.h"

struct coordinator;

// After offsets_open, before the loops run: loads the groups. OFFSETS and OPTIONS outlive it.
struct coordinator *coordinator_open(struct offsets *offsets, const struct group_options *options);
// When no loop runs; nobody waits for an answer any more.
void coordinator_free(struct coordinator *coordinator);

// Work for the coordinator, embedded in what it is about.
struct coordinator_op {
    struct message message; // private
    struct loop *from;      // private
    struct coordinator *coordinator;
    void (*on_run)(struct coordinator_op *op);  // on its loop; coordinator_answer follows, at once or later
    void (*on_done)(struct coordinator_op *op); // on the loop that asked
};
// Any loop. Never calls back before it returns.
void coordinator_ask(struct coordinator *coordinator, struct coordinator_op *op);
void coordinator_answer(struct coordinator_op *op);

// --- on its loop

struct groups *coordinator_groups(struct coordinator *coordinator);
struct offsets *coordinator_offsets(struct coordinator *coordinator);
// A new id that begins with the instance id or the client id, as Kafka's do.
bytes_t coordinator_member_id(bytes_t instance_id, bytes_t client_id, struct arena *arena);

// Rows that go; on_done when that is durable, in a later turn.
struct coordinator_removal {
    size_t left; // private
    err_t err;
    void (*on_done)(struct coordinator_removal *removal);
};
// A group that group_delete_check lets go: the group is gone at once, its record and offsets follow.
void coordinator_remove_group(struct coordinator *coordinator, struct group *group,
                              struct coordinator_removal *removal);
