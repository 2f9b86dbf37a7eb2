// SPDX-License-Identifier: Apache-2.0
// watch: a stream of events, one JSON object a line (Kubernetes API concepts, "Efficient detection of changes").
#include "kube/rest.h"

#include "base/mem.h"
#include "io/random.h"
#include "kube/answer.h"
#include "kube/api.h"
#include "kube/select.h"
#include "kube/shape.h"

#include <stdlib.h>

enum {
    BOOKMARK_MS = 60 * 1000,         // as kube-apiserver, about
    TIMEOUT_MIN_MS = 30 * 60 * 1000, // of watches that name none: up to twice as long, so that they do not end together
};

struct watch {
    struct watcher watcher;
    struct request *request;
    struct selection selection;
    int64_t version; // the client has everything up to here
    struct timer bookmark, timeout;
    bool is_initial;      // the objects that are there already are being sent, as of VERSION
    struct writer behind; // the key of the last one of them
    bool has_columns;     // of a Table: they were sent
};

static void watch_pump(struct watch *watch);

static void watch_free(struct watch *watch)
{
    watch->request->kube->watch_count--;
    gauge_add(&watch->request->kube->metrics.watches, -1);
    watcher_stop(&watch->watcher);
    timer_stop(&watch->bookmark);
    timer_stop(&watch->timeout);
    writer_free(&watch->behind);
    request_free(watch->request);
    free(watch);
}

static void watch_end(struct watch *watch)
{
    http_stream_end(watch->request->exchange);
    watch_free(watch);
}

static void on_gone(struct http_exchange *exchange, void *owner)
{
    (void)exchange;
    watch_free(owner);
}

static void on_shut(struct http_exchange *exchange, void *owner)
{
    (void)exchange;
    watch_end(owner);
}

static void on_drain(struct http_exchange *exchange, void *owner)
{
    (void)exchange;
    watch_pump(owner);
}

static const struct http_stream_ops stream_ops = { .on_drain = on_drain, .on_shut = on_shut, .on_gone = on_gone };

// --- what is sent

static void emit(struct watch *watch, struct writer *text)
{
    writer_text(text, "\n");
    http_stream_send(watch->request->exchange, writer_finish(text));
}

static void event_begin(struct writer *text, const char *type)
{
    writer_format(text, "{\"type\":\"%s\",\"object\":", type);
}

static void send_object(struct watch *watch, const char *type, bytes_t value, int64_t version)
{
    struct writer text = WRITER_INIT;
    event_begin(&text, type);
    shape_event(watch->request, value, version, !watch->has_columns, &text);
    watch->has_columns = true;
    writer_text(&text, "}");
    counter_add(&watch->request->kube->metrics.events_sent, 1);
    emit(watch, &text);
}

// The object as text is made once for all watches that show it the same way.
static void send_event(struct watch *watch, const char *type, struct event *event)
{
    struct request *request = watch->request;
    if (request->form != FORM_OBJECT) {
        send_object(watch, type, event->value, event->version);
        return;
    }
    if (event->text_version != request->kind_version) {
        struct writer text = WRITER_INIT;
        shape_object(request, event->value, event->version, &text);
        writer_text(&text, "}\n");
        slice_free(&event->text);
        event->text = writer_finish(&text);
        event->text_version = request->kind_version;
    }
    struct writer head = WRITER_INIT;
    event_begin(&head, type);
    http_stream_send(request->exchange, writer_finish(&head));
    http_stream_send(request->exchange, (struct slice){ buf_ref(event->text.buf), event->text.bytes });
    counter_add(&request->kube->metrics.events_sent, 1);
}

static void send_expired(struct watch *watch, int64_t asked)
{
    struct request *request = watch->request;
    problem_set(&request->problem, PROBLEM_EXPIRED, "too old resource version: %lld (%lld)", (long long)asked,
                (long long)request->kube->resources.history.horizon);
    struct writer text = WRITER_INIT;
    event_begin(&text, "ERROR");
    struct json_writer json = json_writer_of(&text);
    problem_write(&json, &request->problem);
    writer_text(&text, "}");
    emit(watch, &text);
}

