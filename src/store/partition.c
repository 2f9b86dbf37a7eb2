// SPDX-License-Identifier: Apache-2.0
// Partitions come and go: opening, creating, deleting, and the small facts about them.
#include "store/impl.h"

#include "base/log.h"
#include "base/mem.h"
#include "io/random.h"
#include "store/checkpoint.h"
#include "store/damage.h"
#include "store/epochs.h"
#include "store/index.h"
#include "store/kafka_files.h"
#include "store/meta.h"
#include "store/open.h"
#include "store/producers.h"
#include "store/recover.h"
#include "store/segment_read.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct partition *partition_new(struct store *store, const struct partition_spec *spec)
{
    struct partition *partition = mem_zalloc(1, sizeof *partition);
    partition->padded_base = -1;
    partition->store = store;
    partition->shard = store_shard_of(store, spec->topic, spec->number);
    partition->path = mem_format("%s/%.*s-%" PRId32, store->folder, BYTES_ARG(spec->topic), spec->number);
    partition->name = partition->path + strlen(store->folder) + 1;
    partition->id = spec->id;
    partition->number = spec->number;
    partition->internal = spec->internal;
    partition->config = *spec->config;
    partition->first_timestamp = -1;
    partition->indexed_timestamp = -1;
    partition->snapshot_offset = -1;
    partition->snapshot_older = -1;
    partition->read_hint.offset = -1;
    return partition;
}

void partition_release(struct partition *partition)
{
    list_remove(&partition->node);
    list_remove(&partition->dirty);
    list_remove(&partition->throttled);
    tail_free(partition);
    read_ahead_free(partition);
    index_free(partition);
    producers_free(partition->producers);
    free(partition->segments);
    free(partition->epochs);
    free(partition->quarantines);
    free(partition->path);
    free(partition);
}

static void partition_publish(struct partition *partition)
{
    list_init(&partition->waiters);
    list_append(&partition->shard->partitions, &partition->node);
}

// Records below it were deleted (DeleteRecords), though their segment is still there.
static void adopt_log_start(struct partition *partition)
{
    int64_t log_start = kafka_files_offset(partition, KAFKA_LOG_START);
    if (log_start <= partition->log_start || log_start > partition->end)
        return;
    partition->log_start = log_start;
    epochs_trim(partition, log_start);
}

err_t partition_open(struct store *store, const struct partition_spec *spec, struct partition **ret_partition,
                     diag_t *diag)
{
    ASSERT(store->opening);
    struct partition *partition = partition_new(store, spec);
    struct opening *opening = store->open_state;
    const struct slot_partition *known = slot_find(&opening->slot, bytes_of_text(partition->name));
    bool same = known != NULL && memcmp(&known->id, &spec->id, sizeof spec->id) == 0;
    bool clean = opening->clean && file_exists(partition->path); // somebody may have removed it
    err_t err = ERR_OK;
    if (!same || !clean) {
        struct topic_id id;
        err = meta_partition_read(partition->path, &id);
        if (err == ERR_OK && memcmp(&id, &spec->id, sizeof id) != 0)
            err = diag_fail(diag, ERR_CONFLICT, partition->path, "belongs to another topic of this name");
        else if (err == ERR_NOT_FOUND || err == ERR_MALFORMED || (err == ERR_OK && !same)) {
            // Also what is there and no checkpoint knows: the flush of the start that made it may have failed.
            err = partition_make_folder(partition->path, &spec->id);
            open_note_unsynced(store);
        }
        if (err != ERR_OK && err != ERR_CONFLICT)
            err = diag_fail(diag, err, partition->path, "cannot be opened: %s", err_text(err));
    }
    bool adopted = err == ERR_OK && !opening->slot.found;
    if (adopted)
        kafka_files_epochs(partition);
    if (err == ERR_OK)
        err = recover_partition(partition, same ? known : NULL, clean, opening->slot.header.weak, diag);
    if (err != ERR_OK) {
        partition_release(partition);
        return err;
    }
    if (adopted)
        adopt_log_start(partition);
    // Batches that another server wrote may have a later epoch than this store.
    if (partition->epoch_count > 0 && partition->epochs[partition->epoch_count - 1].epoch > store->epoch)
        store->epoch = partition->epochs[partition->epoch_count - 1].epoch;
    partition_publish(partition);
    *ret_partition = partition;
    return ERR_OK;
}

