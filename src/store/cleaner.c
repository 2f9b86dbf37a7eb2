// SPDX-License-Identifier: Apache-2.0
#include "store/cleaner.h"

#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/topic_name.h"
#include "io/clock.h"
#include "io/disk.h"
#include "io/file.h"
#include "store/compact.h"
#include "store/core.h"
#include "store/lines.h"
#include "store/meta.h"
#include "store/retention.h"
#include "store/settings.h"
#include "store/table_snapshot.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    PARTITIONS_PER_TURN = 256,
    KEY_MAP_SIZE = 16 << 20, // bytes for the keys of one pass: about 500,000 keys
    CHECKPOINT_SIZE_MAX = 64 << 20,
};

// How far one partition was compacted. Each loop has those of its partitions, by topic id and number; the first loop
// has all by name, for the file.
struct progress {
    struct map_node node;
    bytes_t key; // of the map that holds it; the bytes follow
    int64_t dirty_from;
    // A transaction held the last compaction up, which had looked at everything below. 0: none did.
    int64_t held_up_at;
};

// A partition that a sweep visits. The reference keeps it alive while it is deleted meanwhile.
struct visit {
    struct partition *partition;
    const struct topic *topic;
};

struct sweeper {
    struct cleaner *cleaner;
    struct loop *loop;
    struct timer timer;
    struct map progress; // by topic id and number
    struct visit *visits;
    size_t visit_count, visit_capacity, next;
    struct segment_info *segments; // of the partition that is visited
    size_t segment_count, segment_capacity;
    bool busy; // an operation or job is under way
    bool stopping;
    struct message stop, stopped;
    struct segment_drop_op drop;
    // The compaction that is under way.
    struct disk_job job;
    struct segment_replace_op replace;
    struct compact_plan plan;
    struct compact_file *files;
    struct compact *compact;
    size_t group_first, group_count;
    char cleaned_path[1024];
    struct compact_result result, total;
    err_t err;
};

// Sent to the first loop.
struct note {
    struct message message;
    struct cleaner *cleaner;
    int64_t dirty_from;
    char name[TOPIC_NAME_MAX + 16];
};

struct cleaner {
    struct store *store;
    struct sweeper *sweepers;
    size_t sweeper_count;
    // On the first loop.
    struct map names;
    struct disk_job write;
    struct slice written;
    bool writing, changed;
    char path[1024];
    size_t running; // sweepers that have not stopped
    void (*on_stopped)(void *owner);
    void *owner;
};

static bytes_t progress_key(const struct map_node *node)
{
    return CONTAINER_OF_CONST(node, struct progress, node)->key;
}

static struct progress *progress_get(struct map *map, bytes_t key)
{
    struct map_node *node = map_find(map, key);
    return node == NULL ? NULL : CONTAINER_OF(node, struct progress, node);
}

static struct progress *progress_put(struct map *map, bytes_t key, int64_t dirty_from)
{
    struct progress *progress = progress_get(map, key);
    if (progress == NULL) {
        progress = mem_zalloc(1, sizeof(*progress) + key.size);
        memcpy(progress + 1, key.data, key.size);
        progress->key = bytes_of(progress + 1, key.size);
        map_insert(map, &progress->node);
    }
    progress->dirty_from = dirty_from;
    return progress;
}

static void progress_free_all(struct map *map)
{
    struct map_node *node = map_next(map, NULL);
    while (node != NULL) {
        struct map_node *next = map_next(map, node);
        free(CONTAINER_OF(node, struct progress, node));
        node = next;
    }
    map_free(map);
}

// --- the checkpoint file, on the first loop

static void checkpoint_run(struct disk_job *job)
{
    struct cleaner *cleaner = CONTAINER_OF(job, struct cleaner, write);
    err_t err = file_replace(cleaner->path, cleaner->written.bytes);
    // Without it the next start compacts more than it had to.
    if (err != ERR_OK)
        log_line(LOG_WARN, "the cleaner checkpoint cannot be written",
                 LOG_FIELDS(log_text("path", cleaner->path), log_err(err)));
}

