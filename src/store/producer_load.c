// SPDX-License-Identifier: Apache-2.0
// Producer state is read when the first idempotent batch of a run comes: the newest snapshot, then the headers behind
// it.
#include "base/log.h"
#include "base/mem.h"
#include "store/impl.h"
#include "store/producers.h"
#include "store/segment_read.h"

#include <stdio.h>
#include <stdlib.h>

enum { SNAPSHOT_SIZE_MAX = 256 << 20, NAME_DIGITS = 20 };

struct load_job {
    struct disk_job job;
    struct partition *partition;
    struct producers *producers;
    struct segment_reader *readers;
    size_t count;
    int64_t from, before; // offsets to read
    err_t err;
};

// The newest snapshot that is not behind the end and can be read; the next older one if it cannot.
static err_t load_snapshot(struct load_job *load)
{
    struct arena arena = ARENA_INIT;
    struct dir_entry *entries;
    size_t count;
    err_t err = dir_list(load->partition->path, &arena, &entries, &count);
    int64_t limit = load->before;
    while (err == ERR_OK) {
        int64_t best = -1;
        for (size_t i = 0; i < count; i++) {
            int64_t offset;
            if (strlen(entries[i].name) == NAME_DIGITS + sizeof ".snapshot" - 1 &&
                strcmp(entries[i].name + NAME_DIGITS, ".snapshot") == 0 &&
                bytes_to_int64(bytes_of(entries[i].name, NAME_DIGITS), &offset) && offset <= limit && offset > best)
                best = offset;
        }
        if (best < 0)
            break;
        char path[PATH_MAX_SIZE];
        struct buf *buf;
        segment_path(load->partition->path, best, ".snapshot", path, sizeof path);
        bool valid = false;
        if (file_read_whole(path, SNAPSHOT_SIZE_MAX, &buf) == ERR_OK) {
            valid = producers_decode(load->producers, bytes_of(buf->data, buf->capacity)) == ERR_OK;
            buf_unref(buf);
        }
        if (valid) {
            load->from = best;
            break;
        }
        limit = best - 1;
    }
    arena_free(&arena);
    return err;
}

static bool on_batch(void *owner, const struct batch_header *header, bytes_t batch, uint64_t position)
{
    struct load_job *load = owner;
    (void)batch;
    (void)position;
    if (header->base_offset >= load->before)
        return false;
    producers_add(load->producers, header, header->max_timestamp);
    return true;
}

static void load_run(struct disk_job *job)
{
    struct load_job *load = CONTAINER_OF(job, struct load_job, job);
    load->err = load_snapshot(load);
    for (size_t i = 0; i < load->count && load->err == ERR_OK; i++) {
        struct segment_reader *reader = &load->readers[i];
        bool below = i + 1 < load->count && load->readers[i + 1].segment_base <= load->from;
        if (below || reader->end == 0)
            continue;
        load->err = segment_reader_open(reader);
        if (load->err == ERR_OK)
            load->err = segment_reader_walk(reader, load->from, on_batch, load);
        file_close(reader->file);
        reader->file = NULL;
        if (load->err == ERR_NOT_FOUND)
            load->err = ERR_OK; // retention was faster
    }
    load->producers->changed = false;
}

// What is in memory only: appended and not written yet.
static void add_tail(const struct load_job *load)
{
    const struct partition *partition = load->partition;
    const struct tail_chunk *chunk = tail_find(partition, load->before);
    for (; chunk != NULL; chunk = chunk->next) {
        struct batch_walk walk = batch_walk_of(bytes_of(chunk->data, chunk->size));
        struct batch_header header;
        bytes_t batch;
        while (batch_walk_next(&walk, &header, &batch)) {
            if (header.base_offset >= load->before)
                producers_add(load->producers, &header, header.max_timestamp);
        }
    }
}

static void load_on_done(struct disk_job *job)
{
    struct load_job *load = CONTAINER_OF(job, struct load_job, job);
    struct partition *partition = load->partition;
    partition->loading = false;
    partition->disk_reads--;
    partition->shard->jobs--;
    if (load->err != ERR_OK) {
        producers_free(load->producers);
        log_line(LOG_ERROR, "producer state cannot be read",
                 LOG_FIELDS(log_text("partition", partition->name), log_err(load->err)));
        partition_queued_fail(partition, load->err);
    } else {
        add_tail(load);
        partition->producers = load->producers;
        partition_appends_resume(partition);
    }
    free(load->readers);
    free(load);
    changes_try(partition->shard);
    shard_idle(partition->shard);
}

void producers_load(struct partition *partition)
{
    if (partition->loading || partition->swapping) // the end of a swap asks again
        return;
    struct load_job *load = mem_zalloc(1, sizeof *load);
    load->job = (struct disk_job){ .loop = partition->shard->loop, .run = load_run, .on_done = load_on_done };
    load->partition = partition;
    load->producers = producers_new();
    load->before = partition->written.offset;
    load->readers = mem_zalloc(partition->segment_count, sizeof *load->readers);
    for (size_t i = 0; i < partition->segment_count; i++) {
        if (partition->segments[i].base_offset >= load->before)
            break;
        struct segment_reader *reader = &load->readers[load->count++];
        partition_reader_init(partition, i, -1, reader);
        reader->skip_damage = true; // what cannot be read cannot be sent again either
    }
    partition->loading = true;
    partition->disk_reads++;
    partition->shard->jobs++;
    disk_submit(DISK_READ, &load->job);
}