err_t partition_make_folder(const char *path, const struct topic_id *id)
{
    err_t err = dir_make(path);
    if (err != ERR_OK && err != ERR_EXISTS)
        return err;
    return meta_partition_write_new(path, id, false); // the end of the opening flushes it
}

err_t partition_folders(struct store *store, struct arena *arena, struct partition_folder **ret_folders,
                        size_t *ret_count)
{
    struct dir_entry *entries;
    size_t entry_count, count = 0;
    err_t err = dir_list(store->folder, arena, &entries, &entry_count);
    if (err != ERR_OK)
        return err;
    struct partition_folder *folders = arena_array(arena, entry_count + 1, sizeof *folders);
    for (size_t i = 0; i < entry_count; i++) {
        struct partition_folder *folder = &folders[count];
        if (!entries[i].is_dir || !meta_partition_name(bytes_of_text(entries[i].name), &folder->topic, &folder->number))
            continue;
        count++;
    }
    *ret_folders = folders;
    *ret_count = count;
    return ERR_OK;
}

err_t partition_folder_id(const struct store *store, const struct partition_folder *folder, struct topic_id *ret_id)
{
    char path[PATH_MAX_SIZE];
    snprintf(path, sizeof path, "%s/%.*s-%" PRId32, store->folder, BYTES_ARG(folder->topic), folder->number);
    return meta_partition_read(path, ret_id);
}

// --- creating

struct create_job {
    struct disk_job job;
    struct partition_create_op *op;
    struct partition *partition;
    err_t err;
};

// Something of this name is in the way and is not this topic: it is kept under another name.
static err_t move_stray(const struct partition *partition)
{
    struct topic_id id;
    if (!file_exists(partition->path) ||
        (meta_partition_read(partition->path, &id) == ERR_OK && memcmp(&id, &partition->id, sizeof id) == 0))
        return ERR_OK;
    char to[PATH_MAX_SIZE];
    snprintf(to, sizeof to, "%s.%016" PRIx64 "-stray", partition->path, random_u64());
    log_line(LOG_WARN, "unknown folder renamed", LOG_FIELDS(log_text("path", partition->path), log_text("to", to)));
    return file_rename(partition->path, to);
}

// What a failed creation left must not be taken for a folder that came from elsewhere, and adopted, at the next start.
static err_t create_undo(const struct partition *partition)
{
    char to[PATH_MAX_SIZE];
    snprintf(to, sizeof to, "%s.%016" PRIx64 "-delete", partition->path, random_u64());
    err_t err = file_exists(partition->path) ? file_rename(partition->path, to) : ERR_OK;
    if (err == ERR_OK)
        err = dir_sync(partition->store->folder);
    if (err != ERR_OK)
        log_line(LOG_ERROR, "a folder that was made in part cannot be taken away",
                 LOG_FIELDS(log_text("path", partition->path), log_err(err)));
    return err;
}

static void create_run(struct disk_job *job)
{
    struct create_job *create = CONTAINER_OF(job, struct create_job, job);
    const struct partition *partition = create->partition;
    create->err = move_stray(partition);
    if (create->err != ERR_OK)
        return;
    create->err = dir_make(partition->path);
    if (create->err == ERR_OK || create->err == ERR_EXISTS)
        create->err = meta_partition_write_new(partition->path, &partition->id, !create->op->unsynced);
    if (create->err == ERR_OK && !create->op->unsynced)
        create->err = dir_sync(partition->store->folder);
    if (create->err != ERR_OK)
        create->op->unremoved = create_undo(partition) != ERR_OK;
}

static void create_on_answer(struct message *message)
{
    struct partition_create_op *op = CONTAINER_OF(message, struct partition_create_op, message);
    op->on_done(op);
}

static void create_on_done(struct disk_job *job)
{
    struct create_job *create = CONTAINER_OF(job, struct create_job, job);
    struct partition_create_op *op = create->op;
    struct partition *partition = create->partition;
    struct shard *shard = partition->shard;
    op->err = create->err;
    op->partition = partition;
    if (create->err == ERR_OK) {
        partition_segment_add(partition, 0);
        partition->durable_segment = *partition_active(partition);
        partition_publish(partition);
    } else {
        partition_release(partition);
        op->partition = NULL;
    }
    free(create);
    shard->jobs--;
    op->message.on_message = create_on_answer;
    loop_post(op->from, &op->message);
    shard_idle(shard);
}

