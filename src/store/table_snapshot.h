// SPDX-License-Identifier: Apache-2.0
// The snapshot file of a table: all its rows in key order as they were after a given offset. Every block carries a
// CRC-32C; a file that is not whole is refused as a whole. Written and read synchronously: on a disk thread, at start
// or at stop.
//
//   header  "EDDYTBL" version u8 = 1 | topic id 16 | covered offset i64 | row count u64 | crc u32 of all before it
//   block   size u32 | crc u32 of the payload | payload: whole rows
//   row     version varlong | key size varint | key | value size varint | value
#pragma once

#include "base/err.h"
#include "store/rows.h"
#include "store/topic.h"

// COVERED: the offset behind the last record that the rows include. Atomic: the file is replaced when the new one is
// whole and durable. FOLDER is the partition's folder.
err_t table_snapshot_write(const char *folder, const struct topic_id *id, int64_t covered,
                           const struct row *const *rows, size_t row_count) MUST_CHECK;
// Fills empty ROWS. ERR_NOT_FOUND: there is none; ERR_CORRUPT: it is damaged or of another topic; ERR_UNSUPPORTED:
// written by a newer version. ROWS are empty after an error.
err_t table_snapshot_read(const char *folder, const struct topic_id *id, struct rows *rows,
                          int64_t *ret_covered) MUST_CHECK;
// Only the offset that the snapshot covers. Errors as above.
err_t table_snapshot_covered(const char *folder, const struct topic_id *id, int64_t *ret_covered) MUST_CHECK;
// Durably. Does nothing when there is none.
err_t table_snapshot_remove(const char *folder) MUST_CHECK;
