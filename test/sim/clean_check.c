// SPDX-License-Identifier: Apache-2.0
// The checks of the cleaning simulation: no acknowledged value lost, no offset with two meanings, the latest value of
// each key there after compaction, limits kept, the catalog and the folders agree.
#include "clean_world.h"

#include "base/arena.h"
#include "base/batch.h"
#include "io/file.h"
#include "store/partition.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

// --- reading a whole log

struct reading {
    struct clean_world *world;
    size_t log;
    bool done;
    int64_t next;              // offset that comes next
    int64_t last;              // offset of the last record, -1: none
    int64_t found[MODEL_KEYS]; // state of each key
    int64_t found_at[MODEL_KEYS];
    // What each producer wrote in the transaction that is open: it counts when the marker says so.
    struct pending {
        int64_t offset, state;
        bool is_set;
    } pending[PRODUCERS][MODEL_KEYS];
};

static bool reading_is_done(void *owner)
{
    return ((const struct reading *)owner)->done;
}

// The bool behind a log_op; the reading outlives it.
struct read_call {
    union {
        struct read_op read;
        struct stat_op stat;
    } op;
    struct reading *reading;
};

static void on_read(struct log_op *op)
{
    CONTAINER_OF(op, struct read_call, op.read.op)->reading->done = true;
}

static void on_stat(struct log_op *op)
{
    CONTAINER_OF(op, struct read_call, op.stat.op)->reading->done = true;
}

static void state_take(struct reading *reading, size_t place, int64_t offset, int64_t state)
{
    if (offset < reading->found_at[place])
        return;
    reading->found[place] = state;
    reading->found_at[place] = offset;
}

static void marker_take(struct reading *reading, const struct batch_header *header, const struct record *record)
{
    struct batch_marker marker;
    if (batch_marker_read(record, &marker) != ERR_OK)
        clean_fail(reading->world, "a strange marker at %" PRId64, header->base_offset);
    for (size_t i = 0; i < MODEL_KEYS; i++) {
        struct pending *pending = &reading->pending[header->producer_id][i];
        if (pending->is_set && marker.commit)
            state_take(reading, i, pending->offset, pending->state);
        pending->is_set = false;
    }
}

static void record_check(struct reading *reading, const struct batch_header *header, const struct record *record)
{
    int64_t offset = record_offset(header, record);
    struct clean_world *world = reading->world;
    const char *name = world->topics[reading->log].name;
    struct model_log *log = &world->logs[reading->log];
    size_t place = MODEL_KEYS;
    if (record->key.size == 6)
        place = (size_t)(record->key.data[4] - '0') * 10 + (size_t)(record->key.data[5] - '0');
    if (place >= MODEL_KEYS)
        clean_fail(world, "%s: a record with a strange key at %" PRId64, name, offset);
    int64_t serial = 0;
    if (record->value.data != NULL)
        serial = strtoll((const char *)record->value.data, NULL, 10);
    if (offset <= reading->last)
        clean_fail(world, "%s: offset %" PRId64 " comes after %" PRId64, name, offset, reading->last);
    if (record->value.data != NULL && !model_log_note(log, offset, serial))
        clean_fail(world, "%s: %" PRId64 " is at %" PRId64 " where %" PRId64 " was acknowledged", name, serial, offset,
                   model_log_at(log, offset));
    if (!log->gaps && reading->last >= 0 && offset != reading->last + 1)
        clean_fail(world, "%s: offsets %" PRId64 " to %" PRId64 " are missing", name, reading->last + 1, offset - 1);
    reading->last = offset;
    int64_t state = record->value.data == NULL ? MODEL_ABSENT : serial;
    if ((header->attributes & BATCH_TRANSACTIONAL) != 0)
        reading->pending[header->producer_id][place] = (struct pending){ offset, state, true };
    else
        state_take(reading, place, offset, state);
}

static void batch_records_check_all(struct reading *reading, const struct batch_header *header, bytes_t batch)
{
    struct writer room = WRITER_INIT;
    bytes_t records;
    struct batch_header checked;
    enum batch_reason reason;
    if (batch_check(batch, BATCH_FROM_DISK, &checked, &reason) != ERR_OK)
        clean_fail(reading->world, "a batch at %" PRId64 ": %s", header->base_offset, batch_reason_text(reason));
    err_t err = batch_records(batch, header, 1 << 20, &room, &records);
    if (err != ERR_OK)
        clean_fail(reading->world, "the batch at %" PRId64 " does not open: %s", header->base_offset, err_text(err));
    struct record_walk walk = record_walk_of(records, header->record_count);
    struct record record;
    while (record_walk_next(&walk, &record)) {
        if (record_offset(header, &record) < reading->next)
            continue;
        if ((header->attributes & BATCH_CONTROL) != 0)
            marker_take(reading, header, &record);
        else
            record_check(reading, header, &record);
    }
    reading->next = batch_last_offset(header) + 1;
    writer_free(&room);
}

