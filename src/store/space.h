// SPDX-License-Identifier: Apache-2.0
// Watches the free space of the file system, about once a second while something is written: below the reserve
// (store_options.reserve_size) only internal topics take appends, so that a full disk can be dealt with by deleting
// topics, committing offsets and stopping cleanly.
#pragma once

struct shard;
struct space;
struct store;

struct space *space_new(struct store *store);
// On the shard's loop, after each commit: looks when the last look is old.
void space_note_write(struct space *space, struct shard *shard);
// On the first loop, when the store stops: looks no more.
void space_stop(struct space *space);
// Accepts NULL. No loop runs.
void space_free(struct space *space);
