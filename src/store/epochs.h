// SPDX-License-Identifier: Apache-2.0
// Where each leader epoch begins in a partition: Kafka's leader-epoch-checkpoint and the answer to OffsetForLeaderEpoch
// (KIP-101, KIP-279). Every batch carries its epoch, so that the list can be rebuilt from the log.
#pragma once

#include "base/err.h"
#include "base/writer.h"
#include "store/impl.h"

// A batch of EPOCH is appended at OFFSET.
void epochs_note(struct partition *partition, int32_t epoch, int64_t offset);
// Entries at or behind OFFSET never happened.
void epochs_cut(struct partition *partition, int64_t offset);
// Entries before OFFSET are of no use but the one that is in force there.
void epochs_trim(struct partition *partition, int64_t offset);
// The epoch of the record at OFFSET; -1: unknown.
int32_t epochs_at(const struct partition *partition, int64_t offset);
// The largest epoch that is not above EPOCH and where it ends. -1 and -1 when there is none.
void epochs_end(const struct partition *partition, int32_t epoch, int32_t *ret_epoch, int64_t *ret_end_offset);

// The text of the file: version 0, count, then "epoch offset" lines.
void epochs_encode(const struct epoch_start *epochs, uint32_t count, struct writer *to);
// The result is the caller's to free. ERR_MALFORMED, ERR_UNSUPPORTED.
err_t epochs_decode(bytes_t text, struct epoch_start **ret_epochs, uint32_t *ret_count) MUST_CHECK;
