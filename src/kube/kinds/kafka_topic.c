// SPDX-License-Identifier: Apache-2.0
// KafkaTopic: a topic by YAML, as Strimzi's Topic Operator keeps it. One look at a resource is a chain: describe the
// topic, make or alter it, write the status. What differs from Strimzi: configurations that somebody else set stay.
#include "base/base64.h"
#include "base/log.h"
#include "base/mem.h"
#include "kube/api.h"
#include "kube/builtin/text.h"
#include "kube/client.h"
#include "kube/condition.h"
#include "kube/controller.h"
#include "kube/embed.h"
#include "kube/kinds/claims.h"
#include "kube/kinds/kinds.h"
#include "kube/kinds/topic_spec.h"
#include "kube/recorder.h"

#include <stdlib.h>

EMBED(kafka_topic_definition, "kafkatopic");

#define MANAGER   "eddy"
#define FINALIZER "strimzi.io/topic-operator"
#define MANAGED   "strimzi.io/managed"
#define PAUSED    "strimzi.io/pause-reconciliation"

struct topics {
    struct controller controller;
    struct claims claims; // on topics, by their names
};

// One look at one resource.
struct look {
    struct topics *topics;
    struct work *work;
    struct arena arena; // of all that follows
    const struct json_value *object;
    struct topic_spec spec;
    int32_t partition_count; // that the topic has
    struct engine_topic_op op;
    // What the status will say.
    struct condition condition, warning; // no type: none
    bytes_t topic_id;                    // BYTES_NULL: the topic is not there, or not this resource's
    bool is_holder;
    const struct json_value *set_names; // of configurations; NULL: none
};

// --- the end of a look

static void look_end(struct look *look, enum work_result result)
{
    struct work *work = look->work;
    arena_free(&look->arena);
    free(look);
    work_end(work, result);
}

static void on_written(struct client_op *op)
{
    bool is_fine = op->reason == PROBLEM_NONE || op->reason == PROBLEM_NOT_FOUND;
    look_end(op->owner, is_fine ? WORK_DONE : WORK_FAILED);
}

// CHANGE (client_op.change) makes the write that ends the look.
static void update(struct look *look, const char *subresource,
                   bool (*change)(struct client_op *op, struct json_value *object))
{
    struct work *work = look->work;
    struct controller *controller = &look->topics->controller;
    struct client_op *op = client_op_new(controller->kube, controller->kind, work->name_space, work->name, MANAGER);
    op->subresource = bytes_of_text(subresource);
    op->change = change;
    op->on_done = on_written;
    op->owner = look;
    client_update(op);
}

// Not another object that has taken the name meanwhile.
static bool is_same(const struct look *look, const struct json_value *object)
{
    return bytes_equal(object_meta_text(object, "uid"), object_meta_text(look->object, "uid"));
}

// Only those stay that are set anew: the others do not hold any more.
static void conditions_write(const struct look *look, struct client_op *op, struct json_value *status)
{
    const struct condition *const all[] = { &look->condition, &look->warning };
    struct json_value *list = json_find(status, BYTES_LITERAL("conditions"));
    for (struct json_value *item = first_of(list), *next; item != NULL; item = next) {
        bytes_t type = json_text_at(item, "type");
        next = item->next;
        if (!bytes_is(type, look->condition.type) && (look->warning.type == NULL || !bytes_is(type, "Warning")))
            json_detach(item);
    }
    for (size_t i = 0; i < ARRAY_COUNT(all); i++) {
        if (all[i]->type != NULL)
            condition_set(status, &op->arena, all[i], op->admission.now_ms);
    }
}

static void member_write(struct client_op *op, struct json_value *status, const char *name, bytes_t text)
{
    if (text.data == NULL)
        json_unset(status, bytes_of_text(name));
    else
        json_set_bytes(status, &op->arena, name, arena_copy(&op->arena, text));
}

static bool status_change(struct client_op *op, struct json_value *object)
{
    const struct look *look = op->owner;
    if (!is_same(look, object))
        return false;
    struct json_value *status = json_set_object(object, &op->arena, "status");
    const struct json_value *was = json_copy(&op->arena, status);
    conditions_write(look, op, status);
    json_set_int(status, &op->arena, "observedGeneration", object_generation(look->object));
    member_write(op, status, "topicName", look->is_holder ? look->spec.name : BYTES_NULL);
    member_write(op, status, "topicId", look->topic_id);
    if (look->set_names == NULL || look->set_names->count == 0)
        json_unset(status, BYTES_LITERAL("configNames"));
    else
        json_set(status, BYTES_LITERAL("configNames"), json_copy(&op->arena, look->set_names));
    return !json_equal(was, status);
}

