// SPDX-License-Identifier: Apache-2.0
// What compaction knows of the producers in the files it works on: the last batch of each, and the transactions
// (KIP-98, Kafka's CleanedTransactionMetadata). Learned from the log alone, from its first file on. The first walk
// notes every batch; the second reads the same batches in the same order.
#pragma once

#include "base/batch.h"
#include "base/map.h"

struct compact_producers {
    struct map map;
    bool all;             // there were too many to know: every batch may be its producer's last one
    bool transactional;   // there is a transaction or a marker
    size_t aborted;       // transactions noted
    int64_t unknown_from; // from here on nothing is known, for want of room; INT64_MAX: all is
};

void compact_producers_init(struct compact_producers *producers);
void compact_producers_free(struct compact_producers *producers);

// The first walk. A control batch is read with its records. ERR_MALFORMED, ERR_CORRUPT: of a control batch.
err_t compact_producers_note(struct compact_producers *producers, const struct batch_header *header,
                             bytes_t batch) MUST_CHECK;
// After it: the first offset of a transaction whose end is not in the files. From there on nothing is cleaned.
int64_t compact_producers_undecided(const struct compact_producers *producers);
// The batch is part of a transaction that was aborted.
bool compact_producers_is_aborted(const struct compact_producers *producers, const struct batch_header *header);
// Its header is what the next start learns the producer's last sequence (or epoch) from.
bool compact_producers_is_last(const struct compact_producers *producers, const struct batch_header *header);
// The second walk, for each batch. True for the marker of a transaction of which no batch is left.
bool compact_producers_is_lone_marker(struct compact_producers *producers, const struct batch_header *header);
