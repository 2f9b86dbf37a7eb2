// SPDX-License-Identifier: Apache-2.0
#include "kube/resources.h"

#include "base/assert.h"
#include "base/log.h"
#include "base/mem.h"

#include <stdlib.h>

// --- rows that are marked as deleted

struct drop {
    struct engine_put_op op;
    struct resources *resources;
    uint8_t key[];
};

static void on_dropped(struct engine_put_op *op)
{
    struct drop *drop = CONTAINER_OF(op, struct drop, op);
    drop->resources->deletes--;
    // Somebody was quicker and made the object anew: so much the better. The rest the next start tries again.
    if (op->err != ERR_OK && op->err != ERR_CONFLICT && op->err != ERR_CLOSED)
        log_line(LOG_WARN, "the row of a deleted resource stays until the next start", LOG_FIELDS(log_err(op->err)));
    free(drop);
}

static void row_drop(struct resources *resources, bytes_t key, int64_t version)
{
    struct drop *drop = mem_zalloc(1, sizeof *drop + key.size);
    drop->resources = resources;
    memcpy(drop->key, key.data, key.size);
    drop->op = (struct engine_put_op){
        .on_done = on_dropped,
        .table = resources->table,
        .key = bytes_of(drop->key, key.size),
        .value = BYTES_NULL,
        .expected_version = version,
    };
    resources->deletes++;
    resources->engine->driver->table_put(&drop->op);
}

// --- changes

struct kind *resources_kind_of(const struct resources *resources, bytes_t key)
{
    const uint8_t *group_end = memchr(key.data, '/', key.size);
    if (group_end == NULL)
        return NULL;
    size_t group_size = (size_t)(group_end - key.data), rest = key.size - group_size - 1;
    const uint8_t *end = memchr(group_end + 1, '/', rest);
    if (end == NULL)
        return NULL;
    bytes_t group = bytes_of(key.data, group_size);
    return kinds_find(&resources->kinds, bytes_is(group, "core") ? BYTES_LITERAL("") : group,
                      bytes_of(group_end + 1, (size_t)(end - group_end - 1)));
}

static void event_add(struct resources *resources, struct kind *kind, const struct table_row *row,
                      const struct table_row *old)
{
    struct event *event = history_add(&resources->history, kind, row, old);
    if (resources->on_event != NULL)
        resources->on_event(resources->owner, event);
}

static void on_change(struct table_watch *watch, const struct table_row *row, const struct table_row *old)
{
    struct resources *resources = CONTAINER_OF(watch, struct resources, watch);
    if (row->value.data == NULL || !object_is_valid(row->value))
        return;
    if (old != NULL && !object_is_valid(old->value))
        old = NULL;
    struct kind *kind = resources_kind_of(resources, row->key);
    if (kind != NULL)
        event_add(resources, kind, row, old);
    if (object_change(row->value) == CHANGE_DELETED)
        row_drop(resources, row->key, row->version);
}

// Marks that an unclean stop left.
static void marks_drop(struct resources *resources)
{
    struct table_row row;
    const struct engine_driver *driver = resources->engine->driver;
    for (bool found = driver->table_seek(resources->table, BYTES_LITERAL(""), false, &row); found;
         found = driver->table_seek(resources->table, row.key, true, &row)) {
        if (object_is_valid(row.value) && object_change(row.value) == CHANGE_DELETED)
            row_drop(resources, row.key, row.version);
    }
}

err_t resources_open(struct resources *resources, struct engine *engine, const struct resources_limits *limits,
                     diag_t *diag)
{
    *resources = (struct resources){ .engine = engine };
    err_t err = engine->driver->table_open(engine, RESOURCES_TOPIC, &resources->table, diag);
    if (err != ERR_OK)
        return err;
    resources->loop = engine->driver->table_loop(resources->table);
    kinds_init(&resources->kinds);
    history_init(&resources->history, resources->loop, limits->history_count, limits->history_size);
    resources->watch.on_change = on_change;
    return ERR_OK;
}

static void on_replayed(struct resources *resources)
{
    resources->engine->driver->table_watch(resources->table, &resources->watch);
    marks_drop(resources);
    resources->on_ready(resources->ready_owner);
}

void resources_start(struct resources *resources, void (*on_ready)(void *owner), void *owner)
{
    resources->on_ready = on_ready;
    resources->ready_owner = owner;
    replay_start(&resources->replay, resources, on_replayed);
}

void resources_stop(struct resources *resources)
{
    replay_stop(&resources->replay);
}

void resources_deinit(struct resources *resources)
{
    if (resources->table == NULL)
        return;
    history_deinit(&resources->history);
    kinds_deinit(&resources->kinds);
}

// --- one object

bytes_t resources_key(struct arena *arena, const struct kind *kind, bytes_t name_space, bytes_t name)
{
    const bytes_t parts[] = { kind->prefix, name_space, BYTES_LITERAL("/"), name };
    uint8_t *text = arena_alloc(arena, kind->prefix.size + name_space.size + 1 + name.size), *at = text;
    for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
        if (parts[i].size > 0)
            memcpy(at, parts[i].data, parts[i].size);
        at += parts[i].size;
    }
    return bytes_of(text, (size_t)(at - text));
}

