// SPDX-License-Identifier: Apache-2.0
// The operations of the cleaning simulation: each is noted in the model when it is asked for and when it is answered.
#include "clean_world.h"

#include "base/batch.h"
#include "base/mem.h"
#include "io/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { NO_PRODUCER = PRODUCERS };

struct act {
    struct act *next;
    struct clean_world *world;
    int64_t serial;
    size_t place; // of the key, or of the topic
    int count;    // records of an append, partitions of a topic
    size_t keys[4];
    size_t producer; // of a transaction
    bool commit;
    uint64_t size;
    char key[16], value[400];
    union {
        struct table_op put;
        struct append_op append;
        struct delete_records_op cut;
        struct topic_op topic;
    } op;
};

static uint64_t choose(const struct clean_world *world, uint64_t bound)
{
    return sim_choose(world->sim, bound);
}

static struct act *act_new(struct clean_world *world)
{
    struct act *act = mem_zalloc(1, sizeof *act);
    act->world = world;
    act->serial = world->next_serial++;
    act->producer = NO_PRODUCER;
    act->next = world->acts;
    world->acts = act;
    world->ops++;
    return act;
}

void clean_work_free(struct clean_world *world)
{
    while (world->acts != NULL) {
        struct act *act = world->acts;
        world->acts = act->next;
        free(act);
    }
}

static void act_done(struct act *act, err_t err)
{
    act->world->ops--;
    if (err == ERR_OK)
        act->world->acked++;
}

// The serial, and something that makes segments roll.
static bytes_t value_make(struct clean_world *world, int64_t serial, char *to, size_t size)
{
    int used = snprintf(to, size, "%" PRId64 ":", serial);
    size_t filler = 20 + (size_t)choose(world, 250);
    memset(to + used, 'x', filler);
    return bytes_of(to, (size_t)used + filler);
}

static bytes_t key_make(size_t place, char to[16])
{
    return bytes_of(to, (size_t)snprintf(to, 16, "key-%02zu", place));
}

// --- the table

static void on_put(struct table_op *op)
{
    struct act *act = CONTAINER_OF(op, struct act, op.put);
    struct model_key *row = &act->world->rows[act->place];
    act_done(act, op->err);
    if (op->err == ERR_OK) {
        struct table_row found;
        model_key_ack(row, act->serial);
        if (op->version <= act->world->row_versions[act->place])
            clean_fail(act->world, "the version of %s went from %" PRId64 " to %" PRId64, act->key,
                       act->world->row_versions[act->place], op->version);
        act->world->row_versions[act->place] = op->version;
        if (table_get(op->table, op->key, &found) == ERR_OK && found.version < op->version)
            clean_fail(act->world, "%s was acknowledged and is not visible", act->key);
    } else if (op->err == ERR_CONFLICT || op->err == ERR_NOT_FOUND || op->err == ERR_TOO_LARGE) {
        model_key_refuse(row, act->serial);
    }
}

static void put_step(struct clean_world *world)
{
    struct act *act = act_new(world);
    bool is_delete = choose(world, 5) == 0;
    act->place = (size_t)choose(world, MODEL_KEYS);
    bytes_t key = key_make(act->place, act->key);
    struct table_row found;
    int64_t expected = TABLE_ANY;
    if (choose(world, 4) == 0)
        expected = table_get(world->table, key, &found) == ERR_OK ? found.version : TABLE_ABSENT;
    act->op.put = (struct table_op){ .table = world->table,
                                     .on_done = on_put,
                                     .key = key,
                                     .expected_version = expected,
                                     .value = value_make(world, act->serial, act->value, sizeof act->value) };
    if (is_delete)
        act->op.put.value = BYTES_NULL;
    model_key_ask(&world->rows[act->place], act->serial, is_delete);
    table_put(&act->op.put);
}

// --- the logs

static const struct topic *log_topic(const struct clean_world *world, size_t log)
{
    return topic_find(world->store, bytes_of_text(world->topics[log].name));
}

static void marker_step(struct clean_world *world, struct act *act);

static void on_append(struct log_op *op)
{
    struct act *act = CONTAINER_OF(op, struct act, op.append.op);
    struct clean_world *world = act->world;
    act_done(act, op->err);
    if (act->producer != NO_PRODUCER && op->err == ERR_OK)
        marker_step(world, act);
    else if (act->producer != NO_PRODUCER)
        world->producers[act->producer].busy = false; // whether it is there or not, it is aborted
    if (op->err != ERR_OK)
        return;
    for (int i = 0; i < act->count; i++) {
        if (!model_log_note(&world->logs[act->place], act->op.append.base_offset + i, act->serial + i))
            clean_fail(world, "%s: offset %" PRId64 " was given twice", world->topics[act->place].name,
                       act->op.append.base_offset + i);
        if (act->place == LOG_COMPACTED && act->producer == NO_PRODUCER)
            model_key_ack(&world->keys[act->keys[i]], act->serial + i);
    }
    if (act->place == LOG_SIZED)
        world->sized_bytes += act->size;
}

