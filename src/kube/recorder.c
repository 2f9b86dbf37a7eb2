// SPDX-License-Identifier: Apache-2.0
#include "kube/recorder.h"

#include "base/assert.h"
#include "base/civil.h"
#include "base/siphash.h"
#include "io/clock.h"
#include "kube/api.h"
#include "kube/builtin/text.h"
#include "kube/client.h"

#include <inttypes.h>

#define MANAGER "eddy"

enum {
    NAME_PART_MAX = 200,   // of the object's name, in the event's
    MESSAGE_MAX = 1024,    // as Kubernetes' own recorder
    LOOK_EVERY_MS = 60000, // events that are too old
};

static struct kind *events_of(const struct kube *kube)
{
    return kinds_find(&kube->resources.kinds, BYTES_LITERAL(""), BYTES_LITERAL("events"));
}

// --- telling

// Equal for what is the same again.
static bytes_t event_name(struct arena *arena, const struct json_value *object, bool is_warning, const char *reason,
                          bytes_t message)
{
    static const struct siphash_secret secret = { 0 }; // whoever makes two alike has one counted as the other
    bytes_t name = object_name(object);
    const char *all = arena_format(arena, "%.*s %d %s %.*s", BYTES_ARG(object_meta_text(object, "uid")), is_warning,
                                   reason, BYTES_ARG(message));
    if (name.size > NAME_PART_MAX)
        name.size = NAME_PART_MAX;
    return bytes_of_text(
        arena_format(arena, "%.*s.%016" PRIx64, BYTES_ARG(name), siphash_128(secret, bytes_of_text(all)).low));
}

static bool count_again(struct client_op *op, struct json_value *event)
{
    json_set_int(event, &op->arena, "count", int_at(event, "count") + 1);
    json_set_bytes(event, &op->arena, "lastTimestamp", time_text(&op->arena, op->admission.now_ms));
    return true;
}

static void on_created(struct client_op *op)
{
    if (op->reason != PROBLEM_ALREADY_EXISTS)
        return;
    struct client_op *again = client_op_new(op->kube, op->kind, op->name_space, op->name, MANAGER);
    again->change = count_again;
    client_update(again);
}

static void about_write(struct client_op *op, const struct kind *kind, const struct json_value *object,
                        struct json_value *event)
{
    struct json_value *about = json_set_object(event, &op->arena, "involvedObject");
    json_set_bytes(about, &op->arena, "apiVersion", kind->storage->api_version);
    json_set_bytes(about, &op->arena, "kind", kind->name);
    json_set_bytes(about, &op->arena, "name", arena_copy(&op->arena, object_name(object)));
    if (kind->is_namespaced)
        json_set_bytes(about, &op->arena, "namespace", arena_copy(&op->arena, object_namespace(object)));
    json_set_bytes(about, &op->arena, "uid", arena_copy(&op->arena, object_meta_text(object, "uid")));
}

void record_event(struct kube *kube, const struct kind *kind, const struct json_value *object, bool is_warning,
                  const char *reason, const char *message)
{
    struct arena arena = ARENA_INIT;
    bytes_t text = bytes_of_text(message);
    bytes_t name_space = kind->is_namespaced ? object_namespace(object) : BYTES_LITERAL("default");
    if (text.size > MESSAGE_MAX)
        text.size = MESSAGE_MAX;
    struct client_op *op =
        client_op_new(kube, events_of(kube), name_space, event_name(&arena, object, is_warning, reason, text), MANAGER);
    struct json_value *event = json_new(&op->arena, JSON_OBJECT);
    bytes_t time = time_text(&op->arena, clock_wall_ms());
    about_write(op, kind, object, event);
    json_set_text(event, &op->arena, "type", is_warning ? "Warning" : "Normal");
    json_set_text(event, &op->arena, "reason", reason);
    json_set_bytes(event, &op->arena, "message", arena_copy(&op->arena, text));
    json_set_bytes(event, &op->arena, "firstTimestamp", time);
    json_set_bytes(event, &op->arena, "lastTimestamp", time);
    json_set_int(event, &op->arena, "count", 1);
    json_set_text(json_set_object(event, &op->arena, "source"), &op->arena, "component", MANAGER);
    op->on_done = on_created;
    client_create(op, event);
    arena_free(&arena);
}

// --- letting go

// When it happened last, by the newest of its times.
static int64_t last_ms(const struct json_value *event)
{
    const bytes_t times[] = {
        json_text_at(json_get(event, "series"), "lastObservedTime"),
        json_text_at(event, "lastTimestamp"),
        json_text_at(event, "eventTime"),
        object_meta_text(event, "creationTimestamp"),
    };
    int64_t newest = 0, ms;
    for (size_t i = 0; i < ARRAY_COUNT(times); i++) {
        if (times[i].size > 0 && civil_parse(times[i], &ms) == ERR_OK && ms > newest)
            newest = ms;
    }
    return newest;
}

static void on_deleted(struct client_op *op)
{
    struct work *work = op->owner;
    work_end(work, op->reason == PROBLEM_NONE || op->reason == PROBLEM_NOT_FOUND ? WORK_DONE : WORK_FAILED);
}

static void reconcile(struct controller *controller, struct work *work)
{
    struct kube *kube = controller->kube;
    struct arena arena = ARENA_INIT;
    struct json_value *event;
    bool is_there = client_get(kube, controller->kind, work->name_space, work->name, &arena, &event) == ERR_OK;
    bool is_old = is_there && clock_wall_ms() - last_ms(event) >= kube->options.events_ttl_ms;
    bool is_going = is_there && object_is_deleting(event);
    arena_free(&arena);
    if (!is_old || is_going) {
        work_end(work, WORK_DONE);
        return;
    }
    struct client_op *op = client_op_new(kube, controller->kind, work->name_space, work->name, MANAGER);
    op->on_done = on_deleted;
    op->owner = work;
    client_delete(op);
}

void events_expiry_start(struct controller *controller, struct kube *kube)
{
    int64_t ttl_ms = kube->options.events_ttl_ms;
    *controller = (struct controller){
        .kube = kube,
        .kind = events_of(kube),
        .reconcile = reconcile,
        .look_every_ms = ttl_ms < LOOK_EVERY_MS ? ttl_ms : LOOK_EVERY_MS,
    };
    controller_start(controller);
}
