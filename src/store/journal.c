// SPDX-License-Identifier: Apache-2.0
#include "store/journal.h"

#include "base/log.h"
#include "base/mem.h"
#include "io/random.h"
#include "store/journal_frame.h"
#include "store/slot.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    ZERO_WRITE_SIZE = 1 << 20,  // past the cache: 512 MB take 0.2 s and 25 ms of CPU
    ZERO_CACHED_SIZE = 4 << 10, // larger writes leave large folios in the cache, which slow other syncs down
    ZERO_STEP_SIZE = 4 << 20,
    MEMORY_KEPT = 256 << 10,
};

enum journal_state {
    JOURNAL_ABSENT,
    JOURNAL_ZEROING,
    JOURNAL_WAITING, // complete; a checkpoint has to name its generation first
    JOURNAL_READY,
    JOURNAL_BROKEN,
};

struct journal {
    struct disk_job job;  // a frame
    struct disk_job zero; // a step of making it
    struct store *store;
    char path[PATH_MAX_SIZE];
    enum journal_state state;
    struct file *file;
    bool needs_sync; // writes are not durable by themselves
    uint64_t size, generation;
    uint64_t sequence, head; // of the next frame
    uint64_t used;
    uint64_t zeroed;
    struct op_queue groups; // that wait
    struct op_queue flying; // in the frame that is being written
    struct journal_place flying_place;
    uint64_t flying_used; // of the ring
    bool writing;         // a frame
    bool full;            // the last checkpoint met a full disk: the ring gets no room
    // The last frame met a full disk, and nobody knows what of it is on the disk. Its groups were refused, so that it
    // must not be replayed over what comes later: an empty frame is written in its place first.
    bool spoiled;
    uint8_t *memory; // aligned
    size_t memory_size, frame_size;
    uint64_t frame_at;
    err_t err;
};

static void write_run(struct disk_job *job);
static void write_on_done(struct disk_job *job);
static void zero_run(struct disk_job *job);
static void zero_on_done(struct disk_job *job);

static struct journal *journal_new(struct store *store)
{
    struct journal *journal = mem_zalloc(1, sizeof *journal);
    struct loop *loop = store->shards[0].loop;
    journal->store = store;
    journal->size = store->options.journal_size & ~(uint64_t)(JOURNAL_BLOCK_SIZE - 1);
    journal->job = (struct disk_job){ .loop = loop, .run = write_run, .on_done = write_on_done };
    journal->zero = (struct disk_job){ .loop = loop, .run = zero_run, .on_done = zero_on_done };
    int length = snprintf(journal->path, sizeof journal->path, "%s/journal", store->folder);
    ASSERT(length > 0 && (size_t)length < sizeof journal->path);
    return journal;
}

void journal_free(struct journal *journal)
{
    if (journal == NULL)
        return;
    file_close(journal->file);
    free(journal->memory);
    free(journal);
}

// Direct and durable by itself where the file system can, else through the cache with a flush behind each write.
static err_t open_for_frames(struct journal *journal)
{
    unsigned flags = FILE_WRITE | (flush_is_on() ? FILE_DIRECT | FILE_DSYNC : 0);
    err_t err = file_open(journal->path, flags, &journal->file);
    journal->needs_sync = err == ERR_UNSUPPORTED;
    if (err == ERR_UNSUPPORTED)
        err = file_open(journal->path, FILE_WRITE, &journal->file);
    if (err != ERR_OK)
        journal->file = NULL;
    return err;
}

static void new_generation(struct journal *journal)
{
    do {
        journal->generation = random_u64();
    } while (journal->generation == 0);
    journal->sequence = 1;
    journal->head = 0;
    journal->used = 0;
}

static void set_ready(struct store *store, bool now)
{
    for (unsigned i = 0; i < store->shard_count; i++)
        store->shards[i].journal_ready = now;
}

