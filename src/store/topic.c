// SPDX-License-Identifier: Apache-2.0
// The struct topic and its form on disk. Who may change it is in catalog_change.c.
#include "store/topic_impl.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/reader.h"
#include "base/writer.h"
#include "store/partition.h"

#include <stdlib.h>

enum {
    TOPIC_DEF_VERSION = 1,
    TOPIC_DEF_INTERNAL = 1 << 0,
    TOPIC_DEF_DELETING = 1 << 1,
};

// --- the row

//   version u8 = 1 | flags u8 | topic id 16 | partition count i32 | number of values uvarint
//   each: size uvarint | name | size uvarint | value
struct slice topic_def_encode(const struct topic_def *def)
{
    struct writer w = WRITER_INIT;
    writer_u8(&w, TOPIC_DEF_VERSION);
    writer_u8(&w, (uint8_t)((def->internal ? TOPIC_DEF_INTERNAL : 0) | (def->deleting ? TOPIC_DEF_DELETING : 0)));
    writer_bytes(&w, bytes_of(def->id.bytes, TOPIC_ID_SIZE));
    writer_i32(&w, def->partition_count);
    writer_uvarint(&w, (uint32_t)def->set_count);
    for (size_t i = 0; i < def->set_count; i++) {
        writer_uvarint(&w, (uint32_t)def->set_names[i].size);
        writer_bytes(&w, def->set_names[i]);
        writer_uvarint(&w, (uint32_t)def->set_values[i].size);
        writer_bytes(&w, def->set_values[i]);
    }
    return writer_finish(&w);
}

err_t topic_def_decode(bytes_t name, bytes_t value, struct arena *arena, struct topic_def *ret_def, diag_t *diag)
{
    struct reader r = reader_of(value);
    struct topic_def def = { .name = name };
    uint8_t version = reader_u8(&r);
    if (r.err == ERR_OK && version > TOPIC_DEF_VERSION)
        return diag_fail(diag, ERR_UNSUPPORTED, "__eddy_topics",
                         "a newer eddy wrote the topic '%.*s' (form %d, this one knows %d): start the newer version",
                         BYTES_ARG(name), version, TOPIC_DEF_VERSION);
    uint8_t flags = reader_u8(&r);
    bytes_t id = reader_bytes(&r, TOPIC_ID_SIZE);
    def.partition_count = reader_i32(&r);
    def.set_count = reader_uvarint(&r);
    if (r.err != ERR_OK || def.partition_count <= 0 || def.set_count > reader_left(&r))
        return diag_fail(diag, ERR_MALFORMED, "__eddy_topics", "the row of topic '%.*s' is damaged", BYTES_ARG(name));
    def.internal = (flags & TOPIC_DEF_INTERNAL) != 0;
    def.deleting = (flags & TOPIC_DEF_DELETING) != 0;
    memcpy(def.id.bytes, id.data, TOPIC_ID_SIZE);
    bytes_t *names = arena_array(arena, def.set_count + 1, sizeof *names);
    bytes_t *values = arena_array(arena, def.set_count + 1, sizeof *values);
    for (size_t i = 0; i < def.set_count; i++) {
        names[i] = reader_bytes(&r, reader_uvarint(&r));
        values[i] = reader_bytes(&r, reader_uvarint(&r));
    }
    if (r.err != ERR_OK || reader_left(&r) > 0)
        return diag_fail(diag, ERR_MALFORMED, "__eddy_topics", "the row of topic '%.*s' is damaged", BYTES_ARG(name));
    def.set_names = names;
    def.set_values = values;
    *ret_def = def;
    return ERR_OK;
}

err_t topic_def_config(const struct topic_def *def, const struct topic_config *defaults,
                       struct topic_config *ret_config, diag_t *diag)
{
    struct topic_config config = *defaults;
    for (size_t i = 0; i < def->set_count; i++) {
        bytes_t name = def->set_names[i], value = def->set_values[i];
        if (diag != NULL && value.data == NULL)
            return diag_fail(diag, ERR_INVALID, "config", "Null value not supported for topic configs: %.*s",
                             BYTES_ARG(name));
        err_t err = topic_config_set(&config, name, value, diag);
        if (err != ERR_OK && diag != NULL)
            return ERR_INVALID;
        if (err != ERR_OK)
            log_line(LOG_WARN, "a topic's configuration is not understood",
                     LOG_FIELDS(log_bytes("topic", def->name), log_bytes("name", name), log_bytes("value", value)));
    }
    if (diag != NULL && topic_config_check(&config, diag) != ERR_OK)
        return ERR_INVALID;
    *ret_config = config;
    return ERR_OK;
}

// --- partitions that versions of a topic share

struct topic_reap {
    struct message message;
    struct topic_life *life;
    struct partition *partition;
};

static void life_free(struct topic_life *life)
{
    list_remove(&life->node);
    free(life->partitions);
    free(life->reaps);
    free(life);
}

static void on_reaped(struct message *message)
{
    struct topic_life *life = CONTAINER_OF(message, struct topic_reap, message)->life;
    if (--life->reaps_left == 0)
        life_free(life);
}