// "topic-3" is written as Kafka does: topic, space, number, space, offset.
static struct slice checkpoint_encode(const struct map *names)
{
    struct writer out = WRITER_INIT;
    writer_format(&out, "0\n%zu\n", names->count);
    const struct map_node *node = NULL;
    while ((node = map_next(names, node)) != NULL) {
        const struct progress *progress = CONTAINER_OF_CONST(node, struct progress, node);
        const uint8_t *dash = memrchr(progress->key.data, '-', progress->key.size);
        size_t topic_size = (size_t)(dash - progress->key.data);
        writer_bytes(&out, bytes_of(progress->key.data, topic_size));
        writer_text(&out, " ");
        writer_bytes(&out, bytes_of(dash + 1, progress->key.size - topic_size - 1));
        writer_format(&out, " %lld\n", (long long)progress->dirty_from);
    }
    return writer_finish(&out);
}

static void cleaner_stop_try(struct cleaner *cleaner)
{
    if (cleaner->on_stopped == NULL || cleaner->running > 0 || cleaner->writing)
        return;
    void (*on_stopped)(void *owner) = cleaner->on_stopped;
    cleaner->on_stopped = NULL;
    on_stopped(cleaner->owner);
}

static void checkpoint_write(struct cleaner *cleaner)
{
    if (cleaner->writing || !cleaner->changed)
        return;
    cleaner->changed = false;
    cleaner->writing = true;
    cleaner->written = checkpoint_encode(&cleaner->names);
    disk_submit(DISK_BACKGROUND, &cleaner->write);
}

static void checkpoint_on_done(struct disk_job *job)
{
    struct cleaner *cleaner = CONTAINER_OF(job, struct cleaner, write);
    slice_free(&cleaner->written);
    cleaner->writing = false;
    checkpoint_write(cleaner);
    cleaner_stop_try(cleaner);
}

static void on_note(struct message *message)
{
    struct note *note = CONTAINER_OF(message, struct note, message);
    struct cleaner *cleaner = note->cleaner;
    progress_put(&cleaner->names, bytes_of_text(note->name), note->dirty_from);
    cleaner->changed = true;
    free(note);
    checkpoint_write(cleaner);
}

static void note_post(struct sweeper *sweeper, const struct partition *partition, int64_t dirty_from)
{
    struct note *note = mem_zalloc(1, sizeof(*note));
    note->message.on_message = on_note;
    note->cleaner = sweeper->cleaner;
    note->dirty_from = dirty_from;
    snprintf(note->name, sizeof(note->name), "%s", partition_name(partition));
    loop_post(sweeper->cleaner->sweepers[0].loop, &note->message);
}

// --- one partition after the other

static void sweep_go_on(struct sweeper *sweeper);

enum { PROGRESS_KEY_SIZE = TOPIC_ID_SIZE + 4 };

static bytes_t key_of(const struct topic_id *id, int32_t number, uint8_t key[PROGRESS_KEY_SIZE])
{
    memcpy(key, id->bytes, TOPIC_ID_SIZE);
    memcpy(key + TOPIC_ID_SIZE, &number, sizeof(number));
    return bytes_of(key, PROGRESS_KEY_SIZE);
}

static bytes_t partition_key(const struct partition *partition, uint8_t key[PROGRESS_KEY_SIZE])
{
    const char *dash = strrchr(partition_name(partition), '-');
    ASSERT(dash != NULL);
    return key_of(partition_topic_id(partition), (int32_t)strtol(dash + 1, NULL, 10), key);
}

// A partition that was never compacted begins at its log start; one of the same name may have been before it, so the
// file is told.
static struct progress *visit_progress(struct sweeper *sweeper, const struct partition *partition)
{
    uint8_t key[PROGRESS_KEY_SIZE];
    struct progress *progress = progress_get(&sweeper->progress, partition_key(partition, key));
    if (progress != NULL)
        return progress;
    note_post(sweeper, partition, partition_log_start(partition));
    return progress_put(&sweeper->progress, partition_key(partition, key), partition_log_start(partition));
}

