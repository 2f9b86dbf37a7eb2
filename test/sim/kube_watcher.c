// SPDX-License-Identifier: Apache-2.0
// Lists, then watches from there, as client libraries do; goes on behind the last version that it saw when its
// connection or the server broke, and lists again when that is too old. Every event has to be the next one of its
// object: what changed must be what it has.
#include "kube_run.h"

enum { PAUSE_MAX_MS = 100 };

static void watcher_later(struct watcher_agent *watcher, void (*on_timer)(struct timer *timer))
{
    timer_init(&watcher->timer, watcher->run->loops[LOOPS], on_timer);
    timer_start(&watcher->timer, (int64_t)choose(watcher->run, PAUSE_MAX_MS));
}

static void on_begin(struct timer *timer)
{
    watcher_begin(CONTAINER_OF(timer, struct watcher_agent, timer));
}

static void go_on(struct watcher_agent *watcher)
{
    if (!watcher->run->is_closing)
        watcher_later(watcher, on_begin);
}

static void relist(struct watcher_agent *watcher)
{
    totals.expired++;
    watcher->version = 0;
}

// --- events

static void version_rise(struct watcher_agent *watcher, int64_t version, bool may_stay)
{
    if (version < watcher->version || (version == watcher->version && !may_stay))
        FAIL(watcher->run, "watcher %d is shown version %" PRId64 " behind %" PRId64, watcher->number, version,
             watcher->version);
    watcher->version = version;
}

static void object_take(struct watcher_agent *watcher, bytes_t type, const struct json_value *object)
{
    struct run *run = watcher->run;
    int name;
    int64_t version = version_of(object);
    size_t number = edit_seen(run, object, &name);
    struct row *row = &watcher->cache[name];
    totals.events++;
    if (watcher->is_initial) {
        watcher->listed[name] = (struct row){ version, number };
        edit_done(run, number, version);
        return;
    }
    version_rise(watcher, version, false);
    bool is_next = bytes_is(type, "ADDED")      ? row->version == 0 && run->edits[number].base == 0
                   : bytes_is(type, "MODIFIED") ? row->version != 0 && run->edits[number].base == row->version
                                                : row->version != 0 && row->edit == number;
    if (!is_next)
        FAIL(run, "watcher %d has object %d at version %" PRId64 " and is shown %.*s %" PRId64 " by edit %zu",
             watcher->number, name, row->version, BYTES_ARG(type), version, number);
    if (bytes_is(type, "DELETED")) {
        delete_seen(run, name, row->version);
        *row = (struct row){ 0 };
    } else {
        edit_done(run, number, version);
        *row = (struct row){ version, number };
    }
}

static void listed_take(struct watcher_agent *watcher, int64_t version)
{
    list_check(watcher->run, watcher->listed, version);
    memcpy(watcher->cache, watcher->listed, sizeof watcher->cache);
    watcher->version = version;
    totals.lists++;
}

static void bookmark_take(struct watcher_agent *watcher, const struct json_value *object)
{
    const struct json_value *annotations = json_get(json_get(object, "metadata"), "annotations");
    if (watcher->is_initial && bytes_is(json_text_at(annotations, "k8s.io/initial-events-end"), "true")) {
        watcher->is_initial = false;
        listed_take(watcher, version_of(object));
    } else if (!watcher->is_initial) {
        version_rise(watcher, version_of(object), true);
    }
}

static void on_line(struct call *call, bytes_t line)
{
    struct watcher_agent *watcher = CONTAINER_OF(call, struct watcher_agent, call);
    const struct json_value *event = call_tree(call, line), *object = json_get(event, "object");
    bytes_t type = json_text_at(event, "type");
    int64_t code = 0;
    if (bytes_is(type, "BOOKMARK")) {
        bookmark_take(watcher, object);
    } else if (bytes_is(type, "ERROR")) {
        if (!json_get_int(json_get(object, "code"), &code) || code != 410)
            FAIL(watcher->run, "watcher %d is told %.*s", watcher->number, BYTES_ARG(line));
        relist(watcher);
    } else if (object != NULL) {
        object_take(watcher, type, object);
    } else {
        FAIL(watcher->run, "watcher %d reads %.*s", watcher->number, BYTES_ARG(line));
    }
}