static void conclude(struct look *look, struct condition condition)
{
    look->condition = condition;
    update(look, "status", status_change);
}

// What is new is told as an event, too.
static void not_ready(struct look *look, const char *reason, const char *message)
{
    const struct json_value *was = condition_find(look->object, "Ready");
    if (!bytes_is(json_text_at(was, "reason"), reason) || !bytes_is(json_text_at(was, "message"), message))
        record_event(look->topics->controller.kube, look->topics->controller.kind, look->object, true, reason, message);
    conclude(look, (struct condition){ .type = "Ready", .status = "False", .reason = reason, .message = message });
}

// What another try may mend ends the look; the rest is told.
static void engine_failed(struct look *look)
{
    static const err_t told[] = { ERR_INVALID, ERR_CONFLICT, ERR_LIMIT, ERR_UNSUPPORTED, ERR_DENIED };
    for (size_t i = 0; i < ARRAY_COUNT(told); i++) {
        if (look->op.err == told[i]) {
            not_ready(look, "KafkaError", look->op.diag.text);
            return;
        }
    }
    look_end(look, WORK_FAILED);
}

static void ready(struct look *look)
{
    if (look->spec.replica_count > 1)
        look->warning = (struct condition){
            .type = "Warning",
            .status = "True",
            .reason = "SingleNode",
            .message = arena_format(
                &look->arena, "spec.replicas is %lld: this server is one node and keeps one copy of each partition",
                (long long)look->spec.replica_count),
        };
    conclude(look, (struct condition){ .type = "Ready", .status = "True" });
}

// --- the topic becomes what the resource says

static void engine_ask(struct look *look, void (*ask)(struct engine *engine, struct engine_topic_op *op),
                       void (*on_done)(struct engine_topic_op *op))
{
    look->op.on_done = on_done;
    look->op.name = look->spec.name;
    ask(look->topics->controller.kube->resources.engine, &look->op);
}

static const struct engine_driver *driver_of(const struct look *look)
{
    return look->topics->controller.kube->resources.engine->driver;
}

static struct look *look_of(struct engine_topic_op *op)
{
    return CONTAINER_OF(op, struct look, op);
}

static void on_grown(struct engine_topic_op *op)
{
    if (op->err == ERR_OK)
        ready(look_of(op));
    else
        engine_failed(look_of(op));
}

// 0: as it is, or by default. More than there can be is for the engine to refuse.
static int32_t partitions_wanted(const struct look *look)
{
    int64_t count = look->spec.partition_count;
    return count > INT32_MAX ? INT32_MAX : (int32_t)count;
}

static void grow(struct look *look)
{
    int32_t wanted = partitions_wanted(look);
    if (wanted > look->partition_count) {
        look->op = (struct engine_topic_op){ .partition_count = wanted };
        engine_ask(look, driver_of(look)->topic_alter, on_grown);
    } else if (wanted != 0 && wanted < look->partition_count) {
        not_ready(look, "NotSupported", "Decreasing partitions not supported");
    } else {
        ready(look);
    }
}

// The configurations of spec.config are this resource's from now on.
static void configured(struct look *look)
{
    struct json_value *names = json_new(&look->arena, JSON_ARRAY);
    for (size_t i = 0; i < look->spec.config_count; i++)
        json_append(names, json_new_bytes(&look->arena, look->spec.config_names[i]));
    look->set_names = names;
    grow(look);
}

static void on_configured(struct engine_topic_op *op)
{
    if (op->err == ERR_OK)
        configured(look_of(op));
    else
        engine_failed(look_of(op));
}

// FOUND is valid during this call only.
static void configure(struct look *look, const struct engine_topic *found)
{
    bytes_t *names, *values;
    size_t count = topic_spec_changes(&look->spec, look->set_names, found, &look->arena, &names, &values);
    if (count == 0) {
        configured(look);
        return;
    }
    look->op = (struct engine_topic_op){ .config_names = names, .config_values = values, .config_count = count };
    engine_ask(look, driver_of(look)->topic_alter, on_configured);
}

