// SPDX-License-Identifier: Apache-2.0
#include "store/kafka_files.h"

#include "base/writer.h"
#include "store/epochs.h"
#include "store/impl.h"
#include "store/lines.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { FILE_SIZE_MAX = 64 << 20 };

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
    [KAFKA_RECOVERY_POINT] = { "recovery-point-offset-checkpoint", recovery_point },
    [KAFKA_LOG_START] = { "log-start-offset-checkpoint", log_start },
    [KAFKA_HIGH_WATERMARK] = { "replication-offset-checkpoint", high_watermark },
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

int64_t kafka_files_offset(const struct partition *partition, enum kafka_file file)
{
    char path[PATH_MAX_SIZE];
    struct buf *buf;
    snprintf(path, sizeof path, "%s/%s", partition->store->folder, files[file].name);
    if (file_read_whole(path, FILE_SIZE_MAX, &buf) != ERR_OK)
        return -1;
    struct lines lines;
    const char *dash = strrchr(partition->name, '-');
    int64_t count = 0, found = -1;
    bool valid = lines_begin(&lines, bytes_of(buf->data, buf->capacity), &count) == ERR_OK;
    for (int64_t i = 0; valid && i < count && found < 0; i++) {
        bytes_t words[3];
        int64_t number, offset;
        valid = lines_words(&lines, words, 3) && bytes_to_int64(words[1], &number) && bytes_to_int64(words[2], &offset);
        if (valid && number == partition->number &&
            bytes_equal(words[0], bytes_of(partition->name, (size_t)(dash - partition->name))))
            found = offset;
    }
    buf_unref(buf);
    return found;
}

static bool epochs_rise(const struct epoch_start *epochs, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        if (epochs[i].epoch <= epochs[i - 1].epoch || epochs[i].offset < epochs[i - 1].offset)
            return false;
    }
    return true;
}

void kafka_files_epochs(struct partition *partition)
{
    char path[PATH_MAX_SIZE];
    struct buf *buf;
    struct epoch_start *epochs = NULL;
    uint32_t count = 0;
    snprintf(path, sizeof path, "%s/leader-epoch-checkpoint", partition->path);
    if (file_read_whole(path, FILE_SIZE_MAX, &buf) != ERR_OK)
        return;
    if (epochs_decode(bytes_of(buf->data, buf->capacity), &epochs, &count) == ERR_OK && count > 0 &&
        epochs_rise(epochs, count)) {
        partition->epochs = epochs;
        partition->epoch_count = count;
        // Clients know the newest, even if nothing was written in it.
        if (epochs[count - 1].epoch > partition->store->epoch)
            partition->store->epoch = epochs[count - 1].epoch;
    } else {
        free(epochs);
    }
    buf_unref(buf);
}