static void on_watched(struct call *call)
{
    struct watcher_agent *watcher = CONTAINER_OF(call, struct watcher_agent, call);
    timer_stop(&watcher->timer);
    watcher->is_initial = false;
    if (call->status == 410)
        relist(watcher);
    else if (call->status != 0 && call->status != 200 && call->status != 503 && call->status != 500)
        FAIL(watcher->run, "watcher %d is answered with %d: %.*s", watcher->number, call->status,
             BYTES_ARG(call_body(call)));
    go_on(watcher);
}

// A reader that stops for a while, or leaves.
static void on_trouble(struct timer *timer)
{
    struct watcher_agent *watcher = CONTAINER_OF(timer, struct watcher_agent, timer);
    uint64_t what = watcher->run->is_quiet ? 9 : choose(watcher->run, 10);
    if (watcher->call.conn == NULL)
        return;
    if (what == 0) {
        conn_abort(watcher->call.conn);
        return;
    }
    if (what < 4)
        conn_pause(watcher->call.conn);
    else
        conn_resume(watcher->call.conn);
    watcher_later(watcher, on_trouble);
}

static void watch(struct watcher_agent *watcher)
{
    char target[200];
    if (watcher->version == 0) {
        memset(watcher->listed, 0, sizeof watcher->listed);
        watcher->is_initial = true;
        snprintf(target, sizeof target,
                 EDITED "?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true");
    } else {
        snprintf(target, sizeof target, EDITED "?watch=1&allowWatchBookmarks=true&resourceVersion=%" PRId64 "%s",
                 watcher->version, choose(watcher->run, 3) == 0 ? "&timeoutSeconds=1" : "");
        totals.resumed++;
    }
    call_prepare(watcher->run, &watcher->call, on_watched);
    watcher->call.on_line = on_line;
    call_start(&watcher->call, "GET", target, NULL, NULL);
    watcher_later(watcher, on_trouble);
}

// --- lists, some of them page by page

static void list(struct watcher_agent *watcher, bytes_t token);

static void on_listed(struct call *call)
{
    struct watcher_agent *watcher = CONTAINER_OF(call, struct watcher_agent, call);
    const struct json_value *tree = call_tree(call, call_body(call));
    if (call->status != 200 || tree == NULL) {
        if (call->status != 200 && call->status != 0 && call->status != 410 && call->status != 503)
            FAIL(watcher->run, "a list is answered with %d", call->status);
        go_on(watcher);
        return;
    }
    rows_read(watcher->run, tree, watcher->listed);
    bytes_t token = json_text_at(json_get(tree, "metadata"), "continue");
    if (token.size > 0) {
        list(watcher, token);
        return;
    }
    listed_take(watcher, version_of(tree));
    go_on(watcher);
}

static void list(struct watcher_agent *watcher, bytes_t token)
{
    char target[400];
    if (token.size == 0)
        memset(watcher->listed, 0, sizeof watcher->listed);
    snprintf(target, sizeof target, EDITED "%s%s%.*s", watcher->number % 2 == 0 ? "?limit=2" : "?limit=100",
             token.size > 0 ? "&continue=" : "", BYTES_ARG(token));
    call_prepare(watcher->run, &watcher->call, on_listed);
    watcher->call.on_line = NULL;
    call_start(&watcher->call, "GET", target, NULL, NULL);
}

void watcher_begin(struct watcher_agent *watcher)
{
    if (watcher->run->is_closing)
        return;
    if (watcher->version == 0 && choose(watcher->run, 2) == 0)
        list(watcher, BYTES_LITERAL(""));
    else
        watch(watcher);
}
