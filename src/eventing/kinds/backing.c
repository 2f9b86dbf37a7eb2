// SPDX-License-Identifier: Apache-2.0
#include "eventing/kinds/backing.h"

#include "base/mem.h"
#include "eventing/kinds/waiting.h"
#include "kube/api.h"
#include "kube/builtin/text.h"

#include <stdlib.h>

enum { LOOK_AGAIN_MS = 2000 }; // at what waits for something

struct backing_controller {
    struct look_controller look;
    const struct backing_kind *kind;
    struct waiting waiting;
    struct timer again;
};

// A look that asks the log for something; on the look's arena.
struct backing {
    struct look *look;
    const struct backing_kind *kind;
    struct backing_plan plan;
    struct engine_topic_op op;
    int32_t partition_count; // of the topic, once it is known, as its id
    uint8_t topic_id[ENGINE_TOPIC_ID_SIZE];
};

static struct backing *backing_of(struct engine_topic_op *op)
{
    return CONTAINER_OF(op, struct backing, op);
}

static const struct engine_driver *driver_of(const struct backing *this)
{
    return this->look->eventing->engine->driver;
}

static void ask(struct backing *this, bytes_t topic, void (*call)(struct engine *engine, struct engine_topic_op *op),
                void (*on_done)(struct engine_topic_op *op))
{
    this->op.name = topic;
    this->op.on_done = on_done;
    call(this->look->eventing->engine, &this->op);
}

static struct station *station_of(const struct backing *this)
{
    const struct work *work = this->look->work;
    return station_find(this->look->eventing, this->kind->inbox, work->name_space, work->name);
}

static bool has_station(const struct backing *this)
{
    const struct station *station = station_of(this);
    return station != NULL && station->controller == this->look->controller;
}

static struct backing_controller *controller_of(struct controller *controller)
{
    return CONTAINER_OF(controller, struct backing_controller, look.controller);
}

// --- there

// All its conditions; REASON NULL: all is well. Without a station nothing is known of the others.
static void conclude(struct backing *this, const char *reason, const char *why)
{
    struct look *look = this->look;
    const char *rest = has_station(this) ? "True" : "Unknown";
    for (size_t i = 0; i < this->kind->condition_count; i++) {
        bool is_false = i == 0 && reason != NULL;
        look_condition(look, this->kind->conditions[i], is_false ? "False" : rest, is_false ? reason : NULL,
                       is_false ? why : NULL);
    }
    if (has_station(this))
        look_addressable(look);
    else
        look_condition(look, "Addressable", "Unknown", NULL, NULL);
    look->owner = look_dead_letter_sink(look);
    look_condition(look, "EventPoliciesReady", "True", "AuthOIDCDisabled", "Whoever reaches the door may send.");
    look_conclude(look);
}

static void refuse(struct backing *this, const char *reason, const char *why)
{
    struct backing_controller *controller = controller_of(this->look->controller);
    waiting_set(&controller->waiting, this->look->work, true);
    if (!timer_active(&controller->again) && !this->look->eventing->is_stopping)
        timer_start(&controller->again, LOOK_AGAIN_MS);
    conclude(this, reason, arena_format(&this->look->arena, "%s", why));
}

// What another try may mend ends the look; the rest is told.
static void failed(struct backing *this, err_t err, const char *why)
{
    if (err == ERR_INVALID || err == ERR_CONFLICT || err == ERR_LIMIT || err == ERR_NOT_FOUND)
        refuse(this, "TopicFailed", why);
    else
        look_retry(this->look);
}

static void on_dead_topic(struct engine_topic_op *op)
{
    struct backing *this = backing_of(op);
    struct look *look = this->look;
    if (op->err != ERR_OK) {
        failed(this, op->err, op->diag.text);
        return;
    }
    if (look->eventing->is_stopping) {
        look_retry(look);
        return;
    }
    station_ensure(look->eventing, &(struct station_plan){
                                       .controller = look->controller,
                                       .kind = this->kind->inbox,
                                       .name_space = look->work->name_space,
                                       .name = look->work->name,
                                       .topic = this->plan.topic,
                                       .topic_id = this->topic_id,
                                       .dead_topic = this->plan.dead_topic,
                                       .partition_count = this->partition_count,
                                   });
    if (int_at(json_get(look->object, "status"), "observedGeneration") != object_generation(look->object)) {
        station_posts_enqueue(station_of(this)); // how events are delivered may be said there
        eventing_changed(look->eventing);
    }
    if (this->plan.reason != NULL) // what was made before is there nevertheless
        refuse(this, this->plan.reason, this->plan.why);
    else
        conclude(this, NULL, NULL);
}

static void on_topic(struct engine_topic_op *op)
{
    struct backing *this = backing_of(op);
    if (op->err == ERR_NOT_FOUND && this->plan.reason != NULL) {
        refuse(this, this->plan.reason, this->plan.why);
        return;
    }
    if (op->err != ERR_OK) {
        failed(this, op->err, op->diag.text);
        return;
    }
    if (op->found.is_internal) {
        failed(this, ERR_INVALID, "The topic is one of the server's own: name another.");
        return;
    }
    this->partition_count = op->found.partition_count;
    memcpy(this->topic_id, op->found.id, sizeof this->topic_id);
    this->op = (struct engine_topic_op){ .partition_count = 1 };
    ask(this, this->plan.dead_topic, driver_of(this)->topic_ensure, on_dead_topic);
}

