// SPDX-License-Identifier: Apache-2.0
// Folders of a topic that could not be removed when it was deleted, or when its creation failed: its row stays, with
// the mark of a deletion. The next start takes them away, or whoever makes a topic of that name again.
#include "store/catalog_impl.h"

#include "base/mem.h"
#include "io/file.h"
#include "io/random.h"
#include "store/core.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static err_t folder_remove(const struct leftover *leftover, const struct partition_folder *folder)
{
    const char *data = store_options(leftover->store)->folder;
    struct topic_id id;
    err_t err = partition_folder_id(leftover->store, folder, &id);
    if (err == ERR_NOT_FOUND || err == ERR_MALFORMED || (err == ERR_OK && memcmp(&id, &leftover->id, sizeof id) != 0))
        return ERR_OK; // not of this topic
    if (err != ERR_OK)
        return err;
    char *from = mem_format("%s/%.*s-%" PRId32, data, BYTES_ARG(folder->topic), folder->number);
    char *to = mem_format("%s.%016" PRIx64 "-delete", from, random_u64());
    err = file_rename(from, to);
    free(from);
    free(to);
    return err;
}

static void leftover_run(struct disk_job *job)
{
    struct leftover *leftover = CONTAINER_OF(job, struct leftover, job);
    struct arena arena = ARENA_INIT;
    struct partition_folder *folders;
    size_t count = 0;
    leftover->err = partition_folders(leftover->store, &arena, &folders, &count);
    for (size_t i = 0; i < count && leftover->err == ERR_OK; i++) {
        if (bytes_equal(folders[i].topic, leftover->name))
            leftover->err = folder_remove(leftover, &folders[i]);
    }
    if (leftover->err == ERR_OK)
        leftover->err = dir_sync(store_options(leftover->store)->folder);
    arena_free(&arena);
}

static void leftover_on_done(struct disk_job *job)
{
    struct leftover *leftover = CONTAINER_OF(job, struct leftover, job);
    leftover->on_done(leftover);
}

void leftover_remove(struct leftover *leftover, struct loop *loop)
{
    leftover->job = (struct disk_job){ .loop = loop, .run = leftover_run, .on_done = leftover_on_done };
    disk_submit(DISK_BACKGROUND, &leftover->job);
}