void journal_open(struct store *store, const struct slot_header *header)
{
    if (store->options.journal_size < 64 * JOURNAL_BLOCK_SIZE || store->options.flush != FLUSH_COMMIT)
        return;
    struct journal *journal = journal_new(store);
    store->journal = journal;
    uint64_t size = 0;
    if (header->journal_generation == 0 || header->journal_size != journal->size || open_for_frames(journal) != ERR_OK)
        return;
    if (file_size(journal->file, &size) != ERR_OK || size != journal->size) {
        file_close(journal->file);
        journal->file = NULL;
        return;
    }
    new_generation(journal);
    journal->state = JOURNAL_READY; // the first checkpoint of this run names the generation
    set_ready(store, true);
}

// --- making it

static void on_want(struct message *message)
{
    struct journal *journal = CONTAINER_OF(message, struct shard, journal_wanted)->store->journal;
    if (journal->state != JOURNAL_ABSENT)
        return;
    journal->state = JOURNAL_ZEROING;
    journal->store->shards[0].jobs++;
    disk_submit(DISK_BACKGROUND, &journal->zero);
}

void journal_want(struct shard *shard)
{
    if (shard->store->journal == NULL || shard->journal_asked)
        return;
    shard->journal_asked = true;
    shard->journal_wanted.on_message = on_want;
    loop_post(shard->store->shards[0].loop, &shard->journal_wanted);
}

static err_t zero_step(struct journal *journal, struct file *file, size_t write_size)
{
    static _Alignas(JOURNAL_BLOCK_SIZE) uint8_t zeros[ZERO_WRITE_SIZE]; // never written: costs no memory
    uint64_t end = journal->zeroed + ZERO_STEP_SIZE < journal->size ? journal->zeroed + ZERO_STEP_SIZE : journal->size;
    while (journal->zeroed < end) {
        bytes_t part =
            bytes_of(zeros, end - journal->zeroed < write_size ? (size_t)(end - journal->zeroed) : write_size);
        err_t err = file_write_at(file, journal->zeroed, &part, 1);
        if (err != ERR_OK)
            return err;
        journal->zeroed += part.size;
    }
    return journal->zeroed < journal->size ? ERR_OK : file_sync(file);
}

static void zero_run(struct disk_job *job)
{
    struct journal *journal = CONTAINER_OF(job, struct journal, zero);
    struct file *file;
    bool first = journal->zeroed == 0;
    unsigned flags = FILE_WRITE | FILE_CREATE | (first ? FILE_TRUNCATE : 0u);
    size_t write_size = ZERO_WRITE_SIZE;
    journal->err = file_open(journal->path, flags | FILE_DIRECT, &file);
    if (journal->err == ERR_UNSUPPORTED) {
        write_size = ZERO_CACHED_SIZE;
        journal->err = file_open(journal->path, flags, &file);
    }
    if (journal->err != ERR_OK)
        return;
    journal->err = zero_step(journal, file, write_size);
    file_close(file);
    if (journal->err == ERR_OK && journal->zeroed == journal->size) {
        journal->err = dir_sync(journal->store->folder);
        if (journal->err == ERR_OK)
            journal->err = open_for_frames(journal);
    }
    if (journal->err != ERR_OK)
        (void)!file_remove(journal->path);
}

static void zero_on_done(struct disk_job *job)
{
    struct journal *journal = CONTAINER_OF(job, struct journal, zero);
    struct shard *shard = &journal->store->shards[0];
    if (journal->err != ERR_OK) {
        journal->state = JOURNAL_BROKEN;
        log_line(LOG_WARN, "the journal cannot be made: segments are flushed one by one",
                 LOG_FIELDS(log_text("path", journal->path), log_err(journal->err)));
    } else if (journal->zeroed == journal->size) {
        new_generation(journal);
        journal->state = JOURNAL_WAITING;
        checkpoint_want(shard);
    } else if (!shard->failed && !shard->stopping) {
        disk_submit(DISK_BACKGROUND, &journal->zero);
        return;
    }
    shard->jobs--;
    shard_idle(shard);
}

static void on_ready(struct message *message)
{
    struct shard *shard = CONTAINER_OF(message, struct shard, journal_is_ready);
    shard->journal_ready = true;
}

struct journal_place journal_place(const struct store *store)
{
    const struct journal *journal = store->journal;
    if (journal == NULL || (journal->state != JOURNAL_WAITING && journal->state != JOURNAL_READY))
        return (struct journal_place){ 0 };
    if (journal->writing)
        return journal->flying_place;
    return (struct journal_place){ journal->generation, journal->size, journal->sequence, journal->head };
}