static void on_reap(struct message *message)
{
    struct topic_reap *reap = CONTAINER_OF(message, struct topic_reap, message);
    partition_free(reap->partition);
    message->on_message = on_reaped;
    loop_post(reap->life->loop, message);
}

static void on_life_end(struct message *message)
{
    struct topic_life *life = CONTAINER_OF(message, struct topic_life, message);
    if (!life->deleted || life->count == 0) {
        life_free(life);
        return;
    }
    life->reaps_left = life->count;
    life->reaps = mem_zalloc((size_t)life->count, sizeof *life->reaps);
    for (int32_t i = 0; i < life->count; i++) {
        struct topic_reap *reap = &life->reaps[i];
        *reap = (struct topic_reap){ { .on_message = on_reap }, life, life->partitions[i] };
        loop_post(partition_loop(reap->partition), &reap->message);
    }
}

static void life_on_free(struct buf *buf)
{
    struct topic_life *life = buf->owner;
    free(buf);
    if (loop_current() == NULL) {
        life_free(life); // the store is being opened or freed
        return;
    }
    life->ending = true;
    life->message.on_message = on_life_end;
    loop_post(life->loop, &life->message);
}

struct topic_life *topic_life_new(struct loop *loop, struct list_node *lives)
{
    struct topic_life *life = mem_zalloc(1, sizeof *life);
    list_append(lives, &life->node);
    life->loop = loop;
    life->self = buf_new(0);
    life->self->owner = life;
    life->self->on_free = life_on_free;
    return life;
}

void topic_lives_free(struct list_node *lives)
{
    LIST_EACH(lives, node)
    {
        struct topic_life *life = LIST_ITEM(node, struct topic_life, node);
        list_remove(&life->node);
        if (life->ending)
            life_free(life);
    }
}

struct topic_life *topic_life_ref(struct topic_life *life)
{
    buf_ref(life->self);
    return life;
}

void topic_life_unref(struct topic_life *life)
{
    if (life != NULL)
        buf_unref(life->self);
}

void topic_life_add(struct topic_life *life, struct partition *partition)
{
    MEM_GROW(life->partitions, life->count, life->capacity);
    life->partitions[life->count++] = partition;
}

// --- the struct

// One allocation, without slack: there may be many thousand. The buf counts its references.
struct topic_memory {
    struct topic topic;
    struct buf *self;
    struct topic_life *life;
    struct partition *partitions[]; // then names, values, texts
};

static struct topic_memory *memory_of(const struct topic *topic)
{
    return ((const struct topic_memory *)(const void *)topic)->self->owner;
}

static void memory_on_free(struct buf *buf)
{
    struct topic_memory *memory = buf->owner;
    topic_life_unref(memory->life);
    free(memory);
    free(buf);
}

static size_t texts_size(const struct topic_def *def)
{
    size_t size = def->name.size;
    for (size_t i = 0; i < def->set_count; i++)
        size += def->set_names[i].size + def->set_values[i].size;
    return size;
}

static bytes_t text_add(uint8_t **at, bytes_t text)
{
    bytes_t copy = bytes_of(*at, text.size);
    if (text.size > 0)
        memcpy(*at, text.data, text.size);
    *at += text.size;
    return copy;
}

const struct topic *topic_new(const struct topic_def *def, const struct topic_config *config, struct topic_life *life)
{
    ASSERT(def->partition_count <= life->count);
    struct topic_memory *memory;
    size_t count = (size_t)def->partition_count;
    size_t lists_size = 2 * def->set_count * sizeof(bytes_t);
    memory = mem_zalloc(1, sizeof *memory + count * sizeof memory->partitions[0] + lists_size + texts_size(def));
    memory->self = buf_new(0);
    memory->self->owner = memory;
    memory->self->on_free = memory_on_free;
    memory->life = topic_life_ref(life);
    memcpy(memory->partitions, life->partitions, count * sizeof memory->partitions[0]);
    bytes_t *names = (bytes_t *)(void *)(memory->partitions + count);
    bytes_t *values = names + def->set_count;
    uint8_t *at = (uint8_t *)(values + def->set_count);
    memory->topic = (struct topic){ .name = text_add(&at, def->name),
                                    .id = def->id,
                                    .internal = def->internal,
                                    .partition_count = def->partition_count,
                                    .partitions = memory->partitions,
                                    .config = *config,
                                    .set_names = names,
                                    .set_values = values,
                                    .set_count = def->set_count };
    for (size_t i = 0; i < def->set_count; i++) {
        names[i] = text_add(&at, def->set_names[i]);
        values[i] = text_add(&at, def->set_values[i]);
    }
    return &memory->topic;
}

const struct topic *topic_ref(const struct topic *topic)
{
    buf_ref(memory_of(topic)->self);
    return topic;
}

void topic_unref(const struct topic *topic)
{
    if (topic != NULL)
        buf_unref(memory_of(topic)->self);
}

struct topic_life *topic_life_of(const struct topic *topic)
{
    return memory_of(topic)->life;
}

struct topic_def topic_def_of(const struct topic *topic)
{
    return (struct topic_def){ .name = topic->name,
                               .id = topic->id,
                               .partition_count = topic->partition_count,
                               .internal = topic->internal,
                               .set_names = topic->set_names,
                               .set_values = topic->set_values,
                               .set_count = topic->set_count };
}