// Of PRODUCER in a transaction of its own, or of none.
static void append_step(struct clean_world *world, size_t log, size_t producer)
{
    const struct topic *topic = log_topic(world, log);
    if (topic == NULL)
        return;
    struct act *act = act_new(world);
    struct batch_builder builder;
    struct batch_options options = BATCH_PLAIN;
    act->producer = producer;
    if (producer != NO_PRODUCER) {
        struct sim_producer *state = &world->producers[producer];
        state->busy = state->open = true;
        options = (struct batch_options){ CODEC_NONE, BATCH_TRANSACTIONAL, (int64_t)producer, ++state->epoch, 0 };
        act->commit = choose(world, 2) == 0;
    }
    options.codec = choose(world, 3) == 0 ? CODEC_LZ4 : CODEC_NONE;
    batch_builder_init(&builder, options);
    act->place = log;
    act->count = 1 + (int)choose(world, 3);
    world->next_serial += act->count;
    for (int i = 0; i < act->count; i++) {
        act->keys[i] = (size_t)choose(world, MODEL_KEYS);
        bool is_delete = log == LOG_COMPACTED && choose(world, 6) == 0;
        bytes_t value = value_make(world, act->serial + i, act->value, sizeof act->value);
        if (log == LOG_COMPACTED && (producer == NO_PRODUCER || act->commit))
            model_key_ask(&world->keys[act->keys[i]], act->serial + i, is_delete);
        batch_builder_add(&builder, key_make(act->keys[i], act->key), is_delete ? BYTES_NULL : value, NULL, 0,
                          clock_wall_ms());
    }
    act->op.append =
        (struct append_op){ .op = { .partition = topic->partitions[0], .on_done = on_append }, .ack = APPEND_FLUSHED };
    err_t err = batch_builder_finish(&builder, &act->op.append.batch);
    ASSERT(err == ERR_OK);
    batch_builder_free(&builder);
    act->size = act->op.append.batch.bytes.size;
    log_append(&act->op.append);
}

static void on_marker(struct log_op *op)
{
    struct act *act = CONTAINER_OF(op, struct act, op.append.op);
    struct clean_world *world = act->world;
    act_done(act, op->err);
    world->producers[act->producer].busy = false;
    if (op->err != ERR_OK)
        return;
    world->producers[act->producer].open = false;
    for (int i = 0; i < act->count && act->commit; i++)
        model_key_commit(&world->keys[act->keys[i]], act->serial + i);
}

// Ends the transaction of BEGUN.
static void marker_step(struct clean_world *world, struct act *begun)
{
    const struct topic *topic = log_topic(world, LOG_COMPACTED);
    struct act *act = act_new(world);
    act->producer = begun->producer;
    act->commit = begun->commit;
    act->serial = begun->serial;
    act->count = begun->count;
    memcpy(act->keys, begun->keys, sizeof act->keys);
    struct sim_producer *state = &world->producers[act->producer];
    state->busy = true;
    act->op.append = (struct append_op){
        .op = { .partition = topic->partitions[0], .on_done = on_marker },
        .ack = APPEND_FLUSHED,
        .batch = batch_marker_build((int64_t)act->producer, state->epoch, (struct batch_marker){ act->commit, 0 },
                                    clock_wall_ms()),
    };
    log_append(&act->op.append);
}

static void transaction_step(struct clean_world *world)
{
    size_t producer = (size_t)choose(world, PRODUCERS);
    struct sim_producer *state = &world->producers[producer];
    if (state->busy || log_topic(world, LOG_COMPACTED) == NULL)
        return;
    if (state->open)
        marker_step(world, &(struct act){ .producer = producer });
    else
        append_step(world, LOG_COMPACTED, producer);
}

static void on_cut(struct log_op *op)
{
    struct act *act = CONTAINER_OF(op, struct act, op.cut.op);
    struct model_log *log = &act->world->logs[LOG_CUT];
    act_done(act, op->err);
    if (op->err == ERR_OK && act->op.cut.log_start_offset < act->op.cut.offset)
        clean_fail(act->world, "DeleteRecords to %" PRId64 " answered with log start %" PRId64, act->op.cut.offset,
                   act->op.cut.log_start_offset);
    if (op->err == ERR_OK && log->log_start < act->op.cut.offset)
        log->log_start = act->op.cut.offset;
}