static void segments_load(struct sweeper *sweeper, const struct partition *partition)
{
    sweeper->segment_count = partition_segments(partition, sweeper->segments, sweeper->segment_capacity);
    if (sweeper->segment_count <= sweeper->segment_capacity)
        return;
    sweeper->segment_capacity = sweeper->segment_count;
    sweeper->segments = mem_realloc(sweeper->segments, sweeper->segment_capacity * sizeof(*sweeper->segments));
    sweeper->segment_count = partition_segments(partition, sweeper->segments, sweeper->segment_capacity);
}

static void visit_end(struct sweeper *sweeper)
{
    struct visit *visit = &sweeper->visits[sweeper->next++];
    topic_unref(visit->topic);
    sweeper->busy = false;
}

// --- compaction

// Deleted, changed or stopped meanwhile is no news.
static bool is_expected(err_t err)
{
    return err == ERR_CLOSED || err == ERR_CONFLICT || err == ERR_NOT_FOUND || err == ERR_CANCELLED;
}

static void compaction_end(struct sweeper *sweeper)
{
    const struct partition *partition = sweeper->visits[sweeper->next].partition;
    if (sweeper->err == ERR_OK) {
        int64_t dirty_from = compact_end_offset(sweeper->compact);
        struct progress *progress = visit_progress(sweeper, partition);
        progress->dirty_from = dirty_from;
        bool is_held_up = compact_file_count(sweeper->compact) < sweeper->plan.file_count;
        progress->held_up_at = is_held_up ? sweeper->files[sweeper->plan.file_count - 1].last_offset + 1 : 0;
        note_post(sweeper, partition, dirty_from);
        log_line(LOG_INFO, "compacted",
                 LOG_FIELDS(log_text("partition", partition_name(partition)),
                            log_int("bytes_before", (int64_t)sweeper->total.bytes_before),
                            log_int("bytes_after", (int64_t)sweeper->total.bytes_after),
                            log_int("records_before", (int64_t)sweeper->total.records_before),
                            log_int("records_after", (int64_t)sweeper->total.records_after)));
    } else if (!is_expected(sweeper->err)) {
        log_line(LOG_WARN, "compaction was given up",
                 LOG_FIELDS(log_text("partition", partition_name(partition)), log_err(sweeper->err)));
    }
    compact_free(sweeper->compact);
    sweeper->compact = NULL;
    free(sweeper->files);
    sweeper->files = NULL;
    visit_end(sweeper);
    sweep_go_on(sweeper);
}

static void group_run(struct disk_job *job)
{
    struct sweeper *sweeper = CONTAINER_OF(job, struct sweeper, job);
    sweeper->err =
        compact_write(sweeper->compact, sweeper->group_first, sweeper->group_first + sweeper->group_count - 1,
                      sweeper->cleaned_path, &sweeper->result);
}

static void group_next(struct sweeper *sweeper)
{
    sweeper->group_first += sweeper->group_count;
    size_t file_count = compact_file_count(sweeper->compact);
    if (sweeper->group_first >= file_count || sweeper->stopping) {
        if (sweeper->group_first < file_count)
            sweeper->err = ERR_CANCELLED;
        compaction_end(sweeper);
        return;
    }
    const struct partition *partition = sweeper->visits[sweeper->next].partition;
    sweeper->group_count =
        compaction_group(sweeper->segments, file_count, sweeper->group_first, partition_config(partition));
    partition_segment_path(partition, sweeper->files[sweeper->group_first].base_offset, ".log.cleaned",
                           sweeper->cleaned_path, sizeof(sweeper->cleaned_path));
    sweeper->job.run = group_run;
    disk_submit(DISK_BACKGROUND, &sweeper->job);
}

static void on_replaced(struct log_op *op)
{
    struct sweeper *sweeper = CONTAINER_OF(op, struct sweeper, replace.op);
    sweeper->err = op->err;
    if (op->err != ERR_OK)
        compaction_end(sweeper);
    else
        group_next(sweeper);
}

static void scan_run(struct disk_job *job)
{
    struct sweeper *sweeper = CONTAINER_OF(job, struct sweeper, job);
    // Newer snapshots cover more, so that what the file says now stays true. One that cannot be read covers nothing.
    const struct partition *partition = sweeper->visits[sweeper->next].partition;
    err_t err = table_snapshot_covered(partition_path(partition), partition_topic_id(partition),
                                       &sweeper->plan.tombstones_from);
    if (err != ERR_OK)
        sweeper->plan.tombstones_from = err == ERR_NOT_FOUND ? INT64_MAX : 0;
    sweeper->err = compact_scan(&sweeper->plan, &sweeper->compact);
}

