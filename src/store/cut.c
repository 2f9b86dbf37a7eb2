// SPDX-License-Identifier: Apache-2.0
#include "store/cut.h"

#include "base/mem.h"
#include "store/epochs.h"
#include "store/impl.h"
#include "store/index.h"
#include "store/producers.h"

#include <stdlib.h>

struct cut_job {
    struct disk_job job;
    struct partition *partition;
    struct place to;
    int64_t *removed; // base offsets of segments begun behind the cut
    size_t removed_count;
    err_t err;
};

static void cut_run(struct disk_job *job)
{
    struct cut_job *cut = CONTAINER_OF(job, struct cut_job, job);
    char path[PATH_MAX_SIZE];
    for (size_t i = 0; i < cut->removed_count && cut->err == ERR_OK; i++) {
        segment_path(cut->partition->path, cut->removed[i], ".log", path, sizeof path);
        err_t err = file_remove(path);
        cut->err = err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    if (cut->err == ERR_OK && cut->removed_count > 0)
        cut->err = dir_sync(cut->partition->path);
    segment_path(cut->partition->path, cut->to.segment_base, ".log", path, sizeof path);
    if (cut->err != ERR_OK || !file_exists(path))
        return;
    struct file *file = NULL;
    uint64_t size = 0;
    cut->err = file_open(path, FILE_WRITE, &file);
    if (cut->err == ERR_OK)
        cut->err = file_size(file, &size);
    if (cut->err == ERR_OK && size > cut->to.position) {
        cut->err = file_truncate(file, cut->to.position);
        // What was cut must not come back with a power loss when the next append goes to another file.
        if (cut->err == ERR_OK)
            cut->err = file_sync(file);
    }
    file_close(file);
}

static void cut_on_done(struct disk_job *job)
{
    struct cut_job *cut = CONTAINER_OF(job, struct cut_job, job);
    struct partition *partition = cut->partition;
    partition->shard->jobs--;
    partition->shard->cuts--;
    partition->cutting = false;
    partition->writer = WRITER_NONE;
    if (cut->err != ERR_OK)
        shard_fail(partition->shard, cut->err, partition->path);
    partition_appends_fail(partition, ERR_NO_SPACE);
    free(cut->removed);
    free(cut);
    pass_try(partition->shard);
    changes_try(partition->shard);
    shard_idle(partition->shard);
}

// The segment that held the end of what is durable was dropped: that end is the beginning of the next one.
static void durable_move(struct partition *partition)
{
    const struct segment *first = &partition->segments[0];
    if (first->base_offset <= partition->durable.segment_base)
        return;
    partition->durable = (struct place){ partition->durable.offset, first->base_offset, 0 };
    partition->durable_segment = (struct segment){ .base_offset = first->base_offset,
                                                   .last_offset = first->base_offset - 1,
                                                   .max_timestamp = -1,
                                                   .max_timestamp_offset = -1 };
}

// The segments and their indexes as they were at the cut.
static void cut_segments(struct partition *partition, struct cut_job *job)
{
    job->removed = mem_zalloc(partition->segment_count + 1, sizeof *job->removed);
    while (partition->segment_count > 1 && partition_active(partition)->base_offset > partition->durable.segment_base)
        job->removed[job->removed_count++] = partition->segments[--partition->segment_count].base_offset;
    struct segment *active = partition_active(partition);
    job->to = partition->durable;
    if (partition->padded_base >= job->to.segment_base)
        partition->padded_base = -1;
    active->size = partition->durable.position;
    active->last_offset = partition->durable.offset - 1;
    if (partition->durable_segment.base_offset == active->base_offset) {
        active->max_timestamp = partition->durable_segment.max_timestamp;
        active->max_timestamp_offset = partition->durable_segment.max_timestamp_offset;
    }
    index_cut(partition, active->base_offset, partition->durable.offset);
}

void partition_cut(struct partition *partition)
{
    struct cut_job *job = mem_zalloc(1, sizeof *job);
    job->job = (struct disk_job){ .loop = partition->shard->loop, .run = cut_run, .on_done = cut_on_done };
    job->partition = partition;
    partition->cutting = true;
    partition->writer = WRITER_COMMIT;
    durable_move(partition);
    cut_segments(partition, job);
    files_forget(partition->shard, partition, partition->durable.segment_base, INT64_MAX);
    tail_cut(partition, &partition->durable);
    epochs_cut(partition, partition->durable.offset);
    if (partition->producers != NULL)
        producers_cut(partition->producers, partition->durable.offset);
    partition->end = partition->durable.offset;
    list_remove(&partition->dirty);
    partition->shard->jobs++;
    partition->shard->cuts++;
    disk_submit(DISK_FLUSH, &job->job);
}