err_t resources_get(const struct resources *resources, bytes_t key, struct table_row *ret_row, int64_t *ret_marked)
{
    struct table_row row;
    err_t err = resources->engine->driver->table_get(resources->table, key, &row);
    *ret_marked = TABLE_ABSENT;
    if (err != ERR_OK)
        return err;
    if (!object_is_valid(row.value) || object_change(row.value) == CHANGE_DELETED) {
        *ret_marked = row.version;
        return ERR_NOT_FOUND;
    }
    *ret_row = row;
    return ERR_OK;
}

bool resources_has(const struct resources *resources, const struct kind *kind, bytes_t name_space, bytes_t name)
{
    struct arena arena = ARENA_INIT;
    struct table_row row;
    int64_t marked;
    err_t err = resources_get(resources, resources_key(&arena, kind, name_space, name), &row, &marked);
    arena_free(&arena);
    return err == ERR_OK;
}

int64_t resources_version(const struct resources *resources)
{
    return resources->engine->driver->table_version(resources->table);
}

// --- walks

static int by_key(const void *a, const void *b)
{
    const struct event *const *left = a, *const *right = b;
    int order = bytes_compare((*left)->key, (*right)->key);
    return order != 0 ? order : (*left)->version < (*right)->version ? -1 : 1;
}

// The first change of each key behind VERSION: what it replaced is what stood there at VERSION. False: that is not
// known.
static bool overlay_fill(struct resources_walk *walk, struct event *first)
{
    size_t count = 0;
    for (struct event *event = first; event != NULL; event = event_next(event))
        count += bytes_starts_with(event->key, walk->prefix);
    if (count == 0)
        return true;
    walk->overlay = arena_array(walk->arena, count, sizeof(struct event *));
    count = 0;
    for (struct event *event = first; event != NULL; event = event_next(event)) {
        if (bytes_starts_with(event->key, walk->prefix))
            walk->overlay[count++] = event;
    }
    qsort(walk->overlay, count, sizeof(struct event *), by_key);
    for (size_t i = 0; i < count; i++) {
        if (walk->overlay_count == 0 ||
            !bytes_equal(walk->overlay[walk->overlay_count - 1]->key, walk->overlay[i]->key))
            walk->overlay[walk->overlay_count++] = walk->overlay[i];
    }
    for (size_t i = 0; i < walk->overlay_count; i++) {
        if (!event_knows_old(walk->overlay[i]))
            return false;
    }
    return true;
}

err_t resources_walk_start(struct resources_walk *walk, struct resources *resources, const struct kind *kind,
                           bytes_t name_space, int64_t version, bytes_t after, struct arena *arena)
{
    *walk = (struct resources_walk){ .resources = resources, .arena = arena, .after = after };
    walk->is_begun = after.data != NULL;
    walk->prefix =
        name_space.size == 0
            ? kind->prefix
            : bytes_of_text(arena_format(arena, "%.*s%.*s/", BYTES_ARG(kind->prefix), BYTES_ARG(name_space)));
    int64_t now = resources_version(resources);
    if (version > now)
        return ERR_OUT_OF_RANGE;
    if (version == 0 || version == now)
        return ERR_OK;
    bool expired;
    struct event *first = history_after(&resources->history, kind, version, &expired);
    if (expired || !overlay_fill(walk, first))
        return ERR_OUT_OF_RANGE;
    while (walk->is_begun && walk->overlay_at < walk->overlay_count &&
           bytes_compare(walk->overlay[walk->overlay_at]->key, after) <= 0)
        walk->overlay_at++;
    return ERR_OK;
}

static bool table_next(const struct resources_walk *walk, bytes_t after, bool is_begun, struct table_row *ret_row)
{
    const struct resources *resources = walk->resources;
    return resources->engine->driver->table_seek(resources->table, is_begun ? after : walk->prefix, is_begun,
                                                 ret_row) &&
           bytes_starts_with(ret_row->key, walk->prefix);
}

bool resources_walk_next(struct resources_walk *walk, struct table_row *ret_row)
{
    for (;;) {
        struct table_row row;
        bool found = table_next(walk, walk->after, walk->is_begun, &row);
        const struct event *changed = walk->overlay_at < walk->overlay_count ? walk->overlay[walk->overlay_at] : NULL;
        if (!found && changed == NULL)
            return false;
        bool is_changed = changed != NULL && (!found || bytes_compare(changed->key, row.key) <= 0);
        if (is_changed) {
            walk->overlay_at++;
            row = (struct table_row){ changed->key, changed->old_value, changed->old_version };
        }
        walk->after = row.key;
        walk->is_begun = true;
        if (row.value.data == NULL || !object_is_valid(row.value) || object_change(row.value) == CHANGE_DELETED)
            continue;
        *ret_row = row;
        return true;
    }
}
