// SPDX-License-Identifier: Apache-2.0
#include "eventing/kinds/look.h"

#include "base/assert.h"
#include "base/mem.h"
#include "eventing/resolve.h"
#include "kube/api.h"
#include "kube/client.h"

#include <stdlib.h>

#define MANAGER "eddy"

// --- controllers

static void on_change(struct eventing_watcher *watcher)
{
    controller_enqueue_all(&CONTAINER_OF(watcher, struct look_controller, watcher)->controller);
}

void look_controller_init(struct look_controller *this, struct kube *kube, struct kind *kind,
                          void (*reconcile)(struct controller *controller, struct work *work), bool watches)
{
    this->controller = (struct controller){
        .kube = kube, .kind = kind, .reconcile = reconcile, .look_every_ms = kube->options.resync_ms
    };
    this->watcher.on_change = on_change;
    if (watches)
        eventing_watch(eventing_of(kube), &this->watcher);
    controller_start(&this->controller);
}

void *look_controller_start(struct kube *kube, struct kind *kind,
                            void (*reconcile)(struct controller *controller, struct work *work), bool watches)
{
    struct look_controller *this = mem_zalloc(1, sizeof *this);
    look_controller_init(this, kube, kind, reconcile, watches);
    return this;
}

void look_controller_stop(void *state)
{
    struct look_controller *this = state;
    eventing_unwatch(&this->watcher);
    controller_stop(&this->controller);
}

void look_controller_free(void *state)
{
    struct look_controller *this = state;
    controller_deinit(&this->controller);
    free(this);
}

// --- looks

struct look *look_begin(struct controller *controller, struct work *work)
{
    struct look *look = mem_zalloc(1, sizeof *look);
    look->eventing = eventing_of(controller->kube);
    look->controller = controller;
    look->work = work;
    if (client_get(controller->kube, controller->kind, work->name_space, work->name, &look->arena, &look->object) ==
        ERR_OK)
        return look;
    arena_free(&look->arena);
    free(look);
    return NULL;
}

void look_reconcile(struct controller *controller, struct work *work, void (*bring_about)(struct look *look),
                    void (*gone)(struct eventing *eventing, const struct work *work))
{
    struct look *look = look_begin(controller, work);
    if (look != NULL && !object_is_deleting(look->object)) {
        bring_about(look);
        return;
    }
    if (gone != NULL)
        gone(eventing_of(controller->kube), work);
    if (look == NULL)
        work_end(work, WORK_DONE);
    else
        look_drop(look); // its status tells what was there
}

static void look_end(struct look *look, enum work_result result)
{
    struct work *work = look->work;
    arena_free(&look->arena);
    free(look);
    work_end(work, result);
}

void look_retry(struct look *look)
{
    look_end(look, WORK_FAILED);
}

void look_drop(struct look *look)
{
    look_end(look, WORK_DONE);
}

void look_condition(struct look *look, const char *type, const char *status, const char *reason, const char *message)
{
    ASSERT(look->condition_count < LOOK_CONDITIONS_MAX);
    look->conditions[look->condition_count++] =
        (struct condition){ .type = type, .status = status, .reason = reason, .message = message };
}

static const char *text_at(const struct json_value *object, const char *name, struct arena *arena)
{
    bytes_t text = json_text_at(object, name);
    return text.size == 0 ? NULL : arena_text(arena, text);
}

void look_extra(struct look *look, const struct condition *condition)
{
    ASSERT(look->condition_count < LOOK_CONDITIONS_MAX);
    look->conditions[look->condition_count++] = *condition;
}

struct condition ready_of(const struct json_value *object, struct arena *arena, const char *reason, const char *message)
{
    const struct json_value *ready = condition_find(object, "Ready");
    const char *status = text_at(ready, "status", arena);
    if (status == NULL)
        return (struct condition){ .type = "Ready", .status = "Unknown", .reason = reason, .message = message };
    return (struct condition){ .type = "Ready",
                               .status = status,
                               .reason = text_at(ready, "reason", arena),
                               .message = text_at(ready, "message", arena) };
}

const struct whereabouts nowhere = { 0 };

err_t look_resolve(struct look *look, const struct json_value *destination, enum cloudevent_mode mode,
                   struct sink **ret_sink, struct whereabouts *ret_where, diag_t *diag)
{
    err_t err = destination_resolve(look->eventing, destination, look->work->name_space, mode, ret_sink, diag);
    if (err == ERR_OK)
        *ret_where = (struct whereabouts){ .uri = arena_format(&look->arena, "%s", (*ret_sink)->uri),
                                           .authorities = text_at(destination, "CACerts", &look->arena),
                                           .audience = text_at(destination, "audience", &look->arena) };
    return err;
}

void whereabouts_fill(const struct whereabouts *where, struct json_value *status, struct arena *arena,
                      const char *prefix)
{
    const struct {
        const char *name, *value;
    } members[] = { { "Uri", where->uri }, { "CACerts", where->authorities }, { "Audience", where->audience } };
    for (size_t i = 0; i < ARRAY_COUNT(members); i++) {
        const char *name = arena_format(arena, "%s%s", prefix, members[i].name);
        if (members[i].value != NULL)
            json_set_text(status, arena, name, members[i].value);
        else
            json_unset(status, bytes_of_text(name));
    }
}

