// SPDX-License-Identifier: Apache-2.0
#include "store/kafka_files.h"

#include "base/writer.h"
#include "store/impl.h"

#include <inttypes.h>
#include <stdio.h>

static int64_t recovery_point(const struct partition *partition)
{
    return partition->synced.offset;
}

static int64_t log_start(const struct partition *partition)
{
    return partition->log_start;
}

static int64_t high_watermark(const struct partition *partition)
{
    return partition->durable.offset;
}

static const struct {
    const char *name;
    int64_t (*offset)(const struct partition *partition);
} files[] = {
    { "recovery-point-offset-checkpoint", recovery_point },
    { "log-start-offset-checkpoint", log_start },
    { "replication-offset-checkpoint", high_watermark },
};

// "topic partition offset" lines. Returns how many.
static uint32_t add_lines(const struct store *store, size_t file, struct writer *lines)
{
    uint32_t count = 0;
    for (unsigned i = 0; i < store->shard_count; i++) {
        LIST_EACH(&store->shards[i].partitions, node)
        {
            const struct partition *partition = LIST_ITEM(node, struct partition, node);
            const char *dash = strrchr(partition->name, '-');
            if (partition->deleted)
                continue;
            writer_format(lines, "%.*s %" PRId32 " %" PRId64 "\n", (int)(dash - partition->name), partition->name,
                          partition->number, files[file].offset(partition));
            count++;
        }
    }
    return count;
}

err_t kafka_files_write(const struct store *store)
{
    err_t err = ERR_OK;
    for (size_t i = 0; i < ARRAY_COUNT(files) && err == ERR_OK; i++) {
        struct writer lines = WRITER_INIT, content = WRITER_INIT;
        char path[PATH_MAX_SIZE];
        uint32_t count = add_lines(store, i, &lines);
        writer_format(&content, "0\n%u\n", count);
        writer_bytes(&content, writer_view(&lines));
        snprintf(path, sizeof path, "%s/%s", store->folder, files[i].name);
        err = file_replace(path, writer_view(&content));
        writer_free(&content);
        writer_free(&lines);
    }
    return err;
}