static void slices_check(struct reading *reading, struct read_op *read)
{
    for (size_t i = 0; i < read->slice_count; i++) {
        struct batch_walk walk = batch_walk_of(read->slices[i].bytes);
        struct batch_header header;
        bytes_t batch;
        while (batch_walk_next(&walk, &header, &batch))
            batch_records_check_all(reading, &header, batch);
        if (walk.err != ERR_OK)
            clean_fail(reading->world, "a read ends inside a batch: %s", err_text(walk.err));
        slice_free(&read->slices[i]);
    }
}

// Log start and high watermark; false after a fault.
static bool log_bounds(struct reading *reading, struct partition *partition, struct stat_op *ret_stat)
{
    struct read_call *call = calloc(1, sizeof *call);
    sim_keep(call);
    call->reading = reading;
    call->op.stat = (struct stat_op){ .op = { .partition = partition, .on_done = on_stat }, .epoch = -1 };
    reading->done = false;
    log_stat(&call->op.stat);
    if (!clean_wait(reading->world, reading_is_done, reading) || call->op.stat.op.err != ERR_OK)
        return false;
    *ret_stat = call->op.stat;
    return true;
}

static bool log_read_from(struct reading *reading, struct partition *partition, int64_t end)
{
    struct clean_world *world = reading->world;
    while (reading->next < end) {
        struct read_call *call = calloc(1, sizeof *call);
        sim_keep(call);
        call->reading = reading;
        call->op.read = (struct read_op){ .op = { .partition = partition, .on_done = on_read },
                                          .offset = reading->next,
                                          .max_size = 1 + (size_t)sim_choose(world->sim, 20000),
                                          .at_least_one = true,
                                          .current_leader_epoch = -1 };
        reading->done = false;
        log_read(&call->op.read);
        if (!clean_wait(world, reading_is_done, reading) || call->op.read.op.err == ERR_IO)
            return false;
        if (call->op.read.op.err == ERR_OUT_OF_RANGE && call->op.read.log_start_offset > reading->next) {
            reading->next = call->op.read.log_start_offset; // retention was faster
            reading->last = -1;
            continue;
        }
        if (call->op.read.op.err != ERR_OK)
            clean_fail(world, "%s: a read at %" PRId64 ": %s", world->topics[reading->log].name, reading->next,
                       err_text(call->op.read.op.err));
        if (call->op.read.slice_count == 0)
            break; // what is left below the high watermark was compacted away
        slices_check(reading, &call->op.read);
    }
    return true;
}

static bool log_check(struct clean_world *world, size_t place, bool is_start)
{
    const struct topic *topic = topic_find(world->store, bytes_of_text(world->topics[place].name));
    struct model_log *log = &world->logs[place];
    if (topic == NULL)
        return true; // the check of the topics says whether that is right
    struct reading reading = { .world = world, .log = place, .last = -1 };
    struct stat_op stat;
    if (!log_bounds(&reading, topic->partitions[0], &stat))
        return false;
    if (stat.log_start_offset < log->log_start)
        clean_fail(world, "%s: log start went back from %" PRId64 " to %" PRId64, world->topics[place].name,
                   log->log_start, stat.log_start_offset);
    if (place == LOG_CUT && stat.log_start_offset > log->log_start && world->ops == 0 && !is_start)
        clean_fail(world, "records up to %" PRId64 " are gone, asked for was %" PRId64, stat.log_start_offset,
                   log->log_start);
    if (stat.high_watermark < log->end)
        clean_fail(world, "%s: the high watermark is %" PRId64 ", acknowledged was up to %" PRId64,
                   world->topics[place].name, stat.high_watermark, log->end);
    if (place == LOG_SIZED && world->sized_bytes > SIZED_RETENTION && stat.size < SIZED_RETENTION)
        clean_fail(world, "retention by size left only %" PRIu64 " bytes", stat.size);
    log->log_start = stat.log_start_offset;
    reading.next = stat.log_start_offset;
    if (!log_read_from(&reading, topic->partitions[0], stat.high_watermark))
        return false;
    if (!log->gaps && reading.last >= 0 && reading.last + 1 < log->end)
        clean_fail(world, "%s ends at %" PRId64 ", acknowledged was up to %" PRId64, world->topics[place].name,
                   reading.last + 1, log->end);
    for (size_t i = 0; place == LOG_COMPACTED && i < MODEL_KEYS; i++) {
        if (!model_key_allows(&world->keys[i], reading.found[i]))
            clean_fail(world, "compacted: key %zu has %" PRId64 ", acknowledged was %" PRId64, i, reading.found[i],
                       world->keys[i].acked);
        if (is_start)
            model_key_settle(&world->keys[i], reading.found[i]);
    }
    return true;
}

bool clean_cut_is_freed(void *owner)
{
    const struct clean_world *world = owner;
    const struct topic *topic = topic_find(world->store, bytes_of_text(world->topics[LOG_CUT].name));
    struct segment_info segments[2];
    return topic == NULL || partition_segments(topic->partitions[0], segments, 2) < 2 ||
           segments[1].base_offset > partition_log_start(topic->partitions[0]);
}

// --- the table and the catalog