static void cut_step(struct clean_world *world)
{
    const struct topic *topic = log_topic(world, LOG_CUT);
    const struct model_log *log = &world->logs[LOG_CUT];
    if (topic == NULL || log->end <= log->log_start)
        return;
    struct act *act = act_new(world);
    act->op.cut =
        (struct delete_records_op){ .op = { .partition = topic->partitions[0], .on_done = on_cut },
                                    .offset = log->log_start +
                                              (int64_t)choose(world, (uint64_t)(log->end - log->log_start) + 1) };
    log_delete_records(&act->op.cut);
}

// --- topics

static void on_topic(struct topic_op *op)
{
    struct act *act = CONTAINER_OF(op, struct act, op.topic);
    struct topic_state *state = &act->world->topics[act->place];
    act_done(act, op->err);
    if (op->err == ERR_IO || op->err == ERR_CLOSED || op->err == ERR_NO_SPACE)
        return; // what became of it is seen after the next start; nothing else is asked of this topic until then
    if (op->err != ERR_OK)
        clean_fail(act->world, "%s: %s (%s)", state->name, err_text(op->err), op->diag.text);
    state->busy = false;
    state->exists = op->topic != NULL;
    if (op->topic != NULL) {
        state->id = op->topic->id;
        state->partition_count = op->topic->partition_count;
        topic_unref(op->topic);
    }
}

static struct act *topic_act(struct clean_world *world, size_t place)
{
    struct topic_state *state = &world->topics[place];
    struct act *act = act_new(world);
    act->place = place;
    act->op.topic = (struct topic_op){ .on_done = on_topic, .name = bytes_of_text(state->name) };
    state->busy = true;
    state->may_exist = state->may_be_absent = false;
    state->may_have_count = 0;
    return act;
}

static bytes_t log_config_names[LOGS], log_config_values[LOGS];

static void create_step(struct clean_world *world, size_t place)
{
    log_config_names[LOG_COMPACTED] = BYTES_LITERAL("cleanup.policy");
    log_config_values[LOG_COMPACTED] = BYTES_LITERAL("compact");
    log_config_names[LOG_SIZED] = BYTES_LITERAL("retention.bytes");
    log_config_values[LOG_SIZED] = BYTES_LITERAL("12000");
    log_config_names[LOG_CUT] = BYTES_LITERAL("retention.ms");
    log_config_values[LOG_CUT] = BYTES_LITERAL("-1");
    struct act *act = topic_act(world, place);
    act->op.topic.partition_count = place < LOGS ? 1 : 1 + (int32_t)choose(world, 3);
    if (place < LOGS) {
        act->op.topic.config_names = &log_config_names[place];
        act->op.topic.config_values = &log_config_values[place];
        act->op.topic.config_count = 1;
    }
    world->topics[place].may_exist = true;
    world->topics[place].may_have_count = act->op.topic.partition_count;
    topic_create(world->store, &act->op.topic);
}

void clean_work_topics(struct clean_world *world)
{
    for (size_t i = 0; i < LOGS; i++) {
        if (!world->topics[i].exists && !world->topics[i].busy)
            create_step(world, i);
    }
}

static void topic_step(struct clean_world *world)
{
    size_t place = LOGS + (size_t)choose(world, TOPICS - LOGS);
    struct topic_state *state = &world->topics[place];
    if (state->busy)
        return;
    if (!state->exists) {
        create_step(world, place);
        return;
    }
    struct act *act = topic_act(world, place);
    if (choose(world, 3) == 0) {
        act->op.topic.partition_count = state->partition_count + 1;
        state->may_have_count = state->partition_count + 1;
        topic_grow(world->store, &act->op.topic);
    } else {
        state->may_be_absent = true;
        topic_delete(world->store, &act->op.topic);
    }
}

void clean_work_step(struct clean_world *world)
{
    uint64_t kind = choose(world, 100);
    if (world->ops >= OPS_MAX)
        return;
    if (kind < 40)
        put_step(world);
    else if (kind < 52)
        append_step(world, LOG_COMPACTED, NO_PRODUCER);
    else if (kind < 60)
        transaction_step(world);
    else if (kind < 72)
        append_step(world, LOG_SIZED, NO_PRODUCER);
    else if (kind < 84)
        append_step(world, LOG_CUT, NO_PRODUCER);
    else if (kind < 90)
        cut_step(world);
    else
        topic_step(world);
}
