// SPDX-License-Identifier: Apache-2.0
// Opening and stopping the data folder, and the end of the promise when a write fails.
#include "base/log.h"
#include "base/mem.h"
#include "base/topic_name.h"
#include "store/checkpoint.h"
#include "store/impl.h"
#include "store/journal.h"
#include "store/meta.h"
#include "store/open.h"
#include "store/producers.h"

#include <stdio.h>
#include <stdlib.h>

enum { OPEN_FILES_MIN = 8, MEMORY_SHARE_MIN = 256 << 10, LEND_STEP = 256 << 10 };

// FNV-1a: the owner of a partition must not change with the seed of the tables in memory.
struct shard *store_shard_of(const struct store *store, bytes_t topic, int32_t number)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < topic.size; i++)
        hash = (hash ^ topic.data[i]) * 0x100000001b3u;
    hash = (hash ^ (uint32_t)number) * 0x100000001b3u;
    return &store->shards[(hash >> 32) % store->shard_count];
}

static void shard_init(struct store *store, unsigned index, struct loop *loop)
{
    struct shard *shard = &store->shards[index];
    shard->store = store;
    shard->index = index;
    shard->loop = loop;
    list_init(&shard->partitions);
    list_init(&shard->dirty);
    list_init(&shard->chunks);
    list_init(&shard->throttled);
    list_init(&shard->changes);
    list_init(&shard->files_by_use);
    list_init(&shard->aheads);
    shard->files_limit = store->options.open_segments / store->shard_count;
    if (shard->files_limit < OPEN_FILES_MIN)
        shard->files_limit = OPEN_FILES_MIN;
    shard->memory_share = (size_t)(store->options.memory_size / store->shard_count);
    if (shard->memory_share < MEMORY_SHARE_MIN)
        shard->memory_share = MEMORY_SHARE_MIN;
    commit_init(shard);
    shard->pass = pass_new(shard);
}

static struct store *store_new(const struct store_options *options, struct loop *const *loops, size_t loop_count,
                               const struct store_part *part)
{
    struct store *store = mem_zalloc(1, sizeof *store);
    store->options = *options;
    store->folder = mem_text(options->folder);
    store->options.folder = store->folder;
    store->part = part;
    store->shard_count = (unsigned)loop_count;
    store->shards = mem_zalloc(loop_count, sizeof *store->shards);
    for (unsigned i = 0; i < loop_count; i++)
        shard_init(store, i, loops[i]);
    return store;
}

// A new folder must survive a power loss as much as what is in it.
static err_t make_folder(const char *folder)
{
    err_t made = dir_make(folder);
    if (made != ERR_OK && made != ERR_EXISTS)
        return made;
    const char *slash = strrchr(folder, '/');
    char *parent = slash == NULL     ? mem_text(".")
                   : slash == folder ? mem_text("/")
                                     : mem_format("%.*s", (int)(slash - folder), folder);
    // Also when it was there: the process that made it may have ended before this. Above it may be forbidden ground.
    err_t err = dir_sync(parent);
    free(parent);
    return made == ERR_EXISTS && err == ERR_DENIED ? ERR_OK : err;
}

static err_t open_folder(struct store *store, diag_t *diag)
{
    err_t err = make_folder(store->folder);
    if (err != ERR_OK)
        return diag_fail(diag, err, store->folder, "cannot be made: %s",
                         err == ERR_NOT_FOUND ? "the folder that it should be in does not exist" : err_text(err));
    char path[PATH_MAX_SIZE];
    int length = snprintf(path, sizeof path, "%s/.lock", store->folder);
    if (length < 0 || (size_t)length + TOPIC_NAME_MAX + 64 > sizeof path)
        return diag_fail(diag, ERR_INVALID, store->folder, "the name is too long: choose a shorter folder");
    err = file_open(path, FILE_WRITE | FILE_CREATE, &store->lock);
    if (err != ERR_OK)
        return diag_fail(diag, err, store->folder, "%s%s",
                         err == ERR_NOT_FOUND ? "is no folder: choose another with --data"
                                              : "is no folder that eddy can write to: ",
                         err == ERR_NOT_FOUND ? "" : err_text(err));
    err = file_lock(store->lock);
    if (err == ERR_BUSY)
        return diag_fail(diag, err, store->folder,
                         "another process has this folder: stop it, or choose another with --data");
    if (err != ERR_OK)
        return diag_fail(diag, err, path, "cannot be locked: %s", err_text(err));
    err = meta_format_open(store->folder, diag);
    if (err == ERR_OK)
        err = meta_cluster_open(store->folder, store->cluster_id, sizeof store->cluster_id, diag);
    return err;
}