static void table_check(struct clean_world *world, bool is_start)
{
    size_t count = 0;
    for (size_t i = 0; i < MODEL_KEYS; i++) {
        char key[16];
        struct table_row row;
        bytes_t name = bytes_of(key, (size_t)snprintf(key, sizeof key, "key-%02zu", i));
        int64_t state = MODEL_ABSENT;
        if (table_get(world->table, name, &row) == ERR_OK) {
            state = strtoll((const char *)row.value.data, NULL, 10);
            count++;
            if (state == world->rows[i].acked && row.version < world->row_versions[i])
                clean_fail(world, "table: %s has version %" PRId64 ", acknowledged was %" PRId64, key, row.version,
                           world->row_versions[i]);
            world->row_versions[i] = row.version;
        }
        if (!model_key_allows(&world->rows[i], state))
            clean_fail(world, "table: %s has %" PRId64 ", acknowledged was %" PRId64, key, state, world->rows[i].acked);
        if (is_start)
            model_key_settle(&world->rows[i], state);
    }
    if (table_count(world->table) != count)
        clean_fail(world, "the table has %zu rows, %zu are known", table_count(world->table), count);
}

static void topic_check(struct clean_world *world, struct topic_state *state, bool is_start)
{
    const struct topic *topic = topic_find(world->store, bytes_of_text(state->name));
    bool may_exist = state->exists || (state->busy && state->may_exist);
    bool may_be_absent = !state->exists || (state->busy && state->may_be_absent);
    if (topic == NULL && !may_be_absent)
        clean_fail(world, "topic %s is lost", state->name);
    if (topic != NULL && !may_exist)
        clean_fail(world, "topic %s came back", state->name);
    if (topic != NULL && state->exists && memcmp(&topic->id, &state->id, sizeof state->id) != 0)
        clean_fail(world, "topic %s has another id", state->name);
    bool is_count = topic == NULL || (state->exists && topic->partition_count == state->partition_count) ||
                    (state->busy && topic->partition_count == state->may_have_count);
    if (!is_count)
        clean_fail(world, "topic %s has %d partitions, %d were made", state->name, (int)topic->partition_count,
                   (int)state->partition_count);
    if (topic != NULL && topic_find_id(world->store, &topic->id) != topic)
        clean_fail(world, "topic %s is not found by its id", state->name);
    if (!is_start)
        return;
    state->busy = false;
    state->exists = topic != NULL;
    state->partition_count = topic == NULL ? 0 : topic->partition_count;
    if (topic != NULL)
        state->id = topic->id;
}

static void topics_check(struct clean_world *world, bool is_start)
{
    for (size_t i = 0; i < TOPICS; i++)
        topic_check(world, &world->topics[i], is_start);
    size_t count = 0;
    const struct topic *last = NULL, *topic = NULL;
    while ((topic = topic_next(world->store, last)) != NULL) {
        if (last != NULL && bytes_compare(last->name, topic->name) >= 0)
            clean_fail(world, "topics are not in order");
        last = topic;
        count++;
    }
    if (count != topic_count(world->store))
        clean_fail(world, "%zu topics are listed, %zu are counted", count, topic_count(world->store));
}

bool clean_check_all(struct clean_world *world, bool is_start)
{
    topics_check(world, is_start);
    table_check(world, is_start);
    for (size_t i = 0; i < LOGS; i++) {
        if (!log_check(world, i, is_start))
            return false;
    }
    return true;
}

// --- folders

static bool ends_with(bytes_t name, const char *ending)
{
    size_t size = strlen(ending);
    return name.size > size && memcmp(name.data + name.size - size, ending, size) == 0;
}

// "t3-1" belongs to a topic that has that partition.
static bool folder_is_known(const struct clean_world *world, bytes_t name)
{
    for (size_t i = 0; i < TOPICS; i++) {
        const struct topic_state *state = &world->topics[i];
        size_t size = strlen(state->name);
        if (!state->exists || name.size <= size + 1 || memcmp(name.data, state->name, size) != 0 ||
            name.data[size] != '-')
            continue;
        return strtol((const char *)name.data + size + 1, NULL, 10) < state->partition_count;
    }
    return name.size > 2 && name.data[0] == '_' && name.data[1] == '_';
}

void clean_check_folders(struct clean_world *world)
{
    struct arena arena = ARENA_INIT;
    struct dir_entry *entries;
    size_t count;
    err_t err = dir_list("data", &arena, &entries, &count);
    ASSERT(err == ERR_OK);
    size_t found = 0, expected = 0;
    for (size_t i = 0; i < count; i++) {
        bytes_t name = bytes_of_text(entries[i].name);
        if (!entries[i].is_dir || ends_with(name, "-delete") || ends_with(name, "-stray"))
            continue;
        if (!folder_is_known(world, name))
            clean_fail(world, "folder %s belongs to no topic", entries[i].name);
        found += name.data[0] == '_' ? 0 : 1;
    }
    for (size_t i = 0; i < TOPICS; i++)
        expected += world->topics[i].exists ? (size_t)world->topics[i].partition_count : 0;
    if (found != expected)
        clean_fail(world, "there are %zu partition folders, %zu are expected", found, expected);
    arena_free(&arena);
}
