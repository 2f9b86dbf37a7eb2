// SPDX-License-Identifier: Apache-2.0
#include "store/unbuffered.h"

#include "base/assert.h"
#include "base/mem.h"
#include "io/file.h"
#include "store/impl.h"

#include <stdlib.h>

enum {
    BLOCK = 4096,
    STAGING_MIN = 64 << 10,
    STAGING_MAX = 1 << 20, // one write; larger ones gain nothing
    // A file that grows is grown ahead by this share of itself, up to a limit: most commits then write inside the file
    // and cost the file system no metadata. Measured: 1.1x the rate of a file that grows with each commit where the
    // file system keeps no journal of its own.
    AHEAD_SHARE = 8,
    AHEAD_MAX = 1 << 20,
};

struct unbuffered {
    struct file *file;
    uint64_t size;  // of the file
    uint64_t end;   // of the log, when BLOCK holds its last block; UINT64_MAX: unknown
    uint8_t *block; // the bytes between the last block boundary and END
};

static uint64_t block_floor(uint64_t position)
{
    return position & ~(uint64_t)(BLOCK - 1);
}

static uint64_t block_ceil(uint64_t position)
{
    return block_floor(position + BLOCK - 1);
}

static void *blocks_alloc(size_t size)
{
    void *memory = aligned_alloc(BLOCK, size);
    ASSERT(memory != NULL);
    return memory;
}

static void staging_fit(struct staging *staging, size_t size)
{
    size_t wanted = STAGING_MIN;
    while (wanted < size && wanted < STAGING_MAX)
        wanted *= 2;
    if (staging->size >= wanted)
        return;
    free(staging->memory);
    staging->memory = blocks_alloc(wanted);
    memset(staging->memory, 0, wanted);
    *staging = (struct staging){ .memory = staging->memory, .size = wanted };
}

void staging_free(struct staging *staging)
{
    free(staging->memory);
    *staging = (struct staging){ 0 };
}

err_t unbuffered_open(const char *path, struct unbuffered **ret_unbuffered)
{
    struct file *file;
    uint64_t size = 0;
    unsigned durable = flush_is_on() ? FILE_DSYNC : 0;
    err_t err = file_open(path, FILE_WRITE | FILE_CREATE | FILE_DIRECT | durable, &file);
    if (err != ERR_OK)
        return err;
    err = file_size(file, &size);
    if (err != ERR_OK) {
        file_close(file);
        return err;
    }
    struct unbuffered *unbuffered = mem_alloc(sizeof *unbuffered);
    *unbuffered = (struct unbuffered){ file, size, UINT64_MAX, blocks_alloc(BLOCK) };
    *ret_unbuffered = unbuffered;
    return ERR_OK;
}

void unbuffered_close(struct unbuffered *unbuffered)
{
    if (unbuffered == NULL)
        return;
    file_close(unbuffered->file);
    free(unbuffered->block);
    free(unbuffered);
}

// Makes BLOCK hold what the log has before POSITION.
static err_t block_load(struct unbuffered *unbuffered, uint64_t position)
{
    size_t wanted = (size_t)(position - block_floor(position)), got = 0;
    if (unbuffered->end == position || wanted == 0)
        return ERR_OK;
    err_t err = file_read_at(unbuffered->file, block_floor(position), unbuffered->block, BLOCK, &got);
    return err == ERR_OK && got < wanted ? ERR_IO : err;
}

// Writes USED bytes of the staging memory, filled up with zeros, at AT; ahead of the log when the file must grow.
static err_t staging_write(struct unbuffered *unbuffered, struct staging *staging, uint64_t at, size_t used)
{
    size_t size = (size_t)block_ceil(used);
    if (at + size > unbuffered->size && used < staging->size) {
        uint64_t ahead = block_floor((at + used) / AHEAD_SHARE);
        ahead = ahead > AHEAD_MAX ? AHEAD_MAX : ahead;
        size = ahead < staging->size - size ? size + (size_t)ahead : staging->size;
    }
    if (used < staging->used)
        memset(staging->memory + used, 0, staging->used - used);
    staging->used = used;
    bytes_t part = bytes_of(staging->memory, size);
    err_t err = file_write_at(unbuffered->file, at, &part, 1);
    if (err == ERR_OK && at + size > unbuffered->size)
        unbuffered->size = at + size;
    return err;
}

err_t unbuffered_write(struct unbuffered *unbuffered, struct staging *staging, uint64_t position, const bytes_t *parts,
                       size_t count)
{
    err_t err = block_load(unbuffered, position);
    uint64_t at = block_floor(position);
    size_t used = (size_t)(position - at), size = used;
    for (size_t i = 0; i < count; i++)
        size += parts[i].size;
    staging_fit(staging, at + size > unbuffered->size ? size + AHEAD_MAX : size);
    memcpy(staging->memory, unbuffered->block, used);
    unbuffered->end = UINT64_MAX;
    for (size_t i = 0, done = 0; i < count && err == ERR_OK;) {
        size_t room = staging->size - used, left = parts[i].size - done;
        size_t taken = left < room ? left : room;
        memcpy(staging->memory + used, parts[i].data + done, taken);
        used += taken;
        done += taken;
        if (done == parts[i].size) {
            done = 0;
            i++;
        }
        if (used == staging->size) {
            err = staging_write(unbuffered, staging, at, used);
            at += used;
            used = 0;
        }
    }
    if (err == ERR_OK && used > 0)
        err = staging_write(unbuffered, staging, at, used);
    if (err != ERR_OK)
        return err;
    memcpy(unbuffered->block, staging->memory + block_floor(used), used - (size_t)block_floor(used));
    unbuffered->end = at + used;
    return ERR_OK;
}

err_t unbuffered_trim(const char *path, uint64_t size)
{
    struct file *file;
    uint64_t there = 0;
    err_t err = file_open(path, FILE_WRITE, &file);
    if (err == ERR_NOT_FOUND)
        return ERR_OK;
    if (err != ERR_OK)
        return err;
    err = file_size(file, &there);
    if (err == ERR_OK && there > size) {
        err = file_truncate(file, size);
        if (err == ERR_OK && flush_is_on())
            err = file_sync(file) == ERR_OK ? ERR_OK : ERR_IO;
    }
    file_close(file);
    return err;
}