void open_note_unsynced(struct store *store)
{
    store->open_state->unsynced = true;
}

static err_t open_partitions(struct store *store, struct opening *opening, diag_t *diag)
{
    err_t err = slot_load(store->folder, &opening->slot, diag);
    if (err != ERR_OK)
        return err;
    const struct slot_header *header = &opening->slot.header;
    opening->clean = opening->slot.found && header->clean;
    store->epoch = opening->slot.found ? header->epoch + (header->clean ? 0 : 1) : 0;
    if (opening->slot.found && !opening->clean)
        log_line(LOG_WARN, "the last stop was not clean: the log is recovered",
                 LOG_FIELDS(log_text("folder", store->folder), log_int("leader_epoch", store->epoch)));
    // If the flush of this slot failed, only the cache may hold it; the other slot is overwritten next.
    if (opening->slot.found && !opening->clean)
        err = slot_store(store->folder, opening->slot.file, opening->slot.bytes);
    if (err != ERR_OK)
        return diag_fail(diag, err, store->folder, "the checkpoint cannot be written: %s", err_text(err));
    if (opening->slot.found && !opening->clean && header->journal_generation != 0)
        err = journal_replay(store, header, diag);
    if (err != ERR_OK)
        return err;
    journal_open(store, header);
    store->checkpoint = checkpoint_new(store, header->sequence, opening->slot.file);
    if (store->part != NULL)
        err = store->part->open(store, diag);
    if (err == ERR_OK)
        folders_remove_deleted(store);
    if (err == ERR_OK && opening->unsynced) {
        err = file_sync_system(store->lock);
        if (err != ERR_OK)
            (void)diag_fail(diag, err, store->folder, "cannot be flushed: %s", err_text(err));
    }
    return err == ERR_OK ? checkpoint_open(store, diag) : err;
}

err_t store_core_open(const struct store_options *options, struct loop *const *loops, size_t loop_count,
                      const struct store_part *part, struct store **ret_store, diag_t *diag)
{
    struct store *store = store_new(options, loops, loop_count, part);
    struct opening opening = { 0 };
    store->opening = true;
    store->open_state = &opening;
    diag_t why = { 0 };
    err_t err = open_folder(store, &why);
    if (err == ERR_OK)
        err = open_partitions(store, &opening, &why);
    slot_free(&opening.slot);
    store->opening = false;
    store->open_state = NULL;
    if (err != ERR_OK) {
        if (why.text[0] == 0)
            (void)diag_fail(&why, err, store->folder, "cannot be opened: %s", err_text(err));
        if (diag != NULL)
            *diag = why;
        store_free(store);
        return err;
    }
    *ret_store = store;
    return ERR_OK;
}

static void shard_free(struct shard *shard)
{
    LIST_EACH(&shard->changes, change)
    LIST_ITEM(change, struct change, node)->on_free(LIST_ITEM(change, struct change, node));
    LIST_EACH(&shard->partitions, node)
    partition_release(LIST_ITEM(node, struct partition, node));
    loop_defer_cancel(shard->loop, &shard->deferred);
    files_free(shard);
    commit_free(shard);
    pass_free(shard->pass);
}

void store_free(struct store *store)
{
    if (store == NULL)
        return;
    if (store->part != NULL && store->part->free != NULL)
        store->part->free(store);
    for (unsigned i = 0; i < store->shard_count; i++)
        shard_free(&store->shards[i]);
    checkpoint_free(store->checkpoint);
    stopping_free(store->stopping);
    journal_free(store->journal);
    file_close(store->lock);
    free(store->shards);
    free(store->folder);
    free(store);
}

