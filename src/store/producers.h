// SPDX-License-Identifier: Apache-2.0
// Producer state of one partition: for each idempotent producer its epoch and its last five batches, so that a batch
// sent again is answered with the offset of the first copy, and a gap is refused (KIP-98; kafka.md 6). Owner loop, or
// one disk thread while it is loaded. Saved in Kafka's snapshot file, version 1, one entry for each batch, oldest
// first: Kafka writes the last batch only, and of several entries of a producer it keeps the last. Without the others,
// a client that sends again what was in flight when the server stopped would have it stored twice.
#pragma once

#include "base/batch.h"
#include "base/err.h"
#include "base/map.h"
#include "base/writer.h"

enum { PRODUCER_BATCHES_MAX = 5 };

struct producer_batch {
    int32_t first_sequence, last_sequence;
    int64_t last_offset;
    int32_t offset_delta; // base offset = last offset - delta
    int64_t timestamp;
};

struct producer {
    struct map_node node;
    int64_t id;
    int16_t epoch;
    int32_t last_sequence; // -1: none yet
    uint32_t batch_count;
    struct producer_batch batches[PRODUCER_BATCHES_MAX]; // oldest first
};

struct producers {
    struct map map;
    bool changed; // since the last snapshot
};

struct producers *producers_new(void);
void producers_free(struct producers *producers);
size_t producers_count(const struct producers *producers);

// ERR_DUPLICATE (with the base offset of the first copy), ERR_STALE_EPOCH, ERR_BAD_SEQUENCE. A producer nobody knows
// may begin with any sequence. Batches without a producer id are fine. Decided ones (log.h): ERR_DUPLICATE, with the
// base offset of the newest, unless epoch and sequence are above all before.
err_t producers_check(const struct producers *producers, const struct batch_header *header,
                      int64_t *ret_base_offset) MUST_CHECK;
// Notes a batch that was appended (offsets assigned) at TIME_MS; its own time, when that is not known. Records may have
// any time, and a producer of old ones is not idle.
void producers_add(struct producers *producers, const struct batch_header *header, int64_t time_ms);
// Forgets batches from OFFSET on, which failed.
void producers_cut(struct producers *producers, int64_t offset);
// Forgets producers whose last batch is older (producer.id.expiration.ms), but for decided batches.
void producers_expire(struct producers *producers, int64_t before_ms);

// The file `<offset>.snapshot`: what was known at OFFSET, which is not far behind.
void producers_encode(const struct producers *producers, int64_t offset, struct writer *to);
// Adds what a snapshot holds. ERR_CORRUPT, ERR_UNSUPPORTED, ERR_MALFORMED.
err_t producers_decode(struct producers *producers, bytes_t snapshot) MUST_CHECK;