static void adopt(struct look *look, const struct engine_topic *found)
{
    char id[BASE64_SIZE(ENGINE_TOPIC_ID_SIZE)];
    if (found->is_internal) {
        look->topic_id = BYTES_NULL;
        not_ready(look, "NotSupported",
                  arena_format(&look->arena, "The topic '%.*s' is the server's own and is left alone",
                               BYTES_ARG(look->spec.name)));
        return;
    }
    size_t size = base64_encode(BASE64_URL, bytes_of(found->id, sizeof found->id), id);
    look->topic_id = arena_copy(&look->arena, bytes_of(id, size));
    look->partition_count = found->partition_count;
    configure(look, found);
}

static void on_made(struct engine_topic_op *op)
{
    struct look *look = look_of(op);
    if (op->err == ERR_OK)
        adopt(look, &op->found); // somebody else may have been quicker
    else
        engine_failed(look);
}

static void on_described(struct engine_topic_op *op)
{
    struct look *look = look_of(op);
    if (op->err == ERR_OK) {
        adopt(look, &op->found);
        return;
    }
    if (op->err != ERR_NOT_FOUND) {
        engine_failed(look);
        return;
    }
    int32_t wanted = partitions_wanted(look);
    look->topic_id = BYTES_NULL;
    look->op = (struct engine_topic_op){
        .partition_count = wanted != 0 ? wanted : look->topics->controller.kube->options.topic_partitions,
        .config_names = look->spec.config_names,
        .config_values = look->spec.config_values,
        .config_count = look->spec.config_count,
    };
    engine_ask(look, driver_of(look)->topic_ensure, on_made);
}

// --- the finalizer: the topic goes before the resource

static bool finalizer_add(struct client_op *op, struct json_value *object)
{
    if (!is_same(op->owner, object) || object_is_deleting(object) ||
        object_has_finalizer(object, BYTES_LITERAL(FINALIZER)))
        return false;
    object_finalizer_add(object, &op->arena, BYTES_LITERAL(FINALIZER));
    return true;
}

static bool finalizer_remove(struct client_op *op, struct json_value *object)
{
    if (!is_same(op->owner, object))
        return false;
    object_finalizer_remove(object, BYTES_LITERAL(FINALIZER));
    return true;
}

static void let_go(struct look *look)
{
    update(look, "", finalizer_remove);
}

static void on_deleted(struct engine_topic_op *op)
{
    struct look *look = look_of(op);
    if (op->err != ERR_OK && op->err != ERR_NOT_FOUND) {
        engine_failed(look);
        return;
    }
    log_line(LOG_INFO, "a topic was deleted with its KafkaTopic",
             LOG_FIELDS(log_bytes("topic", look->spec.name), log_bytes("resource", look->work->key)));
    let_go(look);
}

static void on_described_to_delete(struct engine_topic_op *op)
{
    struct look *look = look_of(op);
    if (op->err == ERR_NOT_FOUND || (op->err == ERR_OK && op->found.is_internal)) {
        let_go(look);
        return;
    }
    if (op->err != ERR_OK) {
        engine_failed(look);
        return;
    }
    look->op = (struct engine_topic_op){ 0 };
    engine_ask(look, driver_of(look)->topic_delete, on_deleted);
}

static void end(struct look *look)
{
    if (!object_has_finalizer(look->object, BYTES_LITERAL(FINALIZER)))
        look_end(look, WORK_DONE); // somebody else's holds it
    else if (!look->is_holder)
        let_go(look);
    else
        engine_ask(look, driver_of(look)->topic_describe, on_described_to_delete);
}

// --- one look

static bool is_managed(const struct json_value *object)
{
    return !bytes_is(object_annotation(object, MANAGED), "false");
}

// One that is on its way out and has let the topic go does not want it any more.
static bool wants_topic(const struct json_value *object)
{
    return is_managed(object) &&
           (!object_is_deleting(object) || object_has_finalizer(object, BYTES_LITERAL(FINALIZER)));
}

// Whether the topic is this resource's, of all that name it.
static bool claim(struct topics *topics, bytes_t key, const struct json_value *object)
{
    struct claimant claimant = {
        .object = key,
        .uid = object_meta_text(object, "uid"),
        .created = object_meta_text(object, "creationTimestamp"),
        .has_it = json_text_at(json_get(object, "status"), "topicId").size > 0,
    };
    if (!wants_topic(object)) {
        claims_drop(&topics->claims, key);
        return false;
    }
    claims_ask(&topics->claims, topic_spec_name(object), &claimant);
    return bytes_equal(claims_holder(&topics->claims, topic_spec_name(object)), key);
}