const struct whereabouts *look_dead_letter_sink(struct look *look)
{
    const struct json_value *delivery = json_get(json_get(look->object, "spec"), "delivery");
    const struct json_value *destination = json_get(delivery, "deadLetterSink");
    struct whereabouts *where = arena_alloc(&look->arena, sizeof *where);
    struct sink *sink;
    diag_t diag = { 0 };
    *where = (struct whereabouts){ 0 };
    if (destination == NULL || destination->type != JSON_OBJECT) {
        look_condition(look, "DeadLetterSinkResolved", "True", "DeadLetterSinkNotConfigured",
                       "No dead letter sink is configured.");
    } else if (look_resolve(look, destination, CLOUDEVENT_MODE_BINARY, &sink, where, &diag) != ERR_OK) {
        look_condition(look, "DeadLetterSinkResolved", "False", "Unable to get the dead letter sink's URI",
                       arena_format(&look->arena, "%s", diag.text));
    } else {
        sink_unref(sink);
        look_true(look, "DeadLetterSinkResolved");
    }
    return where;
}

void look_addressable(struct look *look)
{
    if (look->eventing->base_url != NULL)
        look_true(look, "Addressable");
    else
        look_condition(look, "Addressable", "False", "NoAddress", "The door for events is closed (--events off).");
}

void look_fill_address(const struct look *look, enum inbox_kind kind, struct json_value *status, struct arena *arena)
{
    const char *base = look->eventing->base_url;
    bytes_t name_space = look->work->name_space, name = look->work->name;
    if (base == NULL || inbox_find(&look->eventing->inboxes, kind, name_space, name) == NULL) {
        json_unset(status, BYTES_LITERAL("address"));
        return;
    }
    struct json_value *address = json_set_object(status, arena, "address");
    json_set_text(address, arena, "name", "http");
    json_set_text(address, arena, "url", arena_format(arena, "%s%s", base, inbox_path(arena, kind, name_space, name)));
}

// --- writes

static void on_written(struct client_op *op)
{
    bool is_fine = op->reason == PROBLEM_NONE || op->reason == PROBLEM_NOT_FOUND;
    look_end(op->owner, is_fine ? WORK_DONE : WORK_FAILED);
}

static void update(struct look *look, const char *subresource,
                   bool (*change)(struct client_op *op, struct json_value *object))
{
    struct client_op *op = client_op_new(look->controller->kube, look->controller->kind, look->work->name_space,
                                         look->work->name, MANAGER);
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

// False before unknown, the first of its kind.
static struct condition summary_of(const struct look *look)
{
    struct condition ready = { .type = "Ready", .status = "True" };
    for (size_t i = 0; i < look->condition_count; i++) {
        const struct condition *condition = &look->conditions[i];
        if (condition->severity != NULL)
            continue;
        bool is_false = condition->status[0] == 'F', is_unknown = condition->status[0] == 'U';
        if ((is_false && ready.status[0] != 'F') || (is_unknown && ready.status[0] == 'T')) {
            ready = *condition;
            ready.type = "Ready";
        }
    }
    return ready;
}

static bool status_change(struct client_op *op, struct json_value *object)
{
    const struct look *look = op->owner;
    if (!is_same(look, object))
        return false;
    struct json_value *status = json_set_object(object, &op->arena, "status");
    const struct json_value *was = json_copy(&op->arena, status);
    struct condition ready = summary_of(look);
    for (size_t i = 0; i < look->condition_count; i++)
        condition_set(status, &op->arena, &look->conditions[i], op->admission.now_ms);
    condition_set(status, &op->arena, &ready, op->admission.now_ms);
    json_set_int(status, &op->arena, "observedGeneration", object_generation(look->object));
    if (look->fill != NULL)
        look->fill(look, status, &op->arena);
    return !json_equal(was, status);
}

void look_conclude(struct look *look)
{
    update(look, "status", status_change);
}

static bool finalizer_add(struct client_op *op, struct json_value *object)
{
    const struct look *look = op->owner;
    if (!is_same(look, object) || object_is_deleting(object))
        return false;
    object_finalizer_add(object, &op->arena, bytes_of_text(look->owner));
    return true;
}

static bool finalizer_remove(struct client_op *op, struct json_value *object)
{
    const struct look *look = op->owner;
    if (!is_same(look, object))
        return false;
    object_finalizer_remove(object, bytes_of_text(look->owner));
    return true;
}

static void finalizer_change(struct look *look, const char *finalizer,
                             bool (*change)(struct client_op *op, struct json_value *object))
{
    look->owner = arena_text(&look->arena, bytes_of_text(finalizer));
    update(look, "", change);
}

void look_finalizer_add(struct look *look, const char *finalizer)
{
    finalizer_change(look, finalizer, finalizer_add);
}

void look_finalizer_remove(struct look *look, const char *finalizer)
{
    finalizer_change(look, finalizer, finalizer_remove);
}