// --- failure

struct failure {
    struct message message;
    struct shard *shard;
    struct store *store;
    err_t err;
    char path[PATH_MAX_SIZE];
};

static void shard_stop_serving(struct shard *shard)
{
    if (shard->failed)
        return;
    shard->failed = true;
    LIST_EACH(&shard->partitions, node)
    {
        struct partition *partition = LIST_ITEM(node, struct partition, node);
        partition_appends_fail(partition, ERR_IO);
        partition_waiters_fail(partition, ERR_IO);
    }
    pass_try(shard);
}

static void on_shard_failure(struct message *message)
{
    struct failure *failure = CONTAINER_OF(message, struct failure, message);
    shard_stop_serving(failure->shard);
    free(failure);
}

static void on_store_failure(struct message *message)
{
    struct failure *failure = CONTAINER_OF(message, struct failure, message);
    struct store *store = failure->store;
    shard_stop_serving(&store->shards[0]);
    if (!store->failure_told && store->on_failure != NULL) {
        store->failure_told = true;
        log_line(LOG_ERROR, "the store failed: nothing is acknowledged any more",
                 LOG_FIELDS(log_text("path", failure->path), log_err(failure->err)));
        store->on_failure(store->failure_owner, failure->err, failure->path);
    }
    free(failure);
}

static void failure_post(struct store *store, struct shard *shard, err_t err, const char *path,
                         void (*on_message)(struct message *message))
{
    struct failure *failure = mem_zalloc(1, sizeof *failure);
    failure->message.on_message = on_message;
    failure->store = store;
    failure->shard = shard;
    failure->err = err;
    snprintf(failure->path, sizeof failure->path, "%s", path == NULL ? "" : path);
    loop_post(shard->loop, &failure->message);
}

void shard_fail(struct shard *shard, err_t err, const char *path)
{
    if (shard->failed)
        return;
    shard_stop_serving(shard);
    store_fail(shard->store, err, path);
}

void store_fail(struct store *store, err_t err, const char *path)
{
    failure_post(store, &store->shards[0], err, path, on_store_failure);
    for (unsigned i = 1; i < store->shard_count; i++)
        failure_post(store, &store->shards[i], err, path, on_shard_failure);
}

void store_on_failure(struct store *store, void (*on_failure)(void *owner, err_t err, const char *path), void *owner)
{
    store->on_failure = on_failure;
    store->failure_owner = owner;
}

// --- facts

static struct shard *current_shard(const struct store *store)
{
    for (unsigned i = 1; i < store->shard_count; i++) {
        if (store->shards[i].loop == loop_current())
            return &store->shards[i];
    }
    return &store->shards[0];
}

bool store_failed(const struct store *store)
{
    return current_shard(store)->failed;
}

bool store_space_short(const struct store *store)
{
    return current_shard(store)->space_short;
}

const char *store_folder(const struct store *store)
{
    return store->options.folder;
}

const char *store_cluster_id(const struct store *store)
{
    return store->cluster_id;
}

int32_t store_leader_epoch(const struct store *store)
{
    return store->epoch;
}

struct loop *store_loop(const struct store *store, size_t index)
{
    return store->shards[index].loop;
}

size_t store_loop_count(const struct store *store)
{
    return store->shard_count;
}

void store_part_set(struct store *store, void *state)
{
    store->part_state = state;
}

void *store_part_state(const struct store *store)
{
    return store->part_state;
}

const struct store_options *store_options(const struct store *store)
{
    return &store->options;
}

size_t store_memory_share(const struct store *store)
{
    return store->shards[0].memory_share;
}

void store_memory_lend(struct store *store, struct loop *loop, size_t size)
{
    struct shard *shard = &store->shards[loop_index(loop)];
    ASSERT(shard->loop == loop);
    shard->lent = size;
    if (size < shard->evicted_at)
        shard->evicted_at = size;
    // The chunks are walked only when it is worth it; between commits few of them may go.
    if (size - shard->evicted_at < LEND_STEP || !tail_is_full(shard))
        return;
    shard->evicted_at = size;
    tail_evict(shard);
}