static void on_job_done(struct disk_job *job)
{
    struct sweeper *sweeper = CONTAINER_OF(job, struct sweeper, job);
    if (sweeper->err != ERR_OK) {
        compaction_end(sweeper);
        return;
    }
    if (job->run == scan_run) {
        sweeper->group_first = sweeper->group_count = 0;
        group_next(sweeper);
        return;
    }
    sweeper->total.bytes_before += sweeper->result.bytes_before;
    sweeper->total.bytes_after += sweeper->result.bytes_after;
    sweeper->total.records_before += sweeper->result.records_before;
    sweeper->total.records_after += sweeper->result.records_after;
    sweeper->replace = (struct segment_replace_op){
        .op = { .partition = sweeper->visits[sweeper->next].partition, .on_done = on_replaced },
        .first = sweeper->files[sweeper->group_first].base_offset,
        .last = sweeper->files[sweeper->group_first + sweeper->group_count - 1].base_offset,
    };
    partition_replace_segments(&sweeper->replace);
}

// True when a compaction was begun.
static bool compaction_begin(struct sweeper *sweeper, struct partition *partition)
{
    const struct topic_config *config = partition_config(partition);
    if ((config->cleanup & CLEANUP_COMPACT) == 0)
        return false;
    struct progress *progress = visit_progress(sweeper, partition);
    if (progress->dirty_from < partition_log_start(partition) || progress->dirty_from > partition_end(partition))
        progress->dirty_from = partition_log_start(partition);
    int64_t now_ms = clock_wall_ms();
    size_t count = compaction_wants(sweeper->segments, sweeper->segment_count, config, progress->dirty_from, now_ms);
    // The end of the transaction that was in the way can only be in a segment that was closed since.
    if (count == 0 || sweeper->segments[count - 1].last_offset < progress->held_up_at)
        return false;
    sweeper->files = mem_zalloc(count, sizeof(*sweeper->files));
    for (size_t i = 0; i < count; i++) {
        sweeper->files[i].base_offset = sweeper->segments[i].base_offset;
        sweeper->files[i].last_offset = sweeper->segments[i].last_offset;
        sweeper->files[i].size = sweeper->segments[i].size;
        partition_segment_path(partition, sweeper->segments[i].base_offset, ".log", sweeper->files[i].path,
                               sizeof(sweeper->files[i].path));
    }
    sweeper->plan = (struct compact_plan){ .files = sweeper->files,
                                           .file_count = count,
                                           .dirty_from = progress->dirty_from,
                                           .now_ms = now_ms,
                                           .delete_retention_ms = config->delete_retention_ms,
                                           .map_size = KEY_MAP_SIZE };
    sweeper->total = (struct compact_result){ 0 };
    sweeper->busy = true;
    sweeper->job.run = scan_run;
    disk_submit(DISK_BACKGROUND, &sweeper->job);
    return true;
}

// --- retention

static void on_dropped(struct log_op *op)
{
    struct sweeper *sweeper = CONTAINER_OF(op, struct sweeper, drop.op);
    if (op->err == ERR_OK && sweeper->drop.dropped > 0)
        log_line(LOG_INFO, "old segments removed",
                 LOG_FIELDS(log_text("partition", partition_name(op->partition)),
                            log_int("segments", (int64_t)sweeper->drop.dropped),
                            log_int("log_start_offset", sweeper->drop.log_start_offset)));
    visit_end(sweeper);
    sweep_go_on(sweeper);
}

