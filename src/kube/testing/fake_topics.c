// SPDX-License-Identifier: Apache-2.0
#include "kube/testing/fake_topics.h"

#include "base/mem.h"
#include "kube/testing/fake_engine.h"

#include <stdlib.h>

struct topic_ask {
    struct message message;
    struct fake_engine *fake;
    struct engine_topic_op *op;
    void (*act)(struct fake_topics *all, struct engine_topic_op *op);
};

static struct fake_topic *find(struct fake_topics *all, bytes_t name)
{
    for (size_t i = 0; i < all->count; i++) {
        if (bytes_equal(all->items[i].name, name))
            return &all->items[i];
    }
    return NULL;
}

static bytes_t copy(bytes_t text)
{
    return bytes_of(bytes_to_text(text), text.size);
}

static void drop(bytes_t text)
{
    free((void *)(uintptr_t)text.data);
}

static void config_set(struct fake_topic *topic, bytes_t name, bytes_t value)
{
    size_t i = 0;
    while (i < topic->config_count && !bytes_equal(topic->config_names[i], name))
        i++;
    if (i < topic->config_count) {
        drop(topic->config_names[i]);
        drop(topic->config_values[i]);
        topic->config_count--;
        topic->config_names[i] = topic->config_names[topic->config_count];
        topic->config_values[i] = topic->config_values[topic->config_count];
    }
    if (value.data == NULL)
        return;
    ASSERT(topic->config_count < FAKE_CONFIGS_MAX);
    topic->config_names[topic->config_count] = copy(name);
    topic->config_values[topic->config_count++] = copy(value);
}

static void topic_drop(struct fake_topics *all, struct fake_topic *topic)
{
    while (topic->config_count > 0)
        config_set(topic, topic->config_names[0], BYTES_NULL);
    drop(topic->name);
    *topic = all->items[--all->count];
}

static struct fake_topic *topic_put(struct fake_topics *all, bytes_t name, int32_t partition_count)
{
    MEM_GROW(all->items, all->count, all->capacity);
    struct fake_topic *topic = &all->items[all->count++];
    *topic = (struct fake_topic){ .name = copy(name), .partition_count = partition_count };
    topic->id[0] = ++all->next_id;
    return topic;
}

// --- operations

static void found(struct engine_topic_op *op, const struct fake_topic *topic)
{
    op->found = (struct engine_topic){
        .is_internal = topic->is_internal,
        .partition_count = topic->partition_count,
        .config_names = topic->config_names,
        .config_values = topic->config_values,
        .config_count = topic->config_count,
    };
    memcpy(op->found.id, topic->id, sizeof topic->id);
}

static err_t configs_check(struct engine_topic_op *op)
{
    for (size_t i = 0; i < op->config_count; i++) {
        if (op->config_values[i].data != NULL && bytes_is(op->config_values[i], "bad"))
            return diag_fail(&op->diag, ERR_INVALID, "config", "Invalid value bad for configuration %.*s",
                             BYTES_ARG(op->config_names[i]));
    }
    return ERR_OK;
}

static void configs_set(struct fake_topic *topic, const struct engine_topic_op *op)
{
    for (size_t i = 0; i < op->config_count; i++)
        config_set(topic, op->config_names[i], op->config_values[i]);
}

static void ensure(struct fake_topics *all, struct engine_topic_op *op)
{
    struct fake_topic *topic = find(all, op->name);
    op->err = all->error != ERR_OK ? all->error : configs_check(op);
    if (op->err != ERR_OK)
        return;
    if (topic == NULL) {
        ASSERT(op->partition_count > 0);
        topic = topic_put(all, op->name, op->partition_count);
        configs_set(topic, op);
    }
    found(op, topic);
}

static void describe(struct fake_topics *all, struct engine_topic_op *op)
{
    void (*on_described)(struct fake_topics *) = all->on_described;
    const struct fake_topic *topic = find(all, op->name);
    op->err = topic == NULL ? ERR_NOT_FOUND : ERR_OK;
    if (topic != NULL)
        found(op, topic);
    all->on_described = NULL;
    if (on_described != NULL)
        on_described(all);
}

static void alter(struct fake_topics *all, struct engine_topic_op *op)
{
    struct fake_topic *topic = find(all, op->name);
    op->err = all->error != ERR_OK ? all->error : topic == NULL ? ERR_NOT_FOUND : configs_check(op);
    if (op->err != ERR_OK)
        return;
    if (op->partition_count != 0) {
        ASSERT(op->partition_count > topic->partition_count);
        topic->partition_count = op->partition_count;
    }
    configs_set(topic, op);
    found(op, topic);
}

static void remove_topic(struct fake_topics *all, struct engine_topic_op *op)
{
    struct fake_topic *topic = find(all, op->name);
    op->err = all->error != ERR_OK ? all->error : topic == NULL ? ERR_NOT_FOUND : ERR_OK;
    if (op->err == ERR_OK)
        topic_drop(all, topic);
    else if (op->err == ERR_DENIED)
        (void)diag_fail(&op->diag, ERR_DENIED, "topic", "The topic cannot be deleted.");
}

static void on_asked(struct message *message)
{
    struct topic_ask *ask = CONTAINER_OF(message, struct topic_ask, message);
    struct engine_topic_op *op = ask->op;
    ask->fake->pending--;
    ask->act(&ask->fake->topics, op);
    free(ask);
    op->on_done(op);
}

static void ask(struct engine *engine, struct engine_topic_op *op,
                void (*act)(struct fake_topics *all, struct engine_topic_op *op))
{
    struct topic_ask *made = mem_zalloc(1, sizeof *made);
    made->fake = CONTAINER_OF(engine, struct fake_engine, engine);
    made->op = op;
    made->act = act;
    made->message.on_message = on_asked;
    made->fake->pending++;
    loop_post(made->fake->loop, &made->message);
}

static struct fake_topics *topics_of(struct engine *engine)
{
    return &CONTAINER_OF(engine, struct fake_engine, engine)->topics;
}

void fake_topic_ensure(struct engine *engine, struct engine_topic_op *op)
{
    topics_of(engine)->made++;
    ask(engine, op, ensure);
}

void fake_topic_delete(struct engine *engine, struct engine_topic_op *op)
{
    topics_of(engine)->deleted++;
    ask(engine, op, remove_topic);
}

void fake_topic_describe(struct engine *engine, struct engine_topic_op *op)
{
    topics_of(engine)->described++;
    ask(engine, op, describe);
}

void fake_topic_alter(struct engine *engine, struct engine_topic_op *op)
{
    topics_of(engine)->altered++;
    ask(engine, op, alter);
}

// --- for tests

struct fake_topic *fake_topic_find(struct fake_topics *all, const char *name)
{
    return find(all, bytes_of_text(name));
}

struct fake_topic *fake_topic_put(struct fake_topics *all, const char *name, int32_t partition_count)
{
    return topic_put(all, bytes_of_text(name), partition_count);
}

void fake_topic_drop(struct fake_topics *all, const char *name)
{
    topic_drop(all, find(all, bytes_of_text(name)));
}

void fake_topic_config(struct fake_topic *topic, const char *name, const char *value)
{
    config_set(topic, bytes_of_text(name), value == NULL ? BYTES_NULL : bytes_of_text(value));
}

void fake_topics_free(struct fake_topics *all)
{
    while (all->count > 0)
        topic_drop(all, &all->items[0]);
    free(all->items);
}