// --- writing

// Bytes a group takes in a frame.
static size_t group_size(const struct journal_group *group)
{
    size_t size = 0;
    for (uint32_t i = 0; i < group->set->count; i++) {
        const struct write_item *item = &group->set->items[i];
        size += (size_t)item->size + (size_t)item->piece_count * JOURNAL_ENTRY_HEADER_SIZE;
    }
    return size;
}

// Takes waiting groups into the next frame, as many as one write should carry. Returns the padded size, 0 when the ring
// has no room for it.
static size_t take_groups(struct journal *journal)
{
    size_t size = JOURNAL_FRAME_HEADER_SIZE;
    const struct message *message = journal->groups.first;
    unsigned count = 0;
    for (; message != NULL; message = message->next, count++) {
        size_t more = group_size(CONTAINER_OF_CONST(message, struct journal_group, message));
        if (count > 0 && size + more > journal->size / 4)
            break;
        size += more;
    }
    size_t padded = journal_padded(size);
    bool wraps = journal->head + padded > journal->size; // also when nothing is left to skip: a frame ended at the end
    uint64_t skipped = wraps ? journal->size - journal->head : 0;
    if (padded > journal->size || journal->used + skipped + padded > journal->size)
        return 0;
    journal->frame_at = wraps ? 0 : journal->head;
    journal->flying_used = skipped + padded;
    for (; count > 0; count--) {
        struct message *group = op_queue_pop(&journal->groups);
        ASSERT(group != NULL);
        op_queue_push(&journal->flying, group);
    }
    return padded;
}

static void memory_fit(struct journal *journal, size_t size)
{
    if (journal->memory_size >= size && (journal->memory_size <= MEMORY_KEPT || size > MEMORY_KEPT))
        return;
    free(journal->memory);
    journal->memory_size = size < MEMORY_KEPT ? MEMORY_KEPT : size;
    journal->memory = aligned_alloc(JOURNAL_BLOCK_SIZE, journal->memory_size);
    ASSERT(journal->memory != NULL);
}

static void on_group_answer(struct message *message)
{
    struct journal_group *group = CONTAINER_OF(message, struct journal_group, message);
    group->on_done(group);
}

static void groups_answer(struct op_queue *groups, err_t err)
{
    struct message *message;
    while ((message = op_queue_pop(groups)) != NULL) {
        struct journal_group *group = CONTAINER_OF(message, struct journal_group, message);
        group->err = err;
        message->on_message = on_group_answer;
        loop_post(group->shard->loop, message);
    }
}

// The empty frame in the place of the one that was spoiled, which was larger: there is room for it.
static size_t take_nothing(struct journal *journal)
{
    uint64_t skipped = journal->frame_at == journal->head ? 0 : journal->size - journal->head;
    journal->flying_used = skipped + JOURNAL_BLOCK_SIZE;
    return JOURNAL_BLOCK_SIZE;
}

static void journal_try(struct journal *journal)
{
    struct shard *first = &journal->store->shards[0];
    bool mends = journal->spoiled && !first->stopping;
    if (journal->writing || (journal->groups.first == NULL && journal->flying.first == NULL && !mends))
        return;
    journal->frame_size = journal->spoiled ? take_nothing(journal) : take_groups(journal);
    if (journal->frame_size == 0) {
        checkpoint_want(first);
        if (journal->full)
            groups_answer(&journal->groups, ERR_NO_SPACE);
        return;
    }
    journal->flying_place =
        (struct journal_place){ journal->generation, journal->size, journal->sequence, journal->head };
    journal->used += journal->flying_used;
    journal->writing = true;
    first->jobs++;
    memory_fit(journal, journal->frame_size);
    disk_submit(DISK_FLUSH, &journal->job);
}

static void add_item(struct journal_frame_writer *writer, const struct write_item *item)
{
    const struct partition *partition = item->partition;
    for (uint32_t i = 0; i < item->piece_count; i++) {
        const struct write_piece *piece = &item->pieces[i];
        journal_frame_add(writer, &(struct journal_entry){
                                      .topic_id = partition->id,
                                      .partition = partition->number,
                                      .leader_epoch = partition->store->epoch,
                                      .segment_base = piece->segment_base,
                                      .position = piece->position,
                                      .bytes = piece->bytes,
                                  });
    }
}