// True when a drop was begun: the partition's turn for compaction comes with the next sweep.
static bool retention_begin(struct sweeper *sweeper, struct partition *partition)
{
    const struct topic_config *config = partition_config(partition);
    int64_t now_ms = clock_wall_ms(), log_start = partition_log_start(partition);
    if (retention_wants_roll(sweeper->segments, sweeper->segment_count, config, log_start, now_ms))
        partition_roll(partition);
    int64_t before = retention_drop_before(sweeper->segments, sweeper->segment_count, config, log_start, now_ms);
    if (sweeper->segment_count == 0 || before <= sweeper->segments[0].base_offset)
        return false;
    sweeper->drop =
        (struct segment_drop_op){ .op = { .partition = partition, .on_done = on_dropped }, .before = before };
    sweeper->busy = true;
    partition_drop_segments(&sweeper->drop);
    return true;
}

// --- the sweep

static void sweep_collect(struct sweeper *sweeper)
{
    struct store *store = sweeper->cleaner->store;
    sweeper->next = sweeper->visit_count = 0;
    for (struct partition *p = partition_next(store, NULL); p != NULL; p = partition_next(store, p)) {
        const struct topic *topic = topic_find_id(store, partition_topic_id(p));
        if (topic == NULL)
            continue; // being made or being deleted: nothing would keep it alive
        MEM_GROW(sweeper->visits, sweeper->visit_count, sweeper->visit_capacity);
        sweeper->visits[sweeper->visit_count++] = (struct visit){ p, topic_ref(topic) };
    }
}

static void sweep_end(struct sweeper *sweeper)
{
    while (sweeper->next < sweeper->visit_count)
        visit_end(sweeper);
    free(sweeper->visits);
    sweeper->visits = NULL;
    sweeper->visit_count = sweeper->visit_capacity = sweeper->next = 0;
    if (sweeper->stopping)
        loop_post(sweeper->cleaner->sweepers[0].loop, &sweeper->stopped);
    else
        timer_start(&sweeper->timer, store_options(sweeper->cleaner->store)->retention_interval_ms);
}

static void sweep_go_on(struct sweeper *sweeper)
{
    struct store *store = sweeper->cleaner->store;
    int64_t expiration_ms = settings_number(store, BYTES_LITERAL("producer.id.expiration.ms"),
                                            store_options(store)->producer_expiration_ms);
    for (int i = 0; i < PARTITIONS_PER_TURN; i++) {
        if (sweeper->next == sweeper->visit_count || sweeper->stopping) {
            sweep_end(sweeper);
            return;
        }
        struct partition *partition = sweeper->visits[sweeper->next].partition;
        partition_expire_producers(partition, clock_wall_ms() - expiration_ms);
        segments_load(sweeper, partition);
        if (retention_begin(sweeper, partition) || compaction_begin(sweeper, partition))
            return;
        visit_end(sweeper);
    }
    timer_start(&sweeper->timer, 0);
}

static void on_timer(struct timer *timer)
{
    struct sweeper *sweeper = CONTAINER_OF(timer, struct sweeper, timer);
    if (sweeper->visits == NULL)
        sweep_collect(sweeper);
    sweep_go_on(sweeper);
}

// --- begin and end

static void on_stop(struct message *message)
{
    struct sweeper *sweeper = CONTAINER_OF(message, struct sweeper, stop);
    sweeper->stopping = true;
    if (sweeper->busy)
        return;
    timer_stop(&sweeper->timer);
    sweep_end(sweeper);
}

static void on_sweeper_stopped(struct message *message)
{
    struct sweeper *sweeper = CONTAINER_OF(message, struct sweeper, stopped);
    sweeper->cleaner->running--;
    cleaner_stop_try(sweeper->cleaner);
}

static struct sweeper *sweeper_of(struct cleaner *cleaner, const struct loop *loop)
{
    size_t i = 0;
    while (cleaner->sweepers[i].loop != loop)
        i++;
    return &cleaner->sweepers[i];
}

// One line of the file; a partition that is gone is forgotten. The topic id tells a topic from a later one of the same
// name.
static void checkpoint_take(struct cleaner *cleaner, bytes_t topic, int32_t number, int64_t dirty_from)
{
    char name[TOPIC_NAME_MAX + 16], folder[2048];
    snprintf(name, sizeof(name), "%.*s-%d", BYTES_ARG(topic), number);
    snprintf(folder, sizeof(folder), "%s/%s", store_options(cleaner->store)->folder, name);
    struct topic_id id;
    if (meta_partition_read(folder, &id) != ERR_OK)
        return;
    uint8_t key[PROGRESS_KEY_SIZE];
    struct sweeper *sweeper = sweeper_of(cleaner, partition_loop_of(cleaner->store, topic, number));
    progress_put(&sweeper->progress, key_of(&id, number, key), dirty_from);
    progress_put(&cleaner->names, bytes_of_text(name), dirty_from);
}