static void create_start(struct message *message)
{
    struct partition_create_op *op = CONTAINER_OF(message, struct partition_create_op, message);
    struct create_job *create = mem_zalloc(1, sizeof *create);
    create->op = op;
    create->partition = partition_new(op->store, &op->spec);
    create->job =
        (struct disk_job){ .loop = create->partition->shard->loop, .run = create_run, .on_done = create_on_done };
    create->partition->shard->jobs++;
    disk_submit(DISK_BACKGROUND, &create->job);
}

void partition_create(struct partition_create_op *op)
{
    struct loop *owner = partition_loop_of(op->store, op->spec.topic, op->spec.number);
    struct loop *current = loop_current();
    op->from = current == NULL ? owner : current;
    op->message.on_message = create_start;
    if (owner == current)
        create_start(&op->message);
    else
        loop_post(owner, &op->message);
}

// --- facts

struct loop *partition_loop_of(const struct store *store, bytes_t topic, int32_t number)
{
    return store_shard_of(store, topic, number)->loop;
}

void partition_configure(struct partition *partition, const struct topic_config *config)
{
    partition->config = *config;
}

const struct topic_config *partition_config(const struct partition *partition)
{
    return &partition->config;
}

struct store *partition_store(const struct partition *partition)
{
    return partition->store;
}

const char *partition_path(const struct partition *partition)
{
    return partition->path;
}

const char *partition_name(const struct partition *partition)
{
    return partition->name;
}

const struct topic_id *partition_topic_id(const struct partition *partition)
{
    return &partition->id;
}

int64_t partition_log_start(const struct partition *partition)
{
    return partition->log_start;
}

int64_t partition_high_watermark(const struct partition *partition)
{
    return partition->durable.offset;
}

int64_t partition_end(const struct partition *partition)
{
    return partition->end;
}

struct partition *partition_next(struct store *store, const struct partition *partition)
{
    struct shard *shard = NULL;
    for (unsigned i = 0; i < store->shard_count; i++) {
        if (store->shards[i].loop == loop_current())
            shard = &store->shards[i];
    }
    ASSERT(shard != NULL);
    const struct list_node *node = partition == NULL ? &shard->partitions : &partition->node;
    for (struct list_node *at = node->next; at != &shard->partitions; at = at->next) {
        struct partition *next = LIST_ITEM(at, struct partition, node);
        if (!next->deleted)
            return next;
    }
    return NULL;
}

void partition_expire_producers(struct partition *partition, int64_t before_ms)
{
    if (partition->producers != NULL)
        producers_expire(partition->producers, before_ms);
}

// --- scanning

struct scan_call {
    err_t (*on_batch)(void *owner, bytes_t batch);
    void *owner;
    err_t err;
};

static bool on_scan_batch(void *owner, const struct batch_header *header, bytes_t batch, uint64_t position)
{
    struct scan_call *call = owner;
    (void)header;
    (void)position;
    call->err = call->on_batch(call->owner, batch);
    return call->err == ERR_OK;
}

err_t partition_scan(struct partition *partition, int64_t from, err_t (*on_batch)(void *owner, bytes_t batch),
                     void *owner)
{
    ASSERT(loop_current() == NULL);
    struct scan_call call = { on_batch, owner, ERR_OK };
    for (size_t i = partition_segment_find(partition, from); i < partition->segment_count; i++) {
        struct segment_reader reader;
        if (partition->segments[i].size == 0)
            continue;
        partition_reader_init(partition, i, from, &reader);
        reader.skip_damage = true;
        err_t err = segment_reader_open(&reader);
        if (err == ERR_OK)
            err = segment_reader_walk(&reader, from, on_scan_batch, &call);
        file_close(reader.file);
        if (reader.damage.to > 0)
            quarantine_note(partition, &reader.damage);
        if (err != ERR_OK || call.err != ERR_OK)
            return err != ERR_OK ? err : call.err;
    }
    return ERR_OK;
}
