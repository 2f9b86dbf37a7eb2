// SPDX-License-Identifier: Apache-2.0
#include "kube/history.h"

#include "base/assert.h"
#include "base/mem.h"

#include <stdlib.h>

// --- events

void key_names(bytes_t rest, bytes_t *ret_namespace, bytes_t *ret_name)
{
    const uint8_t *slash = memchr(rest.data, '/', rest.size);
    size_t size = slash == NULL ? 0 : (size_t)(slash - rest.data);
    *ret_namespace = bytes_of(rest.data, size);
    *ret_name = bytes_of(rest.data + size + 1, rest.size - size - 1);
}

static bytes_t place(uint8_t **at, bytes_t bytes)
{
    bytes_t placed = bytes_of(*at, bytes.size);
    memcpy(*at, bytes.data, bytes.size);
    *at += bytes.size;
    return placed;
}

static struct event *event_new(struct kind *kind, const struct table_row *row, const struct table_row *old)
{
    bytes_t old_value = old == NULL || object_change(old->value) == CHANGE_DELETED ? BYTES_NULL : old->value;
    size_t size = sizeof(struct event) + row->key.size + row->value.size + old_value.size;
    struct event *event = mem_alloc(size);
    uint8_t *at = (uint8_t *)event + sizeof *event;
    *event = (struct event){ .size = size, .kind = kind, .version = row->version, .change = object_change(row->value) };
    event->key = place(&at, row->key);
    event->value = place(&at, row->value);
    if (old_value.data != NULL) {
        event->old_value = place(&at, old_value);
        event->old_version = old->version;
    }
    key_names(bytes_of(event->key.data + kind->prefix.size, event->key.size - kind->prefix.size), &event->name_space,
              &event->name);
    return event;
}

struct event *event_next(const struct event *event)
{
    struct list_node *next = event->of_kind.next;
    return next == &event->kind->events ? NULL : LIST_ITEM(next, struct event, of_kind);
}

// --- the history

static void on_tell(struct deferred *deferred);

void history_init(struct history *history, struct loop *loop, size_t count_max, size_t size_max)
{
    *history = (struct history){ .loop = loop, .count_max = count_max, .size_max = size_max };
    list_init(&history->all);
    list_init(&history->told_kinds);
    history->tell.on_turn_end = on_tell;
}

static void forget_first(struct history *history)
{
    ASSERT(!list_empty(&history->all));
    struct event *event = LIST_ITEM(history->all.next, struct event, all);
    list_remove(&event->all);
    list_remove(&event->of_kind);
    history->count--;
    history->size -= event->size;
    history->horizon = event->version;
    slice_free(&event->text);
    free(event);
}

void history_deinit(struct history *history)
{
    while (!list_empty(&history->all))
        forget_first(history);
    loop_defer_cancel(history->loop, &history->tell);
}

void history_begin(struct history *history, int64_t version)
{
    while (!list_empty(&history->all))
        forget_first(history);
    history->horizon = history->newest = version;
}

void history_end(struct history *history, int64_t version)
{
    ASSERT(version >= history->newest);
    history->newest = version;
}

void history_trim(struct history *history)
{
    while (history->count > 1 && (history->count > history->count_max || history->size > history->size_max))
        forget_first(history);
}

struct event *history_add(struct history *history, struct kind *kind, const struct table_row *row,
                          const struct table_row *old)
{
    ASSERT(row->version > history->newest);
    struct event *event = event_new(kind, row, old);
    list_append(&history->all, &event->all);
    list_append(&kind->events, &event->of_kind);
    history->newest = row->version;
    history->count++;
    history->size += event->size;
    history_tell(history, kind);
    loop_defer(history->loop, &history->tell);
    return event;
}

struct event *history_after(struct history *history, const struct kind *kind, int64_t version, bool *ret_expired)
{
    *ret_expired = version < history->horizon;
    struct event *found = NULL;
    for (struct list_node *node = kind->events.prev; node != &kind->events; node = node->prev) {
        struct event *event = LIST_ITEM(node, struct event, of_kind);
        if (event->version <= version)
            break;
        found = event;
    }
    return found;
}

// --- watchers

void watcher_start(struct watcher *watcher, struct kind *kind)
{
    list_append(&kind->watchers, &watcher->node);
}

void watcher_stop(struct watcher *watcher)
{
    list_remove(&watcher->node);
}

void history_tell(struct history *history, struct kind *kind)
{
    if (list_empty(&kind->watchers) || list_linked(&kind->told))
        return;
    list_append(&history->told_kinds, &kind->told);
    loop_defer(history->loop, &history->tell);
}

static void on_tell(struct deferred *deferred)
{
    struct history *history = CONTAINER_OF(deferred, struct history, tell);
    LIST_EACH(&history->told_kinds, kind_node)
    {
        struct kind *kind = LIST_ITEM(kind_node, struct kind, told);
        list_remove(&kind->told);
        LIST_EACH(&kind->watchers, node)
        {
            struct watcher *watcher = LIST_ITEM(node, struct watcher, node);
            watcher->on_events(watcher);
        }
    }
    // Not before: whoever was told has seen every change of this turn, however many they are.
    history_trim(history);
}