// Fills the maps from the file, for partitions that exist.
static void checkpoint_load(struct cleaner *cleaner)
{
    struct buf *content;
    err_t err = file_read_whole(cleaner->path, CHECKPOINT_SIZE_MAX, &content);
    if (err == ERR_NOT_FOUND)
        return;
    struct lines lines;
    int64_t count = 0;
    if (err == ERR_OK) {
        err = lines_begin(&lines, bytes_of(content->data, content->capacity), &count);
        for (int64_t i = 0; i < count && err == ERR_OK; i++) {
            bytes_t words[3];
            int64_t number, dirty_from;
            bool is_right = lines_words(&lines, words, 3) && bytes_to_int64(words[1], &number) && number >= 0 &&
                            number <= INT32_MAX && bytes_to_int64(words[2], &dirty_from);
            if (is_right)
                checkpoint_take(cleaner, words[0], (int32_t)number, dirty_from);
            else
                err = ERR_MALFORMED;
        }
        buf_unref(content);
    }
    if (err != ERR_OK)
        log_line(LOG_WARN, "the cleaner checkpoint cannot be read; compacted topics are compacted anew",
                 LOG_FIELDS(log_text("path", cleaner->path), log_err(err)));
}

struct cleaner *cleaner_new(struct store *store)
{
    struct cleaner *cleaner = mem_zalloc(1, sizeof(*cleaner));
    cleaner->store = store;
    cleaner->names = MAP_INIT(progress_key);
    cleaner->sweeper_count = store_loop_count(store);
    cleaner->running = cleaner->sweeper_count;
    cleaner->sweepers = mem_zalloc(cleaner->sweeper_count, sizeof(*cleaner->sweepers));
    cleaner->write =
        (struct disk_job){ .loop = store_loop(store, 0), .run = checkpoint_run, .on_done = checkpoint_on_done };
    snprintf(cleaner->path, sizeof(cleaner->path), "%s/cleaner-offset-checkpoint", store_options(store)->folder);
    for (size_t i = 0; i < cleaner->sweeper_count; i++) {
        struct sweeper *sweeper = &cleaner->sweepers[i];
        sweeper->cleaner = cleaner;
        sweeper->loop = store_loop(store, i);
        sweeper->progress = MAP_INIT(progress_key);
        sweeper->stop.on_message = on_stop;
        sweeper->stopped.on_message = on_sweeper_stopped;
        sweeper->job = (struct disk_job){ .loop = sweeper->loop, .on_done = on_job_done };
        timer_init(&sweeper->timer, sweeper->loop, on_timer);
        timer_start(&sweeper->timer, store_options(store)->retention_interval_ms);
    }
    checkpoint_load(cleaner);
    return cleaner;
}

void cleaner_stop(struct cleaner *cleaner, void (*on_stopped)(void *owner), void *owner)
{
    cleaner->on_stopped = on_stopped;
    cleaner->owner = owner;
    for (size_t i = 0; i < cleaner->sweeper_count; i++)
        loop_post(cleaner->sweepers[i].loop, &cleaner->sweepers[i].stop);
}

void cleaner_free(struct cleaner *cleaner)
{
    if (cleaner == NULL)
        return;
    for (size_t i = 0; i < cleaner->sweeper_count; i++) {
        struct sweeper *sweeper = &cleaner->sweepers[i];
        timer_stop(&sweeper->timer);
        while (sweeper->next < sweeper->visit_count)
            visit_end(sweeper);
        compact_free(sweeper->compact);
        progress_free_all(&sweeper->progress);
        free(sweeper->files);
        free(sweeper->segments);
        free(sweeper->visits);
    }
    slice_free(&cleaner->written);
    progress_free_all(&cleaner->names);
    free(cleaner->sweepers);
    free(cleaner);
}
