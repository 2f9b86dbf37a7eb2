// SPDX-License-Identifier: Apache-2.0
// Retention and compaction: every retention_interval_ms each loop looks at its partitions, one after the other, drops
// segments that are too old or too many (retention.h), and compacts what is dirty enough (compact.h). One piece of work
// at a time for each loop; files are read and written in background jobs. How far each partition was compacted is kept
// in Kafka's cleaner-offset-checkpoint.
#pragma once

#include "base/err.h"

struct store;
struct cleaner;

// While opening, after all partitions were opened. A checkpoint that cannot be read costs a compaction of everything,
// no more.
struct cleaner *cleaner_new(struct store *store);
// On the first loop: begins nothing new; ON_STOPPED on the first loop when what was begun has ended.
void cleaner_stop(struct cleaner *cleaner, void (*on_stopped)(void *owner), void *owner);
// Frees memory only; no loop runs. Accepts NULL.
void cleaner_free(struct cleaner *cleaner);
