// SPDX-License-Identifier: Apache-2.0
// Segment files that are kept open: at most so many for each loop, the one used longest ago is closed first. A file
// that a job works with is in use and cannot be closed under it.
#include "store/impl.h"

#include "base/mem.h"

#include <stdlib.h>

static bytes_t open_file_key(const struct map_node *node)
{
    return bytes_of(&CONTAINER_OF_CONST(node, struct open_file, node)->key, sizeof(struct open_file_key));
}

static void open_file_free(struct open_file *file)
{
    file_close(file->file);
    unbuffered_close(file->unbuffered);
    free(file);
}

struct open_file *files_take(struct shard *shard, const struct partition *partition, int64_t base_offset,
                             enum open_file_kind kind)
{
    struct open_file_key key = { partition, base_offset, kind };
    struct map_node *node = map_find(&shard->files, bytes_of(&key, sizeof key));
    if (node == NULL)
        return NULL;
    struct open_file *file = CONTAINER_OF(node, struct open_file, node);
    list_remove(&file->by_use);
    file->users++;
    return file;
}

static void files_trim(struct shard *shard)
{
    while (shard->files.count > shard->files_limit && !list_empty(&shard->files_by_use)) {
        struct open_file *oldest = LIST_ITEM(list_first(&shard->files_by_use), struct open_file, by_use);
        list_remove(&oldest->by_use);
        map_remove(&shard->files, &oldest->node);
        open_file_free(oldest);
    }
}

void files_give(struct shard *shard, struct open_file *file)
{
    if (--file->users > 0)
        return;
    if (file->doomed) {
        open_file_free(file);
        return;
    }
    list_append(&shard->files_by_use, &file->by_use);
    files_trim(shard);
}

static void put(struct shard *shard, const struct open_file *opened)
{
    struct open_file *file = mem_zalloc(1, sizeof *file);
    *file = *opened;
    if (map_find(&shard->files, bytes_of(&file->key, sizeof file->key)) != NULL) {
        open_file_free(file);
        return;
    }
    if (shard->files.key == NULL)
        shard->files = MAP_INIT(open_file_key);
    map_insert(&shard->files, &file->node);
    list_append(&shard->files_by_use, &file->by_use);
    files_trim(shard);
}

void files_put(struct shard *shard, const struct partition *partition, int64_t base_offset, enum open_file_kind kind,
               struct file *opened, bool writable)
{
    struct open_file_key key = { partition, base_offset, kind };
    put(shard, &(struct open_file){ .key = key, .file = opened, .writable = writable });
}

void files_put_unbuffered(struct shard *shard, const struct partition *partition, int64_t base_offset,
                          struct unbuffered *opened)
{
    struct open_file_key key = { partition, base_offset, OPEN_UNBUFFERED };
    put(shard, &(struct open_file){ .key = key, .unbuffered = opened, .writable = true });
}

static void files_drop(struct shard *shard, struct open_file *file)
{
    map_remove(&shard->files, &file->node);
    if (file->users > 0) {
        file->doomed = true;
        return;
    }
    list_remove(&file->by_use);
    open_file_free(file);
}

void files_forget(struct shard *shard, const struct partition *partition, int64_t first, int64_t last)
{
    struct map_node *node = map_next(&shard->files, NULL);
    while (node != NULL) {
        struct open_file *file = CONTAINER_OF(node, struct open_file, node);
        node = map_next(&shard->files, node);
        if (file->key.partition == partition && file->key.base_offset >= first && file->key.base_offset <= last)
            files_drop(shard, file);
    }
}

void files_free(struct shard *shard)
{
    struct map_node *node = map_next(&shard->files, NULL);
    while (node != NULL) {
        struct open_file *file = CONTAINER_OF(node, struct open_file, node);
        node = map_next(&shard->files, node);
        file->users = 0;
        files_drop(shard, file);
    }
    map_free(&shard->files);
}
