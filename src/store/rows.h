// SPDX-License-Identifier: Apache-2.0
// The memory of a table: rows in key order, in sorted chunks of bounded size (a B-tree of two levels: simple, and dense
// enough for the cache). One owner; rows that were replaced or removed are handed back to the owner, because views of
// them may still be in use.
#pragma once

#include "base/bytes.h"

struct row {
    struct row *next; // the owner's: rows that wait to be freed
    int64_t version;
    uint32_t key_size, value_size;
    uint8_t bytes[]; // key, then value
};

static inline bytes_t row_key(const struct row *row)
{
    return bytes_of(row->bytes, row->key_size);
}

static inline bytes_t row_value(const struct row *row)
{
    return bytes_of(row->bytes + row->key_size, row->value_size);
}

// On the heap; release with free().
struct row *row_new(bytes_t key, bytes_t value, int64_t version);

struct rows {
    struct rows_chunk **chunks; // none is empty
    size_t chunk_count, chunk_capacity;
    size_t count;
    uint64_t size; // bytes of keys and values
};

#define ROWS_INIT ((struct rows){ 0 })

struct row *rows_find(const struct rows *rows, bytes_t key);
// Takes ROW over. Returns the row that had the key before, the caller's from now on, or NULL.
struct row *rows_set(struct rows *rows, struct row *row);
// Returns the removed row, the caller's from now on, or NULL.
struct row *rows_remove(struct rows *rows, bytes_t key);
// The first row whose key is >= FROM, or > FROM when AFTER; NULL at the end. A null FROM is before every key.
struct row *rows_seek(const struct rows *rows, bytes_t from, bool after);
// All rows in order, for a snapshot. TO has room for rows->count.
void rows_list(const struct rows *rows, const struct row **to);
// Frees the rows too.
void rows_free(struct rows *rows);
