// SPDX-License-Identifier: Apache-2.0
// Topics: translations of the store's operations.
#include "engine/embedded/impl.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

struct topic_call {
    struct topic_op op;
    struct message described; // describe, and an alter of nothing
    struct embedded *embedded;
    struct engine_topic_op *asked;
    struct config_change *changes; // alter
    struct offsets_forget forget;  // what groups have in a topic that was deleted
};

static void answer(struct topic_call *call, err_t err)
{
    struct engine_topic_op *asked = call->asked;
    asked->err = err;
    asked->diag = call->op.diag;
    asked->on_done(asked);
    topic_unref(call->op.topic);
    free(call->changes);
    free(call);
}

// TOPIC stays until on_done returns, either by the call's reference or because it is this turn's.
static void answer_topic(struct topic_call *call, const struct topic *topic)
{
    static_assert((int)ENGINE_TOPIC_ID_SIZE == (int)TOPIC_ID_SIZE, "ids have one size");
    struct engine_topic *found = &call->asked->found;
    *found = (struct engine_topic){
        .is_internal = topic->internal,
        .partition_count = topic->partition_count,
        .config_names = topic->set_names,
        .config_values = topic->set_values,
        .config_count = topic->set_count,
    };
    memcpy(found->id, topic->id.bytes, sizeof found->id);
    answer(call, ERR_OK);
}

static struct topic_call *call_new(struct engine *engine, struct engine_topic_op *op)
{
    struct topic_call *call = mem_zalloc(1, sizeof *call);
    call->embedded = embedded_of(engine);
    call->asked = op;
    call->op.name = op->name;
    return call;
}

// --- ensure

static void on_ensured(struct topic_op *op)
{
    struct topic_call *call = CONTAINER_OF(op, struct topic_call, op);
    const struct topic *topic = op->err == ERR_OK ? op->topic : NULL;
    if (op->err == ERR_EXISTS)
        topic = topic_find(call->embedded->store, op->name);
    if (topic != NULL)
        answer_topic(call, topic);
    else
        answer(call, op->err);
}

void embedded_topic_ensure(struct engine *engine, struct engine_topic_op *op)
{
    struct topic_call *call = call_new(engine, op);
    call->op.partition_count = op->partition_count;
    call->op.config_names = op->config_names;
    call->op.config_values = op->config_values;
    call->op.config_count = op->config_count;
    call->op.on_done = on_ensured;
    topic_create(call->embedded->store, &call->op);
}

// --- delete

static void on_forgotten(struct offsets_forget *forget)
{
    answer(CONTAINER_OF(forget, struct topic_call, forget), ERR_OK);
}

static void on_deleted(struct topic_op *op)
{
    struct topic_call *call = CONTAINER_OF(op, struct topic_call, op);
    if (op->err != ERR_OK) {
        answer(call, op->err);
        return;
    }
    call->forget = (struct offsets_forget){ .topic = op->name, .on_done = on_forgotten };
    offsets_forget_topic(&call->embedded->offsets, &call->forget);
}

void embedded_topic_delete(struct engine *engine, struct engine_topic_op *op)
{
    struct topic_call *call = call_new(engine, op);
    call->op.on_done = on_deleted;
    topic_delete(call->embedded->store, &call->op);
}

// --- describe

static void on_describe(struct message *message)
{
    struct topic_call *call = CONTAINER_OF(message, struct topic_call, described);
    bytes_t name = call->op.name;
    const struct topic *topic = topic_find(call->embedded->store, name);
    if (topic != NULL)
        answer_topic(call, topic);
    else
        answer(call,
               diag_fail(&call->op.diag, ERR_NOT_FOUND, "topic", "The topic '%.*s' does not exist.", BYTES_ARG(name)));
}

static void describe(struct topic_call *call)
{
    call->described.on_message = on_describe;
    loop_post(loop_current(), &call->described);
}

void embedded_topic_describe(struct engine *engine, struct engine_topic_op *op)
{
    describe(call_new(engine, op));
}

// --- alter

static void on_altered(struct topic_op *op)
{
    struct topic_call *call = CONTAINER_OF(op, struct topic_call, op);
    if (op->err == ERR_OK)
        answer_topic(call, op->topic);
    else
        answer(call, op->err);
}

static void grow(struct topic_call *call)
{
    call->op = (struct topic_op){
        .name = call->asked->name,
        .partition_count = call->asked->partition_count,
        .on_done = on_altered,
    };
    topic_grow(call->embedded->store, &call->op);
}

static void on_configured(struct topic_op *op)
{
    struct topic_call *call = CONTAINER_OF(op, struct topic_call, op);
    if (op->err != ERR_OK || call->asked->partition_count == 0) {
        on_altered(op);
        return;
    }
    topic_unref(op->topic);
    grow(call);
}

static void configure(struct topic_call *call)
{
    const struct engine_topic_op *asked = call->asked;
    call->changes = mem_zalloc(asked->config_count, sizeof *call->changes);
    for (size_t i = 0; i < asked->config_count; i++) {
        bool is_unset = asked->config_values[i].data == NULL;
        call->changes[i] = (struct config_change){ .name = asked->config_names[i],
                                                   .value = asked->config_values[i],
                                                   .kind = is_unset ? CONFIG_DELETE : CONFIG_SET };
    }
    call->op.changes = call->changes;
    call->op.change_count = asked->config_count;
    call->op.on_done = on_configured;
    topic_reconfigure(call->embedded->store, &call->op);
}

void embedded_topic_alter(struct engine *engine, struct engine_topic_op *op)
{
    struct topic_call *call = call_new(engine, op);
    if (op->config_count > 0)
        configure(call);
    else if (op->partition_count != 0)
        grow(call);
    else
        describe(call);
}