static void write_run(struct disk_job *job)
{
    struct journal *journal = CONTAINER_OF(job, struct journal, job);
    struct journal_frame_writer writer;
    journal_frame_begin(&writer, journal->memory);
    const struct message *message = journal->spoiled ? NULL : journal->flying.first; // the empty frame in their place
    for (; message != NULL; message = message->next) {
        const struct write_set *set = CONTAINER_OF_CONST(message, struct journal_group, message)->set;
        for (uint32_t i = 0; i < set->count; i++)
            add_item(&writer, &set->items[i]);
    }
    size_t size = journal_frame_end(&writer, journal->generation, journal->sequence);
    ASSERT(size == journal->frame_size);
    bytes_t part = bytes_of(journal->memory, size);
    journal->err = file_write_at(journal->file, journal->frame_at, &part, 1);
    if (journal->err == ERR_OK && journal->needs_sync && flush_is_on())
        journal->err = file_sync(journal->file) == ERR_OK ? ERR_OK : ERR_IO; // whatever the system says
}

static void frame_written(struct journal *journal)
{
    journal->sequence++;
    journal->head = journal->frame_at + journal->frame_size;
    groups_answer(&journal->flying, journal->spoiled ? ERR_NO_SPACE : ERR_OK);
    journal->spoiled = false;
    if (journal->used > journal->size / 4)
        checkpoint_want(&journal->store->shards[0]);
    journal_try(journal);
}

// Only a file system that writes in other places (copy on write, thin provisioning) can be full here: the ring was
// written once. The groups are answered when the empty frame is there, so that what was refused never comes back; where
// not even that finds room, it may, until one does.
static void frame_refused(struct journal *journal)
{
    bool was_empty = journal->spoiled;
    journal->used -= journal->flying_used;
    journal->spoiled = true;
    if (was_empty) {
        groups_answer(&journal->flying, ERR_NO_SPACE);
        groups_answer(&journal->groups, ERR_NO_SPACE);
    } else {
        journal_try(journal);
    }
}

static void write_on_done(struct disk_job *job)
{
    struct journal *journal = CONTAINER_OF(job, struct journal, job);
    struct shard *first = &journal->store->shards[0];
    journal->writing = false;
    first->jobs--;
    if (journal->err == ERR_OK)
        frame_written(journal);
    else if (journal->err == ERR_NO_SPACE)
        frame_refused(journal);
    else // final: nobody knows what of the frame is on the disk
        groups_answer(&journal->flying, ERR_IO);
    shard_idle(first);
}

static void on_group(struct message *message)
{
    struct journal_group *group = CONTAINER_OF(message, struct journal_group, message);
    struct journal *journal = group->shard->store->journal;
    op_queue_push(&journal->groups, message);
    journal_try(journal);
}

void journal_write(struct journal_group *group)
{
    group->message.on_message = on_group;
    if (group->shard->index == 0)
        on_group(&group->message);
    else
        loop_post(group->shard->store->shards[0].loop, &group->message);
}

void journal_release(struct store *store, const struct journal_place *place)
{
    struct journal *journal = store->journal;
    if (journal == NULL || place->generation == 0 || place->generation != journal->generation)
        return;
    if (journal->state == JOURNAL_WAITING) {
        journal->state = JOURNAL_READY;
        for (unsigned i = 0; i < store->shard_count; i++) {
            store->shards[i].journal_is_ready.on_message = on_ready;
            loop_post(store->shards[i].loop, &store->shards[i].journal_is_ready);
        }
    }
    bool flying = journal->writing;
    uint64_t end = flying ? journal->frame_at + journal->frame_size : journal->head;
    bool empty = place->sequence == journal->sequence && !flying;
    uint64_t used = (end + journal->size - place->position) % journal->size;
    journal->used = empty ? 0 : used == 0 ? journal->size : used;
    journal->full = false;
    journal_try(journal);
}

void journal_refuse(struct store *store)
{
    if (store->journal == NULL)
        return;
    store->journal->full = true;
    journal_try(store->journal);
}