static void bring_about(struct look *look)
{
    bytes_t id = json_text_at(json_get(look->object, "status"), "topicId");
    if (!is_managed(look->object)) {
        conclude(look, (struct condition){ .type = "Unmanaged", .status = "True" });
        return;
    }
    if (!look->is_holder) {
        not_ready(look, "ResourceConflict",
                  arena_format(&look->arena, "The topic '%.*s' is managed by the KafkaTopic %.*s, which is older",
                               BYTES_ARG(look->spec.name),
                               BYTES_ARG(claims_holder(&look->topics->claims, look->spec.name))));
        return;
    }
    if (id.size > 0)
        look->topic_id = id;
    if (bytes_is(object_annotation(look->object, PAUSED), "true"))
        conclude(look, (struct condition){ .type = "ReconciliationPaused", .status = "True" });
    else if (!object_has_finalizer(look->object, BYTES_LITERAL(FINALIZER)))
        update(look, "", finalizer_add); // the change brings the resource back here
    else
        engine_ask(look, driver_of(look)->topic_describe, on_described);
}

static void reconcile(struct controller *controller, struct work *work)
{
    struct topics *topics = CONTAINER_OF(controller, struct topics, controller);
    struct look *look = mem_zalloc(1, sizeof *look);
    struct json_value *object;
    look->topics = topics;
    look->work = work;
    if (client_get(controller->kube, controller->kind, work->name_space, work->name, &look->arena, &object) != ERR_OK) {
        claims_drop(&topics->claims, work->key);
        look_end(look, WORK_DONE);
        return;
    }
    look->object = object;
    topic_spec_read(&look->spec, object, &look->arena);
    look->set_names = json_get(json_get(object, "status"), "configNames");
    look->is_holder = claim(topics, work->key, object);
    if (object_is_deleting(object))
        end(look);
    else
        bring_about(look);
}

// --- start and stop

static void on_claim_change(void *owner, bytes_t object)
{
    struct topics *topics = owner;
    bytes_t name_space, name;
    key_names(object, &name_space, &name);
    controller_enqueue(&topics->controller, name_space, name);
}

// Before the first look: a resource that is looked at early must not take the topic of an older one.
static void claims_load(struct topics *topics)
{
    struct controller *controller = &topics->controller;
    size_t prefix = controller->kind->prefix.size;
    struct resources_walk walk;
    struct table_row row;
    struct arena arena = ARENA_INIT;
    err_t err = resources_walk_start(&walk, &controller->kube->resources, controller->kind, BYTES_LITERAL(""), 0,
                                     BYTES_NULL, &arena);
    while (err == ERR_OK && resources_walk_next(&walk, &row)) {
        struct arena parsed = ARENA_INIT;
        struct json_value *object;
        if (object_decode(row.value, controller->kind, controller->kind->storage, row.version, &parsed, &object) ==
            ERR_OK)
            (void)claim(topics, bytes_of(row.key.data + prefix, row.key.size - prefix), object);
        arena_free(&parsed);
    }
    arena_free(&arena);
}

static void *start(struct kube *kube, struct kind *kind)
{
    struct topics *topics = mem_zalloc(1, sizeof *topics);
    topics->controller = (struct controller){
        .kube = kube, .kind = kind, .reconcile = reconcile, .look_every_ms = kube->options.resync_ms
    };
    claims_init(&topics->claims, NULL, topics);
    claims_load(topics);
    topics->claims.on_change = on_claim_change;
    controller_start(&topics->controller);
    return topics;
}

static void stop(void *state)
{
    struct topics *topics = state;
    controller_stop(&topics->controller);
}

static void topics_free(void *state)
{
    struct topics *topics = state;
    controller_deinit(&topics->controller);
    claims_deinit(&topics->claims);
    free(topics);
}

static const struct kind_controller controller_of_topics = { start, stop, topics_free };

const struct kind_rules kafka_topic_rules = {
    .definition = kafka_topic_definition,
    .check = topic_spec_check,
    .controller = &controller_of_topics,
};