static void send_bookmark(struct watch *watch, bool ends_initial)
{
    struct request *request = watch->request;
    struct writer text = WRITER_INIT;
    event_begin(&text, "BOOKMARK");
    shape_bookmark(request, watch->version, ends_initial, &text);
    writer_text(&text, "}");
    emit(watch, &text);
}

static void on_bookmark(struct timer *timer)
{
    struct watch *watch = CONTAINER_OF(timer, struct watch, bookmark);
    if (!watch->is_initial && !http_stream_is_full(watch->request->exchange))
        send_bookmark(watch, false);
    timer_start(timer, BOOKMARK_MS);
}

static void on_timeout(struct timer *timer)
{
    struct watch *watch = CONTAINER_OF(timer, struct watch, timeout);
    if (watch->request->parameters.allows_bookmarks && !watch->is_initial)
        send_bookmark(watch, false);
    watch_end(watch);
}

// --- events

// An object that comes into what a selector selects is ADDED for its watch, one that leaves it DELETED.
static const char *type_for(const struct watch *watch, const struct event *event)
{
    const struct selection *selection = &watch->selection;
    struct table_row now = { event->key, event->value, event->version };
    struct table_row old = { event->key, event->old_value, event->old_version };
    bool is_known = event_knows_old(event);
    bool was_in = old.value.data != NULL && selection_matches(selection, &old);
    switch (event->change) {
    case CHANGE_ADDED:
        return selection_matches(selection, &now) ? "ADDED" : NULL;
    case CHANGE_MODIFIED:
        if (selection_matches(selection, &now))
            return was_in || !is_known ? "MODIFIED" : "ADDED";
        return was_in || !is_known ? "DELETED" : NULL;
    case CHANGE_DELETED:
        return was_in || selection_matches(selection, &now) ? "DELETED" : NULL;
    }
    return NULL;
}

static void event_show(struct watch *watch, struct event *event)
{
    bytes_t name_space = watch->request->name_space;
    watch->version = event->version;
    if (name_space.size > 0 && !bytes_equal(event->name_space, name_space))
        return;
    const char *type = selection_is_some(&watch->selection) ? type_for(watch, event)
                       : event->change == CHANGE_ADDED      ? "ADDED"
                       : event->change == CHANGE_MODIFIED   ? "MODIFIED"
                                                            : "DELETED";
    if (type != NULL)
        send_event(watch, type, event);
}

// The objects that are there, as of the version that the watch starts with; as many as the client takes.
static err_t initial_pump(struct watch *watch)
{
    struct request *request = watch->request;
    struct arena arena = ARENA_INIT;
    struct resources_walk walk;
    struct table_row row;
    bytes_t behind = watch->behind.size == 0 ? BYTES_NULL : writer_view(&watch->behind);
    err_t err = resources_walk_start(&walk, &request->kube->resources, request->kind, request->name_space,
                                     watch->version, behind, &arena);
    bool more = err == ERR_OK;
    while (more && !http_stream_is_full(request->exchange)) {
        more = resources_walk_next(&walk, &row);
        if (more && selection_matches(&watch->selection, &row))
            send_object(watch, "ADDED", row.value, row.version);
    }
    watch->is_initial = more;
    writer_reset(&watch->behind);
    if (more)
        writer_bytes(&watch->behind, walk.after);
    else if (err == ERR_OK && request->parameters.sends_initial_events && request->parameters.allows_bookmarks)
        send_bookmark(watch, true);
    arena_free(&arena);
    return err;
}