// Whoever has the topics or the address by right; one that had them in this one's stead gives them up.
static const struct json_value *older_find(const struct backing *this)
{
    struct look *look = this->look;
    const struct json_value *older = namesake_find(look, &this->kind->names);
    if (older == NULL && this->kind->rival != NULL)
        older = rival_find(look, this->kind->rival);
    struct station *station = station_of(this);
    if (station != NULL && has_station(this) == (older != NULL)) {
        controller_enqueue(station->controller, look->work->name_space, look->work->name);
        station_close(station, false);
    }
    return older;
}

static void bring_about(struct backing *this)
{
    struct look *look = this->look;
    const struct backing_plan *plan = &this->plan;
    const struct json_value *older;
    if (!object_has_finalizer(look->object, bytes_of_text(this->kind->finalizer))) {
        look_finalizer_add(look, this->kind->finalizer);
        return;
    }
    look->fill = this->kind->fill;
    if ((older = older_find(this)) != NULL) {
        refuse(this, "NameTaken", namesake_tell(look, older));
        return;
    }
    this->op = (struct engine_topic_op){ .partition_count = plan->partition_count,
                                         .config_names = plan->config_names,
                                         .config_values = plan->config_values,
                                         .config_count = plan->config_count };
    bool is_made = !plan->is_external && plan->reason == NULL;
    ask(this, plan->topic, is_made ? driver_of(this)->topic_ensure : driver_of(this)->topic_describe, on_topic);
}

// --- gone

static bool is_gone(const struct engine_topic_op *op)
{
    return op->err == ERR_OK || op->err == ERR_NOT_FOUND;
}

static void on_dead_deleted(struct engine_topic_op *op)
{
    struct backing *this = backing_of(op);
    if (is_gone(op))
        look_finalizer_remove(this->look, this->kind->finalizer);
    else
        look_retry(this->look);
}

static void on_deleted(struct engine_topic_op *op)
{
    struct backing *this = backing_of(op);
    if (!is_gone(op)) {
        look_retry(this->look);
        return;
    }
    this->op = (struct engine_topic_op){ 0 };
    ask(this, this->plan.dead_topic, driver_of(this)->topic_delete, on_dead_deleted);
}

static void end(struct backing *this)
{
    bool is_anothers = namesake_find(this->look, &this->kind->names) != NULL; // the topics
    if (has_station(this))
        station_close(station_of(this), !is_anothers && !this->plan.is_external);
    if (is_anothers)
        look_finalizer_remove(this->look, this->kind->finalizer);
    else if (this->plan.is_external)
        ask(this, this->plan.dead_topic, driver_of(this)->topic_delete, on_dead_deleted);
    else
        ask(this, this->plan.topic, driver_of(this)->topic_delete, on_deleted);
}

static bool is_ours(const struct backing_kind *kind, const struct json_value *object)
{
    return kind->names.is_ours == NULL || kind->names.is_ours(object);
}

static void reconcile(struct controller *controller, struct work *work)
{
    const struct backing_kind *kind = controller_of(controller)->kind;
    struct look *look = look_begin(controller, work);
    waiting_set(&controller_of(controller)->waiting, work, false);
    if (look == NULL) {
        eventing_changed(eventing_of(controller->kube)); // whoever has events from it says that it is gone
        work_end(work, WORK_DONE);
        return;
    }
    struct backing *this = arena_alloc(&look->arena, sizeof *this);
    *this = (struct backing){ .look = look, .kind = kind };
    kind->plan(look, &this->plan);
    bool is_deleting = object_is_deleting(look->object);
    if (is_deleting && object_has_finalizer(look->object, bytes_of_text(kind->finalizer)))
        end(this);
    else if (is_deleting || !is_ours(kind, look->object))
        look_drop(look);
    else
        bring_about(this);
}

// --- start and stop

static void waiting_look(struct backing_controller *this)
{
    waiting_enqueue(&this->waiting, &this->look.controller);
}

static void on_change(struct eventing_watcher *watcher)
{
    waiting_look(CONTAINER_OF(watcher, struct backing_controller, look.watcher));
}

static void on_again(struct timer *timer)
{
    waiting_look(CONTAINER_OF(timer, struct backing_controller, again));
}

void *backing_start(struct kube *kube, struct kind *kind, const struct backing_kind *backing)
{
    struct backing_controller *this = mem_zalloc(1, sizeof *this);
    this->kind = backing;
    waiting_init(&this->waiting);
    timer_init(&this->again, kube->loop, on_again);
    look_controller_init(&this->look, kube, kind, reconcile, true);
    this->look.watcher.on_change = on_change;
    return this;
}

void backing_stop(void *state)
{
    struct backing_controller *this = state;
    timer_stop(&this->again);
    look_controller_stop(&this->look);
}

void backing_free(void *state)
{
    struct backing_controller *this = state;
    controller_deinit(&this->look.controller);
    waiting_deinit(&this->waiting);
    free(this);
}
