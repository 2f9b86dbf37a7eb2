// SPDX-License-Identifier: Apache-2.0
#include "store/rows.h"

#include "base/assert.h"
#include "base/mem.h"

#include <stdlib.h>

enum { CHUNK_ROWS = 128 };

struct rows_chunk {
    size_t count;
    struct row *rows[CHUNK_ROWS];
};

struct row *row_new(bytes_t key, bytes_t value, int64_t version)
{
    ASSERT(key.size <= UINT32_MAX && value.size <= UINT32_MAX);
    struct row *row = mem_alloc(sizeof *row + key.size + value.size);
    *row = (struct row){ .version = version, .key_size = (uint32_t)key.size, .value_size = (uint32_t)value.size };
    if (key.size > 0)
        memcpy(row->bytes, key.data, key.size);
    if (value.size > 0)
        memcpy(row->bytes + key.size, value.data, value.size);
    return row;
}

// The chunk that KEY belongs to: the last one that starts at or before it.
static size_t chunk_of(const struct rows *rows, bytes_t key)
{
    size_t low = 0, high = rows->chunk_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (bytes_compare(row_key(rows->chunks[middle]->rows[0]), key) <= 0)
            low = middle;
        else
            high = middle;
    }
    return low;
}

// The first place in the chunk whose key is >= KEY.
static size_t place_of(const struct rows_chunk *chunk, bytes_t key)
{
    size_t low = 0, high = chunk->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (bytes_compare(row_key(chunk->rows[middle]), key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool place_holds(const struct rows_chunk *chunk, size_t place, bytes_t key)
{
    return place < chunk->count && bytes_equal(row_key(chunk->rows[place]), key);
}

struct row *rows_find(const struct rows *rows, bytes_t key)
{
    if (rows->chunk_count == 0)
        return NULL;
    const struct rows_chunk *chunk = rows->chunks[chunk_of(rows, key)];
    size_t place = place_of(chunk, key);
    return place_holds(chunk, place, key) ? chunk->rows[place] : NULL;
}

static struct rows_chunk *chunk_insert(struct rows *rows, size_t at)
{
    MEM_GROW(rows->chunks, rows->chunk_count, rows->chunk_capacity);
    memmove(rows->chunks + at + 1, rows->chunks + at, (rows->chunk_count - at) * sizeof rows->chunks[0]);
    rows->chunk_count++;
    return rows->chunks[at] = mem_zalloc(1, sizeof(struct rows_chunk));
}

// Makes room in a full chunk. At its end nothing moves, so that rows that come in order fill their chunks.
static void chunk_split(struct rows *rows, size_t at, size_t place)
{
    struct rows_chunk *upper = chunk_insert(rows, at + 1);
    struct rows_chunk *lower = rows->chunks[at];
    size_t keep = place == CHUNK_ROWS ? CHUNK_ROWS - 1 : CHUNK_ROWS / 2;
    upper->count = CHUNK_ROWS - keep;
    memcpy(upper->rows, lower->rows + keep, upper->count * sizeof upper->rows[0]);
    lower->count = keep;
}

struct row *rows_set(struct rows *rows, struct row *row)
{
    bytes_t key = row_key(row);
    rows->size += row->key_size + row->value_size;
    if (rows->chunk_count == 0)
        (void)chunk_insert(rows, 0);
    size_t at = chunk_of(rows, key);
    struct rows_chunk *chunk = rows->chunks[at];
    size_t place = place_of(chunk, key);
    if (place_holds(chunk, place, key)) {
        struct row *old = chunk->rows[place];
        rows->size -= old->key_size + old->value_size;
        chunk->rows[place] = row;
        return old;
    }
    if (chunk->count == CHUNK_ROWS) {
        chunk_split(rows, at, place);
        if (place > rows->chunks[at]->count) {
            place -= rows->chunks[at]->count;
            at++;
        }
        chunk = rows->chunks[at];
    }
    memmove(chunk->rows + place + 1, chunk->rows + place, (chunk->count - place) * sizeof chunk->rows[0]);
    chunk->rows[place] = row;
    chunk->count++;
    rows->count++;
    return NULL;
}

struct row *rows_remove(struct rows *rows, bytes_t key)
{
    if (rows->chunk_count == 0)
        return NULL;
    size_t at = chunk_of(rows, key);
    struct rows_chunk *chunk = rows->chunks[at];
    size_t place = place_of(chunk, key);
    if (!place_holds(chunk, place, key))
        return NULL;
    struct row *row = chunk->rows[place];
    rows->size -= row->key_size + row->value_size;
    rows->count--;
    chunk->count--;
    memmove(chunk->rows + place, chunk->rows + place + 1, (chunk->count - place) * sizeof chunk->rows[0]);
    if (chunk->count == 0) {
        free(chunk);
        rows->chunk_count--;
        memmove(rows->chunks + at, rows->chunks + at + 1, (rows->chunk_count - at) * sizeof rows->chunks[0]);
    }
    return row;
}

struct row *rows_seek(const struct rows *rows, bytes_t from, bool after)
{
    if (rows->chunk_count == 0)
        return NULL;
    size_t at = chunk_of(rows, from);
    const struct rows_chunk *chunk = rows->chunks[at];
    size_t place = place_of(chunk, from);
    if (after && from.data != NULL && place_holds(chunk, place, from))
        place++;
    if (place < chunk->count)
        return chunk->rows[place];
    return at + 1 < rows->chunk_count ? rows->chunks[at + 1]->rows[0] : NULL;
}

void rows_list(const struct rows *rows, const struct row **to)
{
    for (size_t i = 0; i < rows->chunk_count; i++) {
        const struct rows_chunk *chunk = rows->chunks[i];
        for (size_t j = 0; j < chunk->count; j++)
            *to++ = chunk->rows[j];
    }
}

void rows_free(struct rows *rows)
{
    for (size_t i = 0; i < rows->chunk_count; i++) {
        for (size_t j = 0; j < rows->chunks[i]->count; j++)
            free(rows->chunks[i]->rows[j]);
        free(rows->chunks[i]);
    }
    free(rows->chunks);
    *rows = ROWS_INIT;
}