static void watch_pump(struct watch *watch)
{
    struct request *request = watch->request;
    bool expired;
    err_t err = watch->is_initial ? initial_pump(watch) : ERR_OK;
    if (err == ERR_OK && watch->is_initial)
        return;
    struct event *event = history_after(&request->kube->resources.history, request->kind, watch->version, &expired);
    if (expired || err != ERR_OK) {
        send_expired(watch, watch->version);
        watch_end(watch);
        return;
    }
    for (; event != NULL && !http_stream_is_full(request->exchange); event = event_next(event))
        event_show(watch, event);
    if (event == NULL && request->kind->is_retired)
        watch_end(watch);
    else if (event == NULL && watch->version < request->kube->resources.history.newest)
        watch->version = request->kube->resources.history.newest;
}

static void on_events(struct watcher *watcher)
{
    struct watch *watch = CONTAINER_OF(watcher, struct watch, watcher);
    if (!http_stream_is_full(watch->request->exchange))
        watch_pump(watch);
}

// --- the start

static bool refuse(struct request *request, const char *text)
{
    problem_set(&request->problem, PROBLEM_BAD_REQUEST, "%s", text);
    return false;
}

static bool initial_events_fit(struct request *request)
{
    const struct parameters *parameters = &request->parameters;
    if (!parameters->has_initial_events)
        return parameters->resource_version_match.size == 0 ||
               refuse(request, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
    if (!bytes_is(parameters->resource_version_match, "NotOlderThan"))
        return refuse(request, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
    return true;
}

// Where the watch starts: behind a version, or with the objects that are there.
static bool start_read(struct watch *watch)
{
    struct request *request = watch->request;
    const struct parameters *parameters = &request->parameters;
    struct resources *resources = &request->kube->resources;
    bytes_t text = parameters->resource_version;
    if (text.size > 0 && (!bytes_to_int64(text, &watch->version) || watch->version < 0))
        return refuse(request, "resourceVersion has to be a number");
    if (watch->version > resources_version(resources)) {
        problem_set(&request->problem, PROBLEM_TIMEOUT, "Too large resource version: %lld, current: %lld",
                    (long long)watch->version, (long long)resources_version(resources));
        request->problem.retry_after_s = 1;
        return false;
    }
    watch->is_initial = parameters->has_initial_events ? parameters->sends_initial_events : watch->version == 0;
    if (watch->is_initial)
        watch->version = resources_version(resources);
    return true;
}

static bool room_for_one(struct request *request)
{
    const struct kube *kube = request->kube;
    if ((int64_t)kube->watch_count < kube->options.watches_max)
        return true;
    problem_set(&request->problem, PROBLEM_TOO_MANY_REQUESTS, "there are %lld watches already (kube.watches.max)",
                (long long)kube->options.watches_max);
    request->problem.retry_after_s = 1;
    return false;
}

static void timers_start(struct watch *watch)
{
    struct request *request = watch->request;
    int64_t timeout_s = request->parameters.timeout_s;
    timer_init(&watch->bookmark, request->kube->loop, on_bookmark);
    timer_init(&watch->timeout, request->kube->loop, on_timeout);
    if (request->parameters.allows_bookmarks)
        timer_start(&watch->bookmark, BOOKMARK_MS);
    timer_start(&watch->timeout,
                timeout_s > 0 ? timeout_s * 1000 : TIMEOUT_MIN_MS + (int64_t)random_below(TIMEOUT_MIN_MS));
}

void rest_watch(struct request *request)
{
    struct watch *watch = mem_zalloc(1, sizeof *watch);
    watch->request = request;
    watch->watcher.on_events = on_events;
    if (!room_for_one(request) || !initial_events_fit(request) || !selection_read(&watch->selection, request) ||
        !start_read(watch)) {
        free(watch);
        answer_problem(request);
        return;
    }
    struct http_reply head = { .status = 200, .content_type = "application/json" };
    if (!http_stream_begin(request->exchange, head, &stream_ops, watch)) {
        free(watch);
        request_free(request);
        return;
    }
    request->kube->watch_count++;
    gauge_add(&request->kube->metrics.watches, 1);
    timers_start(watch);
    watcher_start(&watch->watcher, request->kind);
    watch_pump(watch);
}
